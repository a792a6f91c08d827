"""Every source under one suite: how each is made, and a consumer that keeps what it is given."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from domain import naming
from domain.messages import Message
from domain.ports import Arrived, SettleToken, Source
from ingest.sources.mqtt import Mqtt5Source
from ingest.sources.paho import PahoSettings, PahoSource
from ingest.sources.settings import MqttSettings
from tests.fakes.hand_clock import HandClock

SITE = "coast"
FILTER = f"tidewalk/{SITE}/+/+/+/up"
KINDS = ("mqtt5", "paho-5", "paho-3.1.1")
FIVE = ("mqtt5", "paho-5")
QUICK: dict[str, Any] = {
    "site": SITE,
    "client_id": "tidewalk-test",
    "filters": (FILTER,),
    "linger": 0.002,
    "backoff_first": 0.02,
    "backoff_most": 0.1,
    "takeover_first": 0.4,
    "steady": 60.0,
    "marker_every": 0.06,
    "marker_patience": 0.18,
    "close_timeout": 1.0,
}
NOW = 1_790_000_000_000


def make_source(kind: str, port: int, **changed: Any) -> Source:
    settings = {**QUICK, "port": port, **changed}
    match kind:
        case "mqtt5":
            return Mqtt5Source(MqttSettings(**settings), HandClock(NOW))
        case "paho-5":
            return PahoSource(PahoSettings(**settings, protocol=MQTTProtocolVersion.MQTTv5), HandClock(NOW))
        case "paho-3.1.1":
            return PahoSource(PahoSettings(**settings, protocol=MQTTProtocolVersion.MQTTv311), HandClock(NOW))
    raise AssertionError(kind)


def up(device: int | str) -> str:
    return naming.up_topic(SITE, "bay", "bin", f"bin-{device}")


class Consumer:
    """Takes batches as the service would: keep, then settle (unless told to `hold`)."""

    def __init__(self, source: Source, *, settles: bool = True) -> None:
        self.source = source
        self.settles = settles
        self.open = asyncio.Event()  # cleared: it takes nothing
        self.open.set()
        self.messages: list[Message] = []
        self.stream: list[str] = []  # payloads and states, in order
        self.notes: list[dict[str, Any]] = []
        self.batches: list[Arrived] = []
        self.failure: Exception | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._consume())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.source.close()
        assert self._task is not None
        self.open.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(self._task, 5)

    @property
    def states(self) -> list[str]:
        return [note["state"] for note in self.notes]

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.messages]

    @property
    def tokens(self) -> list[SettleToken]:
        return [batch.token for batch in self.batches if batch.token.packets]

    async def until(self, true: Callable[[], bool], timeout: float = 8.0) -> None:  # noqa: ASYNC109
        try:
            async with asyncio.timeout(timeout):
                while not true():  # noqa: ASYNC110 (it may depend on anything)
                    await asyncio.sleep(0.002)
        except TimeoutError:
            raise AssertionError(f"not so after {timeout} s: {self.stream[-20:]} {self.failure!r}") from None

    async def _consume(self) -> None:
        try:
            async for batch in self.source.batches():
                await self.open.wait()
                self._keep(batch)
                if self.settles:
                    await self.source.settle(batch.token)
        except Exception as why:  # noqa: BLE001 (kept for the test to look at)
            self.failure = why

    def _keep(self, batch: Arrived) -> None:
        self.batches.append(batch)
        for message in batch.messages:
            if message.topic == naming.LINK:
                note = json.loads(message.payload)
                self.notes.append(note)
                self.stream.append(note["state"])
            else:
                self.messages.append(message)
                self.stream.append(message.payload.decode(errors="replace"))


async def ready(consumer: Consumer) -> None:
    """Its back-log, if there was one, has been heard."""
    await consumer.until(lambda: "passed" in consumer.states)


class Publisher:
    """A device of another make, on a thread of its own: QoS 1, sends again through outages."""

    def __init__(self, port: int) -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="device", clean_session=False)
        self._client.max_queued_messages_set(0)
        self._client.max_inflight_messages_set(500)
        self._client.reconnect_delay_set(0.05, 0.2)  # type: ignore[arg-type]
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    async def publish(self, messages: Iterable[tuple[str, bytes]], *, retain: bool = False, qos: int = 1) -> None:
        """Return when all are acknowledged."""
        sent = [self._client.publish(topic, payload, qos=qos, retain=retain) for topic, payload in messages]
        while not all(one.is_published() for one in sent):  # noqa: ASYNC110 (paho tells on another thread)
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)
