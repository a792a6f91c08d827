"""Staying connected, and handing on what arrives: what the MQTT sources do alike."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from domain.errors import RejectedError
from domain.ports import Arrived, Clock
from ingest.sources.inbox import Inbox
from ingest.sources.link import Link
from ingest.sources.retry import Loss, MalformedError, Retry, TakenOverError
from ingest.sources.settings import MqttSettings

log = logging.getLogger(__name__)


class Upkeep:
    """Makes one connection after another with `hold`, which returns how the connection was lost; `leave` says goodbye
    to the broker, where there is a connection.
    """

    def __init__(
        self,
        *,
        hold: Callable[[], Awaitable[Loss]],
        leave: Callable[[], Awaitable[None]],
        retry: Retry,
        inbox: Inbox,
        where: str,
    ) -> None:
        self._hold = hold
        self._leave = leave
        self._retry = retry
        self._inbox = inbox
        self._where = where
        self._task: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None

    async def stream(self) -> AsyncIterator[Arrived]:
        """What `Source.batches` promises. To be used once."""
        if self._task is not None:
            raise RuntimeError("batches() has been called before: a source has one consumer")
        self._task = asyncio.create_task(self._stay_connected())
        try:
            while (arrived := await self._inbox.take()) is not None:
                yield arrived
        finally:
            await self.stop()

    async def stop(self) -> None:
        """What `Source.close` promises. However many ask for it, it is done once."""
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._stop())
        await asyncio.shield(self._stopping)

    async def _stop(self) -> None:
        self._inbox.end()
        await self._leave()
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _stay_connected(self) -> None:
        try:
            while not self._inbox.has_ended():
                await self._inbox.roomy()
                loss = await self._hold()
                if self._inbox.has_ended():
                    return
                wait = self._retry.after(loss)
                self._tell(loss, wait)
                await asyncio.sleep(wait)
        except RejectedError as why:
            log.error("MQTT broker %s: giving up: %s", self._where, why)  # noqa: TRY400 (known reason, no traceback)
            self._inbox.end(why)
        except Exception as why:  # a mistake of ours: the consumer must hear of it, or it would wait for ever
            log.exception("MQTT broker %s: unforeseen", self._where)
            self._inbox.end(why)

    def _tell(self, loss: Loss, wait: float) -> None:
        match loss.why:
            case TakenOverError():
                log.error(
                    "MQTT broker %s: another program came with our client id, and has our session now: stop it, or"
                    " give one of the two a TIDEWALK_CLIENT_ID of its own; trying again in %.1f s: %s",
                    self._where,
                    wait,
                    loss.why,
                )
            case MalformedError():
                log.error("MQTT broker %s: faulty packet; trying again in %.1f s: %s", self._where, wait, loss.why)
            case _:
                log.warning("MQTT broker %s: lost; trying again in %.1f s: %s", self._where, wait, loss.why)


def inbox_of(settings: MqttSettings) -> Inbox:
    """An inbox with the limits that the settings name."""
    return Inbox(
        batch_messages=settings.batch_messages,
        batch_bytes=settings.batch_bytes,
        linger=settings.linger,
        waiting_messages=settings.waiting_messages,
        waiting_bytes=settings.waiting_bytes,
    )


def link_of(settings: MqttSettings, inbox: Inbox, clock: Clock) -> Link:
    """A link with the times that the settings name."""
    return Link(inbox=inbox, clock=clock, every=settings.marker_every, patience=settings.marker_patience)


def retry_of(settings: MqttSettings) -> Retry:
    """The patience that the settings name."""
    return Retry(
        first=settings.backoff_first,
        most=settings.backoff_most,
        takeover_first=settings.takeover_first,
        takeover_most=settings.takeover_most,
        steady=settings.steady,
        faults_at_one_spot=settings.faults_at_one_spot,
    )
