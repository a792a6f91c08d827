"""The other side of `tidewalk bench ingest`, in a process of its own: a broker that has everything ready to send, and
an InfluxDB that takes every line and keeps only which message it came from.

The broker speaks as much MQTT 5 as our source asks for, and as much 3.1.1 as our publisher does: it honours the receive
maximum, gives markers back, and expects PUBACKs in order. It is no broker for anything else.
"""

import asyncio
import gzip
import re
import struct
import time
from array import array
from bisect import bisect_left
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Final, NamedTuple

from mqtt5 import ConnAckPacket, ConnectPacket, SubAckPacket, SubAckReasonCode, SubscribePacket, read

from services.benches.coast import Speech, coast

MARKER_ID: Final = 65_535
IDS: Final = 65_000  # packet ids of the flood: 1 … 65,000, in turn
_AT_ONCE: Final = 1_000  # messages a write
_UNWRITTEN: Final = 1 << 20  # bytes that may wait for the socket
_SAMPLES: Final = 20_000
_TICK_S: Final = 0.002
_PUBACK: Final = 0x40
_V3_1_1: Final = 4
_SEQ = re.compile(rb",seq=(\d+)i \d+$", re.MULTILINE)


class Ports(NamedTuple):
    """Where the sea is to be found."""

    broker: int
    influx: int


class Send(NamedTuple):
    """An order to the sea: publish as many more messages, at most so many a second (0: as fast as they are taken)."""

    messages: int
    rate: float


class Taken(NamedTuple):
    """All of them are acknowledged."""


class Ask(NamedTuple):
    """A question: what became of the messages numbered `first` … `last` - 1?"""

    first: int
    last: int


class Account(NamedTuple):
    """The answer. Times from publish, in ms, (p50, p99): to PUBACK, and to the store's having it."""

    lost: int
    stored: int
    orders: int  # messages that the service published
    settled_ms: tuple[float, float]
    stored_ms: tuple[float, float]


def run_sea(talk: Connection, devices: int, messages: int) -> None:
    """Until the other end of `talk` is closed. Sends Ports once all messages are made."""
    asyncio.run(_run(talk, devices, messages))


async def _run(talk: Connection, devices: int, messages: int) -> None:
    loop = asyncio.get_running_loop()
    speech = Speech(coast(devices), messages)
    flood = Flood(speech, messages)
    store = _Store(messages)
    broker = await loop.create_server(lambda: _Line(flood), "127.0.0.1", 0)
    influx = await asyncio.start_server(store.serve, "127.0.0.1", 0)
    talk.send(Ports(broker.sockets[0].getsockname()[1], influx.sockets[0].getsockname()[1]))
    while True:
        try:
            asked = await loop.run_in_executor(None, talk.recv)
        except (EOFError, OSError):
            return
        if isinstance(asked, Send):
            await flood.send(asked.messages, asked.rate)
            talk.send(Taken())
        elif isinstance(asked, Ask):
            talk.send(_account(flood, store, speech, asked))


class Flood:
    """All messages as PUBLISH packets, one after the other, and how far they have got."""

    def __init__(self, speech: Speech, messages: int) -> None:
        self._packets, self._begins = packed(speech, messages)
        self._sent = self._acked = 0
        self._most = self._last = 0  # may be sent now; will be
        self._window = 0
        self._write: Callable[[memoryview], None] = lambda _: None
        self._open = False
        self._done = asyncio.Event()
        self.orders = 0
        self.sent: list[tuple[int, float]] = []  # (messages sent up to here, when)
        self.acked: list[tuple[int, float]] = []

    @property
    def numbered(self) -> int:
        """The number of the next message."""
        return self._sent

    def connect(self, write: Callable[[memoryview], None], window: int) -> None:
        """There is somebody to send to, who takes `window` messages unacknowledged."""
        self._write, self._window, self._open = write, window, True

    def hold(self, *, back: bool) -> None:
        """The socket is full, or has room again."""
        self._open = not back
        self._push()

    async def send(self, count: int, rate: float) -> None:
        """Return when all of them are acknowledged."""
        first, began = self._sent, time.monotonic()
        self._last = first + count
        self._done.clear()
        while rate and self._most < self._last:
            self._most = min(self._last, first + int((time.monotonic() - began) * rate) + 1)
            self._push()
            await asyncio.sleep(_TICK_S)
        self._most = self._last
        self._push()
        await self._done.wait()

    def settled(self, ids: tuple[int, ...]) -> None:
        """PUBACKs. Raises ValueError where they are not in order."""
        mine = [one for one in ids if one != MARKER_ID] if MARKER_ID in ids else ids
        if not mine:
            return
        self._acked += len(mine)
        if mine[-1] != (self._acked - 1) % IDS + 1:
            raise ValueError(f"PUBACK {mine[-1]} is out of order")
        self.acked.append((self._acked, time.monotonic()))
        self._push()
        if self._acked == self._last:
            self._done.set()

    def _push(self) -> None:
        while self._open and (count := min(self._most - self._sent, self._window - self._sent + self._acked, _AT_ONCE)):
            upto = self._sent + count
            part = self._packets[self._begins[self._sent] : self._begins[upto]]
            self._sent = upto
            self.sent.append((upto, time.monotonic()))
            self._write(part)


class _Line(asyncio.Protocol):
    """One client."""

    def __init__(self, flood: Flood) -> None:
        self._flood = flood
        self._unread = b""
        self._subscribed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport
        transport.set_write_buffer_limits(high=_UNWRITTEN)

    def pause_writing(self) -> None:
        """The socket is full."""
        if self._subscribed:
            self._flood.hold(back=True)

    def resume_writing(self) -> None:
        """It has room again."""
        if self._subscribed:
            self._flood.hold(back=False)

    def data_received(self, data: bytes) -> None:
        """Take in whole packets."""
        data, at = self._unread + data, 0
        while at < len(data):
            if data[at] == _PUBACK:
                at, ids = acknowledgements(data, at)
                if not ids:
                    break
                self._flood.settled(ids)
                continue
            whole = _length(data, at)
            if whole is None or at + whole > len(data):
                break
            self._hear(data[at : at + whole])
            at += whole
        self._unread = data[at:]

    def _hear(self, packet: bytes) -> None:
        match packet[0] >> 4:
            case 1:
                self._admit(packet)
            case 3:
                self._take(packet)
            case 8:
                asked = read(memoryview(packet))[0]
                assert isinstance(asked, SubscribePacket)  # noqa: S101
                granted = [SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE] * len(asked.topic_filters)
                self._transport.write(SubAckPacket(asked.packet_id, granted).write())
                self._flood.connect(self._transport.write, self._window)
                self._subscribed = True
            case 12:
                self._transport.write(b"\xd0\x00")
            case 14:
                self._transport.close()

    def _admit(self, packet: bytes) -> None:
        if packet[packet.index(b"MQTT") + 4] == _V3_1_1:  # our publisher
            self._transport.write(b"\x20\x02\x00\x00")
            return
        asked = read(memoryview(packet))[0]
        assert isinstance(asked, ConnectPacket)  # noqa: S101
        self._window = min(asked.receive_max, IDS)
        self._transport.write(ConnAckPacket().write())

    def _take(self, packet: bytes) -> None:
        """What the service publishes: a marker goes back to it, everything else is for crews."""
        start = 1 + sum(1 for _ in _length_bytes(packet, 1))
        topic_ends = start + 2 + int.from_bytes(packet[start : start + 2], "big")
        self._transport.write(b"\x40\x02" + packet[topic_ends : topic_ends + 2])
        if b"/marker/" in packet[start:topic_ends]:
            again = bytearray(packet)
            again[topic_ends : topic_ends + 2] = MARKER_ID.to_bytes(2, "big")
            self._transport.write(again)
        else:
            self._flood.orders += 1


class _Store:
    """As much of InfluxDB as takes lines. Remembers by `seq` which messages it has."""

    def __init__(self, messages: int) -> None:
        self.has = bytearray(messages)
        self.came: list[tuple[float, list[int]]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                found = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
                body = await reader.readexactly(int(found[1])) if found else b""
                if body:
                    self._take(body)
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        except asyncio.IncompleteReadError:
            writer.close()

    def _take(self, body: bytes) -> None:
        numbers = [int(seq) for seq in _SEQ.findall(gzip.decompress(body))]
        for number in numbers:
            self.has[number] = 1
        self.came.append((time.monotonic(), numbers[:: max(1, len(numbers) // 50)]))


def _account(flood: Flood, store: _Store, speech: Speech, asked: Ask) -> Account:
    wanted = range(asked.first, asked.last)
    lost = sum(1 for n in wanted if not store.has[n] and not speech.broken(n))
    sampled = wanted[:: max(1, len(wanted) // _SAMPLES)]
    settled = [when(flood.acked, n) - when(flood.sent, n) for n in sampled]
    stored = [at - when(flood.sent, n) for at, numbers in store.came for n in numbers if n in wanted]
    return Account(lost, sum(store.has[asked.first : asked.last]), flood.orders, middle(settled), middle(stored))


def when(passed: list[tuple[int, float]], number: int) -> float:
    """When the message was among those that had passed."""
    return passed[bisect_left(passed, (number + 1, 0.0))][1]


def middle(seconds: list[float]) -> tuple[float, float]:
    """p50 and p99, ms."""
    ranked = sorted(seconds) or [0.0]
    return ranked[len(ranked) // 2] * 1000, ranked[len(ranked) * 99 // 100] * 1000


def packed(speech: Speech, messages: int) -> "tuple[memoryview, array[int]]":
    """All messages as MQTT 5 PUBLISH packets of QoS 1, and where each begins."""
    packets = bytearray()
    begins = array("q", [0])
    for number in range(messages):
        topic = speech.topic(number)
        rest = len(topic).to_bytes(2, "big") + topic + (number % IDS + 1).to_bytes(2, "big") + b"\0"
        rest += speech.payload(number)
        packets += b"\x32" + _said_length(len(rest)) + rest
        begins.append(len(packets))
    return memoryview(packets), begins


def acknowledgements(data: bytes, at: int) -> tuple[int, tuple[int, ...]]:
    """A run of four-byte PUBACKs, and where it ends."""
    count = (len(data) - at) // 4
    run = data[at : at + 4 * count]
    plain = run[0::4].count(_PUBACK)
    if plain != count:
        count = next(i for i in range(count) if run[4 * i] != _PUBACK)
        run = run[: 4 * count]
    return at + 4 * count, struct.unpack(f">{2 * count}H", run)[1::2]


def _said_length(length: int) -> bytes:
    said = bytearray()
    while True:
        length, low = divmod(length, 128)
        said.append(low | (0x80 if length else 0))
        if not length:
            return bytes(said)


def _length_bytes(data: bytes, at: int) -> bytes:
    end = at
    while data[end] & 0x80:
        end += 1
    return data[at : end + 1]


def _length(data: bytes, at: int) -> int | None:
    """Bytes of the packet at `at`, header included; None while that is not known."""
    length = 0
    for place, byte in enumerate(data[at + 1 : at + 5]):
        length |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return 2 + place + length
    return None
