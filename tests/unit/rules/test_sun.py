from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from domain.site import Position
from rules.context.sun import MARGIN, Sun
from rules.core.surroundings import Place

SHANGHAI = ZoneInfo("Asia/Shanghai")
BAY = Place("bay", {})
SUN = Sun({"bay": Position(36.06, 120.35)}, "Asia/Shanghai")


def millis(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)


@pytest.mark.parametrize(
    ("day", "rises", "sets"),
    [("2026-06-21", "04:41", "19:18"), ("2026-10-01", "05:52", "17:43"), ("2026-12-21", "07:05", "16:47")],
)
def test_the_sun_rises_and_sets_as_domain_md_says_within_two_minutes(day: str, rises: str, sets: str):
    around = SUN.at(BAY, millis(f"{day}T12:00"))
    assert around.values == {"lit": False, "daylight": True}
    assert abs(around.since - millis(f"{day}T{rises}")) <= 120_000
    assert abs(around.until - millis(f"{day}T{sets}")) <= 120_000


def test_lamps_must_be_on_a_quarter_of_an_hour_after_sunset_and_until_one_before_sunrise():
    noon = SUN.at(BAY, millis("2026-10-01T12:00"))
    dusk = SUN.at(BAY, noon.until)
    assert dusk.values == {"lit": False, "daylight": False}
    assert dusk.until == noon.until + MARGIN
    assert SUN.at(BAY, dusk.until).values == {"lit": True, "daylight": False}


def test_spans_join_without_a_gap_for_a_week():
    at = start = millis("2026-10-01T00:00")
    while at < start + 7 * 86_400_000:
        around = SUN.at(BAY, at)
        assert around.since <= at < around.until
        assert SUN.at(BAY, around.until - 1) == around
        at = around.until
