"""What a duty officer's dictionary says that a vendor's fields carry: a second opinion beside ingest/profiles.

It was written from the published examples and the vendors' own words alone. The dictionary is in dictionary.py;
this file reads it. Values come from the real data when the tests run, none are held here.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from math import isclose
from typing import Any, Final, NamedTuple

from domain.naming import QUANTITIES
from domain.readings import Value

_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d+)?")
_RELATIVE, _ROUNDING = 0.01, 0.006
Said = Value | tuple[float, float]
Reads = Callable[[object], Said | None]
ByKind = Mapping[str, str]


class Row(NamedTuple):
    """One line of the dictionary: which fields of which devices are what, and how their value follows."""

    devices: str  # patterns of vendor/model, separated by spaces; one that begins with ! leaves out
    fields: str  # patterns of paths, separated by spaces: the first that is in the example counts
    to: str | ByKind  # quantities, any of which is right, separated by spaces; "" as a kind stands for the other kinds
    reads: Reads
    needed: bool = True  # False: right where it is given, and no gap where it is not
    only: str = ""  # FIELD=VALUE that must hold
    pick: str = ""  # "sum": all that match count together; else any flag that is up, or the span of the numbers


class Says(NamedTuple):
    """What one field says: any of the quantities, a value or the span in which it must lie."""

    quantities: tuple[str, ...]
    said: Said
    needed: bool
    field: str

    def agrees(self, value: Value) -> bool:
        """Whether a value is what the field says, but for rounding."""
        if isinstance(self.said, tuple):
            if isinstance(value, bool | str):
                return False
            low, high = self.said
            return low <= value <= high or _near(value, low) or _near(value, high)
        if isinstance(self.said, bool | str) or isinstance(value, bool | str):
            return type(value) is type(self.said) and value == self.said
        return _near(value, self.said)


def _near(value: float, said: float) -> bool:
    return isclose(value, said, rel_tol=_RELATIVE, abs_tol=_ROUNDING)


def number(found: object) -> float | None:
    """The number in a field, be it text with a unit behind; None for words, lists and flags."""
    if isinstance(found, str):
        digits = _NUMBER.match(found.strip())
        return float(digits.group()) if digits else None
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found)


def times(factor: float, *never: float) -> Reads:
    """A number in another unit; some stand for no value."""

    def read(found: object) -> Said | None:
        got = number(found)
        return None if got is None or got in never else got * factor

    return read


def words(yes: str, no: str) -> Reads:
    """One of two words, each list separated by spaces; any other word is no value."""
    meant = {**dict.fromkeys(yes.split(), True), **dict.fromkeys(no.split(), False)}
    return lambda found: meant.get(str(found).casefold().replace(" ", "_"))


def levels(full: str, none: str) -> Reads:
    """A word for all (100) or nothing (0)."""
    said = words(full, none)

    def read(found: object) -> Said | None:
        is_full = said(found)
        return None if is_full is None else 100.0 if is_full else 0.0

    return read


def places(taken: str, free: str, *, count_taken: bool) -> Reads:
    """A word for a place that is taken or free, as how many of one place."""
    said = words(taken, free)

    def read(found: object) -> Said | None:
        is_taken = said(found)
        return None if is_taken is None else float(is_taken == count_taken)

    return read


def volts(empty: float, full: float, factor: float = 1.0) -> Reads:
    """A cell's voltage as its charge: within a quarter of the straight line, since no two tables agree; but a cell
    that is more than half full is never called low, nor one that is empty half full.
    """

    def read(found: object) -> Said | None:
        got = number(found)
        if got is None or got <= 0:
            return None
        line = min(100.0, max(0.0, 100 * (got * factor - empty) / (full - empty)))
        return (max(0.0, line - 25, 21.0 if line > 50 else 0.0), min(100.0, line + 25, 50.0 if line < 10 else 100.0))

    return read


def flat(found: object, way: str = "") -> Iterator[tuple[str, object]]:
    """Every leaf by its path; what is wrapped with its unit is a leaf, and what is listed by its own name has it."""
    if isinstance(found, dict):
        for key in ("value", "data", "measurementValue"):
            if key in found and not isinstance(found[key], dict | list):
                name = found.get("measurementId", found.get("type") if "uuid" in found else None)
                yield (f"id.{name}" if name is not None else way), found[key]
                return
        for key, value in found.items():
            yield from flat(value, f"{way}.{key}" if way else str(key))
    elif isinstance(found, list):
        for place, value in enumerate(found):
            yield from flat(value, f"{way}.{place}")
    else:
        yield way, found


def says(
    rows: Iterable[Row], device: str, kind: str, attributes: Mapping[str, float], decoded: Mapping[str, Any]
) -> tuple[Says, ...]:
    """What a decoded object carries of our quantities on a facility of a kind."""
    leaves = list(flat(decoded))
    found = [said for row in rows if _is_of(device, row.devices) for said in _read(row, kind, leaves)]
    depth = attributes.get("depth_mm", 0)
    measured = next((one for one in found if "distance" in one.quantities), None)
    if kind == "bin" and depth and measured and not any("fill_level" in one.quantities for one in found):
        low, high = measured.said if isinstance(measured.said, tuple) else (measured.said, measured.said)
        span = (_filled(float(high), depth), _filled(float(low), depth))
        lies = any("tipped" in one.quantities and one.said is True for one in found)
        needed = measured.needed and not lies and high <= depth
        found.append(Says(("fill_level",), span, needed, measured.field))
    return tuple(found)


def _filled(distance: float, depth: float) -> float:
    return min(100.0, max(0.0, 100 * (1 - distance / depth)))


def _is_of(device: str, patterns: str) -> bool:
    named = device.casefold()
    out = [one[1:] for one in patterns.split() if one.startswith("!")]
    return not any(fnmatchcase(named, one) for one in out) and any(
        fnmatchcase(named, one) for one in patterns.split() if not one.startswith("!")
    )


def _read(row: Row, kind: str, leaves: list[tuple[str, object]]) -> Iterator[Says]:
    to = row.to if isinstance(row.to, str) else row.to.get(kind, row.to.get("", ""))
    if not to or not _holds(row.only, leaves):
        return
    for pattern in row.fields.split():
        meant = [(path, row.reads(value)) for path, value in leaves if fnmatchcase(path, pattern)]
        ours = [(path, value) for path, value in meant if value is not None and _believable(to, value)]
        if ours:
            values = [value for _, value in ours]
            said = sum(one for one in values if isinstance(one, float)) if row.pick else _together(values)
            yield Says(tuple(to.split()), said, row.needed, ours[0][0])
            return


def _together(values: list[Said]) -> Said:
    """Several fields of one thing: any flag that is up; a span of numbers."""
    if isinstance(values[0], bool):
        return any(bool(value) for value in values)
    if len(values) == 1 or isinstance(values[0], str):
        return values[0]
    ends = [end for value in values for end in (value if isinstance(value, tuple) else (float(value),))]
    return (min(ends), max(ends))


def _believable(to: str, said: Said) -> bool:
    if isinstance(said, bool | str | tuple):
        return True
    quantity = QUANTITIES[to.split(maxsplit=1)[0]]
    return (quantity.low is None or said >= quantity.low) and (quantity.high is None or said <= quantity.high)


def _holds(only: str, leaves: list[tuple[str, object]]) -> bool:
    if not only:
        return True
    name, _, wanted = only.partition("=")
    return any(path == name and str(found).casefold() == wanted for path, found in leaves)
