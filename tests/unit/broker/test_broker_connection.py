"""A connection without a socket: whatever bytes come, only their sender suffers."""

import asyncio

import mqtt5
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.broker.connection import Connection, Limits
from simulators.broker.exchange import Exchange
from simulators.broker.framing import Outbox

CONNECTS = [
    mqtt5.ConnectPacket("stranger", clean_start=True).write(),
    bytes.fromhex("10 0D 0004 4D515454 04 02 003C 0001 73"),
]
PACKETS = [
    mqtt5.PublishPacket("t", b"x", qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=1).write(),
    mqtt5.PublishPacket("t", b"x", qos=mqtt5.QoS.EXACTLY_ONCE, packet_id=2).write(),
    mqtt5.SubscribePacket(3, [mqtt5.TopicFilter("#")]).write(),
    mqtt5.UnsubscribePacket(4, ["#"]).write(),
    mqtt5.PubRelPacket(2).write(),
    mqtt5.PubAckPacket(1).write(),
    mqtt5.PingReqPacket().write(),
    mqtt5.DisconnectPacket().write(),
    *CONNECTS,
]


class Pipe(asyncio.Transport):
    """A transport that keeps what it is given, as a client that reads nothing leaves it."""

    def __init__(self, protocol: asyncio.Protocol | None = None) -> None:
        super().__init__()
        self.written = b""
        self.aborted = False
        self._closing = False
        self._protocol = protocol

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return len(self.written)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing and self._protocol is not None:
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)
        self._closing = True

    def abort(self) -> None:
        self.aborted = True
        self.close()


def connect(exchange: Exchange, name: str) -> tuple[Connection, Pipe]:
    connection = Connection(exchange, Limits(max_packet_size=10_000), None, name)
    pipe = Pipe(connection)
    connection.connection_made(pipe)
    return connection, pipe


async def survives(chunks: list[bytes]) -> None:
    loop = asyncio.get_running_loop()
    exchange = Exchange(100, loop.time, loop.call_later)
    good, pipe = connect(exchange, "good")
    good.data_received(mqtt5.ConnectPacket("good").write())
    good.data_received(mqtt5.SubscribePacket(1, [mqtt5.TopicFilter("good/t")]).write())
    bad, its = connect(exchange, "bad")
    for chunk in chunks:
        if not its.is_closing():
            bad.data_received(chunk)
            await asyncio.sleep(0)
    publisher, _ = connect(exchange, "p")
    publisher.data_received(mqtt5.ConnectPacket("p").write())
    publisher.data_received(mqtt5.PublishPacket("good/t", b"still here").write())
    await asyncio.sleep(0)
    assert pipe.written.endswith(b"still here")
    for one in (good, bad, publisher):
        one.cut()
        await asyncio.wait_for(one.ended, 1)


@given(
    st.lists(st.one_of(st.binary(max_size=40), st.sampled_from(PACKETS)), max_size=8), st.sampled_from([b"", *CONNECTS])
)
@settings(max_examples=250, deadline=None)
def test_no_bytes_of_one_client_disturb_another(chunks: list[bytes], first: bytes):
    asyncio.run(survives([first, *chunks]))


@given(st.sampled_from(PACKETS), st.integers(0, 40), st.binary(min_size=1, max_size=3), st.sampled_from(CONNECTS))
@settings(max_examples=250, deadline=None)
def test_nor_do_good_packets_with_a_few_bytes_changed(packet: bytes, place: int, other: bytes, first: bytes):
    place %= len(packet)
    asyncio.run(survives([first, packet[:place] + other + packet[place + len(other) :]]))


def test_a_client_that_leaves_too_much_unread_is_cut_off():
    async def flood() -> Pipe:
        pipe = Pipe()
        outbox = Outbox(pipe, 1000, lambda: None)
        for _ in range(12):
            outbox.send(b"x" * 100)
            await asyncio.sleep(0)
        return pipe

    assert asyncio.run(flood()).aborted


def test_what_is_sent_in_one_turn_of_the_loop_is_written_at_once():
    class Counting(Pipe):
        writes = 0

        def write(self, data: bytes | bytearray | memoryview) -> None:
            super().write(data)
            self.writes += 1

    async def send() -> Counting:
        pipe = Counting()
        outbox = Outbox(pipe, 10_000, lambda: None)
        for one in (b"a", b"b", b"c"):
            outbox.send(one)
        await asyncio.sleep(0)
        return pipe

    pipe = asyncio.run(send())
    assert (pipe.written, pipe.writes) == (b"abc", 1)
