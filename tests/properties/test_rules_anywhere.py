"""The live runner, whatever the rows: cut anywhere, ticked anywhere, restarted anywhere, it decides the same.

Time goes by in steps of ten seconds; every message is less than a second on its way, out of order across devices.
"""

from collections.abc import Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.alarms import AlarmChange
from domain.readings import Millis, Quality, Reading, Value
from rules.runners.live import Live
from tests.unit.rules.coast import NIGHT, book_of, lines, live_on, said, small_coast

SITE = small_coast(lamps=4, interval_s=60)
BOOK = book_of(
    lamp_out="""
kind: light
when: active_power < 10
for: 40s
repeat: 2
clear: active_power > 60
clear_for: 30s
inhibited_by: [feeder-outage]
spin_off: 60s""",
    feeder_outage="""
kind: feeder
when: said(breaker_tripped)
quorum:
  {over: feeder, member: said(supply_loss) or active_power < 10, share: 60%, least: 2, within: 60s, clear_share: 70%,
   gather: 5s}
clear_for: 40s""",
    silent="""
subject: device
absent: 3
for: 20s
clear_repeat: 2
inhibited_by: [feeder-outage, gateway-silent]
spin_off: 60s""",
    gateway_silent="""
quorum: {over: gateway, share: 50%, least: 3, within: 60s, clear_share: 80%, gather: 30s}
inhibited_by: [feeder-outage]
clear_for: 20s""",
    leaning="""
kind: light
when:
  - {if: "median(tilt_deg, seconds=60) > 5", for: 20s}
  - {if: tilt_deg > 10}
clear: max(tilt_deg, seconds=60) < 3
clear_for: 30s
wait: 5s""",
    odour="""
kind: toilet
when: mean(nh3_ppm, seconds=120) >= 1.4
for: 30s
clear: mean(nh3_ppm, seconds=30) < 1
wait: 20s""",
    full="""
kind: bin
when: fill_level >= 95
clear: fill_level <= 30""",
    filling="""
kind: bin
params: {mild: {default: 80, facility: {bin-1: 60}}}
levels:
  - {name: mild, if: fill_level >= mild, clear: fill_level < 40}
  - {name: bad, if: "mean(fill_level, seconds=60) >= 90", for: 20s, clear_for: 30s, priority: P2}
reopen_within: 2m
wait: 10s""",
    worn="""
kind: bin
when: rate(fill_level, minutes=3) > 600 or delta(fill_level, minutes=3) < -40
for: 10s
clear: count(fill_level, minutes=2) < 2
reopen_within: 5m""",
    jumpy="""
kind: bin
subject: device
when: fill_level - before(fill_level) > 40 or since_start < 100
clear: fill_level - before(fill_level) <= 40 and not since_start < 100
holds: fill_level""",
    stuck="""
kind: light
subject: device
when: tilt_deg == before(tilt_deg) and tilt_deg > 5 or value_dropped
repeat: 2
clear: tilt_deg != before(tilt_deg)
holds: tilt_deg""",
    odd_one="""
kind: light
when: tilt_deg - near(tilt_deg) > 3
for: 10s
clear: tilt_deg - near(tilt_deg) < 1
wait: 5s""",
    all_dark="""
quorum: {over: zone, kind: light, alarm: [lamp-out, leaning], least: 2, within: 10m, gather: 5s}
clear_for: 30s
reopen_within: 3m""",
)  # fmt: skip

LAMP = st.sampled_from(
    [
        {"active_power": 80.0, "tilt_deg": 1.0},
        {"active_power": 1.0, "tilt_deg": 1.0},
        {"active_power": 80.0, "tilt_deg": 7.0},
        {"active_power": 80.0, "tilt_deg": 12.0},
        {"tilt_deg": 2.0},
        {"supply_loss": True},
    ]
)
SAYS = {
    "lamp": LAMP,
    "feeder": st.sampled_from([{"breaker_tripped": True}, {"breaker_tripped": False}]),
    "bin": st.sampled_from([{"fill_level": 97.0}, {"fill_level": 50.0}, {"fill_level": 5.0}]),
    "toilet": st.sampled_from([{"nh3_ppm": 0.2}, {"nh3_ppm": 1.2}, {"nh3_ppm": 3.0}, {"humidity": 50.0}]),
    "lot": st.sampled_from([{"gate_state": "up"}]),
}
Heard = tuple[Millis, Reading]
LAMPS = tuple(f"lamp-{n}" for n in range(4))
FEW = st.sampled_from([("lamp-0",), ("toilet-1", "toilet-1b"), ("bin-1", "lot-1"), (*LAMPS, "feeder-1"), LAMPS])


@st.composite
def heard(draw: st.DrawFn, slow: int = 900) -> list[Heard]:
    """What arrives, and when, in order of arrival; each device in its own order. What one says of a moment, it says
    again where it says it twice.
    """
    few = draw(st.one_of(FEW, FEW, st.just(tuple(sorted(SITE.devices)))))
    chosen = draw(st.lists(st.sampled_from(few), min_size=1, max_size=60))
    at, arrived, spoken = NIGHT, [], dict[tuple[str, Millis], dict[str, Value]]()
    for device in chosen:
        at += draw(st.sampled_from([0, 0, 0, 10_000, 10_000, 20_000, 60_000, 200_000]))
        quality = draw(st.sampled_from([0] * 12 + [int(Quality.BACKFILL), int(Quality.VALUE_DROPPED)]))
        delay = draw(st.integers(0, slow))
        values = spoken.setdefault((device, at), draw(SAYS[device.split("-")[0]]))
        arrived.append((at + delay, said(SITE, device, at, values, quality=quality, received=at + delay)))
    newest: dict[str, int] = {}
    ordered = []
    for when, reading in arrived:
        newest[reading.device] = max(when, newest.get(reading.device, 0))
        ordered.append((newest[reading.device], reading))
    return sorted(ordered, key=lambda one: one[0])


def fresh() -> Live:
    return live_on(BOOK, SITE)


def plainly(arrived: Sequence[Heard]) -> list[AlarmChange]:
    live = fresh()
    changes = [change for when, reading in arrived for change in live.hear([reading], when)]
    return changes + live.hear([], arrived[-1][0] + 3_600_000)


@settings(max_examples=60, deadline=None)
@given(heard(), st.data())
def test_how_rows_are_cut_changes_nothing(arrived: list[Heard], data: st.DataObject):
    live, changes, row = fresh(), [], []
    for when, reading in arrived:
        row.append(reading)
        if data.draw(st.booleans()):
            changes += live.hear(row, when)
            row = []
    changes += live.hear(row, arrived[-1][0])
    changes += live.hear([], arrived[-1][0] + 3_600_000)
    assert lines(changes) == lines(plainly(arrived))


@settings(max_examples=60, deadline=None)
@given(heard(), st.data())
def test_extra_ticks_anywhere_change_nothing(arrived: list[Heard], data: st.DataObject):
    live, changes, now = fresh(), [], NIGHT
    for when, reading in [*arrived, (arrived[-1][0] + 3_600_000, None)]:
        for tick in sorted(data.draw(st.lists(st.integers(now, when), max_size=3))):
            changes += live.hear([], tick)
        while data.draw(st.booleans()) and (due := live.due()) is not None and due <= when:
            changes += live.hear([], due)
        changes += live.hear([reading] if reading is not None else [], when)
        now = when
    assert lines(changes) == lines(plainly(arrived))


@settings(max_examples=60, deadline=None)
@given(heard(), st.data())
def test_a_restart_between_any_two_rows_changes_nothing(arrived: list[Heard], data: st.DataObject):
    rows: dict[str, bytes] = {}
    live, changes = fresh(), []
    for when, reading in arrived:
        changes += live.hear([reading], when)
        if data.draw(st.booleans()):
            rows.update(live.drain_dirty())
            open_before, due_before = dict(live.open_alarms()), live.due()
            live = live_on(BOOK, SITE, start=None)
            live.load(rows.items())
            assert live.open_alarms() == open_before
            assert live.due() == due_before
    changes += live.hear([], arrived[-1][0] + 3_600_000)
    assert lines(changes) == lines(plainly(arrived))


@settings(max_examples=60, deadline=None)
@given(heard(), st.sets(st.integers(1, 60), max_size=6), st.sets(st.integers(1, 60)))
def test_what_waits_to_be_written_comes_back_after_a_death_at_any_row(
    arrived: list[Heard], deaths: set[int], commits: set[int]
):
    """Pages wait through many commits; the rows since then are heard again, and nothing is decided a second time."""
    live, left = fresh(), set(deaths)
    kept: dict[str, bytes] = {}
    changes: dict[int, list[AlarmChange]] = {}
    row = committed = needed = 0
    while row < len(arrived):
        when, reading = arrived[row]
        row += 1
        changes[row] = live.hear([reading], when)
        if row in commits or changes[row]:
            kept |= live.drain_dirty(row)
            committed, needed = row, live.needed_after
        if row in left:
            left.remove(row)
            live = live_on(BOOK, SITE, start=None if committed else NIGHT)
            live.load(kept.items(), needed)
            for again in range(needed + 1, committed + 1):
                live.hear_again(again, [arrived[again - 1][1]])
            row = committed
    plain = fresh()
    for when, reading in arrived:
        plain.hear([reading], when)
    assert quiet(live) == quiet(plain)
    told = [change for said in changes.values() for change in said]
    assert lines(told + live.hear([], arrived[-1][0] + 3_600_000)) == lines(plainly(arrived))


def quiet(live: Live) -> dict[str, object]:
    """What a page keeps of each facility."""
    return {
        spot.facility.id: ([(ear.heard, ear.said, ear.before) for ear in spot.ears], spot.recent)
        for spot in live._fitted.spots
    }


def of_lamp(*said_of_it: tuple[Millis, float, int]) -> list[Heard]:
    """What one lamp says: after how many ms, its tilt, the quality."""
    return [
        (NIGHT + at, said(SITE, "lamp-1", NIGHT + at, {"tilt_deg": tilt}, quality=quality, received=NIGHT + at))
        for at, tilt, quality in said_of_it
    ]


DROPPED = int(Quality.VALUE_DROPPED)
# held while it was said, and long past when a window rule wakes
HELD_LONG_AGO = of_lamp((0, 1.0, DROPPED), (10_000, 12.0, DROPPED), (210_000, 7.0, 0))


@settings(max_examples=60, deadline=None)
@given(heard())
@example(HELD_LONG_AGO)
def test_looking_closely_at_every_reading_changes_nothing(arrived: list[Heard]):
    careful = fresh()
    for spot in careful._fitted.spots:
        spot.fusion.interest = lambda *_: True
        spot.fusion.narrowing.to = lambda *_: lambda *_: False
        for watch in spot.fusion.watches:
            watch.interest = lambda *_: True
    changes = [change for when, reading in arrived for change in careful.hear([reading], when)]
    changes += careful.hear([], arrived[-1][0] + 3_600_000)
    assert lines(changes) == lines(plainly(arrived))


@settings(max_examples=60, deadline=None)
@given(heard())
def test_an_alarm_is_opened_once_and_only_amended_until_it_is_cleared(arrived: list[Heard]):
    """An amendment names more members than before, or an earlier beginning; cause and version stay."""
    open_now: dict[tuple[str, str], AlarmChange] = {}
    opened: set[str] = set()
    for change in plainly(arrived):
        key = (change.rule, change.subject)
        assert change.since <= change.cause <= change.at
        assert list(change.members) == sorted(set(change.members))
        before = open_now.get(key)
        if change.state != "open":
            assert before is not None
            assert (before.alarm, before.members) == (change.alarm, change.members)
            del open_now[key]
        elif before is None:
            assert change.alarm not in opened or "came_back" in change.why
            assert change.since == change.cause or "came_back" in change.why
            opened.add(change.alarm)
            open_now[key] = change
        else:
            assert change.subject.startswith(("feeder:", "gateway:", "zone:")) or change.level != before.level
            assert (before.alarm, before.cause, before.version) == (change.alarm, change.cause, change.version)
            assert set(before.members) <= set(change.members)
            assert change.since <= before.since
            assert change.at > before.at or change.level
            open_now[key] = change


OUTAGE_ALONE = book_of(
    feeder_outage="""
kind: feeder
when: said(breaker_tripped)
quorum: {over: feeder, member: said(supply_loss) or active_power < 10, share: 60%, least: 2, within: 60s,
  clear_share: 70%, gather: 5s}
clear_for: 40s"""
)


@st.composite
def trickle(draw: st.DrawFn) -> list[Heard]:
    """Lamps and their feeder on a slow network: each word may be a minute on its way, and overtake others' words."""
    at, arrived = NIGHT, []
    for device in draw(st.lists(st.sampled_from((*LAMPS, "feeder-1")), min_size=3, max_size=40)):
        at += draw(st.sampled_from([0, 0, 1, 1_000, 5_000]))
        received = at + draw(st.sampled_from([0, 100, 5_000, 5_001, 12_000, 60_000]))
        arrived.append((received, said(SITE, device, at, draw(SAYS[device.split("-")[0]]), received=received)))
    return sorted(arrived, key=lambda one: one[0])


@settings(max_examples=60, deadline=None)
@given(trickle(), st.data())
def test_late_members_join_the_same_however_rows_are_cut_ticked_and_restarted(
    arrived: list[Heard], data: st.DataObject
):
    end = arrived[-1][0] + 3_600_000
    live = live_on(OUTAGE_ALONE, SITE)
    plain = [change for when, reading in arrived for change in live.hear([reading], when)] + live.hear([], end)
    rows: dict[str, bytes] = {}
    live, changes, row, now = live_on(OUTAGE_ALONE, SITE), [], [], NIGHT
    for when, reading in arrived:
        if not row:
            for tick in sorted(data.draw(st.lists(st.integers(now, when), max_size=2))):
                changes += live.hear([], tick)
        row.append(reading)
        if data.draw(st.booleans()):
            changes += live.hear(row, when)
            row, now = [], when
            rows.update(live.drain_dirty())
            if data.draw(st.booleans()):
                known = dict(live.open_alarms())
                live = live_on(OUTAGE_ALONE, SITE, start=None)
                live.load(rows.items())
                assert live.open_alarms() == known
    changes += live.hear(row, arrived[-1][0]) + live.hear([], end)
    assert lines(changes) == lines(plain)
