"""Messages of ours to a broker, over a connection of their own."""

import asyncio
import contextlib
import logging
import math
import socket
import ssl
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiomqtt

from domain.errors import UnavailableError

_log = logging.getLogger(__name__)
_library_log = logging.getLogger(f"{__name__}.aiomqtt")  # what it has to say is raised as well, and handled here
_NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0
_TIDY_S = 0.05


@dataclass(frozen=True, slots=True)
class MqttPublisherSettings:
    """Where the broker is and who we are there. `client_id` is ours alone: a second one would throw us out."""

    host: str
    port: int = 1883
    client_id: str = "tidewalk-publisher"
    username: str | None = None
    password: str | None = None
    tls: bool = False  # with the system's certificates
    keep_alive_s: int = 10
    window: int = 100  # publishes in flight; more wait their turn
    timeout_s: float = 5.0  # for a publish, and for CONNACK


class MqttPublisher:
    """A Publisher over aiomqtt, MQTT 3.1.1. It connects at its first use and reconnects for ever.

    Publishes may run side by side; they leave in the order they were called in. One that raised may have arrived all
    the same, as always with a lost acknowledgement: sending it again is harmless.
    """

    def __init__(self, settings: MqttPublisherSettings) -> None:
        self._settings = settings
        self._running: asyncio.Task[None] | None = None
        self._client: aiomqtt.Client | None = None
        self._gone: asyncio.Future[None] | None = None  # done when the present connection is lost
        self._tried = asyncio.Event()  # the first attempt to connect has come to an end, either way
        self._why = "not connected yet"
        self._pause_s = _FIRST_PAUSE_S
        self._turns = asyncio.Semaphore(settings.window)

    async def __aenter__(self) -> Self:
        self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Return when the broker has it (QoS 1). Raises UnavailableError when disconnected, or after `timeout_s`;
        ValueError for a topic that cannot be published to.
        """
        self._start()
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                await self._tried.wait()
                async with self._turns:
                    await self._send(topic, payload, retain=retain)
        except TimeoutError as error:
            why = f"no acknowledgement within {self._settings.timeout_s:g} s"
            raise UnavailableError(why, retry_after=self._pause_s) from error

    async def close(self) -> None:
        """Leave in order. Publishes still under way raise UnavailableError. Harmless the second time."""
        running, self._running = self._running, None
        self._why = "the publisher is closed"
        self._tried.set()
        if running is not None:
            running.cancel()
            await asyncio.wait([running])

    def _start(self) -> None:
        if self._running is None and not self._tried.is_set():
            self._running = asyncio.get_running_loop().create_task(self._run())
            self._running.add_done_callback(self._stopped)

    def _stopped(self, running: asyncio.Task[None]) -> None:
        if not running.cancelled() and (error := running.exception()) is not None:
            self._why = f"the publisher has stopped: {error!r}"
            self._tried.set()
            _log.error("publisher has stopped", exc_info=error)

    async def _send(self, topic: str, payload: bytes, *, retain: bool) -> None:
        client, gone = self._client, self._gone
        if client is None or gone is None:
            raise UnavailableError(self._why, retry_after=self._pause_s)
        # Awaited in a task of its own, so that a broken connection ends the wait: aiomqtt itself would wait on.
        sending = asyncio.ensure_future(client.publish(topic, payload, 1, retain, timeout=math.inf))
        try:
            await asyncio.wait((sending, gone), return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                raise UnavailableError(self._why, retry_after=self._pause_s)
            sending.result()
        except aiomqtt.MqttError as error:
            raise UnavailableError(str(error), retry_after=self._pause_s) from error
        finally:
            sending.cancel()

    async def _run(self) -> None:
        while not _cancelled():
            try:
                client = await _connected(self._settings)
                self._pause_s = _FIRST_PAUSE_S
                await self._hold(client)
            except aiomqtt.MqttError as error:
                self._why = f"no broker at {self._settings.host}:{self._settings.port}: {error}"
                if self._pause_s == _FIRST_PAUSE_S:
                    _log.warning("publisher lost its broker", extra={"why": str(error)})
            self._tried.set()
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    async def _hold(self, client: aiomqtt.Client) -> None:
        """Let publishes through until the connection breaks, which raises MqttError."""
        self._gone = asyncio.get_running_loop().create_future()
        self._client = client
        self._tried.set()
        try:
            async for _ in client.messages:
                pass
        finally:
            self._client = None
            self._gone.set_result(None)
            await _leave(client, within_s=self._settings.timeout_s)


def _client(settings: MqttPublisherSettings) -> aiomqtt.Client:
    _library_log.setLevel(logging.CRITICAL)
    client = aiomqtt.Client(
        settings.host,
        settings.port,
        username=settings.username,
        password=settings.password,
        identifier=settings.client_id,
        protocol=aiomqtt.ProtocolVersion.V311,
        clean_session=True,
        keepalive=settings.keep_alive_s,
        timeout=settings.timeout_s,
        max_inflight_messages=settings.window,
        tls_context=ssl.create_default_context() if settings.tls else None,
        socket_options=[_NO_DELAY],
        logger=_library_log,
    )
    client.pending_calls_threshold = settings.window
    return client


def _cancelled() -> bool:
    """Somebody cancelled this task; where that meets the end of a connection, `gather` and `wait_for` hide it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _connected(settings: MqttPublisherSettings) -> aiomqtt.Client:
    client = _client(settings)
    entering = asyncio.ensure_future(client.__aenter__())
    try:
        return await asyncio.shield(entering)
    except BaseException:
        # aiomqtt connects in a thread, which cannot be stopped, and leaves the socket open where no CONNACK comes.
        await asyncio.wait([entering])
        if not entering.cancelled():
            entering.exception()
        await _leave(client, within_s=_TIDY_S)
        raise


async def _leave(client: aiomqtt.Client, *, within_s: float) -> None:
    client.timeout = within_s
    with contextlib.suppress(aiomqtt.MqttError):
        await client.__aexit__(None, None, None)
