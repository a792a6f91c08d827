"""One MQTT 5 connection as bytes in and bytes out."""

import asyncio
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mqtt5 import ConnAckPacket, PubAckPacket, PublishPacket, QoS, SubAckPacket, SubAckReasonCode

from domain.errors import TidewalkError
from domain.messages import Flag, Message
from domain.ports import Arrived
from ingest.sources.conversation import Conversation, decode, frame_length
from ingest.sources.inbox import Inbox
from ingest.sources.link import Link
from ingest.sources.retry import MalformedError
from ingest.sources.settings import MqttSettings

MARKER = "tidewalk/coast/marker/tw"


class Clock:
    def now(self) -> int:
        return 7


class Talk:
    """A conversation and all that came of it."""

    def __init__(self, batch_messages: int = 1000) -> None:
        self.inbox = Inbox(linger=0, batch_messages=batch_messages)
        self.link = Link(inbox=self.inbox, clock=Clock(), every=5, patience=60, first=100)
        self.said = Conversation(
            MqttSettings(site="coast", client_id="tw", filters=("a/#", "b/#")),
            "tw",
            link=self.link,
            inbox=self.inbox,
            clock=Clock(),
        )

    def hear(self, *parts: bytes) -> None:
        """Like a socket: what is not used stays in front of what comes next."""
        left = b""
        for part in parts:
            data = left + part
            left = data[self.said.hear(memoryview(data)) :]
        assert left == b""

    def batches(self) -> list[Arrived]:
        async def take_all() -> list[Arrived]:
            found = []
            while self.inbox._chunks:
                batch = await self.inbox.take()
                assert batch is not None
                found.append(batch)
            return found

        return asyncio.run(take_all())


def publish(topic: str, payload: bytes, packet_id: int | None = None, *, retain: bool = False) -> bytes:
    qos = QoS.AT_LEAST_ONCE if packet_id else QoS.AT_MOST_ONCE
    return PublishPacket(topic, payload, qos=qos, packet_id=packet_id, retain=retain).write()


def transcript(*, present: bool = True) -> bytes:
    granted = [SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE] * 3
    return b"".join(
        (
            ConnAckPacket(session_present=present).write(),
            publish("a/1", b"old", 1),
            SubAckPacket(1, granted).write(),
            publish("a/1", b"fleeting"),
            publish("a/2", b"lay there", 3, retain=True),
            PubAckPacket(2).write(),
            publish(MARKER, b'{"n": 101}', 4),
            publish("a/3", b"y" * 200, 5),
            b"\xd0\x00",
            publish("a/4", b"", 6),
        )
    )


def run(*parts: bytes) -> list[Arrived]:
    async def go() -> Talk:
        talk = Talk()
        talk.hear(*parts)
        return talk

    return asyncio.run(go()).batches()


HEARD = [
    Message("a/1", b"old", 7, Flag.BACKLOG),
    Message("$tidewalk/link", b'{"state": "up", "epoch": 1}', 7),
    Message("a/1", b"fleeting", 7, Flag.BACKLOG),
    Message("a/2", b"lay there", 7, Flag.BACKLOG | Flag.RETAINED),
    Message("$tidewalk/link", b'{"state": "passed", "marker": 101}', 7),
    Message("a/3", b"y" * 200, 7),
    Message("a/4", b"", 7),
]


def test_a_transcript_comes_out_the_same_wherever_it_is_split():
    wire = transcript()
    for cut in range(len(wire) + 1):
        (batch,) = run(wire[:cut], wire[cut:])
        assert list(batch.messages) == HEARD, cut
        assert batch.token == (1, (1, 3, 4, 5, 6)), cut
    (batch,) = run(*(bytes([byte]) for byte in wire))
    assert list(batch.messages) == HEARD


def test_a_session_that_was_not_kept_has_no_back_log():
    (batch,) = run(transcript(present=False))
    assert [message.flags for message in batch.messages] == [0, 0, 0, Flag.RETAINED, 0, 0, 0]


def test_one_read_of_many_messages_becomes_batches_of_at_most_their_size():
    async def go() -> Talk:
        talk = Talk(batch_messages=100)
        talk.hear(ConnAckPacket().write() + b"".join(publish("a", b"x", n) for n in range(1, 251)))
        return talk

    batches = asyncio.run(go()).batches()
    assert [len(batch.messages) for batch in batches] == [100, 100, 50]
    assert batches[2].token.packets == tuple(range(201, 251))


def test_acknowledgements_are_what_the_codec_would_write():
    async def go() -> bytes:
        return Talk().said.settled((1, 256, 65535))

    assert asyncio.run(go()) == b"".join(PubAckPacket(n).write() for n in (1, 256, 65535))


def test_what_was_heard_before_a_faulty_packet_is_not_lost():
    async def go() -> Talk:
        talk = Talk()
        with pytest.raises(MalformedError, match="Invalid QoS"):
            talk.hear(ConnAckPacket().write() + publish("a", b"good", 1) + b"\x36\x06\0\1a\0\0a")
        return talk

    (batch,) = asyncio.run(go()).batches()
    assert [message.payload for message in batch.messages] == [b"good"]


@pytest.mark.parametrize(
    ("packet", "said"),
    [
        (PublishPacket("a", b"", qos=QoS.EXACTLY_ONCE, packet_id=1).write(), "never asked for"),
        (PublishPacket("a", b"", qos=QoS.AT_LEAST_ONCE, packet_id=1, topic_alias=1).write(), "topic alias"),
        (SubAckPacket(9, []).write(), "answers nothing"),
    ],
)
def test_what_we_forbade_is_a_fault(packet: bytes, said: str):
    with pytest.raises(MalformedError, match=said):
        run(ConnAckPacket().write() + packet)


def test_the_same_faulty_publish_is_known_again_by_its_topic():
    spots = set()
    for flags, packet_id in ((0b0110, b"\0\1"), (0b1110, b"\0\1"), (0b1110, b"\0\2")):
        with pytest.raises(MalformedError) as caught:
            decode(memoryview(bytes([0x30 | flags, 6]) + b"\0\1a" + packet_id + b"\0"))
        spots.add(caught.value.spot)
    assert len(spots) == 1


@pytest.mark.parametrize(
    ("head", "length"), [(b"\x30", None), (b"\x30\x05", 7), (b"\x30\x80", None), (b"\x30\x80\x01", 131)]
)
def test_the_length_of_a_frame_is_read_from_its_header(head: bytes, length: int | None):
    assert frame_length(memoryview(head)) == length


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@settings(max_examples=150, deadline=None)
@given(st.booleans(), st.binary(max_size=80))
def test_whatever_bytes_come_it_ends_in_an_error_of_ours_or_waits_for_more(admitted: bool, data: bytes):
    wire = ConnAckPacket().write() + data if admitted else data

    async def go() -> None:
        with contextlib.suppress(TidewalkError):
            assert 0 <= Talk().said.hear(memoryview(wire)) <= len(wire)

    asyncio.run(go())
