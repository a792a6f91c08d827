"""A broker that does exactly what a test says, byte by byte, in MQTT 5 or 3.1.1. Shares no code with any client."""

import asyncio
import contextlib
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple, Self

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 8, 9
UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = 10, 11, 12, 13, 14


class Packet(NamedTuple):
    """What a client sent."""

    type: int
    flags: int
    body: bytes


class Visitor:
    """One connection of a client, after its CONNECT has been read."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.level = 0
        self.client_id = ""
        self.connect_flags = 0
        self.keep_alive = 0
        self.connect_properties = b""
        self.answers_pings = True
        self.pings = 0
        self.acked: list[int] = []
        self.markers: list[tuple[int, bytes]] = []  # packet id (0: QoS 0), payload
        self.filters: list[tuple[str, int]] = []  # with their option bytes
        self.asked: list[Packet] = []  # SUBSCRIBE, UNSUBSCRIBE
        self.goodbye: bytes | None = None
        self.gone = asyncio.Event()
        self.heard = asyncio.Event()

    @property
    def five(self) -> bool:
        return self.level == 5

    def send(self, *frames: bytes) -> None:
        self.writer.write(b"".join(frames))

    async def hang_up(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    def connack(self, code: int = 0, *, present: bool = False, properties: bytes = b"") -> bytes:
        return frame(CONNACK, 0, bytes([present, code]) + (block(properties) if self.five else b""))

    def suback(self, codes: Sequence[int]) -> bytes:
        packet_id = self.asked[0].body[:2]
        return frame(SUBACK, 0, packet_id + (b"\0" if self.five else b"") + bytes(codes))

    def publish(
        self, topic: str | bytes, payload: bytes = b"x", packet_id: int = 0, *, dup: bool = False, retain: bool = False
    ) -> bytes:
        name = topic.encode() if isinstance(topic, str) else topic
        qos = 1 if packet_id else 0
        flags = dup << 3 | qos << 1 | retain
        number = packet_id.to_bytes(2, "big") if packet_id else b""
        return frame(PUBLISH, flags, text(name) + number + (b"\0" if self.five else b"") + payload)

    def puback(self, packet_id: int, code: int = 0) -> bytes:
        return frame(PUBACK, 0, packet_id.to_bytes(2, "big") + (bytes([code]) if code else b""))

    def disconnect(self, code: int) -> bytes:
        return frame(DISCONNECT, 0, bytes([code]))

    async def admit(self, *, present: bool = False, properties: bytes = b"", return_marker: bool = True) -> Self:
        """CONNACK, SUBACK, and the marker's way back."""
        self.send(self.connack(present=present, properties=properties))
        await self.until(lambda: bool(self.asked))
        self.send(self.suback([1] * len(self.filters)))
        if return_marker:
            await self.until(lambda: bool(self.markers))
            self.send_back(0)
        return self

    def send_back(self, place: int) -> None:
        """PUBACK the marker at that place, and deliver it."""
        packet_id, payload = self.markers[place]
        self.send(self.puback(packet_id), self.publish(self.filters[-1][0], payload, 60_000))

    async def until(self, true: "object", timeout: float = 5.0) -> None:  # noqa: ASYNC109
        assert callable(true)
        async with asyncio.timeout(timeout):
            while not true():
                self.heard.clear()
                await self.heard.wait()

    async def read_hello(self) -> None:
        packet = await read_packet(self.reader)
        assert packet.type == CONNECT
        body = packet.body
        assert body[:6] == b"\0\4MQTT"
        self.level, self.connect_flags = body[6], body[7]
        self.keep_alive = int.from_bytes(body[8:10], "big")
        at = 10
        if self.five:
            self.connect_properties = body[11 : 11 + body[10]]
            at = 11 + body[10]
        length = int.from_bytes(body[at : at + 2], "big")
        self.client_id = body[at + 2 : at + 2 + length].decode()

    async def listen(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self._take(await read_packet(self.reader))
                self.heard.set()
        self.gone.set()
        self.heard.set()

    def _take(self, packet: Packet) -> None:
        match packet.type:
            case 4:
                self.acked.append(int.from_bytes(packet.body[:2], "big"))
            case 3:
                self._take_marker(packet)
            case 8:
                self.filters = filters_of(packet.body[3:] if self.five else packet.body[2:])
                self.asked.append(packet)
            case 10:
                self.asked.append(packet)
                self.send(frame(UNSUBACK, 0, packet.body[:2] + (b"\0\0" if self.five else b"")))
            case 12:
                self.pings += 1
                if self.answers_pings:
                    self.send(frame(PINGRESP, 0, b""))
            case 14:
                self.goodbye = packet.body
                self.writer.close()

    def _take_marker(self, packet: Packet) -> None:
        length = int.from_bytes(packet.body[:2], "big")
        rest = packet.body[2 + length :]
        packet_id = 0
        if packet.flags & 0b110:
            packet_id, rest = int.from_bytes(rest[:2], "big"), rest[2:]
        self.markers.append((packet_id, rest[1:] if self.five else rest))


class ScriptedBroker:
    """Listens on a free port of the loopback. `await broker.visit()` is the next client that comes."""

    def __init__(self) -> None:
        self.port = 0
        self.visitors = 0
        self._arrivals: asyncio.Queue[Visitor] = asyncio.Queue()
        self._server: asyncio.Server | None = None
        self._open: list[Visitor] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._welcome, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for visitor in self._open:
            visitor.writer.close()
        await self._server.wait_closed()

    async def visit(self, timeout: float = 5.0) -> Visitor:  # noqa: ASYNC109
        return await asyncio.wait_for(self._arrivals.get(), timeout)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visitor = Visitor(reader, writer)
        self._open.append(visitor)
        try:
            await visitor.read_hello()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        self.visitors += 1
        self._arrivals.put_nowait(visitor)
        await visitor.listen()


async def read_packet(reader: asyncio.StreamReader) -> Packet:
    head = (await reader.readexactly(1))[0]
    length = shift = 0
    while True:
        digit = (await reader.readexactly(1))[0]
        length |= (digit & 0x7F) << shift
        shift += 7
        if digit < 0x80:
            return Packet(head >> 4, head & 0xF, await reader.readexactly(length))


def filters_of(body: bytes) -> list[tuple[str, int]]:
    found = []
    while body:
        end = 2 + int.from_bytes(body[:2], "big")
        found.append((body[2:end].decode(), body[end]))
        body = body[end + 1 :]
    return found


def frame(kind: int, flags: int, body: bytes) -> bytes:
    return bytes([kind << 4 | flags]) + block(body)


def block(body: bytes) -> bytes:
    """Variable byte integer length, then the bytes."""
    length, head = len(body), bytearray()
    while True:
        length, digit = divmod(length, 128)
        head.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(head) + body


def text(name: bytes) -> bytes:
    return len(name).to_bytes(2, "big") + name
