"""What every source does with a broker that misbehaves, in exact bytes."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from domain.errors import RejectedError
from domain.messages import Flag
from domain.ports import SettleToken
from tests.contracts.scripted_broker import PINGRESP, PUBLISH, ScriptedBroker, Visitor, frame, text
from tests.contracts.source_harness import FILTER, FIVE, KINDS, SITE, Consumer, make_source, up

# mqtt5 panics in Rust over such text; what pyo3 then prints is not ours to mend.
panics = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
every_source = pytest.mark.parametrize("kind", KINDS)
on_mqtt_5 = pytest.mark.parametrize("kind", FIVE)
MARKER = f"tidewalk/{SITE}/marker/tidewalk-test"


@pytest_asyncio.fixture
async def broker() -> AsyncIterator[ScriptedBroker]:
    async with ScriptedBroker() as scripted:
        yield scripted


async def admitted(broker: ScriptedBroker, consumer: Consumer, *, present: bool = False) -> Visitor:
    visitor = await (await broker.visit()).admit(present=present)
    await consumer.until(lambda: consumer.states[-1:] == ["passed"])
    return visitor


# ── how it introduces itself ─────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
@every_source
async def test_it_asks_for_the_session_that_the_broker_kept(kind: str, broker: ScriptedBroker):
    async with Consumer(make_source(kind, broker.port, keep_alive=17, receive_maximum=65534)) as consumer:
        visitor = await admitted(broker, consumer)
        assert visitor.client_id == "tidewalk-test"
        assert visitor.keep_alive == 17
        assert visitor.connect_flags & 0b10 == 0, "clean start"
        if visitor.five:
            assert b"\x11" + (7 * 24 * 3600).to_bytes(4, "big") in visitor.connect_properties
            assert b"\x21" + (65534).to_bytes(2, "big") in visitor.connect_properties


@pytest.mark.asyncio
@every_source
async def test_it_subscribes_with_qos_1_and_new_retained_messages_only(kind: str, broker: ScriptedBroker):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        visitor = await admitted(broker, consumer)
        options = 0x11 if visitor.five else 0x01  # retain handling 1, not as published, QoS 1
        assert visitor.filters == [(FILTER, options), (MARKER, options)]


@pytest.mark.asyncio
@every_source
async def test_closing_says_goodbye_and_leaves_the_session(kind: str, broker: ScriptedBroker):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        visitor = await admitted(broker, consumer)
        closing = asyncio.create_task(consumer.source.close())
        await visitor.until(lambda: visitor.goodbye is not None)
        await closing
    assert visitor.goodbye in (b"", b"\0", b"\0\0")  # normal, and no word of a session expiry


# ── packet ids, settling, epochs ─────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
@every_source
async def test_a_packet_id_may_be_used_again_once_it_is_acknowledged(kind: str, broker: ScriptedBroker):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        visitor = await admitted(broker, consumer)
        for n in range(5):
            visitor.send(visitor.publish(up(1), b"%d" % n, packet_id=7))
            await visitor.until(lambda n=n: visitor.acked.count(7) == n + 1)
    assert consumer.payloads == [b"0", b"1", b"2", b"3", b"4"]


@pytest.mark.asyncio
@every_source
async def test_nothing_is_acknowledged_before_it_is_settled_and_then_in_order(kind: str, broker: ScriptedBroker):
    source = make_source(kind, broker.port)
    async with Consumer(source, settles=False) as consumer:
        visitor = await admitted(broker, consumer)
        visitor.send(*(visitor.publish(up(n), b"%d" % n, packet_id=n) for n in range(1, 301)))
        await consumer.until(lambda: len(consumer.messages) == 300)
        assert visitor.acked == []
        for token in consumer.tokens:
            await source.settle(token)
        await visitor.until(lambda: len(visitor.acked) == 301)
    assert visitor.acked == [60_000, *range(1, 301)]


@pytest.mark.asyncio
@every_source
async def test_a_redelivery_comes_with_a_new_epoch_and_a_stale_token_settles_nothing(kind: str, broker: ScriptedBroker):
    source = make_source(kind, broker.port)
    async with Consumer(source, settles=False) as consumer:
        first = await admitted(broker, consumer)
        first.send(first.publish(up(1), b"once", packet_id=7))
        await consumer.until(lambda: consumer.payloads == [b"once"])
        stale = consumer.tokens[-1]
        await first.hang_up()
        second = await broker.visit()
        await source.settle(stale)  # before CONNACK
        second.send(second.connack(present=True), second.publish(up(1), b"once", packet_id=7, dup=True))
        await second.until(lambda: bool(second.asked))
        second.send(second.suback([1, 1]))
        await consumer.until(lambda: consumer.payloads == [b"once", b"once"])
        await source.settle(stale)  # the same packet id lies open on this connection
        await source.settle(SettleToken(99, (7,)))
        await asyncio.sleep(0.05)
        assert second.acked == []
        await source.settle(next(token for token in consumer.tokens if token.epoch == 2))
        await second.until(lambda: second.acked == [7])
    assert consumer.messages[1].flags == Flag.BACKLOG


# ── notes and marker ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
@every_source
async def test_the_stream_says_up_passed_down_in_the_order_of_events(kind: str, broker: ScriptedBroker):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        first = await admitted(broker, consumer)
        first.send(first.publish(up(1), b"one", packet_id=1))
        await consumer.until(lambda: bool(consumer.messages))
        await first.hang_up()
        second = await (await broker.visit()).admit(present=True, return_marker=False)
        second.send(second.publish(up(1), b"two", packet_id=1))
        await second.until(lambda: bool(second.markers))
        second.send_back(0)
        second.send(second.publish(up(1), b"three", packet_id=2))
        await consumer.until(lambda: len(consumer.messages) == 3)
    assert consumer.stream == ["up", "passed", "one", "down", "up", "two", "passed", "three"]
    assert [m.flags for m in consumer.messages] == [Flag.NONE, Flag.BACKLOG, Flag.NONE]
    assert [note.get("epoch") for note in consumer.notes if note["state"] == "up"] == [1, 2]


@pytest.mark.asyncio
@every_source
async def test_a_lost_marker_is_sent_again_with_the_next_number_until_one_returns(kind: str, broker: ScriptedBroker):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        visitor = await (await broker.visit()).admit(return_marker=False)
        await visitor.until(lambda: len(visitor.markers) == 3)
        visitor.send_back(1)
        await consumer.until(lambda: consumer.states == ["up", "passed"])
        sent = len(visitor.markers)
        await asyncio.sleep(0.2)
        assert len(visitor.markers) == sent, "none is sent after one has returned"
    numbers = [int(payload[6:-1]) for _, payload in visitor.markers]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert consumer.notes[1] == {"state": "passed", "marker": numbers[1]}


@pytest.mark.asyncio
@every_source
async def test_a_marker_that_does_not_return_is_told_once_and_may_still_come(kind: str, broker: ScriptedBroker):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        visitor = await (await broker.visit()).admit(present=True, return_marker=False)
        await consumer.until(lambda: consumer.states == ["up", "unmeasured"])
        visitor.send(visitor.publish(up(1), b"who knows how old", packet_id=1))
        await visitor.until(lambda: len(visitor.markers) >= 5)
        visitor.send_back(4)
        await consumer.until(lambda: consumer.states == ["up", "unmeasured", "passed"])
    assert consumer.messages[0].flags == Flag.BACKLOG


@pytest.mark.asyncio
@every_source
async def test_only_a_marker_of_this_connection_counts_and_none_is_forwarded(kind: str, broker: ScriptedBroker):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        visitor = await (await broker.visit()).admit(return_marker=False)
        await visitor.until(lambda: bool(visitor.markers))
        for packet_id, payload in enumerate((b'{"n": -1}', b"{}", b"\xff", b'{"n": true}', b'["n"]', b"[" * 9000), 1):
            visitor.send(visitor.publish(MARKER, payload, packet_id))
        await visitor.until(lambda: len(visitor.acked) == 6)
        assert consumer.states == ["up"]
        visitor.send_back(0)
        await consumer.until(lambda: consumer.states == ["up", "passed"])
        await visitor.until(lambda: len(visitor.acked) == 7)
    assert consumer.messages == []


# ── being refused ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("kind", "code"),
    [(kind, code) for kind in FIVE for code in (0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C)]
    + [("paho-3.1.1", code) for code in (2, 4, 5)],
)
async def test_a_refusal_that_can_never_turn_good_ends_the_stream(kind: str, code: int, broker: ScriptedBroker):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        visitor = await broker.visit()
        visitor.send(visitor.connack(code))
        await consumer.until(lambda: consumer.failure is not None)
    assert isinstance(consumer.failure, RejectedError)
    assert broker.visitors == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("kind", "code"), [(kind, code) for kind in FIVE for code in (0x80, 0x88, 0x89, 0x97, 0x9F)] + [("paho-3.1.1", 3)]
)
async def test_a_busy_broker_is_tried_again(kind: str, code: int, broker: ScriptedBroker):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        for _ in range(2):
            visitor = await broker.visit()
            visitor.send(visitor.connack(code))
        await admitted(broker, consumer)


@pytest.mark.asyncio
@every_source
async def test_a_broker_of_another_protocol_version_ends_the_stream(kind: str, broker: ScriptedBroker):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        answering = asyncio.create_task(answer_all(broker, b"\x20\x02\x00\x01"))
        await consumer.until(lambda: consumer.failure is not None)
        answering.cancel()
    assert isinstance(consumer.failure, RejectedError)
    if kind == "mqtt5":
        assert "use the paho source" in str(consumer.failure)


async def answer_all(broker: ScriptedBroker, answer: bytes) -> None:
    while True:
        (await broker.visit()).send(answer)


@pytest.mark.asyncio
@every_source
async def test_one_refused_filter_is_told_loudly_and_the_rest_is_heard(
    kind: str, broker: ScriptedBroker, caplog: pytest.LogCaptureFixture
):
    async with Consumer(make_source(kind, broker.port, filters=(FILTER, "secret/#"))) as consumer:
        visitor = await broker.visit()
        visitor.send(visitor.connack())
        await visitor.until(lambda: bool(visitor.asked))
        visitor.send(visitor.suback([1, 0x80, 1]))
        visitor.send(visitor.publish(up(1), b"heard", packet_id=1))
        await consumer.until(lambda: consumer.payloads == [b"heard"])
    assert "refuses secret/# with reason 0x80" in caplog.text


@pytest.mark.asyncio
@every_source
async def test_when_every_filter_is_refused_it_tries_again_or_gives_up_by_the_reason(kind: str, broker: ScriptedBroker):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        visitor = await broker.visit()
        visitor.send(visitor.connack())
        await visitor.until(lambda: bool(visitor.asked))
        visitor.send(visitor.suback([0x80, 1]))
        again = await broker.visit()
        if again.five:
            again.send(again.connack())
            await again.until(lambda: bool(again.asked))
            again.send(again.suback([0x87, 0x87]))
            await consumer.until(lambda: consumer.failure is not None)
            assert isinstance(consumer.failure, RejectedError)


# ── limits of CONNACK ────────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
@on_mqtt_5
async def test_the_brokers_keep_alive_is_kept(kind: str, broker: ScriptedBroker):
    async with Consumer(make_source(kind, broker.port, keep_alive=60)):
        visitor = await (await broker.visit()).admit(properties=b"\x13\x00\x01")
        await visitor.until(lambda: visitor.pings >= 1, timeout=3)


@pytest.mark.asyncio
@on_mqtt_5
async def test_the_brokers_receive_maximum_holds_markers_back(kind: str, broker: ScriptedBroker):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        visitor = await (await broker.visit()).admit(properties=b"\x21\x00\x01", return_marker=False)
        await asyncio.sleep(0.2)
        assert len(visitor.markers) == 1
        visitor.send(visitor.puback(visitor.markers[0][0]))
        await visitor.until(lambda: len(visitor.markers) == 2)
        assert "up" in consumer.states


@pytest.mark.asyncio
@on_mqtt_5
async def test_a_broker_without_qos_1_is_heard_and_told_of(
    kind: str, broker: ScriptedBroker, caplog: pytest.LogCaptureFixture
):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        visitor = await broker.visit()
        visitor.send(visitor.connack(properties=b"\x24\x00"))
        await visitor.until(lambda: bool(visitor.asked))
        assert [option & 3 for _, option in visitor.filters] == [0, 0]
        visitor.send(visitor.suback([0, 0]))
        await visitor.until(lambda: bool(visitor.markers))
        assert visitor.markers[0][0] == 0
        visitor.send(visitor.publish(MARKER, visitor.markers[0][1]), visitor.publish(up(1), b"fleeting"))
        await consumer.until(lambda: consumer.payloads == [b"fleeting"])
    assert "QoS 0 only" in caplog.text


@pytest.mark.asyncio
async def test_a_broker_that_takes_only_tiny_packets_is_of_no_use(broker: ScriptedBroker):
    async with Consumer(make_source("mqtt5", broker.port)) as consumer:
        visitor = await broker.visit()
        visitor.send(visitor.connack(properties=b"\x27\x00\x00\x00\x20"))
        await consumer.until(lambda: consumer.failure is not None)
    assert "at most 32 bytes" in str(consumer.failure)


@pytest.mark.asyncio
async def test_an_assigned_client_id_is_kept_for_the_next_connection(broker: ScriptedBroker):
    async with Consumer(make_source("mqtt5", broker.port, client_id="")) as consumer:
        first = await (await broker.visit()).admit(properties=b"\x12" + text(b"given-7"))
        await consumer.until(lambda: "passed" in consumer.states)
        assert (first.client_id, first.filters[-1][0]) == ("", f"tidewalk/{SITE}/marker/given-7")
        await first.hang_up()
        second = await broker.visit()
        assert second.client_id == "given-7"


# ── being left ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["mqtt5", "paho-3.1.1"])
async def test_a_quiet_connection_is_kept_while_pings_are_answered_and_a_half_open_one_found_out(
    kind: str, broker: ScriptedBroker
):
    async with Consumer(make_source(kind, broker.port, keep_alive=1)) as consumer:
        visitor = await admitted(broker, consumer)
        await visitor.until(lambda: visitor.pings >= 1)
        visitor.answers_pings = False
        assert consumer.states == ["up", "passed"]
        await consumer.until(lambda: "down" in consumer.states, timeout=4)
        await broker.visit()


@pytest.mark.asyncio
@every_source
async def test_a_broker_that_never_answers_connect_is_left(kind: str, broker: ScriptedBroker):
    async with Consumer(make_source(kind, broker.port, connect_timeout=0.2)) as consumer:
        await broker.visit()
        await admitted(broker, consumer)


@pytest.mark.asyncio
@on_mqtt_5
@pytest.mark.parametrize("code", [0x00, 0x8B, 0x89, 0x93, 0x98])
async def test_a_broker_that_sends_us_away_is_visited_again(
    kind: str, code: int, broker: ScriptedBroker, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.WARNING)
    async with Consumer(make_source(kind, broker.port)) as consumer:
        first = await admitted(broker, consumer)
        first.send(first.disconnect(code))
        await admitted(broker, consumer)
    assert consumer.states == ["up", "passed", "down", "up", "passed"]
    assert "DISCONNECT" in caplog.text


@pytest.mark.asyncio
@on_mqtt_5
async def test_who_takes_our_session_over_is_given_time_and_told_of(
    kind: str, broker: ScriptedBroker, caplog: pytest.LogCaptureFixture
):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        first = await admitted(broker, consumer)
        first.send(first.disconnect(0x8E))
        await consumer.until(lambda: "down" in consumer.states)
        await asyncio.sleep(0.15)
        assert broker.visitors == 1, "it does not come back at once"
        await broker.visit()
    assert "another program came with our client id" in caplog.text


# ── faulty packets ───────────────────────────────────────────────────────────────────────────────

FAULTS = {
    "cut short": frame(PUBLISH, 0b10, b"\0\x09abc"),
    "QoS 3": frame(PUBLISH, 0b110, text(b"a") + b"\0\1\0"),
    "a reserved packet type": frame(0, 0, b""),
    "packet id 0": frame(PUBLISH, 0b10, text(b"a") + b"\0\0\0x"),
    "an endless length": b"\x30\xff\xff\xff\xff\x7f",
    "a CONNECT": frame(1, 0, b"\0\4MQTT\5\2\0\0\0\0\1a"),
    "a second CONNACK": frame(2, 0, b"\0\0\0"),
    "text that is not UTF-8": frame(PUBLISH, 0b10, text(b"\xff\xfe") + b"\0\5\0x"),
}


@pytest.mark.asyncio
@panics
@pytest.mark.parametrize("fault", [name for name in FAULTS if "CONN" not in name])
@every_source
async def test_three_faulty_packets_at_one_spot_end_the_stream(kind: str, fault: str, broker: ScriptedBroker):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        for _ in range(3):
            visitor = await (await broker.visit()).admit()
            visitor.send(FAULTS[fault])
            await visitor.until(visitor.gone.is_set)
            if kind == "mqtt5":
                assert visitor.goodbye == b"\x81"
        await consumer.until(lambda: consumer.failure is not None)
    assert isinstance(consumer.failure, RejectedError)
    assert broker.visitors == 3


@pytest.mark.asyncio
@pytest.mark.parametrize("fault", ["a CONNECT", "a second CONNACK"])
async def test_packets_that_do_not_belong_here_are_faults_too(fault: str, broker: ScriptedBroker):
    async with Consumer(make_source("mqtt5", broker.port)) as consumer:
        first = await admitted(broker, consumer)
        first.send(FAULTS[fault])
        await first.until(lambda: first.goodbye == b"\x81")
        await admitted(broker, consumer)


@pytest.mark.asyncio
@panics
@every_source
async def test_good_messages_beside_a_faulty_one_survive(kind: str, broker: ScriptedBroker):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        first = await admitted(broker, consumer)
        bad = frame(PUBLISH, 0b10, text(b"tide\xff\xfe") + b"\0\2" + (b"\0x" if first.five else b"x"))
        first.send(first.publish(up(1), b"before", 1), bad, first.publish(up(2), b"behind", 3))
        await first.until(first.gone.is_set)
        second = await broker.visit()
        second.send(second.connack(present=True))
        second.send(second.publish(up(1), b"before", 1, dup=True), second.publish(up(2), b"behind", 3, dup=True))
        await second.until(lambda: second.acked == [1, 3])
    assert set(consumer.payloads) == {b"before", b"behind"}


@pytest.mark.asyncio
@every_source
async def test_packets_may_come_one_byte_at_a_time(kind: str, broker: ScriptedBroker):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        visitor = await admitted(broker, consumer)
        wire = visitor.publish(up(1), b"slow", 1) + frame(PINGRESP, 0, b"") + visitor.publish(up(2), b"y" * 200, 2)
        for byte in wire:
            visitor.send(bytes([byte]))
            await asyncio.sleep(0.0005)
        await visitor.until(lambda: visitor.acked == [60_000, 1, 2])
    assert consumer.payloads == [b"slow", b"y" * 200]


@pytest.mark.asyncio
@every_source
async def test_a_message_of_megabytes_comes_whole_between_small_ones(kind: str, broker: ScriptedBroker):
    large = bytes(range(256)) * 4096 * 3
    async with Consumer(make_source(kind, broker.port)) as consumer:
        visitor = await admitted(broker, consumer)
        visitor.send(visitor.publish(up(1), b"a", 1), visitor.publish(up(1), large, 2), visitor.publish(up(1), b"b", 3))
        await visitor.until(lambda: visitor.acked == [60_000, 1, 2, 3])
    assert consumer.payloads == [b"a", large, b"b"]


@pytest.mark.asyncio
@every_source
async def test_a_retained_replay_is_flagged(kind: str, broker: ScriptedBroker):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        visitor = await admitted(broker, consumer)
        visitor.send(visitor.publish(up(1), b"lay there", 1, retain=True))
        await consumer.until(lambda: bool(consumer.messages))
    assert consumer.messages[0].flags == Flag.RETAINED


# ── a slow consumer ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["mqtt5", "paho-3.1.1"])
async def test_a_slow_consumer_stops_the_reading_but_not_the_keep_alive(kind: str, broker: ScriptedBroker):
    source = make_source(kind, broker.port, keep_alive=1, waiting_messages=2000, waiting_bytes=1_000_000)
    async with Consumer(source) as consumer:
        visitor = await admitted(broker, consumer)
        consumer.open.clear()
        said = visitor.pings + len(visitor.asked)
        sent = 20_000  # 40 MB of QoS 0, which no receive maximum holds back
        flooding = asyncio.create_task(drain(visitor, visitor.publish(up(1), b"z" * 2000), sent))
        await asyncio.sleep(2.2)  # longer than it would take to find a half-open connection out
        assert not flooding.done(), "the broker cannot get rid of it"
        messages, size = source._inbox.waiting  # type: ignore[attr-defined]
        assert messages <= 2200
        assert size <= 1_500_000
        assert visitor.pings + len(visitor.asked) - said >= 2, "the broker still hears from us"
        assert consumer.states == ["up", "passed"], "and silence that we made ourselves is not held against it"
        consumer.open.set()
        await flooding
        await consumer.until(lambda: len(consumer.messages) == sent, timeout=15)
    assert consumer.states[:4] == ["up", "passed", "down", "up"], "what waited meanwhile is measured like a back-log"


async def drain(visitor: Visitor, flood: bytes, times: int) -> None:
    for _ in range(times // 100):
        visitor.send(flood * 100)
        await visitor.writer.drain()


@pytest.mark.asyncio
@every_source
async def test_closing_does_not_wait_for_a_consumer_that_stands_still(kind: str, broker: ScriptedBroker):
    source = make_source(kind, broker.port, waiting_messages=10, close_timeout=0.3)
    async with Consumer(source) as consumer:
        visitor = await admitted(broker, consumer)
        consumer.open.clear()
        visitor.send(*(visitor.publish(up(n), b"x", n) for n in range(1, 100)))
        await asyncio.sleep(0.05)
        await asyncio.wait_for(source.close(), 2)
