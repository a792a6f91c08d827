"""What comes too late to be judged: found out afterwards, told, and never an alarm."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.alarms import AlarmChange, Correction, Hindsight
from domain.naming import Kind
from domain.readings import Millis, Quality, Reading
from domain.site import Device
from rules.runners.live import Live
from tests.unit.rules.coast import HOUR, MINUTE, NIGHT, book_of, facility, live_on, said, site_of

SITE = site_of(
    [facility("bin-1", Kind.BIN), facility("toilet-1", Kind.TOILET)],
    [Device(name, name, interval_s=86_400) for name in ("bin-1", "toilet-1")],
)
BOOK = book_of(
    full="kind: bin\nwhen: fill_level >= 95\nclear: fill_level <= 30",
    hot="kind: bin\nwhen: bin_temperature >= 60\nfor: 20m\nrepeat: 2\nclear: bin_temperature < 45\nclear_for: 10m",
    odour="""
kind: toilet
when: mean(nh3_ppm, minutes=10) >= 1.44
for: 10m
clear: mean(nh3_ppm, minutes=10) < 1
wait: 60s""",
)
BACKFILL = int(Quality.BACKFILL)


def fill(minute: float, level: float, heard: float | None = None, quality: int = 0) -> Reading:
    return told("bin-1", "fill_level", minute, level, heard, quality)


def told(device: str, quantity: str, minute: float, value: float, heard: float | None, quality: int = 0) -> Reading:
    at = NIGHT + round(minute * MINUTE)
    received = at if heard is None else NIGHT + round(heard * MINUTE)
    return said(SITE, device, at, {quantity: value}, received=received, quality=quality)


def play(readings: Sequence[Reading], live: Live | None = None) -> tuple[list[AlarmChange], list[Correction]]:
    one = live or live_on(BOOK, SITE)
    changes, found = [], list[Correction]()
    for reading in sorted(readings, key=lambda r: r.received):
        changes += one.hear([reading], reading.received)
        found += one.corrections()
    changes += one.hear([], max(r.received for r in readings) + 5 * MINUTE)
    return changes, [*found, *one.corrections()]


def briefly(found: Sequence[Correction]) -> list[tuple[str, str, float]]:
    return [(c.rule, c.what.value, (c.at - NIGHT) / MINUTE) for c in found]


def test_six_hours_of_history_call_nobody_and_what_they_would_have_opened_is_kept():
    late = [fill(m, 97.0 if 60 <= m < 180 else 20.0, 400, BACKFILL) for m in range(0, 360, 30)]
    changes, found = play([*late, fill(400, 20.0)])
    assert changes == []
    assert briefly(found) == [("full", "opened", 60)]
    (one,) = found
    assert (one.device, one.heard, one.cause, one.why) == (
        "bin-1",
        NIGHT + 400 * MINUTE,
        NIGHT + HOUR,
        {"fill_level": 97.0},
    )


def test_a_timer_runs_through_history_as_it_would_have_run():
    hot = [told("bin-1", "bin_temperature", m, 70.0 if m < 40 else 20.0, 400, BACKFILL) for m in range(0, 60, 10)]
    assert briefly(play([*hot, fill(400, 20.0)])[1]) == [("hot", "opened", 20)]
    brief = [told("bin-1", "bin_temperature", m, 70.0 if m < 20 else 20.0, 400, BACKFILL) for m in range(0, 60, 10)]
    assert play([*brief, fill(400, 20.0)])[1] == []


def test_what_was_an_alarm_already_needs_no_correction():
    on_time = [fill(0, 97.0), fill(60, 97.0), fill(90, 20.0)]
    late = [fill(m, 98.0, 120, BACKFILL) for m in (10, 20, 70)]
    changes, found = play([*on_time, *late])
    assert [c.state.value for c in changes] == ["open", "cleared"]
    assert found == []
    after = [fill(m, 98.0, 130, BACKFILL) for m in (95, 100)]
    assert briefly(play([*on_time, *after])[1]) == [("full", "opened", 95)]


def test_an_alarm_that_would_have_been_over_sooner_is_said_to_be():
    changes, found = play([fill(0, 97.0), fill(60, 50.0), fill(30, 10.0, 61)])
    assert [c.state.value for c in changes] == ["open"]
    assert briefly(found) == [("full", "cleared", 30)]
    assert found[0].alarm == changes[0].alarm


def test_an_alarm_that_late_data_would_have_kept_from_opening_is_said_to_be():
    high = [told("toilet-1", "nh3_ppm", m, 1.6, None) for m in range(0, 25, 5)]
    low = [told("toilet-1", "nh3_ppm", m + 2, 0.1, 27) for m in range(0, 20, 2)]
    changes, found = play([*high, *low])
    assert [(c.rule, c.state.value) for c in changes] == [("odour", "open")]
    assert [(c.rule, c.what) for c in found] == [("odour", Hindsight.NEVER_OPENED)]
    assert (found[0].alarm, found[0].at) == (changes[0].alarm, changes[0].at)
    assert play([*high, told("toilet-1", "nh3_ppm", 7, 1.5, 27)])[1] == []


def test_what_is_late_but_within_the_wait_is_judged_and_needs_no_correction():
    high = [told("toilet-1", "nh3_ppm", m, 1.6, m + 0.9 if m == 10 else None) for m in range(0, 30, 5)]
    high.append(told("toilet-1", "nh3_ppm", 10.5, 1.6, None))
    changes, found = play(high)
    assert [c.state.value for c in changes] == ["open"]
    assert found == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from([97.0, 20.0, 50.0])), min_size=1, max_size=12),
    st.data(),
)
def test_corrections_are_the_same_however_rows_are_cut_and_wherever_it_is_restarted(
    history: list[tuple[int, float]], data: st.DataObject
):
    readings = [fill(0, 20.0), fill(100, 97.0)]
    readings += [fill(10 * n, level, 110 + n / 20, BACKFILL) for n, level in dict(history).items()]
    readings.sort(key=lambda r: r.received)
    plain = play(readings)
    live, rows, row, found = live_on(BOOK, SITE), dict[str, bytes](), list[Reading](), list[Correction]()
    for reading in readings:
        row.append(reading)
        if data.draw(st.booleans()):
            live.hear(row, reading.received)
            row = []
            found += live.corrections()
            rows |= live.drain_dirty()
            if data.draw(st.booleans()):
                due = live.due()
                live = live_on(BOOK, SITE, start=None)
                live.load(rows.items())
                assert live.due() == due
    last = readings[-1].received
    live.hear(row, last)
    live.hear([], last + 5 * MINUTE)
    assert [*found, *live.corrections()] == plain[1]


@pytest.mark.parametrize("late", [0, 1])
def test_a_correction_never_changes_what_is_open(late: int):
    live = live_on(BOOK, SITE)
    play([fill(0, 97.0), fill(60, 50.0), *([fill(30, 10.0, 61)] * late)], live)
    at: Millis = NIGHT + 2 * HOUR
    assert [c.state.value for c in live.hear([fill(120, 10.0)], at)] == ["cleared"]
