"""How many hours of people an order is, by an estimate that stands in a table."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.errors import FaultyFileError, NotFoundError

_OTHER = "other"


class Effort(BaseModel):
    """What one order takes: people, and minutes of each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    people: Annotated[int, Field(ge=1)]
    way: Annotated[float, Field(ge=0)]
    work: Annotated[float, Field(ge=0)]

    @property
    def hours(self) -> float:
        """Of all of them together."""
        return self.people * (self.way + self.work) / 60


class CrewHours(BaseModel):
    """The table: by rule, else by trade, else `other`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trades: dict[str, Effort]
    rules: dict[str, Effort] = {}

    def of(self, rule: str, trade: str) -> float:
        """The hours of one order."""
        found = self.rules.get(rule) or self.trades.get(trade) or self.trades[_OTHER]
        return found.hours


@cache
def shipped() -> CrewHours:
    """The estimates that come with Tidewalk."""
    return _read(files(__package__).joinpath("crew_hours.yaml").read_text("utf-8"), "crew_hours.yaml")


def read(path: Path) -> CrewHours:
    """A table of one's own. Raises FaultyFileError, NotFoundError."""
    if not path.is_file():
        raise NotFoundError(f"there is no {path}")
    return _read(path.read_text("utf-8", "replace"), str(path))


def _read(text: str, file: str) -> CrewHours:
    expected = "trades: {NAME: {people: 1, way: 30, work: 30}, other: …}"
    try:
        found = CrewHours.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as wrong:
        raise FaultyFileError(file, 1, f"no table of crew hours: {wrong}", expected) from wrong
    if _OTHER not in found.trades:
        raise FaultyFileError(file, 1, "no trade `other`", expected)
    return found
