"""Holidays, golden weeks and 调休, against the notices of the State Council."""

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from domain.errors import FaultyFileError
from rules.context.calendar import SHIPPED, Calendar, read_year, read_years

TIMEZONE = "Asia/Shanghai"
HERE = ZoneInfo(TIMEZONE)
CALENDAR = Calendar(TIMEZONE, read_years(SHIPPED))
WORKED = {
    2025: ("01-26", "02-08", "04-27", "09-28", "10-11"),
    2026: ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10"),
}
OFF = {
    2025: (
        ("01-01", "01-01"),
        ("01-28", "02-04"),
        ("04-04", "04-06"),
        ("05-01", "05-05"),
        ("05-31", "06-02"),
        ("10-01", "10-08"),
    ),
    2026: (
        ("01-01", "01-03"),
        ("02-15", "02-23"),
        ("04-04", "04-06"),
        ("05-01", "05-05"),
        ("06-19", "06-21"),
        ("09-25", "09-27"),
        ("10-01", "10-07"),
    ),
}
YEARS = sorted(OFF)


def days(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]


def of(year: int, text: str) -> date:
    return date.fromisoformat(f"{year}-{text}")


def millis(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=HERE).timestamp() * 1000)


@pytest.mark.parametrize("year", YEARS)
def test_every_day_of_the_year_is_what_the_notice_says(year: int):
    worked = {of(year, one) for one in WORKED[year]}
    off = {day for day in days(year) for first, last in OFF[year] if of(year, first) <= day <= of(year, last)}
    for day in days(year):
        flags = CALENDAR.flags(day)
        free = day in off or (day.weekday() >= 5 and day not in worked)
        assert (flags["holiday"], flags["workday"], flags["working_weekend"]) == (free, not free, day in worked), day


@pytest.mark.parametrize("year", YEARS)
def test_a_second_source_knows_the_same_days(year: int):
    holidays = pytest.importorskip("holidays", reason="the library is no dependency of ours")
    known = holidays.country_holidays("CN", years=year)
    for day in days(year):
        worked = day in known.weekend_workdays
        free = (day in known or day.weekday() >= 5) and not worked
        assert CALENDAR.flags(day)["holiday"] is free, day
        assert CALENDAR.flags(day)["working_weekend"] is worked, day


@pytest.mark.parametrize("day", ["2026-10-10", "2026-09-20", "2025-10-11", "2025-01-26"])
def test_a_weekend_that_is_worked_is_no_holiday(day: str):
    flags = CALENDAR.flags(date.fromisoformat(day))
    assert flags["working_weekend"] is True
    assert flags["workday"] is True
    assert flags["holiday"] is False


@pytest.mark.parametrize(
    ("day", "golden"),
    [
        ("2026-02-14", False),
        ("2026-02-15", True),
        ("2026-02-23", True),
        ("2026-05-03", False),
        ("2026-10-07", True),
        ("2026-10-08", False),
        ("2025-10-08", True),
    ],
)
def test_a_golden_week_is_a_holiday_of_a_week(day: str, golden: bool):
    assert CALENDAR.flags(date.fromisoformat(day))["golden_week"] is golden


def test_of_a_year_without_a_file_nobody_knows_but_the_season_is_known():
    around = CALENDAR.at(millis("2031-10-01T12:00"))
    assert "holiday" not in around.values
    assert "workday" not in around.values
    assert around.values["season_autumn"] is True
    assert CALENDAR.unknown(date(2025, 12, 1), date(2027, 2, 1)) == (2027,)


def test_a_day_begins_at_midnight_of_the_coast_and_not_of_utc():
    last, first = CALENDAR.at(millis("2026-09-30T23:59:59.999")), CALENDAR.at(millis("2026-10-01T00:00"))
    assert last.values["golden_week"] is False
    assert first.values["golden_week"] is True
    assert last.until == first.since == millis("2026-10-01T00:00")
    assert first.until == millis("2026-10-02T00:00")


@pytest.mark.parametrize(
    ("month", "season"), [(2, "winter"), (3, "spring"), (6, "summer"), (8, "summer"), (9, "autumn"), (12, "winter")]
)
def test_one_season_at_a_time(month: int, season: str):
    flags = CALENDAR.flags(date(2026, month, 1))
    assert [name for name, on in flags.items() if on and name.startswith("season_")] == [f"season_{season}"]


FILE = """
country: CN
year: 2027
notice: none, a trial
off:
  - {name: {en: New Year, zh: 元旦}, from: 2027-01-01, to: 2027-01-03}
worked: [2027-01-09]
"""


def test_a_file_of_ones_own_adds_a_year(tmp_path: Path):
    (tmp_path / "cn-2027.yaml").write_text(FILE, "utf-8")
    flags = Calendar(TIMEZONE, read_years(SHIPPED, tmp_path)).flags(date(2027, 1, 9))
    assert flags["working_weekend"] is True
    assert set(read_years(SHIPPED, tmp_path)) == {2025, 2026, 2027}


@pytest.mark.parametrize(
    ("was", "becomes", "line"),
    [
        ("2027-01-09", "2027-01-11", 7),
        ("2027-01-09", "2027-01-02", 7),
        ("to: 2027-01-03", "to: 2026-12-31", 6),
        ("to: 2027-01-03", "to: soon", 6),
        ("worked", "works", 7),
    ],
)
def test_a_faulty_year_is_refused_with_its_line(was: str, becomes: str, line: int, tmp_path: Path):
    file = tmp_path / "cn-2027.yaml"
    file.write_text(FILE.replace(was, becomes), "utf-8")
    with pytest.raises(FaultyFileError) as refused:
        read_year(file)
    assert refused.value.line == line
