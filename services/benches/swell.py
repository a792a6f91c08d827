"""The coast's side of `tidewalk bench e2e`, in a process of its own: it publishes to a real broker what was made
beforehand, at the rate it is told, and hears what the crews are sent.
"""

import asyncio
import struct
import time
from multiprocessing.connection import Connection
from typing import Final, NamedTuple

import msgspec
from mqtt5 import (
    ConnAckPacket,
    ConnectPacket,
    DisconnectPacket,
    PublishPacket,
    QoS,
    SubscribePacket,
    TopicFilter,
    read,
)

from domain.naming import order_topic
from services.benches.coast import Speech, coast
from services.benches.sea import IDS, Flood, Send

WINDOW: Final = 20_000  # messages that the broker may have without a PUBACK
_PUBACK: Final = 0x40
_UNWRITTEN: Final = 1 << 18
_ANSWERED_S: Final = 10.0


class Plan(NamedTuple):
    """What is published, and where. `storm`: numbers of messages from a coast in trouble."""

    host: str
    port: int
    user: str
    password: str
    devices: int
    messages: int
    storm: range


class Ready(NamedTuple):
    """All messages are made, and the broker is there. Or it is not, and `why` says what was wrong."""

    why: str = ""


class Told(NamedTuple):
    """An order that a crew was sent: about which facility, as which revision, by which rule, when."""

    facility: str
    revision: int
    rule: str
    at: float


class Ask(NamedTuple):
    """A question: what have crews been told since the last time? The answer is a list of Told."""


class Sailed(NamedTuple):
    """What became of a Send. Times are of the clock that never goes back, the same in all processes of a machine."""

    first: int  # number of the first message
    sent: list[tuple[int, float]]  # (messages handed to the broker up to here, when)
    began: float
    acknowledged: float  # when all of them were
    cpu: float  # seconds of this process


class _Order(msgspec.Struct):
    facility: str
    revision: int
    rule: str


_orders = msgspec.json.Decoder(_Order)


def run_swell(talk: Connection, plan: Plan) -> None:
    """Until the other end of `talk` is closed; then what lies retained for crews is taken from the broker."""
    asyncio.run(_run(talk, plan))


async def _run(talk: Connection, plan: Plan) -> None:
    loop = asyncio.get_running_loop()
    site = coast(plan.devices)
    flood = Flood(Speech(site, plan.messages, plan.storm), plan.messages)
    ear = _Ear(plan, order_topic(site.id, "+", "+"))
    mouth = _Mouth(plan, flood)
    try:
        for line in (ear, mouth):
            await loop.create_connection(lambda line=line: line, plan.host, plan.port)  # type: ignore[misc]  # a default
            async with asyncio.timeout(_ANSWERED_S):
                await line.admitted
    except (OSError, ValueError) as wrong:
        talk.send(Ready(f"the broker at {plan.host}:{plan.port} cannot be used: {wrong}"))
        return
    talk.send(Ready())
    while True:
        try:
            asked = await loop.run_in_executor(None, talk.recv)
        except (EOFError, OSError):
            break
        if isinstance(asked, Ask):
            talk.send(ear.take())
            continue
        assert isinstance(asked, Send)  # noqa: S101
        first, begun, cpu, began = flood.numbered, len(flood.sent), time.process_time(), time.monotonic()
        await flood.send(asked.messages, asked.rate)
        talk.send(Sailed(first, flood.sent[begun:], began, time.monotonic(), time.process_time() - cpu))
    ear.clear()
    for line in (ear, mouth):
        line.leave()
    await asyncio.sleep(0)


class _Line(asyncio.Protocol):
    """One MQTT 5 connection; it is let in, or `admitted` says why not."""

    def __init__(self, plan: Plan, name: str) -> None:
        self._plan, self._name = plan, name
        self._unread = b""
        self.admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport
        user, password = self._plan.user or None, self._plan.password.encode() or None
        transport.write(ConnectPacket(self._name, username=user, password=password, keep_alive=0).write())

    def connection_lost(self, exc: Exception | None) -> None:
        """A broker that goes away ends the bench."""
        if not self.admitted.done():
            self.admitted.set_exception(ConnectionError("it closes the connection"))
        elif exc is not None:
            raise exc

    def data_received(self, data: bytes) -> None:
        """Take in whole packets."""
        data = self._unread + data
        view, at = memoryview(data), 0
        while at < len(data):
            if (used := self._quick(data, at)) == 0:
                packet, used = read(view[at:])
                if used == 0:
                    break
                self._hear(packet)
            at += used
        self._unread = data[at:]

    def leave(self) -> None:
        """DISCONNECT."""
        self._transport.write(DisconnectPacket().write())
        self._transport.close()

    def _quick(self, _data: bytes, _at: int) -> int:
        """Bytes taken in without being looked at one by one."""
        return 0

    def _hear(self, packet: object) -> None:
        if isinstance(packet, ConnAckPacket):
            if int(packet.reason_code) >= 0x80:
                self.admitted.set_exception(ConnectionError(f"it does not let us in: {packet.reason_code}"))
                return
            self._let_in(packet)
            self.admitted.set_result(None)

    def _let_in(self, packet: ConnAckPacket) -> None:
        """The broker is there."""


class _Mouth(_Line):
    """Who publishes."""

    def __init__(self, plan: Plan, flood: Flood) -> None:
        super().__init__(plan, "tidewalk-bench-coast")
        self._flood = flood

    def pause_writing(self) -> None:
        """The socket is full."""
        self._flood.hold(back=True)

    def resume_writing(self) -> None:
        """It has room again."""
        self._flood.hold(back=False)

    def _let_in(self, packet: ConnAckPacket) -> None:
        self._transport.set_write_buffer_limits(high=_UNWRITTEN)
        self._flood.connect(self._transport.write, min(packet.receive_max, WINDOW, IDS))

    def _quick(self, data: bytes, at: int) -> int:
        """PUBACKs: four bytes each, two more where the broker says that nobody listens."""
        ids, begins = [], at
        while at + 4 <= len(data) and data[at] == _PUBACK and at + 2 + data[at + 1] <= len(data):
            ids.append(struct.unpack_from(">H", data, at + 2)[0])
            at += 2 + data[at + 1]
        if ids:
            self._flood.settled(tuple(ids))
        return at - begins


class _Ear(_Line):
    """Who hears what crews are sent."""

    def __init__(self, plan: Plan, topics: str) -> None:
        super().__init__(plan, "tidewalk-bench-crews")
        self._topics = topics
        self._told: list[Told] = []
        self._retained: dict[str, None] = {}

    def take(self) -> list[Told]:
        """What was heard since the last time."""
        told, self._told = self._told, []
        return told

    def clear(self) -> None:
        """Let nothing of ours lie with the broker."""
        for topic in self._retained:
            self._transport.write(PublishPacket(topic, b"", qos=QoS.AT_MOST_ONCE, retain=True).write())

    def _let_in(self, packet: ConnAckPacket) -> None:
        del packet
        self._transport.write(SubscribePacket(1, [TopicFilter(self._topics, max_qos=QoS.AT_MOST_ONCE)]).write())

    def _hear(self, packet: object) -> None:
        super()._hear(packet)
        if not isinstance(packet, PublishPacket):
            return
        if packet.payload:
            self._retained[packet.topic] = None
            order = _orders.decode(bytes(packet.payload))
            self._told.append(Told(order.facility, order.revision, order.rule, time.monotonic()))
        else:
            self._retained.pop(packet.topic, None)
