"""Everything that surrounds a place, joined; and what of it anybody asks for."""

from dataclasses import replace
from datetime import datetime

import pytest

from domain.readings import Millis
from rules.book import read_rules, shipped
from rules.context.all import asked_for, surroundings
from rules.core.surroundings import Listening, Place
from rules.core.vocabulary import CONTEXT
from rules.runners.live import Live
from services.site import find, load_site
from services.site.notation import hours
from tests.unit.context.shore import AT_BIN, IN_WEST, SITE, after, said


def millis(text: str) -> Millis:
    return round(datetime.fromisoformat(f"{text}+08:00").timestamp() * 1000)


def test_with_everything_heard_every_name_of_the_vocabulary_is_known():
    around = surroundings(SITE)
    station = {"tide_level": 300.0, "wind_speed": 3.0, "wind_gust": 4.0, "visibility": 9000.0, "air_temperature": 20.0}
    for minutes in range(0, 90, 10):
        around.hear(said("gauge-west", minutes, rain_rate=1.0, **station))
        around.hear(said("count-1", minutes, people_now=10.0))
        around.hear(said("count-2", minutes, people_now=10.0))
    around.work("bin-1", "order-1", after(0), None)
    values = around.at(AT_BIN, after(85)).values
    assert set(values) == set(CONTEXT)
    for name, value in values.items():
        assert isinstance(value, bool) is (CONTEXT[name].unit is None), name
    shared = around.at(IN_WEST, after(85)).values
    assert {name for name in CONTEXT if not CONTEXT[name].own} <= set(shared)


@pytest.mark.parametrize("place", [IN_WEST, AT_BIN])
def test_spans_follow_each_other_without_a_gap(place: Place):
    around = surroundings(SITE)
    around.hear(said("gauge-west", 0, tide_level=300.0))
    when, steps = after(0), 0
    while when < after(2 * 1440):
        here = around.at(place, when)
        assert here.since <= when < here.until
        assert around.at(place, here.until - 1).values == here.values
        when, steps = here.until, steps + 1
    assert steps < 20


def test_what_was_asked_before_is_asked_anew_when_it_may_have_changed():
    around = surroundings(SITE)
    assert "tide_level" not in around.at(IN_WEST, after(1)).values
    assert around.hear(said("gauge-west", 0, tide_level=300.0))
    assert around.at(IN_WEST, after(1)).values["tide_level"] == 300.0
    assert around.plan("p1", "", "west", after(0), after(5))
    assert around.at(AT_BIN, after(1)).values["maintenance"] is True
    assert around.work("bin-1", "order-1", after(0), None)
    assert around.at(AT_BIN, after(1)).values["at_work"] is True


def test_a_facility_keeps_its_own_hours():
    toilet = replace(SITE.facilities["toilet-1"], hours=hours("05:00-16:30"))
    around = surroundings(replace(SITE, facilities={**SITE.facilities, "toilet-1": toilet}))
    here = Place("east", {}, "toilet-1")
    assert [around.at(here, after(m)).values["open"] for m in (0, 29, 30)] == [True, True, False]
    assert around.at(here, after(10)).values["minutes_to_close"] == 20.0
    assert around.at(AT_BIN, after(30)).values["open"] is True


RULE = """
id: T01
name: trial-{name}
title: {{en: t, zh: 试}}
kind: bin
when: fill_level > 90
given: {given}
for: {held}
clear: fill_level < 10
"""


def test_only_what_rules_name_is_listened_to():
    book = read_rules({"t.yaml": RULE.format(name="t", given="tide_level > 300 and not at_work", held="5h")})
    assert asked_for(book) == {"tide_level", "at_work"}
    around = surroundings(SITE, book)
    assert around.kinds == {"coast"}
    around.hear(said("gauge-west", 0, tide_level=310.0, wind_gust=3.0))
    around.hear(said("gauge-west", 290, tide_level=320.0))
    assert "wind_gust" not in around.at(IN_WEST, after(1)).values
    assert around.at(IN_WEST, after(1)).values["tide_level"] == 310.0  # five hours back


def test_a_context_that_learns_is_known_as_one_by_the_runner():
    assert isinstance(surroundings(SITE), Listening)


def test_the_shipped_sample_is_surrounded_as_a_whole():
    site = load_site(find("shinan"))
    around = surroundings(site, shipped())
    for facility in site.facilities.values():
        values = around.at(Place(facility.zone, {}, facility.id), millis("2026-10-10T12:00")).values
        assert values["daylight"] is True
        assert values["working_weekend"] is True


def test_a_crew_at_work_holds_an_alarm_back_in_the_running_engine():
    book = read_rules({"t.yaml": RULE.format(name="t", given="not at_work and not maintenance", held="1m")})
    full = {"fill_level": 95.0}

    def opened(prepare: str) -> int:
        live = Live(book, SITE, surroundings(SITE, book))
        live.listening_from(after(0))
        if prepare == "work":
            live.work("bin-1", "order-1", after(-5), None)
        elif prepare == "plan":
            live.plan("p1", "", "west", after(-5), after(30))
        changes = [c for m in range(10) for c in live.hear([said("bin-1", m, **full)], after(m))]
        return len(changes)

    assert [opened(prepare) for prepare in ("", "work", "plan")] == [1, 0, 0]
