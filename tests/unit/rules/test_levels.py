"""Severities, cool-down, parameters: through the live runner."""

import pytest

from domain.alarms import AlarmChange
from domain.errors import FaultyFileError
from domain.naming import Kind
from domain.readings import Millis, Value
from domain.site import Device
from rules.book import RuleBook
from rules.core.params import resolve
from rules.core.surroundings import Place, Surroundings
from rules.runners.live import Live
from tests.unit.rules.coast import HOUR, MINUTE, NIGHT, book_of, facility, live_on, said, site_of

SITE = site_of(
    [facility("gate", Kind.CROWD, capacity=100.0), facility("bin-1", Kind.BIN), facility("bin-2", Kind.BIN)],
    [Device(name, name, interval_s=86_400) for name in ("gate", "bin-1", "bin-2")],
)
CROWDED = book_of(
    crowded="""
kind: crowd
for: 5m
clear_for: 15m
levels:
  - {name: yellow, if: people_now >= 0.8 * capacity, clear: people_now < 0.7 * capacity}
  - {name: orange, if: people_now >= 0.9 * capacity, clear: people_now < 0.8 * capacity, priority: P2}
  - {name: red, if: people_now >= capacity, clear: people_now < 0.9 * capacity, priority: P1}
reopen_within: 30m"""
)


def told(live: Live, device: str, quantity: str, *timeline: tuple[int, Value]) -> list[AlarmChange]:
    """Each minute and what is said then; an hour passes at the end."""
    changes = []
    for minute, value in timeline:
        at = NIGHT + minute * MINUTE
        changes += live.hear([said(SITE, device, at, {quantity: value})], at)
    return changes


def seen(changes: list[AlarmChange]) -> list[tuple[str, int, int]]:
    return [(c.state.value, c.level, (c.at - NIGHT) // MINUTE) for c in changes]


def climbing(*people: tuple[int, float]) -> list[tuple[str, int, int]]:
    return seen(told(live_on(CROWDED, SITE), "gate", "people_now", *people))


def test_an_alarm_goes_up_and_down_and_is_one_alarm():
    live = live_on(CROWDED, SITE)
    minutes = [(m, 85.0) for m in range(0, 10, 5)] + [(m, 103.0) for m in range(10, 30, 5)]
    minutes += [(m, 85.0) for m in range(30, 60, 5)] + [(m, 20.0) for m in range(60, 90, 5)]
    changes = told(live, "gate", "people_now", *minutes)
    assert seen(changes) == [("open", 1, 5), ("open", 3, 15), ("open", 2, 45), ("cleared", 0, 75)]
    assert len({c.alarm for c in changes}) == 1
    assert [c.why.get("level") for c in changes] == ["yellow", "red", "orange", None]


def test_a_jump_to_the_worst_opens_once_at_the_worst():
    assert climbing((0, 50.0), (5, 120.0), (10, 120.0)) == [("open", 3, 10)]


def test_hysteresis_of_each_level_holds_it():
    wavering = [(minute, 91.0 if minute % 10 else 89.0) for minute in range(0, 60, 5)]
    assert climbing((0, 95.0), (5, 95.0), *[(m + 10, v) for m, v in wavering]) == [("open", 2, 5)]


def test_what_is_back_within_the_cool_down_is_the_same_alarm():
    live = live_on(CROWDED, SITE)
    busy, calm = [(m, 85.0) for m in (0, 5)], [(m, 10.0) for m in (10, 15, 20, 25)]
    first = told(live, "gate", "people_now", *busy, *calm)
    assert seen(first) == [("open", 1, 5), ("cleared", 0, 25)]
    back = told(live, "gate", "people_now", (50, 85.0), (55, 85.0))
    assert seen(back) == [("open", 1, 55)]
    assert (back[0].alarm, back[0].cause, back[0].why["came_back"]) == (first[0].alarm, first[0].cause, 1.0)
    over = told(live, "gate", "people_now", (60, 10.0), (75, 10.0), (106, 85.0), (111, 85.0))
    assert seen(over) == [("cleared", 0, 75), ("open", 1, 111)]
    assert over[0].alarm == first[0].alarm != over[1].alarm


COOL = book_of(
    warm="""
kind: bin
when: bin_temperature >= 50
for: 10m
clear: bin_temperature < 45
reopen_within: 30m"""
)


@pytest.mark.parametrize(("again", "same"), [(31, True), (45, True), (46, False)])
def test_the_cool_down_is_from_its_end_to_when_it_begins_again(again: int, same: bool):
    live = live_on(COOL, SITE)
    first = told(live, "bin-1", "bin_temperature", (0, 60.0), (10, 60.0), (15, 20.0))
    assert seen(first) == [("open", 0, 10), ("cleared", 0, 15)]
    live.hear([], NIGHT + (again - 1) * MINUTE)
    back = told(live, "bin-1", "bin_temperature", (again, 60.0), (again + 10, 60.0))
    assert (back[0].alarm == first[0].alarm) is same


def test_the_cool_down_survives_a_restart_and_is_forgotten_at_its_end():
    live = live_on(COOL, SITE)
    first = told(live, "bin-1", "bin_temperature", (0, 60.0), (10, 60.0), (15, 20.0))
    rows = live.drain_dirty()
    again = live_on(COOL, SITE, start=None)
    again.load(rows.items())
    assert again.due() == NIGHT + 45 * MINUTE + 1 + 1000
    back = told(again, "bin-1", "bin_temperature", (40, 60.0), (50, 60.0))
    assert back[0].alarm == first[0].alarm
    live.hear([], NIGHT + HOUR)
    assert live._fitted.spots[0].states == {}


PARAMS = book_of(
    full="""
kind: bin
params:
  full:
    default: {else: 95, summer: 85}
    unit: "%"
    facility: {bin-2: 60}
  cold: 10
when: fill_level >= full and bin_temperature > cold
clear: fill_level < full - 20"""
)


class Seasons:
    """Summer until an hour after the beginning."""

    def at(self, place: Place, when: Millis) -> Surroundings:  # noqa: ARG002
        end = NIGHT + HOUR
        if when < end:
            return Surroundings(0, end, {"season_summer": True, "season_autumn": False})
        return Surroundings(end, 2**50, {"season_summer": False, "season_autumn": True})


def test_a_parameter_is_a_facilitys_own_and_may_be_another_in_summer():
    live = Live(PARAMS, SITE, Seasons())
    live.listening_from(NIGHT)
    warm = {"bin_temperature": 20.0}
    for_both = [said(SITE, name, NIGHT, {"fill_level": 70.0, **warm}) for name in ("bin-1", "bin-2")]
    assert [(c.facility, c.why["full"]) for c in live.hear(for_both, NIGHT)] == [("bin-2", 60.0)]
    (summer,) = live.hear([said(SITE, "bin-1", NIGHT + 1, {"fill_level": 86.0, **warm})], NIGHT + 1)
    assert summer.facility == "bin-1"
    live.hear([said(SITE, "bin-1", NIGHT + 2, {"fill_level": 5.0, **warm})], NIGHT + 2)
    late = NIGHT + HOUR
    assert live.hear([said(SITE, "bin-1", late, {"fill_level": 86.0, **warm})], late) == []
    assert live.hear([said(SITE, "bin-1", late + 1, {"fill_level": 95.0, **warm})], late + 1)


def test_what_a_parameter_comes_to_is_told_with_whose_word_that_is():
    rule = PARAMS.rules["full"]
    one, two = (resolve(rule, SITE.facilities[name]) for name in ("bin-1", "bin-2"))
    assert [(r.name, r.number, dict(r.seasons), r.unit, r.because) for r in one] == [
        ("full", 95.0, {"summer": 85.0}, "%", "default"),
        ("cold", 10.0, {}, None, "default"),
    ]
    assert (two[0].number, two[0].because) == (60.0, "facility bin-2")


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("kind: bin\nparams: {fill_level: 5}\nwhen: tipped", "fill_level is the name of something else"),
        ('kind: bin\nparams: {limit: {default: 5, unit: "%"}}\nwhen: bin_temperature > limit', "mixes Cel with %"),
        ("kind: bin\nparams: {limit: {default: 5, grade: {best: 3}}}\nwhen: fill_level > limit", "params.limit.grade"),
        ("kind: bin\nparams: {limit: {default: {summer: 3}}}\nwhen: fill_level > limit", "else is not there"),
        ("kind: bin\nwhen: fill_level > limit", "unknown name 'limit'"),
        ("kind: bin\nwhen: tipped\nreopen_within: 3d", "expected at most 24h"),
        ("kind: bin\nwhen: tipped\nlevels: [{name: a, if: tipped}]", "exactly one of: when, levels"),
        ("kind: bin\nlevels: [{name: a, if: tipped}, {name: a, if: lid_open}]", "two levels of one name"),
        ("kind: bin\nclear: not tipped\nlevels: [{name: a, if: tipped}]", "them in each level"),
        ("kind: bin\nlevels: [{name: a, if: tipped, priority: P4}]", "a worse level is less urgent"),
        ("kind: bin\nlevels:\n  - {name: a, if: tipped}\n  - {name: b, if: nh3_ppm > 3}", "nh3_ppm is not of a bin"),
    ],
)
def test_what_does_not_go_together_is_refused(body: str, what: str):
    with pytest.raises(FaultyFileError) as refused:
        book_of(wrong=body)
    assert what in str(refused.value)


def book_with(body: str) -> RuleBook:
    return book_of(one=body)


def test_a_rule_on_newest_values_may_be_settled_and_then_takes_any_order():
    book = book_with("kind: bin\nwhen: fill_level > 90\nclear: fill_level < 30\nsettled: true\nwait: 30s")
    live = live_on(book, SITE)
    late = said(SITE, "bin-1", NIGHT, {"fill_level": 95.0}, received=NIGHT + 20_000)
    assert live.hear([said(SITE, "bin-1", NIGHT + 10_000, {"fill_level": 50.0})], NIGHT + 10_000) == []
    assert live.hear([late], NIGHT + 20_000) == []
    (change,) = live.hear([], NIGHT + HOUR)
    assert (change.cause, change.at) == (NIGHT, NIGHT)
