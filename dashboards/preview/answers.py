"""Answers of InfluxDB as panels want them: lines over time, or rows."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.readings import Millis

Json = Mapping[str, Any]
Cell = float | str | bool | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its name, and its points in order of time."""

    name: str
    points: tuple[tuple[Millis, Cell], ...]

    @property
    def last(self) -> Cell:
        """The newest value there is."""
        return next((value for _, value in reversed(self.points) if value is not None), None)


def lines_of(target: Json, series: Iterable[Json]) -> list[Line]:
    """The lines of an answer, named as the target's alias says."""
    found: list[Line] = []
    for one in series:
        for place in range(1, len(one["columns"])):
            name = _named(target.get("alias", ""), one, one["columns"][place])
            points = tuple((row[0], row[place]) for row in one["values"] if row[place] is not None)
            if points:
                found.append(Line(name, points))
    return sorted(found, key=lambda line: line.name)


def _named(alias: str, series: Json, column: str) -> str:
    tags = series.get("tags", {})
    name = re.sub(r"\$tag_(\w+)", lambda found: str(tags.get(found[1], "")), alias)
    return name.replace("$m", series["name"]).replace("$col", column).strip() or "—"


def rows_of(series: Iterable[Json]) -> list[dict[str, Cell]]:
    """The rows of an answer, tags as columns."""
    return [
        {**one.get("tags", {}), **dict(zip(("Time", *one["columns"][1:]), row, strict=True))}
        for one in series
        for row in one["values"]
    ]


def arranged(panel: Json, rows: Sequence[dict[str, Cell]]) -> tuple[list[str], list[list[Cell]]]:
    """Columns by their headings, in the order that the panel says, and the rows under them, sorted as it says."""
    shown: dict[str, str] = {}
    for one in panel.get("transformations", ()):
        if one["id"] == "organize":
            renamed = one["options"]["renameByName"]
            order = one["options"]["indexByName"]
            shown = {name: renamed.get(name, name) for name in sorted(order, key=lambda name: order[name])}
    heads = list(shown.values())
    cells = [[row.get(name) for name in shown] for row in rows]
    for by in panel["options"].get("sortBy") or ():
        place = heads.index(by["displayName"])
        cells.sort(key=lambda row: (row[place] is not None, row[place]), reverse=by["desc"])
    return heads, cells
