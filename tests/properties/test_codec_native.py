"""Whatever bytes come: no exception, exactly one fate each, and no good message lost beside a bad one."""

import json
import math
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.errors import RejectedError
from domain.messages import Flag, Message, Row
from domain.naming import QUANTITIES
from ingest.codecs import native
from ingest.codecs.said import Said
from ingest.oversize import kept, key_of
from ingest.pipeline import Pipeline
from services.audit import fate_faults
from tests.unit.ingest.small_coast import AT, TOPIC, coast, up

SITE = coast(simulated=True)
TOPICS = (
    TOPIC,
    "tidewalk/shinan/bay/parking/lot-1-s/up",
    "tidewalk/shinan/bay/bin/bin-1-s/status",
    "tidewalk/shinan/clock",
    "tidewalk/shinan/crew/collect-w1/replies",
    "tidewalk/shinan/gateway/gw-1/status",
    "$tidewalk/link",
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(sorted(QUANTITIES)) | st.text(max_size=8)
values = st.dictionaries(names, anything, max_size=5)
times = (
    st.none()
    | st.integers(AT - 10**9, AT + 10**9)
    | anything
    | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-12))])).map(
        str
    )
)
envelopes = st.fixed_dictionaries(
    {},
    optional={
        "at": times,
        "seq": anything,
        "values": values | anything,
        "history": st.lists(st.fixed_dictionaries({}, optional={"at": times, "values": values | anything}), max_size=3)
        | anything,
        "fw": anything,
    },
)
payloads = (
    st.binary(max_size=60)
    | envelopes.map(lambda e: json.dumps(e).encode())
    | anything.map(lambda a: json.dumps(a).encode())
)
messages = st.builds(
    Message,
    st.sampled_from(TOPICS) | st.text(max_size=12).map("tidewalk/shinan/".__add__) | st.text(max_size=20),
    payloads,
    st.integers(AT - 10**6, AT),
    st.integers(0, 15).map(lambda flags: flags & ~Flag.TRUNCATED),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(messages, max_size=6))
@example([Message(TOPIC, b'{"at":"0001-01-01T00:00:00+23:59","values":{"battery":1}}', AT)])
@example([Message(TOPIC, b'{"at":"9999-12-31T23:59:59-23:59","values":{"battery":1}}', AT)])
@example([Message(TOPIC, b'{"at":1' + b"0" * 400 + b',"values":{"battery":1' + b"0" * 5000 + b"}}", AT)])
@example([Message(TOPIC, b"[" * 100_000, AT)])
@example([Message(TOPIC, b'{"x":' * 50_000, AT)])
def test_every_message_has_one_fate_and_a_good_one_beside_it_is_read(heard_with: list[Message]):
    good = up({"fill_level": 50, "tipped": False}, seq=1)
    row = Row(1, AT, (good, *heard_with, good))
    heard = Pipeline(SITE, retention=10**9).read(row)
    assert list(fate_faults(heard, row)) == []
    assert heard.fates[0].points == heard.fates[-1].points == 1
    assert not any(fate.reason.startswith("our fault") for fate in heard.fates)
    for reading in heard.readings:
        assert reading.values
        for name, value in reading.values.items():
            assert QUANTITIES[name].type == {float: "float", bool: "bool", str: "text"}[type(value)]
            assert not isinstance(value, float) or math.isfinite(value)
        assert -1 <= reading.seq < 2**63
    for aside in heard.quarantined:
        (aside.reason + aside.quantity).encode()
        assert aside.reason


@settings(max_examples=300, deadline=None)
@given(payloads)
def test_the_codec_refuses_in_words_or_gives_what_was_said(payload: bytes):
    try:
        said, faults = native.decode(payload)
    except RejectedError as refused:
        said, faults = Said(), (("whole", str(refused)),)
    assert isinstance(said, Said)
    assert all(name and ": " in why for name, why in faults)
    for value in (said.values or {}).values():
        assert type(value) in (float, bool, str)


good_values = st.dictionaries(
    names, st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.text(max_size=8)
)
good_times = st.integers(0, 2**53) | st.datetimes(
    min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)
).map(lambda at: at.isoformat())


@settings(max_examples=300, deadline=None)
@given(
    st.fixed_dictionaries(
        {"values": good_values},
        optional={
            "at": good_times,
            "seq": st.integers(0, 2**63 - 1),
            "history": st.lists(st.fixed_dictionaries({"at": good_times, "values": good_values}), max_size=3),
        },
    )
)
def test_the_quick_road_and_the_thorough_one_read_the_same(envelope: dict[str, object]):
    payload = json.dumps(envelope).encode("utf-8", "surrogatepass")
    quick, faults = native.decode(payload)
    thorough, also = native._picked(native._parsed(payload))
    assert (quick.at, quick.seq, quick.values, quick.history or []) == (
        thorough.at,
        thorough.seq,
        thorough.values,
        thorough.history,
    )
    assert faults == also == ()


@settings(max_examples=60, deadline=None)
@given(st.integers(262_140, 262_150), st.integers(0, 15).map(lambda flags: flags & ~Flag.TRUNCATED))
def test_a_message_keeps_its_key_when_it_is_cut(size: int, flags: int):
    message = Message(TOPIC, b"x" * size, AT, flags)
    assert key_of(kept(message)) == key_of(message)
    assert kept(kept(message)) == kept(message)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 45_000)), max_size=40), st.integers(0, 40))
def test_reading_on_from_anywhere_gives_the_same_after_a_minute_of_warming_up(
    steps: list[tuple[int, int]], middle: int
):
    at = AT
    rows = []
    for number, (device, later) in enumerate(steps, 1):
        at += later
        rows.append(Row(number, at, (up({"battery": device}, at=None, received=at),)))
    whole = Pipeline(SITE)
    expected = [whole.read(row) for row in rows][middle:]
    began = rows[middle].at if middle < len(rows) else at
    pipeline = Pipeline(SITE)
    pipeline.warm(row for row in rows[:middle] if row.at >= began - 60_000)
    assert [pipeline.read(row) for row in rows[middle:]] == expected
