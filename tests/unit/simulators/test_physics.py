import itertools
from datetime import datetime

import pytest

from domain.site import Hours
from simulators.almanac import Almanac, holiday
from simulators.hours import is_open
from simulators.voice import Publish
from simulators.weather import Weather
from simulators.world import World
from tests.unit.simulators.toy_coast import HOUR, MINUTE, NOTHING, START, said_by, toy_site


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


DAY_START = at("2026-10-01T00:00+08:00")


@pytest.fixture(scope="module")
def a_day():
    return World(toy_site(), 2, DAY_START, NOTHING).step(DAY_START + 24 * HOUR)


@pytest.mark.parametrize("facility", ["crowd-00", "parking-00", "toilet-00", "bin-00", "green-00", "light-03"])
def test_however_often_somebody_looks_he_sees_the_same(facility: str):
    seldom, often = (World(toy_site(), 3, DAY_START, NOTHING) for _ in range(2))
    for minute in range(7, 24 * 60, 7):  # whatever for
        often.call(DAY_START + minute * MINUTE, "look", often._things[facility].advance)
    told = [said_by(world.step(DAY_START + 24 * HOUR), facility) for world in (seldom, often)]
    assert told[0] == told[1]
    assert len(told[0]) > 20


def test_the_sun_is_where_the_practice_says_it_is():
    almanac = Almanac(toy_site(), 7)
    rise, fall = almanac.sun("bay", datetime(2026, 10, 1).date())
    assert abs(rise - at("2026-10-01T05:52+08:00")) < 3 * MINUTE
    assert abs(fall - at("2026-10-01T17:43+08:00")) < 3 * MINUTE


def test_local_time_is_that_of_the_site():
    almanac = Almanac(toy_site(), 7)
    now = almanac.local(at("2026-10-01T23:30+08:00"))
    assert (now.day.isoformat(), now.weekday, now.minute) == ("2026-10-01", 3, 23 * 60 + 30)
    assert almanac.moment(now.day, 25 * 60) == at("2026-10-02T01:00+08:00")


def test_national_day_is_a_holiday_and_the_middle_of_october_is_not():
    assert holiday(datetime(2026, 10, 1).date())
    assert not holiday(datetime(2026, 10, 14).date())


def test_lamps_are_lit_by_night_and_dark_by_day(a_day: list[Publish]):
    for when, values in said_by(a_day, "light-03"):
        clock = datetime.fromtimestamp(when / 1000).astimezone(datetime.fromisoformat("2026-10-01T00:00+08:00").tzinfo)
        minute = clock.hour * 60 + clock.minute
        if minute > 18 * 60 or minute < 5 * 60 + 40:
            assert values["commanded_level"] >= 50
            assert values["active_power"] > 0.45 * 60
        elif 6 * 60 < minute < 17 * 60 + 40:
            assert values["commanded_level"] == 0
            assert values["active_power"] < 0.1 * 60


def test_lamps_speak_when_switched_and_more_often_when_lit(a_day: list[Publish]):
    lit = [when for when, values in said_by(a_day, "light-03") if values["commanded_level"] > 0]
    evening = [when for when in lit if when > at("2026-10-01T12:00+08:00")]
    assert evening[0] < at("2026-10-01T17:43+08:00") + 6 * MINUTE
    assert max(b - a for a, b in itertools.pairwise(evening)) < 16 * MINUTE


def test_power_follows_the_level(a_day: list[Publish]):
    for _, values in said_by(a_day, "light-07"):
        if values["commanded_level"] > 0:
            assert values["active_power"] == pytest.approx(60 * values["commanded_level"] / 100, rel=0.1)


@pytest.mark.parametrize(
    ("facility", "names"),
    [
        ("light-01", ("active_energy", "operating_hours")),
        ("parking-01", ("vehicles_in", "vehicles_out")),
        ("crowd-01", ("people_in", "people_out")),
    ],
)
def test_counters_never_go_back(a_day: list[Publish], facility: str, names: tuple[str, ...]):
    for name in names:
        counts = [values[name] for _, values in said_by(a_day, facility) if name in values]
        assert len(counts) > 10
        assert counts == sorted(counts)
        assert counts[-1] > counts[0]


def test_lots_add_up(a_day: list[Publish]):
    for _, values in said_by(a_day, "parking-02"):
        assert values["occupied_spots"] + values["available_spots"] == values["total_spots"] == 120
        assert 0 <= values["occupied_spots"] <= 120
    ins = [
        values["vehicles_in"] - values["vehicles_out"] - values["occupied_spots"]
        for _, values in said_by(a_day, "parking-02")
    ]
    assert len(set(ins)) == 1


def test_bins_fill_with_people_and_the_rounds_empty_them(a_day: list[Publish]):
    for facility in ("bin-00", "bin-05", "bin-11"):
        fills = [values["fill_level"] for _, values in said_by(a_day, facility)]
        drops = sum(1 for a, b in itertools.pairwise(fills) if b < a - 10)
        assert 2 <= drops <= 3
    night = [v["fill_level"] for when, v in said_by(a_day, "bin-00") if when < at("2026-10-01T05:00+08:00")]
    assert max(night) - min(night) < 8


def test_kept_toilets_stay_far_below_the_limits(a_day: list[Publish]):
    for n in range(6):
        for _, values in said_by(a_day, f"toilet-{n:02}"):
            assert 0.0 < values["nh3_ppm"] < 0.43  # class 1 of GB/T 17217
            assert 0 <= values["stalls_free"] <= 8
    people = [values["people_since_clean"] for _, values in said_by(a_day, "toilet-00")]
    assert 40 < max(people) < 400
    assert sum(1 for a, b in itertools.pairwise(people) if b < a) >= 8


def test_beds_dry_by_day_and_are_watered_at_dawn(a_day: list[Publish]):
    for n in range(5):
        shares = [values["soil_moisture"] / 32.0 for _, values in said_by(a_day, f"green-{n:02}")]
        assert min(shares) > 0.55
        day = [
            values["soil_moisture"]
            for when, values in said_by(a_day, f"green-{n:02}")
            if at("2026-10-01T07:00+08:00") < when < at("2026-10-01T17:00+08:00")
        ]
        assert day[-1] < day[0]


def test_the_tide_has_two_highs_a_day_and_the_range_of_this_coast():
    site = toy_site()
    weather = Weather(7, Almanac(site, 7))
    tides = [weather.tide_cm(START + n * 10 * MINUTE) for n in range(6 * 24 * 30)]
    turns = [n for n in range(1, len(tides) - 1) if tides[n - 1] < tides[n] >= tides[n + 1]]
    assert 55 <= len(turns) <= 60
    lows = [n for n in range(1, len(tides) - 1) if tides[n - 1] > tides[n] <= tides[n + 1]]
    ranges = [tides[high] - min((tides[low] for low in lows if abs(low - high) < 50), default=0) for high in turns]
    assert 240 < sum(ranges) / len(ranges) < 330
    assert max(ranges) > 380


def test_the_weather_moves_smoothly_and_stays_in_the_season():
    weather = Weather(7, Almanac(toy_site(), 7))
    airs = [weather.air(START + n * MINUTE) for n in range(24 * 60)]
    assert 12 < min(airs) < max(airs) < 30
    assert max(abs(b - a) for a, b in itertools.pairwise(airs)) < 0.1
    for n in range(24 * 7):
        assert 0 <= weather.wind(START + n * HOUR) <= weather.gust(START + n * HOUR) < 40
        assert weather.rain(START + n * HOUR) >= 0


def test_the_feeder_and_the_cabinet_carry_what_their_lamps_draw(a_day: list[Publish]):
    late = [values for when, values in said_by(a_day, "feeder-00") if when > at("2026-10-01T18:00+08:00")]
    assert late[0]["total_active_power"] == pytest.approx(42 * 60, rel=0.06)
    box = [values for when, values in said_by(a_day, "cabinet-00") if when > at("2026-10-01T18:00+08:00")]
    assert box[0]["total_active_power"] == pytest.approx(52 * 60, rel=0.06)


def test_hours_past_midnight_belong_to_the_day_they_began_on():
    from dataclasses import replace

    lot = replace(toy_site().facilities["parking-00"], hours=(Hours((1, 1), (12, 31), 19 * 60, 31 * 60),))
    almanac = Almanac(toy_site(), 7)
    assert is_open(lot, almanac.local(at("2026-10-02T06:59+08:00")))
    assert not is_open(lot, almanac.local(at("2026-10-02T07:00+08:00")))
    assert is_open(lot, almanac.local(at("2026-10-02T19:00+08:00")))
