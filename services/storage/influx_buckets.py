"""Buckets counted inside InfluxDB, in InfluxQL: the question, and the answer read."""

from collections.abc import Mapping
from typing import Any, Final

from domain.naming import QUANTITIES
from domain.readings import Millis
from domain.series import COUNT, LAST, MAX, MEAN, MIN
from services.buckets import Bucketed

_FUNCTIONS: Final = ("count", "last", "mean", "min", "max")  # the last three of numbers alone; InfluxQL leaves them out


def question(measurement: str, where: str, since: Millis, width: Millis) -> str:
    """What to ask. InfluxQL's buckets begin at the epoch; the offset has them begin at `since`."""
    wanted = ", ".join(f"{function}(*)" for function in _FUNCTIONS)
    return f"SELECT {wanted} FROM {measurement} WHERE {where} GROUP BY time({width}ms, {since % width}ms) fill(none)"  # noqa: S608  # quoted by whoever asks


def buckets_in(document: Mapping[str, Any]) -> Mapping[str, list[Bucketed]]:
    """The buckets of each quantity, by its name, of one document of the answer."""
    found: dict[str, list[Bucketed]] = {}
    for result in document.get("results", []):
        for series in result.get("series", []):
            for values in series["values"]:
                _add(found, dict(zip(series["columns"], values, strict=True)))
    return found


def rolled_in(document: Mapping[str, Any]) -> list[tuple[Millis, str, str, Bucketed]]:
    """What each quantity came to in each window of a roll-up, of one document: time, device, quantity."""
    found = []
    for result in document.get("results", []):
        for series in result.get("series", []):
            device = series["tags"]["device"]
            for values in series["values"]:
                row = dict(zip(series["columns"], values, strict=True))
                for column, count in row.items():
                    name, _, part = column.rpartition("_")
                    if part == COUNT and count and name in QUANTITIES:
                        found.append((row["time"], device, name, _window(name, int(count), row)))
    return found


def _window(name: str, count: int, row: Mapping[str, Any]) -> Bucketed:
    at, last, sort = row["time"], row[f"{name}_{LAST}"], QUANTITIES[name].type
    if sort != "float":
        return Bucketed(at, count, bool(last) if sort == "bool" else str(last))
    return Bucketed(at, count, float(last), *(float(row[f"{name}_{one}"]) for one in (MEAN, MIN, MAX)))


def _add(found: dict[str, list[Bucketed]], row: Mapping[str, Any]) -> None:
    for column, count in row.items():
        function, _, name = column.partition("_")
        if function == "count" and count and whole(name, row):
            found.setdefault(name, []).append(_bucket(name, int(count), row))


def whole(name: str, row: Mapping[str, Any]) -> bool:
    """Whether all that was counted of a quantity is there. The server does not count at one moment: of what is written
    meanwhile there may be a count and no least yet.
    """
    if name not in QUANTITIES:
        return False
    wanted = _FUNCTIONS if QUANTITIES[name].type == "float" else _FUNCTIONS[:2]
    return all(row.get(f"{function}_{name}") is not None for function in wanted)


def _bucket(name: str, count: int, row: Mapping[str, Any]) -> Bucketed:
    """InfluxQL has a least and a most of flags too, as 0 and 1; we have none."""
    at, last, sort = row["time"], row[f"last_{name}"], QUANTITIES[name].type
    if sort != "float":
        return Bucketed(at, count, bool(last) if sort == "bool" else str(last))
    return Bucketed(at, count, float(last), *(float(row[f"{one}_{name}"]) for one in ("mean", "min", "max")))
