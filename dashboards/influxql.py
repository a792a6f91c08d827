"""The questions that panels ask: InfluxQL over `/query`, which InfluxDB 1.x, 2.x and 3.x all answer.

Grafana puts in the time range (`$timeFilter`), the width of a pixel (`${__interval}`) and the dashboard's variables.
"""

from dataclasses import dataclass
from typing import Final

from domain.naming import FIELD_QUALITY, QUANTITIES, TAGS, Kind

CHOSEN: Final = '"site" =~ /^${site:regex}$/ AND "zone" =~ /^${zone:regex}$/'


@dataclass(frozen=True, slots=True)
class Curve:
    """One number over time: `pick` (mean, max, sum, count …) of a field in each interval, one line for each of `by`."""

    kinds: tuple[Kind, ...]
    field: str
    pick: str = "mean"
    by: tuple[str, ...] = ()
    where: str = ""
    fill: str = "none"

    def text(self) -> str:
        """The query."""
        grouped = ", ".join(["time(${__interval})", *_tags(self.by)])
        return (
            f"SELECT {self.pick}({_field(self.field)}) FROM {_kinds(self.kinds)}"  # noqa: S608
            f" WHERE {_where(self.where)} GROUP BY {grouped} fill({self.fill})"
        )

    def alias(self) -> str:
        """How Grafana names the lines."""
        return " ".join(f"$tag_{tag}" for tag in self.by) or "$m"


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand at the end of the range: the newest value of a field for each of `by`."""

    kind: Kind
    field: str
    by: tuple[str, ...] = ("facility",)

    def text(self) -> str:
        """The query: one row for each."""
        return (
            f"SELECT last({_field(self.field)}) AS {_name(self.field)} FROM {_kinds((self.kind,))}"  # noqa: S608
            f" WHERE {_where()} GROUP BY {', '.join(_tags(self.by))}"
        )

    def over_all(self, pick: str, *, where: str = "") -> str:
        """The query: one number over them all, or over those of which `where` is true."""
        only = f" WHERE {where}" if where else ""
        return f"SELECT {pick}({_name(self.field)}) FROM ({self.text()}){only}"  # noqa: S608

    def most(self, pick: str, number: int) -> str:
        """The query: the `number` highest (`pick` top) or lowest (bottom) of them."""
        tags = ", ".join(_tags(self.by))
        return f"SELECT {pick}({_name(self.field)}, {tags}, {number}) AS {_name(self.field)} FROM ({self.text()})"  # noqa: S608


def values_of(tag: str, *, where: str = "") -> str:
    """The query: all values of a tag, for a variable of the dashboard."""
    return f"SHOW TAG VALUES WITH KEY = {_tags((tag,))[0]}" + (f" WHERE {where}" if where else "")


def _where(more: str = "") -> str:
    return " AND ".join(["$timeFilter", CHOSEN, *([more] if more else [])])


def _field(name: str) -> str:
    if name != FIELD_QUALITY and name not in QUANTITIES:
        raise ValueError(f"{name} is no quantity of ours")
    return _name(name)


def _tags(names: tuple[str, ...]) -> list[str]:
    if unknown := set(names) - set(TAGS):
        raise ValueError(f"{sorted(unknown)} are no tags of ours")
    return [_name(name) for name in names]


def _kinds(kinds: tuple[Kind, ...]) -> str:
    return ", ".join(_name(kind) for kind in kinds)


def _name(text: str) -> str:
    return f'"{text}"'
