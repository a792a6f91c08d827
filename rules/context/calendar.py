"""What kind of day it is: season, holiday, 调休.

Public holidays come from files, one for each year, because the State Council says anew each autumn which days are off
and which weekends are worked for them. Of a year without a file nobody knows: `holiday`, `workday`, `working_weekend`
and `golden_week` are then unknown, and the rules that name them neither raise nor clear.

To add a year, write `holidays/cn-YYYY.yaml` after its neighbour: each span of days off as the notice says it, weekends
included, and under `worked` the Saturdays and Sundays that are worked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from domain.readings import Millis
from domain.site import Name
from rules.context.local import Days
from rules.core.surroundings import Surroundings
from rules.marked import Marked

SHIPPED: Final = Path(__file__).parent / "holidays"
DECREED: Final = frozenset({"holiday", "workday", "working_weekend", "golden_week"})  # unknown without a file
_GOLDEN_DAYS: Final = 7  # 黄金周: Spring Festival and National Day, a week off each
_SEASONS: Final = ("winter", "spring", "summer", "autumn")


def _day(text: object) -> date:
    return date.fromisoformat(str(text))


Day = Annotated[date, BeforeValidator(_day)]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _NameSaid(_Said):
    en: str
    zh: str


class _OffSaid(_Said):
    name: _NameSaid
    first: Day = Field(alias="from")
    last: Day = Field(alias="to")


class _YearSaid(_Said):
    country: str
    year: int
    notice: str
    off: list[_OffSaid]
    worked: list[Day] = []


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days off in one piece, both ends included."""

    name: Name
    first: date
    last: date

    @property
    def golden(self) -> bool:
        """Whether it is a golden week."""
        return (self.last - self.first).days + 1 >= _GOLDEN_DAYS


@dataclass(frozen=True, slots=True)
class Year:
    """What was decreed of one year, and by which notice."""

    year: int
    notice: str
    off: tuple[Holiday, ...]
    worked: frozenset[date]

    def flags(self, day: date) -> dict[str, bool | float]:
        """What a day of it is."""
        within = next((one for one in self.off if one.first <= day <= one.last), None)
        weekend, worked = day.weekday() >= 5, day in self.worked
        free = within is not None or (weekend and not worked)
        return {
            "holiday": free,
            "workday": not free,
            "working_weekend": worked,
            "golden_week": within is not None and within.golden,
        }


def read_year(file: Path) -> Year:
    """Read the file of a year. Raises FaultyFileError."""
    marked = Marked(str(file), file.read_text("utf-8", "replace"))
    try:
        said = _YearSaid.model_validate(marked.content)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        raise marked.fault(first["loc"], ".".join(map(str, first["loc"])), first["msg"]) from wrong
    for number, one in enumerate(said.off):
        if not (one.first <= one.last and one.first.year == one.last.year == said.year):
            raise marked.fault(("off", number), f"{one.name.en} is no span of {said.year}", "from and to within it")
    for number, day in enumerate(said.worked):
        if day.year != said.year or day.weekday() < 5 or any(one.first <= day <= one.last for one in said.off):
            raise marked.fault(
                ("worked", number), f"{day} is not worked for a holiday", "a weekend day that is not off"
            )
    off = tuple(Holiday(Name(one.name.en, one.name.zh), one.first, one.last) for one in said.off)
    return Year(said.year, said.notice, off, frozenset(said.worked))


@lru_cache(8)
def read_years(*folders: Path) -> Mapping[int, Year]:
    """Every year of some folders; of a year that several have, what the last of them says. Raises FaultyFileError."""
    years = [read_year(file) for folder in folders for file in sorted(folder.glob("cn-*.yaml"))]
    return {one.year: one for one in years}


class Calendar:
    """The flags of each local day; a pure function of the files."""

    def __init__(self, timezone: str, years: Mapping[int, Year]) -> None:
        self._days, self._years = Days(timezone), years

    def at(self, when: Millis) -> Surroundings:
        """What is known of the day of a moment."""
        since, until = self._days.span(when)
        return Surroundings(since, until, self.flags(self._days.of(when)))

    def flags(self, day: date) -> dict[str, bool | float]:
        """What is known of a day."""
        season = _SEASONS[day.month % 12 // 3]
        flags: dict[str, bool | float] = {f"season_{one}": one == season for one in _SEASONS}
        year = self._years.get(day.year)
        return flags if year is None else flags | year.flags(day)

    def unknown(self, first: date, last: date) -> tuple[int, ...]:
        """The years of a span of which no file says anything."""
        return unknown_years(self._years, first, last)


def unknown_years(years: Iterable[int], first: date, last: date) -> tuple[int, ...]:
    """The years from one day to another that are not among those known."""
    known = set(years)
    return tuple(year for year in range(first.year, last.year + 1) if year not in known)
