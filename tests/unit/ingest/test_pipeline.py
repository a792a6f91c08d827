"""From a row to readings, notes, and what is kept aside with a reason that says what to do."""

import json
from dataclasses import replace

import pytest

from domain.ids import message_key
from domain.messages import Fate, Flag, Heard, Message
from domain.naming import COMMAND, EDIT, LINK
from domain.readings import Quality, Reading
from ingest.lately import WINDOW
from ingest.oversize import kept
from ingest.pipeline import Pipeline
from ingest.quarantine import class_of
from tests.unit.ingest.small_coast import AT, TOPIC, coast, raw, row, up

HOUR = 3_600_000
DAY = 24 * HOUR


def read(*messages: Message, **options: int) -> Heard:
    return Pipeline(coast(), **options).read(row(*messages))


def test_a_message_becomes_a_reading_of_the_facility_its_device_is_on():
    message = up({"fill_level": 96, "battery": 88.5, "tipped": False}, seq=17, at="2026-10-01T16:00:00.250+08:00")
    heard = read(message)
    values = {"fill_level": 96.0, "battery": 88.5, "tipped": False}
    assert heard.readings == (Reading("bin-1", "bin-1-s", "bin", "bay", AT + 250, values, 0, 17, AT),)
    assert isinstance(heard.readings[0].values["fill_level"], float)
    assert type(heard.readings[0].quality) is int
    assert heard.fates == (Fate(message_key(*message[:2]), 1, ""),)
    assert (heard.notes, heard.quarantined) == ((), ())


def test_epoch_milliseconds_text_and_enumerations_are_read_too():
    heard = read(
        up({"lot_status": "full", "gate_state": "fault"}, topic="tidewalk/shinan/bay/parking/lot-1-s/up", at=AT - 5)
    )
    assert heard.readings[0].at == AT - 5
    assert heard.readings[0].values == {"lot_status": "full", "gate_state": "fault"}
    assert heard.readings[0].seq == -1


def test_an_empty_row_says_nothing():
    assert Pipeline(coast()).read(row(number=7)) == Heard(7, AT, (), (), (), ())


DEEP = b'{"values":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}"
REFUSED = {
    "empty": raw(b""),
    "not UTF-8": raw(b'{"values":{"gate_state":"\xff\xfe"}}'),
    "not JSON": raw(b"fill_level=96"),
    "not an object": raw(b"[1, 2]"),
    "nested too deeply": raw(DEEP),
    "no values": up(None),
    "unreadable time": up({"fill_level": 9}, at="2026-10-01 08:00:00"),
    "wrong type": up([1, 2]),
    "unknown quantity": up({"fullness": 96}),
    "out of range": up({"fill_level": 101}),
    "not a number": raw(b'{"values":{"fill_level":NaN}}'),
    "unknown choice": up({"gate_state": "ajar"}),
    "retained": up({"fill_level": 9}, flags=Flag.RETAINED),
    "too large": kept(raw(b" " * 16_000_000)),
    "unknown topic": up({"fill_level": 9}, topic="sensors/bin-1-s"),
    "other site": up({"fill_level": 9}, topic="tidewalk/laoshan/bay/bin/bin-1-s/up"),
    "unknown device": up({"fill_level": 9}, topic="tidewalk/shinan/bay/bin/bin-9-s/up"),
    "unknown gateway": raw(b"online", topic="tidewalk/shinan/gateway/gw-9/status"),
    "unknown crew": raw(b"{}", topic="tidewalk/shinan/crew/nobody/replies"),
    "wrong kind": up({"fill_level": 9}, topic="tidewalk/shinan/bay/toilet/bin-1-s/up"),
    "wrong zone": up({"fill_level": 9}, topic="tidewalk/shinan/hill/bin/bin-1-s/up"),
    "unreadable status": raw(b"ONLINE", topic="tidewalk/shinan/bay/bin/bin-1-s/status"),
    "unreadable reply": raw(b"done!", topic="tidewalk/shinan/crew/collect-w1/replies"),
    "not simulated": raw(b'{"step":1,"at":1}', topic="tidewalk/shinan/clock"),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_read_is_kept_aside_whole_with_its_reason_and_costs_nothing_beside_it(reason: str):
    good = up({"fill_level": 50})
    heard = read(good, REFUSED[reason], good)
    assert [f.points for f in heard.fates] == [1, 0, 1]
    assert len(heard.readings) == 2
    (kept_aside,) = heard.quarantined
    assert class_of(kept_aside.reason) == reason
    assert len(kept_aside.reason) > len(reason) + 2  # it goes on to say what to do
    assert heard.fates[1].reason == kept_aside.reason
    assert (kept_aside.row, kept_aside.place, kept_aside.quantity) == (1, 1, "")
    assert kept_aside.payload == REFUSED[reason].payload
    assert kept_aside.key == heard.fates[1].key


@pytest.mark.parametrize(
    "topic", ["", "/", "tidewalk", "tidewalk/shinan", "tidewalk/shinan/bay/bin/bin-1-s", TOPIC + "/", "\x00", "$SYS/x"]
)
def test_a_topic_of_no_known_shape_is_refused(topic: str):
    assert class_of(read(up({"fill_level": 9}, topic=topic)).fates[0].reason) == "unknown topic"


def test_every_reason_class_is_distinct():
    assert len({class_of(read(m).fates[0].reason) for m in REFUSED.values()}) == len(REFUSED)


def test_a_device_whose_facility_is_not_in_the_site_file_is_unknown():
    reason = read(up({"fill_level": 9}, topic="tidewalk/shinan/bay/bin/lost-s/up")).fates[0].reason
    assert reason.startswith("unknown device: lost-s")


def test_a_device_whose_profile_nobody_can_read_says_so():
    heard = Pipeline(coast(profile="gs301")).read(row(up({"fill_level": 9})))
    assert class_of(heard.fates[0].reason) == "unknown profile"


def test_the_key_of_a_message_that_was_cut_is_that_of_what_was_published():
    large = raw(b"x" * 300_000)
    assert read(kept(large)).fates[0].key == message_key(large.topic, large.payload)
    assert "300000 bytes" in read(kept(large)).fates[0].reason


def test_one_bad_value_is_kept_aside_and_the_others_are_stored_with_the_flag():
    payload = b'{"values":{"fill_level":96,"battery":NaN,"tipped":1,"bin_temperature":-1e999,"x":[1],"weight_kg":null}}'
    heard = read(raw(payload))
    assert heard.readings[0].values == {"fill_level": 96.0}
    assert heard.readings[0].quality == Quality.VALUE_DROPPED
    assert heard.fates[0].points == 1
    assert {q.quantity: class_of(q.reason) for q in heard.quarantined} == {
        "battery": "not a number",
        "tipped": "wrong type",
        "bin_temperature": "not a number",
        "x": "wrong type",
        "weight_kg": "wrong type",
    }
    assert {q.place for q in heard.quarantined} == {0}


def test_the_sentinel_of_an_odour_sensor_is_a_data_fault_and_never_a_value():
    heard = read(up({"nh3_ppm": 655.35, "battery": 90}, topic="tidewalk/shinan/hill/toilet/wc-1-s/up"))
    assert heard.readings[0].values == {"battery": 90.0}
    assert heard.quarantined[0].reason.startswith("out of range: nh3_ppm is 655.35, believed between 0 and 100 ppm")


def test_bounds_are_inclusive_and_open_ends_are_open():
    heard = read(up({"fill_level": 0, "battery": 100}), up({"active_energy": 1e12}), up({"active_energy": -1}))
    assert [f.points for f in heard.fates] == [1, 1, 0]


def test_a_boolean_is_not_a_number_and_a_number_is_not_a_boolean():
    heard = read(up({"fill_level": True, "battery": 1}), up({"tipped": 1, "battery": 1}), up({"gate_state": 1}))
    assert [dict(r.values) for r in heard.readings] == [{"battery": 1.0}, {"battery": 1.0}]
    assert {class_of(q.reason) for q in heard.quarantined} == {"wrong type"}


def test_a_bad_seq_costs_only_the_seq():
    heard = read(up({"fill_level": 9}, seq=-3), up({"fill_level": 9}, seq="17"), up({"fill_level": 9}, seq=2**63))
    assert [(r.seq, r.quality) for r in heard.readings] == [(-1, 0)] * 3
    assert [q.quantity for q in heard.quarantined] == ["seq"] * 3


def test_a_message_with_very_many_faults_names_some_and_counts_the_rest():
    heard = read(up({"battery": 5} | {f"made_up_{n}": 1 for n in range(5000)}))
    assert heard.fates[0].points == 1
    assert len(heard.quarantined) == 33
    assert "4968" in heard.quarantined[-1].reason


def test_names_that_no_database_could_take_are_written_out():
    heard = read(raw(b'{"values":{"\\ud800":1,"a\\u0000b":2,"battery":5}}'))
    for entry in heard.quarantined:
        entry.quantity.encode()
        entry.reason.encode()
        assert "\x00" not in entry.quantity


# time


@pytest.mark.parametrize(("ahead", "corrected"), [(300_000, False), (300_001, True), (-30 * DAY, False)])
def test_a_clock_may_be_five_minutes_ahead_and_any_time_behind(ahead: int, *, corrected: bool):
    heard = read(up({"fill_level": 9}, at=AT + ahead))
    assert heard.readings[0].at == (AT if corrected else AT + ahead)
    assert heard.readings[0].quality == (Quality.TIME_CORRECTED if corrected else 0)
    assert [q.quantity for q in heard.quarantined] == (["at"] if corrected else [])


@pytest.mark.parametrize("off", [-120_000, 0, 120_000])
def test_eight_hours_ahead_is_named_a_zone_fault(off: int):
    heard = read(up({"fill_level": 9}, at=AT + 8 * HOUR + off))
    assert heard.readings[0].at == AT
    assert "+8 h" in heard.quarantined[0].reason
    assert "zone fault" in heard.quarantined[0].reason
    assert "zone fault" not in read(up({"fill_level": 9}, at=AT + 8 * HOUR + 120_001)).quarantined[0].reason


def test_the_zone_is_the_sites_own():
    heard = Pipeline(coast(timezone="Europe/Lisbon")).read(row(up({"fill_level": 9}, at=AT + HOUR)))
    assert "+1 h" in heard.quarantined[0].reason


def test_seconds_instead_of_milliseconds_are_named():
    heard = read(up({"fill_level": 9}, at=AT // 1000))
    assert heard.readings[0].at == AT
    assert "send milliseconds" in heard.quarantined[0].reason


@pytest.mark.parametrize("at", [0, -1, 946_684_799_999, 10**17, "1999-12-31T23:59:59Z"])
def test_a_clock_that_was_never_set_does_not_move_the_reading(at: object):
    heard = read(up({"fill_level": 9}, at=at))
    assert (heard.readings[0].at, heard.readings[0].quality) == (AT, Quality.TIME_CORRECTED)


def test_without_a_time_a_redelivery_within_a_minute_is_the_same_reading():
    pipeline = Pipeline(coast())
    received = [0, 20_000, 60_000, 60_001 + 20_000, 200_000]
    heard = [
        pipeline.read(row(up({"fill_level": 9}, at=None, received=AT + ms), number=n)) for n, ms in enumerate(received)
    ]
    assert [h.readings[0].at - AT for h in heard] == [0, 0, 0, 60_000, 200_000]
    assert pipeline.duplicates == 4


def test_without_a_time_other_bytes_or_another_topic_are_another_reading():
    lot = "tidewalk/shinan/bay/parking/lot-1-s/up"
    heard = read(
        up({"battery": 9}, at=None, received=AT),
        up({"battery": 8}, at=None, received=AT + 1),
        up({"battery": 9}, at=None, received=AT + 2, topic=lot),
    )
    assert [r.at - AT for r in heard.readings] == [0, 1, 2]


def test_reading_from_the_middle_gives_the_same_times_after_a_minute_of_warming_up():
    rows = [
        row(up({"fill_level": 9}, at=None, received=AT + n * 7_000), number=n, at=AT + n * 7_000) for n in range(60)
    ]
    whole = Pipeline(coast())
    expected = [whole.read(r) for r in rows][40:]
    later = Pipeline(coast())
    later.warm(r for r in rows[:40] if r.at >= rows[39].at - WINDOW)
    assert [later.read(r) for r in rows[40:]] == expected


def test_out_of_the_backlog_a_reading_without_time_says_that_its_time_is_unknown():
    heard = read(up({"fill_level": 9}, at=None, flags=Flag.BACKLOG), up({"fill_level": 8}, flags=Flag.BACKLOG))
    assert [r.quality for r in heard.readings] == [Quality.TIME_UNKNOWN, 0]
    corrected = read(up({"fill_level": 7}, at=AT + DAY, flags=Flag.BACKLOG)).readings[0]
    assert corrected.quality == Quality.TIME_CORRECTED | Quality.TIME_UNKNOWN


def test_what_is_put_back_from_quarantine_keeps_its_first_receive_time_and_pages_nobody():
    heard = read(up({"fill_level": 9}, at=None, received=AT - DAY, flags=Flag.RETRY))
    assert (heard.readings[0].at, heard.readings[0].quality) == (AT - DAY, Quality.BACKFILL)


def test_what_is_older_than_the_retention_is_kept_aside():
    heard = read(up({"fill_level": 9}, at=AT - 3 * DAY), up({"fill_level": 9}, at=AT - 3 * DAY - 1), retention=3 * DAY)
    assert [class_of(f.reason) for f in heard.fates] == ["", "too old"]


# history


def test_history_is_stored_at_its_own_time_and_marked_as_backfill():
    earlier = [
        {"at": AT - HOUR, "values": {"fill_level": 50}},
        {"at": "2026-10-01T07:30:00Z", "values": {"fill_level": 60}},
    ]
    heard = read(up({"fill_level": 70}, seq=4, history=earlier))
    assert [(r.at - AT, r.values["fill_level"], r.quality, r.seq) for r in heard.readings] == [
        (0, 70.0, 0, 4),
        (-HOUR, 50.0, Quality.BACKFILL, -1),
        (-HOUR // 2, 60.0, Quality.BACKFILL, -1),
    ]
    assert heard.fates[0].points == 3


def test_history_alone_is_enough():
    assert read(up(None, at=None, history=[{"at": AT - HOUR, "values": {"fill_level": 5}}])).fates[0].points == 1


def test_bad_entries_of_a_history_are_kept_aside_one_by_one():
    history = [
        {"at": AT - HOUR, "values": {"fill_level": 50, "battery": 900}},
        {"at": AT + DAY, "values": {"fill_level": 50}},
        {"at": "noon", "values": {"fill_level": 50}},
        {"values": {"fill_level": 50}},
        "nothing",
        {"at": AT - 2 * HOUR, "values": {}},
        {"at": AT - 9 * DAY, "values": {"fill_level": 50}},
    ]
    heard = read(up({"fill_level": 70}, history=history), retention=7 * DAY)
    assert heard.fates[0].points == 2
    assert [r.quality for r in heard.readings] == [0, Quality.BACKFILL | Quality.VALUE_DROPPED]
    assert sorted(class_of(q.reason) for q in heard.quarantined) == [
        "clock", "no values", "out of range", "too old", "unreadable time", "unreadable time", "wrong type",
    ]  # fmt: skip
    assert len({q.quantity for q in heard.quarantined}) == 7


def test_a_message_of_which_nothing_is_left_is_kept_aside_whole_with_the_first_reason():
    heard = read(up({"fill_level": 101, "battery": -1}, history=[{"at": 5, "values": {"battery": 1}}]))
    assert heard.readings == ()
    assert heard.fates[0].reason.startswith("out of range: fill_level")
    assert heard.fates[0].reason.endswith("(and 2 more)")
    assert [q.quantity for q in heard.quarantined] == [""]


# notes


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (LINK, b'{"state":"up"}'),
        (COMMAND, b'{"id":"u","order":"o","action":"note","by":"li","reason":"seen"}'),
        (EDIT, b"{}"),
        ("tidewalk/shinan/bay/bin/bin-1-s/status", b"offline"),
        ("tidewalk/shinan/gateway/gw-1/status", b"online"),
        ("tidewalk/shinan/clock", b'{"step": 3, "at": "2026-10-01T08:00:00.000Z"}'),
        ("tidewalk/shinan/clock/judged", b'{"step":3}'),
        ("tidewalk/shinan/marker/tidewalk", b'{"n":3}'),
        ("tidewalk/shinan/crew/collect-w1/replies", b'{"id":"u","order":"o","revision":2,"action":"accept"}'),
        ("tidewalk/shinan/crew/collect-w1/orders/4f0c", b"{}"),
    ],
)
def test_what_is_not_telemetry_is_handed_on_as_it_is(topic: str, payload: bytes):
    message = Message(topic, payload, AT)
    heard = Pipeline(coast(simulated=True)).read(row(message))
    assert heard.notes == (message,)
    assert heard.fates == (Fate(message_key(topic, payload), 0, ""),)


def test_a_retained_status_is_a_note_because_a_status_is_a_snapshot():
    message = Message("tidewalk/shinan/gateway/gw-1/status", b"online", AT, Flag.RETAINED)
    assert read(message).notes == (message,)


@pytest.mark.parametrize("topic", ["tidewalk/shinan/crew/collect-w1/replies", "tidewalk/shinan/clock"])
def test_a_retained_reply_or_clock_step_is_a_replay(topic: str):
    heard = Pipeline(coast(simulated=True)).read(row(Message(topic, b"{}", AT, Flag.RETAINED)))
    assert class_of(heard.fates[0].reason) == "retained"
    assert heard.notes == ()


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"done",
        b"[]",
        b"{}",
        b'{"id":"u","order":"o","action":"dance"}',
        b'{"id":7,"order":"o","action":"done"}',
        b'{"id":"u","order":"o","action":"done","at":true}',
    ],
)
def test_a_reply_that_cannot_be_read_is_kept_aside_and_also_handed_on_to_be_refused(reply: bytes):
    message = Message("tidewalk/shinan/crew/collect-w1/replies", reply, AT)
    heard = read(message)
    assert heard.notes == (message,)
    assert class_of(heard.fates[0].reason) == "unreadable reply"
    assert len(heard.quarantined) == 1


def test_a_reply_too_large_to_keep_is_also_handed_on_to_be_refused():
    message = kept(Message("tidewalk/shinan/crew/collect-w1/replies", b"x" * 300_000, AT))
    heard = read(message)
    assert heard.notes == (message,)
    assert heard.fates[0].reason.startswith("too large: 300000 bytes")


def test_a_command_that_cannot_be_read_has_that_one_fate():
    heard = read(Message(COMMAND, b'{"id":"u","action":"sing"}', AT))
    assert class_of(heard.fates[0].reason) == class_of(heard.quarantined[0].reason) == "unreadable command"
    assert len(heard.notes) == 1


@pytest.mark.parametrize(
    "clock", [b"", b"{}", b'{"step":1}', b'{"step":-1,"at":5}', b'{"step":true,"at":5}', b'{"step":1,"at":"x"}']
)
def test_a_clock_step_that_cannot_be_read_is_kept_aside(clock: bytes):
    heard = Pipeline(coast(simulated=True)).read(row(Message("tidewalk/shinan/clock", clock, AT)))
    assert class_of(heard.fates[0].reason) == "unreadable clock"


# the rest


def test_a_mistake_of_ours_costs_one_message_and_says_so():
    def stumbles(payload: bytes) -> object:
        raise ZeroDivisionError(payload.decode())

    pipeline = Pipeline(coast(), codecs={"native": stumbles})  # type: ignore[dict-item]  # it never returns
    heard = pipeline.read(row(up({"fill_level": 9}), Message(LINK, b"{}", AT)))
    assert class_of(heard.fates[0].reason) == "our fault"
    assert heard.fates[1].reason == ""


def test_a_site_that_changed_goes_on_with_what_was_heard_before():
    old, new = Pipeline(coast()), Pipeline(coast())
    old.read(row(up({"fill_level": 9}, at=None)))
    new.take_over(old)
    assert new.read(row(up({"fill_level": 9}, at=None, received=AT + 5), number=2)).readings[0].at == AT
    assert new.duplicates == 1


def test_duplicates_are_counted_within_the_keys_that_are_remembered():
    pipeline = Pipeline(coast(), remember=10)
    for n in (*range(25), 24, 20, 0):
        pipeline.read(row(up({"fill_level": n}), number=n))
    assert pipeline.duplicates == 2


def test_reading_the_same_row_twice_gives_the_same():
    messages = [up({"fill_level": n % 130}, seq=n, at=AT - n) for n in range(200)]
    assert json.dumps(read(*messages).readings) == json.dumps(read(*messages).readings)


def test_what_was_reconstructed_says_so_and_is_marked():
    heard = read(raw(b'{"values":{"fill_level":40},"derived":true}'))
    assert heard.readings[0].quality == Quality.DERIVED
    heard = read(raw(b'{"values":{"fill_level":40},"derived":"perhaps"}'))
    assert heard.readings[0].quality == Quality.DERIVED
    assert [(kept.quantity, class_of(kept.reason)) for kept in heard.quarantined] == [("derived", "wrong type")]


def test_more_free_places_than_a_lot_has_are_not_believed_and_cost_nothing_beside_them():
    topic, site = "tidewalk/shinan/bay/parking/lot-1-s/up", coast()
    lot = replace(site.facilities["lot-1"], attributes={"capacity": 120.0})
    site = replace(site, facilities={**site.facilities, "lot-1": lot})

    def read(message: Message) -> Heard:
        return Pipeline(site).read(row(message))

    heard = read(up({"available_spots": 121, "gate_state": "down"}, topic=topic))
    assert heard.readings[0].values == {"gate_state": "down"}
    assert heard.readings[0].quality == Quality.VALUE_DROPPED
    assert [kept.reason for kept in heard.quarantined] == ["more than there is: available_spots 121.0 of 120"]
    assert read(up({"available_spots": 120}, topic=topic)).quarantined == ()
