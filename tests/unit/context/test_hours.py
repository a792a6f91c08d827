"""Opening hours: by season, past midnight, all day."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from domain.site import Hours
from rules.context.hours import FAR, Opening
from services.site.notation import hours

TIMEZONE = "Asia/Shanghai"
HERE = ZoneInfo(TIMEZONE)
TOILET = hours("04-01..10-31 05:00-23:00; 11-01..03-31 06:00-22:00")
SHARED = hours("18:00-07:30")
MINUTE = 60_000


def millis(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=HERE).timestamp() * 1000)


def is_open(what: tuple[Hours, ...], text: str) -> bool | float:
    return Opening(TIMEZONE).at(what, millis(text)).values["open"]


@pytest.mark.parametrize(
    ("when", "open_"),
    [
        ("2026-10-31T05:00", True),
        ("2026-10-31T04:59", False),
        ("2026-10-31T22:59", True),
        ("2026-10-31T23:00", False),
        ("2026-11-01T05:30", False),
        ("2026-11-01T06:00", True),
        ("2026-11-01T22:00", False),
        ("2026-12-31T21:59", True),
        ("2027-01-01T06:00", True),
        ("2027-04-01T05:00", True),
    ],
)
def test_a_toilet_keeps_summer_and_winter_hours(when: str, open_: bool):
    assert is_open(TOILET, when) is open_


@pytest.mark.parametrize(
    ("when", "open_"),
    [
        ("2026-10-01T17:59", False),
        ("2026-10-01T18:00", True),
        ("2026-10-01T23:59", True),
        ("2026-10-02T00:00", True),
        ("2026-10-02T07:29", True),
        ("2026-10-02T07:30", False),
    ],
)
def test_a_window_past_midnight_is_one_window(when: str, open_: bool):
    assert is_open(SHARED, when) is open_


def test_what_began_in_the_old_season_ends_as_it_began():
    late = hours("04-01..10-31 18:00-02:00; 11-01..03-31 18:00-20:00")
    assert is_open(late, "2026-11-01T01:59") is True
    assert is_open(late, "2026-11-01T02:00") is False
    assert is_open(late, "2026-11-02T01:00") is False


def test_without_hours_it_is_always_open():
    around = Opening(TIMEZONE).at((), millis("2026-10-01T03:00"))
    assert around.values == {"open": True, "minutes_to_close": FAR}


def test_a_whole_day_never_closes_at_midnight():
    day = (Hours((1, 1), (12, 31), 0, 1440),)
    around = Opening(TIMEZONE).at(day, millis("2026-10-01T23:59"))
    assert around.values == {"open": True, "minutes_to_close": FAR}


@pytest.mark.parametrize(
    ("when", "minutes"),
    [
        ("2026-10-01T22:00", 60.0),
        ("2026-10-01T22:59:00.001", 1.0),
        ("2026-10-01T22:59:59.999", 1.0),
        ("2026-10-01T23:00", 0.0),
        ("2026-10-01T04:00", 0.0),
    ],
)
def test_how_long_it_is_still_open_is_said_in_whole_minutes(when: str, minutes: float):
    assert Opening(TIMEZONE).at(TOILET, millis(when)).values["minutes_to_close"] == minutes


@pytest.mark.parametrize("what", [TOILET, SHARED, ()], ids=["toilet", "shared", "always"])
@pytest.mark.parametrize("minutely", [True, False])
def test_spans_follow_each_other_without_a_gap_and_hold_what_they_say(what: tuple[Hours, ...], minutely: bool):
    opening = Opening(TIMEZONE, minutely=minutely)
    when, end = millis("2026-10-30T00:00"), millis("2026-11-03T00:00")
    steps = 0
    while when < end:
        around = opening.at(what, when)
        assert around.since <= when < around.until
        assert opening.at(what, around.until - 1).values == around.values
        when = around.until
        steps += 1
    assert steps < (10_000 if minutely else 30)
