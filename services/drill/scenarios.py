"""Scenarios of drills: what happens and when, as YAML that an operator reads and writes. Checked when it is loaded."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from domain.errors import FaultyFileError, NotFoundError
from domain.readings import Millis
from domain.site import Name
from rules.marked import Marked
from rules.written import seconds
from simulators.faults import FaultPlan
from simulators.plans import read_plan
from simulators.spells import SORTS, Spell

LIBRARY: Final = Path(__file__).parent / "library"
LONGEST_S: Final = 86_400
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_DAY: Final = re.compile(r"(\d\d)-(\d\d)")


def _minutes(text: object) -> int:
    found = _CLOCK.fullmatch(str(text))
    if found is None:
        raise ValueError(f"{text!r} is no time of day such as 17:00")
    return int(found[1]) * 60 + int(found[2])


def _month_and_day(text: object) -> tuple[int, int] | None:
    found = _DAY.fullmatch(str(text))
    if found is None:
        raise ValueError(f"{text!r} is no day of a year such as 10-01")
    month, day = int(found[1]), int(found[2])
    date(2001, month, day)  # raises where there is none in every year
    return month, day


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Title(_Said):
    en: str
    zh: str


class _Surroundings(_Said):
    what: str
    since: Annotated[int, BeforeValidator(seconds)] = Field(alias="from")
    until: Annotated[int, BeforeValidator(seconds)]
    value: float

    @model_validator(mode="after")
    def _is_one(self) -> "_Surroundings":
        if self.what not in SORTS:
            raise ValueError(f"nothing of that name surrounds a coast; there are {', '.join(SORTS)}")
        if self.until <= self.since:
            raise ValueError("it ends before it begins")
        return self


class _File(_Said):
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    title: _Title
    shows: str
    day: Annotated[tuple[int, int] | None, BeforeValidator(_month_and_day)] = None
    starts: Annotated[int, BeforeValidator(_minutes)]
    lasts: Annotated[int, BeforeValidator(seconds), Field(ge=60, le=LONGEST_S)]
    surroundings: list[_Surroundings] = []
    faults: list[Any] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is played. Times of what surrounds the coast count from the beginning."""

    name: str
    title: Name
    shows: str
    day: tuple[int, int] | None  # month and day; None: any day
    starts: int  # minutes after local midnight
    lasts: Millis
    surroundings: tuple[Spell, ...]
    faults: FaultPlan

    def begins(self, now: Millis, timezone: str) -> Millis:
        """When it is played if nobody says: at its hour on its day, of this year or the last one, whichever has come;
        without a day of its own, today.
        """
        zone = ZoneInfo(timezone)
        today = datetime.fromtimestamp(now / 1000, zone).date()
        day = today
        if self.day is not None:
            day = date(today.year, *self.day)
            day = day if day <= today else date(today.year - 1, *self.day)
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        return round((midnight + timedelta(minutes=self.starts)).timestamp() * 1000)

    def spells(self, start: Millis) -> tuple[Spell, ...]:
        """What surrounds the coast, in a drill that begins then."""
        return tuple(one._replace(since=start + one.since, until=start + one.until) for one in self.surroundings)


def shipped() -> Mapping[str, Scenario]:
    """Those that come with Tidewalk, by name. Raises FaultyFileError."""
    found = [read(path.read_text("utf-8"), path.name) for path in sorted(LIBRARY.glob("*.yaml"))]
    return {one.name: one for one in found}


def named(name: str) -> Scenario:
    """A shipped one by its name, or a file by its path. Raises NotFoundError, FaultyFileError."""
    known = shipped()
    if name in known:
        return known[name]
    path = Path(name)
    if path.suffix not in (".yaml", ".yml") or not path.is_file():
        raise NotFoundError(f"there is no scenario {name}; expected one of {', '.join(known)}, or a YAML file")
    try:
        return read(path.read_text("utf-8"), name)
    except (OSError, UnicodeDecodeError) as wrong:
        raise FaultyFileError(name, 1, f"cannot be read: {wrong}", "text in UTF-8") from wrong


def read(text: str, file: str) -> Scenario:
    """A scenario from YAML. Raises FaultyFileError with the line."""
    marked = Marked(file, text)
    if not isinstance(marked.content, dict):
        raise FaultyFileError(file, 1, "no scenario", "name, title, shows, starts, lasts, faults")
    try:
        said = _File.model_validate(marked.content)
    except ValidationError as wrong:
        first = min(wrong.errors(), key=lambda one: one["type"] != "extra_forbidden")  # a word misspelt is missing, too
        where = ".".join(str(part) for part in first["loc"])
        raise marked.fault(first["loc"], f"{where}: {first['msg'].removeprefix('Value error, ')}") from wrong
    spells = tuple(Spell(s.what, s.since * 1000, s.until * 1000, s.value) for s in said.surroundings)
    return Scenario(
        said.name,
        Name(said.title.en, said.title.zh),
        said.shows,
        said.day,
        said.starts,
        said.lasts * 1000,
        spells,
        read_plan(text, file),
    )
