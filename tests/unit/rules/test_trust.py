"""Instruments that are not to be believed: what holds an alarm, whose record is bad, who witnesses; and the traps."""

from collections.abc import Callable, Sequence

import pytest

from domain.alarms import AlarmChange
from domain.errors import FaultyFileError
from domain.naming import Kind
from domain.readings import Millis, Quality, Reading, Value
from domain.site import Device
from ingest.quality import believed
from rules.core import trust
from rules.runners.live import Live
from tests.unit.rules.coast import HOUR, MINUTE, NIGHT, book_of, facility, live_on, said, site_of

MORNING: Millis = NIGHT - 11 * HOUR  # 08:00
DAWN = 5 * HOUR + 53 * MINUTE + 24 * HOUR  # of the day after, about
DAY = 24 * HOUR
BINS = [f"bin-{n}" for n in range(6)]
SITE = site_of(
    [
        *[facility(name, Kind.BIN) for name in BINS],
        facility("toilet-1", Kind.TOILET, stalls=6.0),
        *[facility(f"lamp-{n}", Kind.LIGHT, "feeder-1", rated_power=100.0) for n in range(6)],
        facility("feeder-1", Kind.FEEDER),
        facility("lot-1", Kind.PARKING, capacity=100.0),
        facility("gate", Kind.CROWD, capacity=1000.0),
    ],
    [
        *[Device(name, name, interval_s=1800) for name in BINS],
        *[Device(f"lamp-{n}", f"lamp-{n}", gateway="gw", interval_s=900) for n in range(6)],
        Device("feeder-1", "feeder-1", gateway="gw", interval_s=900),
        Device("toilet-1", "toilet-1", interval_s=600),
        Device("toilet-1b", "toilet-1", interval_s=600),
        Device("lot-1", "lot-1", interval_s=300),
        Device("gate", "gate", interval_s=300),
    ],
)
WORK = {
    "bin_full": "kind: bin\nwhen: fill_level >= 95\nclear: fill_level <= 30",
    "bin_fire": """
kind: bin
when: bin_temperature >= 60 and bin_temperature - near(bin_temperature) > 15
clear: bin_temperature < 45""",
    "odour": "kind: toilet\nwhen: mean(nh3_ppm, minutes=10) >= 1.44\nfor: 15m\nclear: mean(nh3_ppm, minutes=10) < 1",
    "lamp_out": """
kind: light
when: commanded_level > 0 and active_power < 0.1 * rated_power
given: lit
for: 20m
repeat: 2
clear: active_power > 60
inhibited_by: [feeder-outage]""",
    "feeder_outage": """
kind: feeder
when: said(breaker_tripped)
quorum:
  {over: feeder, member: said(supply_loss), silence: false, share: 60%, least: 5, within: 10m, clear_share: 90%,
   gather: 5s}""",
    "idle_gate": "kind: parking\nwhen: rate(vehicles_in, hours=1) < 1\nfor: 30m\nclear: rate(vehicles_in, hours=1) > 2",
    "rush": "kind: crowd\nwhen: rate(people_in, minutes=30) > 5000\nclear: rate(people_in, minutes=30) < 4000",
}
DOUBTS = {
    "jumpy_fill": """
kind: bin
subject: device
when: fill_level - before(fill_level) > 50
holds: fill_level""",
    "stuck_gas": """
kind: toilet
subject: device
when: nh3_ppm == before(nh3_ppm) and nh3_ppm > 0
for: 2h
repeat: 8
holds: [nh3_ppm]""",
    "warming_up": "kind: toilet\nsubject: device\nwhen: since_start < 1200\nholds: [nh3_ppm, h2s_ppm]",
    "clock_off": "subject: device\nwhen: clock_off\nrepeat: 3\nclear: not clock_off\nclear_repeat: 3",
    "unbelievable": "subject: device\nwhen: value_dropped\nrepeat: 4\nclear: not value_dropped",
    "weak": "subject: device\nwhen: battery <= 10\nclear: battery > 20",
    "drifting": """
kind: bin
subject: device
when: abs(bin_temperature - near(bin_temperature)) > 15 and bin_temperature < 45
for: 6h
repeat: 6
holds: bin_temperature""",
}
BOOK = book_of(**WORK, **DOUBTS)
ABOUT_WORK = {name.replace("_", "-") for name in WORK}
Rows = list[tuple[Millis, list[Reading]]]


def every(
    step: int, until: int, device: str, values: Callable[[int], dict[str, Value]], start: Millis = MORNING, **more: int
) -> Rows:
    """What a device says each so many minutes."""
    return [
        (start + m * MINUTE, [said(SITE, device, start + m * MINUTE, values(m), **more)]) for m in range(0, until, step)
    ]


def heard(rows: Rows, live: Live | None = None) -> list[AlarmChange]:
    one = live or live_on(BOOK, SITE, rows[0][0])
    return [change for at, readings in sorted(rows, key=lambda row: row[0]) for change in one.hear(readings, at)]


def sentinel(minute: int) -> dict[str, Value]:
    good, faults = believed({"nh3_ppm": 655.35 if minute % 20 else 0.2})
    assert bool(faults) == bool(minute % 20)
    return dict(good)


def sun(minute: int) -> dict[str, Value]:
    return {"bin_temperature": 62.0 - abs(minute - 240) / 20}


def outage() -> Rows:
    """A feeder trips; its lamps gasp, and are silent for an hour."""
    gasps = [
        (NIGHT + n * 100, [said(SITE, f"lamp-{n}", NIGHT + n * 100, {"supply_loss": True, "active_power": 0.0})])
        for n in range(6)
    ]
    return [(NIGHT, [said(SITE, "feeder-1", NIGHT, {"breaker_tripped": True})]), *gasps, (NIGHT + HOUR, [])]


def backfill() -> Rows:
    """Six hours of a bin that was full, sent when it is empty again."""
    late = [
        said(SITE, "bin-1", MORNING + m * MINUTE, {"fill_level": 99.0}, quality=int(Quality.BACKFILL),
             received=MORNING + 6 * HOUR)
        for m in range(0, 360, 30)
    ]  # fmt: skip
    return [(MORNING + 6 * HOUR, [*late, said(SITE, "bin-1", MORNING + 6 * HOUR, {"fill_level": 5.0})])]


def retained() -> Rows:
    """200 old words at a new subscription: each older than the newest of its device."""
    new = [(MORNING, [said(SITE, name, MORNING, {"fill_level": 10.0}) for name in BINS])]
    old = [
        said(SITE, name, MORNING - n * HOUR, {"fill_level": 99.0}, received=MORNING + 1) for name in BINS
        for n in range(1, 34)
    ]  # fmt: skip
    return [*new, (MORNING + 1, old)]


def power_cut() -> Rows:
    """A toilet's sensor is silent for two hours; when it is back it polarises, and says far too much for 15 min."""
    before = every(10, 60, "toilet-1", lambda _: {"nh3_ppm": 0.3})
    after = every(10, 120, "toilet-1", lambda m: {"nh3_ppm": 9.0 if m < 16 else 0.3}, start=MORNING + 3 * HOUR)
    return before + after


NOBODY: set[str] = set()
TRAPS: list[tuple[str, Callable[[], Rows], set[str]]] = [
    ("flapping", lambda: every(30, 900, "bin-1", lambda m: {"fill_level": 94.0 if m % 60 else 96.0}), {"bin-full"}),
    ("sentinel and saturation", lambda: every(10, 400, "toilet-1", sentinel), NOBODY),
    ("value dropped, again and again", lambda: every(
        10, 60, "toilet-1", lambda _: {"humidity": 50.0}, quality=int(Quality.VALUE_DROPPED)), {"unbelievable"}),
    ("stuck sensor", lambda: every(10, 600, "toilet-1", lambda m: {"nh3_ppm": 0.7 + m % 7 / 100 if m < 60 else 1.2}),
     {"stuck-gas"}),
    ("stuck just below the limit, then above it", lambda: every(
        10, 600, "toilet-1", lambda m: {"nh3_ppm": 1.3 if m < 300 else 9.0 if m == 300 else 1.3}), {"stuck-gas"}),
    ("warm-up after a power cut", power_cut, {"warming-up"}),
    ("retained replay", retained, NOBODY),
    ("duplicates", lambda: [(MORNING, [said(SITE, "bin-1", MORNING, {"fill_level": 20.0})] * 50)], NOBODY),
    ("backfill", backfill, NOBODY),
    ("clock off by eight hours", lambda: every(
        30, 600, "bin-1", lambda m: {"fill_level": 20.0 + m / 30}, quality=int(Quality.TIME_CORRECTED)), {"clock-off"}),
    ("mass outage", outage, {"feeder-outage"}),
    ("solar heating", lambda: [row for name in BINS for row in every(30, 480, name, sun)], NOBODY),
    ("a bag before the ultrasonic eye", lambda: every(
        30, 300, "bin-1", lambda m: {"fill_level": 98.0 if m == 120 else 20.0}), {"jumpy-fill"}),
    ("counter set back at midnight", lambda: every(
        5, 600, "lot-1", lambda m: {"vehicles_in": 5000.0 + m if m < 300 else float(m - 300)}), NOBODY),
    ("counter rolls over", lambda: every(
        5, 600, "gate", lambda m: {"people_in": float((65_000 + 5 * m) % 65_536)}), NOBODY),
    ("dark by day", lambda: every(
        15, 500, "lamp-1", lambda _: {"commanded_level": 0.0, "active_power": 0.0}), NOBODY),
    ("one thermometer drifts", lambda: [
        row for name in BINS
        for row in every(30, 1000, name, lambda m, n=name: {"bin_temperature": 20.0 + (m / 40 if n == "bin-0" else 0)})
     ], {"drifting"}),
    ("battery runs low", lambda: every(30, 300, "bin-1", lambda m: {"fill_level": 20.0, "battery": 12.0 - m / 60}),
     {"weak"}),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "rules"), [row[1:] for row in TRAPS], ids=[row[0] for row in TRAPS])
def test_no_trap_calls_anybody_to_a_facility(rows: Callable[[], Rows], rules: set[str]):
    changes = heard(rows())
    assert {change.rule for change in changes} == rules
    work = [change for change in changes if change.state == "open" and change.rule in ABOUT_WORK]
    assert len(work) <= 1


def test_without_doubts_the_traps_would_have_called():
    """The traps are traps: rules about work alone fall into them."""
    careless = book_of(**WORK)
    caught = set()
    for name, rows, _ in TRAPS:
        played = rows()
        if any(c.rule in ABOUT_WORK for c in heard(played, live_on(careless, SITE, played[0][0]))):
            caught.add(name)
    assert {"warm-up after a power cut", "a bag before the ultrasonic eye"} <= caught


def test_what_is_still_so_at_the_next_reading_was_no_bag():
    rows = every(30, 120, "bin-1", lambda m: {"fill_level": 97.0 if m >= 60 else 20.0})
    changes = heard(rows)
    assert [(c.rule, c.state.value, (c.at - MORNING) // MINUTE) for c in changes] == [
        ("jumpy-fill", "open", 60),
        ("bin-full", "open", 90),
        ("jumpy-fill", "cleared", 90),
    ]


@pytest.mark.parametrize("restart", [False, True])
def test_what_was_held_is_in_no_window_that_reaches_back_to_it(restart: bool):
    """Warm-up ends at twenty minutes; the mean of the last ten does not remember what was said in it."""
    live, rows = live_on(BOOK, SITE, MORNING), dict[str, bytes]()
    changes = []
    for at, readings in power_cut():
        changes += live.hear(readings, at)
        if restart:
            rows |= live.drain_dirty()
            live = live_on(BOOK, SITE, start=None)
            live.load(rows.items())
    assert {change.rule for change in changes} == {"warming-up"}


def test_what_a_jump_says_twice_it_has_said_once():
    rows = every(30, 90, "bin-1", lambda m: {"fill_level": 97.0 if m >= 60 else 20.0})
    changes = heard([*rows, rows[-1], rows[-1]])
    assert [c.rule for c in changes] == ["jumpy-fill"]


def test_what_is_held_neither_raises_nor_clears_and_its_other_words_count():
    live = live_on(BOOK, SITE, MORNING)
    heard(every(30, 60, "bin-1", lambda _: {"fill_level": 20.0, "bin_temperature": 20.0}), live)
    at = MORNING + HOUR
    peers = [said(SITE, name, at, {"bin_temperature": 20.0}) for name in BINS[2:]]
    live.hear(peers, at)
    hot = live.hear([said(SITE, "bin-1", at + 1, {"fill_level": 97.0, "bin_temperature": 80.0})], at + 1)
    assert [c.rule for c in hot] == ["bin-fire", "jumpy-fill"]
    assert hot[0].why["bin_temperature near"] == 20.0


WAKING = book_of(
    smelly="""
kind: toilet
when: h2s_ppm >= 5
clear: h2s_ppm < 1""",
    full="kind: bin\nwhen: fill_level >= 95\nclear: fill_level <= 30",
    hot="kind: bin\nwhen: bin_temperature >= 60\nfor: 30m\ngiven: lit\nclear: bin_temperature < 50",
    stuck="""
kind: bin
subject: device
when: bin_temperature == before(bin_temperature)
for: 30m
clear: bin_temperature != before(bin_temperature)
holds: bin_temperature
order:
  element: municipal
  trade: instruments
  priority: P4
  accept: 1d
  finish: 2d
  verify: 1d
  do: {en: Look, zh: 查看}
""".partition("order:")[0],
)


def with_marks(device: str = "bin-1", at: Millis = NIGHT - HOUR, marks: int = 2) -> Live:
    live = live_on(WAKING, SITE, at)
    for n in range(marks):
        live.false_alarm(SITE.devices[device].facility, at - n * DAY)
    return live


def full(at: Millis, level: float = 97.0) -> list[Reading]:
    return [said(SITE, "bin-1", at, {"fill_level": level})]


def test_an_instrument_with_a_bad_record_wakes_nobody_and_says_so_in_the_morning():
    live = with_marks()
    assert live.hear(full(NIGHT), NIGHT) == []
    assert live.hear(full(NIGHT + HOUR), NIGHT + HOUR) == []
    (change,) = [c for c in live.hear([], NIGHT + 12 * HOUR) if c.rule == "full"]
    assert change.cause == NIGHT
    assert 10 * HOUR < change.at - NIGHT < 11 * HOUR  # sunrise
    assert change.why["bad_record"] == 2.0
    assert change.why["waited_for_a_witness_s"] == (change.at - NIGHT) / 1000


def test_what_is_over_by_morning_calls_nobody():
    live = with_marks()
    live.hear(full(NIGHT), NIGHT)
    live.hear(full(NIGHT + HOUR, 20.0), NIGHT + HOUR)
    assert [c for c in live.hear([], NIGHT + 12 * HOUR) if c.rule == "full"] == []


def test_what_a_rule_that_looks_by_night_alone_has_seen_is_said_in_the_morning_too():
    live = with_marks()
    for minutes, degrees in ((0, 70.0), (40, 71.0)):
        at = NIGHT + minutes * MINUTE
        assert live.hear([said(SITE, "bin-1", at, {"bin_temperature": degrees})], at) == []
    (change,) = [c for c in live.hear([], NIGHT + 12 * HOUR) if c.rule == "hot"]
    assert change.why["waited_for_a_witness_s"] == (change.at - NIGHT - 30 * MINUTE) / 1000


@pytest.mark.parametrize(
    ("marks", "at"),
    [(0, NIGHT), (1, NIGHT), (2, NIGHT + 15 * DAY), (2, MORNING)],
    ids=["none", "one", "long ago", "day"],
)
def test_a_good_record_and_daylight_call_at_once(marks: int, at: Millis):
    live = with_marks(marks=marks, at=NIGHT - 12 * HOUR)
    (change,) = live.hear(full(at), at)
    assert ("bad_record" in change.why) == (marks == 2 and at == MORNING)


def test_a_second_instrument_with_a_good_record_is_the_witness():
    live = with_marks(marks=0)
    ears = live._fitted.ears
    ears["toilet-1"].marks, ears["toilet-1"].spot.marked = (NIGHT - DAY, NIGHT - HOUR), True
    live.hear([said(SITE, "toilet-1b", NIGHT, {"h2s_ppm": 0.1})], NIGHT)
    at = NIGHT + MINUTE
    assert live.hear([said(SITE, "toilet-1", at, {"h2s_ppm": 9.0})], at) == []
    (change,) = live.hear([said(SITE, "toilet-1b", at + 1, {"h2s_ppm": 9.0})], at + 1)
    assert change.rule == "smelly"


def test_the_record_survives_a_restart():
    live = with_marks()
    live.hear(full(NIGHT), NIGHT)
    again = live_on(WAKING, SITE, start=None)
    again.load(live.drain_dirty().items())
    assert live.due() == again.due()
    assert [c.why for c in again.hear([], NIGHT + 12 * HOUR)] == [c.why for c in live.hear([], NIGHT + 12 * HOUR)]


def test_faults_of_an_instrument_go_on_its_record():
    live = live_on(WAKING, SITE, MORNING)
    heard(every(10, 60, "bin-1", lambda _: {"bin_temperature": 20.0}), live)
    heard(every(10, 20, "bin-1", lambda m: {"bin_temperature": 21.0 + m}, start=MORNING + HOUR), live)
    heard(every(10, 60, "bin-1", lambda _: {"bin_temperature": 22.0}, start=MORNING + 2 * HOUR), live)
    assert trust.record(live._fitted.ears["bin-1"].marks, MORNING + 3 * HOUR) == 2


def test_marks_are_forgotten_after_two_weeks_and_only_the_newest_are_kept():
    marks: Sequence[int] = ()
    for day in range(30):
        marks = trust.marked(marks, day * DAY)
    assert list(marks) == [day * DAY for day in range(22, 30)]
    assert trust.record(marks, 29 * DAY) == 8
    assert trust.record(marks, 50 * DAY) == 0


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("kind: bin\nwhen: tipped\nholds: fill_level", "only what is known of a device"),
        ("kind: bin\nsubject: device\nwhen: tipped\nholds: [nh3_ppm]", "nh3_ppm is not of bin"),
        ("kind: bin\nwhen: before(tipped) > 1", "tipped is no measured number"),
        ("kind: bin\nwhen: near(wind_gust) > 1", "wind_gust is no measured number"),
        ("kind: bin\nwhen: fill_level - before(bin_temperature) > 1", "mixes % with Cel"),
        ("kind: bin\nwhen: clock_off > 1", "clock_off is true or false"),
        ("kind: bin\nwhen: since_start", "since_start is no flag"),
        ("kind: bin\nwhen: tipped\ngiven: since_start > 5", "'since_start' is measured"),
    ],
)
def test_what_cannot_be_is_refused(body: str, what: str):
    with pytest.raises(FaultyFileError) as refused:
        book_of(wrong=body)
    assert what in str(refused.value)
