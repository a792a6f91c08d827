"""Tide, wind, rain and crowd as the journal tells them: by event time, until they are stale, never in retrospect."""

import pytest

from domain.readings import Quality
from rules.context.heard import HeardContext
from rules.core.surroundings import Place
from tests.unit.context.shore import (
    AT_BIN,
    IN_EAST,
    IN_WEST,
    ONE_GAUGE,
    SITE,
    after,
    said,
)


def known(heard: HeardContext, name: str, minutes: float, place: Place = IN_WEST) -> bool | float | None:
    return heard.at(place, after(minutes)).values.get(name)


def test_before_anything_is_heard_everything_is_unknown_but_that_nobody_is_at_work():
    assert HeardContext(SITE).at(AT_BIN, after(0)).values == {"maintenance": False, "at_work": False}


def test_a_value_holds_from_its_event_time_until_the_next():
    heard = HeardContext(SITE)
    assert heard.hear(said("gauge-west", 10, tide_level=300.0))
    assert heard.hear(said("gauge-west", 20, tide_level=320.0))
    assert [known(heard, "tide_level", m) for m in (9.99, 10, 19.99, 20)] == [None, 300.0, 300.0, 320.0]
    around = heard.at(IN_WEST, after(12))
    assert (around.since, around.until) == (after(10), after(20))


def test_what_has_not_been_heard_for_three_intervals_is_unknown():
    heard = HeardContext(SITE)
    heard.hear(said("gauge-west", 0, wind_speed=4.0))
    assert known(heard, "wind_speed", 29.99) == 4.0
    assert known(heard, "wind_speed", 30) is None
    assert heard.at(IN_WEST, after(1)).until == after(30)


def test_each_zone_asks_the_nearest_station_and_the_next_where_that_is_silent():
    heard = HeardContext(SITE)
    heard.hear(said("gauge-west", 0, visibility=900.0))
    assert known(heard, "visibility", 1, IN_EAST) == 900.0
    heard.hear(said("gauge-east", 2, visibility=20_000.0))
    assert [known(heard, "visibility", 3, place) for place in (IN_WEST, IN_EAST)] == [900.0, 20_000.0]
    heard.hear(said("gauge-west", 20, visibility=800.0))
    assert known(heard, "visibility", 35, IN_EAST) == 800.0


def test_the_only_station_serves_every_zone():
    heard = HeardContext(ONE_GAUGE)
    heard.hear(said("gauge-west", 0, tide_level=420.0))
    assert known(heard, "tide_level", 1, IN_EAST) == 420.0


def test_the_tide_rises_where_it_stands_higher_than_half_an_hour_before():
    heard = HeardContext(SITE)
    for minutes, level in ((0, 300.0), (10, 310.0), (20, 330.0), (30, 340.0), (40, 305.0)):
        heard.hear(said("gauge-west", minutes, tide_level=level))
    assert [known(heard, "tide_rising", m) for m in (20, 30, 40)] == [None, True, False]


def test_a_gust_is_the_strongest_of_ten_minutes():
    heard = HeardContext(SITE)
    for minutes, gust in ((0, 20.0), (5, 9.0), (9.9, 8.0), (10, 7.0), (14, 6.0), (20, 5.0)):
        heard.hear(said("gauge-west", minutes, wind_gust=gust))
    assert [known(heard, "wind_gust", m) for m in (0, 5, 9.9, 10, 14, 20)] == [20.0, 20.0, 20.0, 9.0, 9.0, 6.0]


def test_rain_adds_up_over_twelve_hours_and_is_let_go_after_them():
    heard = HeardContext(SITE)
    for minutes in range(0, 15 * 60, 10):
        heard.hear(said("gauge-west", minutes, rain_rate=6.0 if minutes < 60 else 0.0))
    assert known(heard, "rain_12h", 50) is None
    assert known(heard, "rain_12h", 60) == 6.0
    assert known(heard, "rain_12h", 12 * 60) == 6.0
    assert known(heard, "rain_12h", 12 * 60 + 30) == 3.0
    assert known(heard, "rain_12h", 13 * 60) == 0.0
    assert known(heard, "rain_12h", 15 * 60 + 30) is None


def test_a_dry_week_is_small():
    heard = HeardContext(SITE)
    for minutes in range(0, 7 * 24 * 60, 10):
        heard.hear(said("gauge-west", minutes, rain_rate=0.0, tide_level=float(minutes % 700), wind_gust=3.0))
    assert len(heard.save()) < 5_000


def test_what_is_late_counts_from_a_minute_before_it_was_heard():
    heard = HeardContext(SITE)
    heard.hear(said("gauge-west", 0, late=20, tide_level=300.0))
    assert [known(heard, "tide_level", m) for m in (10, 18.99, 19, 20)] == [None, None, 300.0, 300.0]


def test_what_is_late_and_older_than_the_newest_changes_nothing():
    heard = HeardContext(SITE)
    heard.hear(said("gauge-west", 10, tide_level=300.0))
    assert not heard.hear(said("gauge-west", 5, late=6, tide_level=999.0))
    assert [known(heard, "tide_level", m) for m in (6, 11)] == [None, 300.0]


@pytest.mark.parametrize("quality", [Quality.BACKFILL, Quality.TIME_UNKNOWN])
def test_history_and_what_nobody_knows_the_time_of_tell_nothing(quality: Quality):
    heard = HeardContext(SITE)
    assert not heard.hear(said("gauge-west", 10, quality=int(quality), tide_level=300.0))
    assert not heard.hear(said("count-1", 10, quality=int(quality), people_now=100.0))
    assert known(heard, "tide_level", 11) is None


def test_other_things_that_a_station_says_tell_nothing():
    heard = HeardContext(SITE)
    assert not heard.hear(said("gauge-west", 0, battery=90.0))
    assert not heard.hear(said("bin-1", 0, fill_level=90.0))


def test_nobody_listens_to_what_no_rule_asks_for():
    heard = HeardContext(SITE, frozenset({"lit", "at_work"}))
    assert heard.kinds == frozenset()
    assert not heard.hear(said("gauge-west", 0, tide_level=300.0))
    assert not heard.hear(said("count-1", 0, people_now=100.0))


def people(heard: HeardContext, minutes: float, one: float, two: float) -> None:
    heard.hear(said("count-1", minutes, people_now=one))
    heard.hear(said("count-2", minutes, people_now=two))


def test_a_zone_is_as_full_as_its_counters_together():
    heard = HeardContext(SITE)
    people(heard, 0, 100, 200)
    assert known(heard, "crowd_share", 0) == 75.0
    assert known(heard, "crowd_level", 0) == 0
    assert known(heard, "crowd_level", 0, IN_EAST) is None


@pytest.mark.parametrize(("share", "level"), [(79.9, 0), (80, 1), (89.9, 1), (90, 2), (100, 3), (130, 3)])
def test_levels_begin_at_80_90_and_100_percent(share: float, level: int):
    heard = HeardContext(SITE)
    people(heard, 0, share, 3 * share)
    assert known(heard, "crowd_level", 0) == level


def test_a_level_ends_ten_points_lower_and_after_a_quarter_of_an_hour():
    heard = HeardContext(SITE)
    people(heard, 0, 91, 273)
    people(heard, 10, 81, 243)  # 81 %: not ten points below 90
    assert known(heard, "crowd_level", 26) == 2
    people(heard, 30, 79, 237)  # now it is
    assert known(heard, "crowd_level", 44.99) == 2
    assert known(heard, "crowd_level", 45) == 1
    people(heard, 50, 69, 207)
    assert [known(heard, "crowd_level", m) for m in (50, 64.99, 65)] == [1, 1, 0]


def test_a_new_rush_within_the_quarter_keeps_the_level():
    heard = HeardContext(SITE)
    people(heard, 0, 91, 273)
    people(heard, 10, 60, 180)
    people(heard, 20, 85, 255)
    people(heard, 30, 60, 180)
    assert [known(heard, "crowd_level", m) for m in (24, 26, 44.9, 45)] == [2, 2, 2, 0]


def test_a_fall_goes_to_the_highest_that_it_touched_on_the_way():
    heard = HeardContext(SITE)
    people(heard, 0, 100, 300)
    people(heard, 5, 60, 180)
    people(heard, 10, 85, 255)
    assert [known(heard, "crowd_level", m) for m in (19.9, 20)] == [3, 2]


def test_a_counter_that_is_silent_counts_no_more_and_less_than_half_of_them_is_unknown():
    heard = HeardContext(SITE)
    people(heard, 0, 100, 30)
    heard.hear(said("count-2", 31, people_now=270.0))
    assert known(heard, "crowd_share", 31) == 90.0
    assert known(heard, "crowd_share", 61) is None
    heard.hear(said("count-1", 70, people_now=30.0))  # made for a quarter
    assert known(heard, "crowd_level", 70) is None
    heard.hear(said("count-2", 71, people_now=30.0))
    assert known(heard, "crowd_level", 71) == 0


def test_a_crew_is_at_work_until_half_an_hour_after_it_is_done():
    heard = HeardContext(SITE)
    assert heard.work("bin-1", "order-1", after(0), None)
    assert [known(heard, "at_work", m, AT_BIN) for m in (-1, 0, 400)] == [False, True, True]
    assert heard.work("bin-1", "order-1", None, after(20))
    assert [known(heard, "at_work", m, AT_BIN) for m in (20, 49.99, 50)] == [True, True, False]
    assert [known(heard, "since_work", m, AT_BIN) for m in (-1, 10, 20, 21.5, 60)] == [None, 0.0, 0.0, 60.0, 2400.0]
    assert known(heard, "since_work", 20 + 48 * 60, AT_BIN) is None


def test_who_forgets_to_say_done_has_gone_home_after_a_shift():
    heard = HeardContext(SITE)
    heard.work("bin-1", "order-1", after(0), None)
    assert [known(heard, "at_work", 60 * h, AT_BIN) for h in (7.99, 8)] == [True, False]


def test_done_without_having_arrived_leaves_the_half_hour():
    heard = HeardContext(SITE)
    assert heard.work("bin-1", "order-1", after(20), after(20))
    assert [known(heard, "at_work", m, AT_BIN) for m in (19, 20, 49, 50)] == [False, True, True, False]


def test_one_crew_ends_its_own_work_alone():
    heard = HeardContext(SITE)
    heard.work("bin-1", "order-1", after(0), None)
    heard.work("bin-1", "order-2", after(5), None)
    assert not heard.work("bin-1", "order-3", None, after(6))
    heard.work("bin-1", "order-1", None, after(10))
    assert known(heard, "at_work", 100, AT_BIN) is True
    assert heard.work("bin-1", "order-2", None, None)
    assert known(heard, "at_work", 100, AT_BIN) is False


def test_planned_work_is_known_on_its_facility_or_in_all_of_its_zone():
    heard = HeardContext(SITE)
    assert heard.plan("p1", "bin-1", "", after(10), after(20))
    assert [known(heard, "maintenance", m, AT_BIN) for m in (9, 10, 19, 20)] == [False, True, True, False]
    assert known(heard, "maintenance", 15) is False
    assert heard.plan("p2", "", "west", after(30), after(40))
    assert [known(heard, "maintenance", 30, place) for place in (AT_BIN, IN_WEST, IN_EAST)] == [True, True, False]
    assert heard.plan("p2", "", "west", after(30), after(35))
    assert known(heard, "maintenance", 36, AT_BIN) is False
    assert heard.plan("p1", "bin-1", "", after(10), after(10))
    assert known(heard, "maintenance", 15, AT_BIN) is False


def test_spans_hold_what_they_say():
    heard = HeardContext(SITE)
    for minutes in range(0, 120, 10):
        heard.hear(said("gauge-west", minutes, tide_level=200.0 + minutes, rain_rate=1.0, wind_gust=float(minutes % 7)))
        people(heard, minutes, 90.0 - minutes / 2, 200.0)
    heard.work("bin-1", "order-1", after(20), None)
    heard.work("bin-1", "order-1", None, after(40))
    heard.plan("p1", "bin-1", "", after(50), after(55))
    when, steps = after(-5), 0
    while when < after(200):
        around = heard.at(AT_BIN, when)
        assert around.since <= when < around.until
        assert heard.at(AT_BIN, min(around.until, after(200)) - 1).values == around.values
        assert heard.at(AT_BIN, around.since).values == around.values
        when, steps = around.until, steps + 1
    assert steps < 200 + 60
