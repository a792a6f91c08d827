"""The questions that panels ask: InfluxQL over `/query`, which InfluxDB 1.x, 2.x and 3.x all answer.

What can be asked for is what `domain.naming` and `domain.series` name: anything else is refused when the dashboards
are built. Grafana puts in the time range (`$timeFilter`, `$__to`), the width of a pixel (`${__interval}`) and the
dashboard's variables.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from dashboards.target import SOURCES, Target
from domain.naming import FIELD_QUALITY, FIELD_SEQ, QUANTITIES, TAGS, Kind
from domain.series import (
    EVENTS,
    FACILITY,
    FACILITY_KEPT,
    HOUR,
    MAX,
    MEAN,
    MIN,
    PARTS,
    QUALITY,
    READINGS,
    ROLLUPS,
    ZONE_TAGS,
    ZONED,
    EventSeries,
    part_of,
    zoned,
)

ZONES: Final = '"zone" =~ /^${zone:regex}$/'
NODES: Final = '"node" =~ /^${node:regex}$/'
FACILITIES: Final = '"facility" =~ /^${facility:regex}$/'
RANGE: Final = "$timeFilter"
EACH: Final = "${__interval}"


@dataclass(frozen=True, slots=True)
class Store:
    """A measurement: in which series it lies, and what its fields and tags are called."""

    series: str  # "" raw, a roll-up, or EVENTS
    names: tuple[str, ...]
    fields: frozenset[str]
    tags: frozenset[str]
    chosen: tuple[str, ...]  # the variables that it can be narrowed by

    def field(self, name: str) -> str:
        """The field in quotes. Raises ValueError for what it has not."""
        if name not in self.fields:
            raise ValueError(f"{self.names} has no field {name}")
        return f'"{name}"'

    def by(self, names: Iterable[str]) -> list[str]:
        """Tags in quotes. Raises ValueError for what it has not."""
        if unknown := set(names) - self.tags:
            raise ValueError(f"{self.names} has no tags {sorted(unknown)}")
        return [f'"{name}"' for name in names]


def readings(*kinds: Kind) -> Store:
    """What was measured, as it came."""
    return Store(
        "", tuple(kinds), frozenset(QUANTITIES) | {FIELD_QUALITY, FIELD_SEQ}, frozenset(TAGS), (ZONES, FACILITIES)
    )


def drawn(level: str, *kinds: Kind) -> Store:
    """What was measured, drawn together to a level of `domain.series.ROLLUPS`."""
    fields = {part_of(name, part) for name, q in QUANTITIES.items() for part in PARTS[q.type]}
    return Store(
        ROLLUPS[level].name, tuple(kinds), frozenset(fields | {QUALITY, READINGS}), frozenset(TAGS), (ZONES, FACILITIES)
    )


def drawn_by_zone(kind: Kind) -> Store:
    """What the facilities of a kind came to together in each zone: nothing of it is one facility's."""
    numbers = [name for name, q in QUANTITIES.items() if q.type == "float"]
    fields = frozenset(part_of(name, part) for name in numbers for part in (MEAN, MIN, MAX))
    return Store(ZONED, (zoned(kind),), fields, frozenset(ZONE_TAGS), (ZONES,))


def events(of: EventSeries) -> Store:
    """A series of events."""
    chosen = [mark for tag, mark in (("zone", ZONES), ("node", NODES), ("facility", FACILITIES)) if tag in of.tags]
    return Store(EVENTS, (of.name,), frozenset(of.fields), frozenset(of.tags), tuple(chosen))


def over_time(
    store: Store,
    pick: str,
    field: str,
    *,
    by: tuple[str, ...] = (),
    where: str = "",
    fill: str = "none",
    each: str = EACH,
    alias: str = "",
) -> Target:
    """One number over time: `pick` (mean, max, sum, count …) of a field in each interval, one line for each of `by`."""
    grouped = ", ".join([f"time({each})", *store.by(by)])
    text = (
        f"SELECT {pick}({store.field(field)}) FROM {_from(store)} WHERE {_where(store, RANGE, where)}"  # noqa: S608
        f" GROUP BY {grouped} fill({fill})"
    )
    return _target(store, text, alias=alias or " ".join(f"$tag_{tag}" for tag in by) or "$m")


def in_range(
    store: Store,
    pick: str,
    field: str,
    *,
    by: tuple[str, ...] = (),
    where: str = "",
    alias: str = "",
) -> Target:
    """One number of the whole range, for each of `by`."""
    grouped = f" GROUP BY {', '.join(store.by(by))}" if by else ""
    text = f"SELECT {pick}({store.field(field)}) FROM {_from(store)} WHERE {_where(store, RANGE, where)}{grouped}"  # noqa: S608
    return _target(store, text, alias=alias or " ".join(f"$tag_{tag}" for tag in by) or "$m")


def risen(store: Store, field: str, *, by: tuple[str, ...] = (), each: str = EACH, alias: str = "") -> Target:
    """By how much a counter rose in each interval; that it was set back is no fall."""
    grouped = ", ".join([f"time({each})", *store.by(by)])
    text = (
        f"SELECT non_negative_difference(max({store.field(field)})) FROM {_from(store)}"  # noqa: S608
        f" WHERE {_where(store, RANGE, '')} GROUP BY {grouped} fill(none)"
    )
    return _target(store, text, alias=alias or " ".join(f"$tag_{tag}" for tag in by) or "$m")


def risen_in_range(store: Store, field: str) -> Target:
    """By how much a counter rose in the whole range."""
    inner = f"SELECT non_negative_difference({store.field(field)}) AS rise FROM {_from(store)}"  # noqa: S608
    return _target(store, f"SELECT sum(rise) AS n FROM ({inner} WHERE {_where(store, RANGE, '')})")  # noqa: S608


def share_in_range(
    store: Store, part: str, whole: str, *, by: tuple[str, ...] = (), where: str = "", alias: str = "", times: int = 100
) -> Target:
    """The sum of one field of the sum of another, in per cent, for each of `by`: never a mean of shares."""
    grouped = f" GROUP BY {', '.join(store.by(by))}" if by else ""
    text = (
        f"SELECT {times} * sum({store.field(part)}) / sum({store.field(whole)}) AS share FROM {_from(store)}"  # noqa: S608
        f" WHERE {_where(store, RANGE, _due(store, whole, where))}{grouped}"
    )
    return _target(store, text, alias=alias or " ".join(f"$tag_{tag}" for tag in by) or "$m")


def share_over_time(
    store: Store, part: str, whole: str, *, each: str, by: tuple[str, ...] = (), where: str = "", alias: str = ""
) -> Target:
    """The same for each interval."""
    grouped = ", ".join([f"time({each})", *store.by(by)])
    text = (
        f"SELECT 100 * sum({store.field(part)}) / sum({store.field(whole)}) AS share FROM {_from(store)}"  # noqa: S608
        f" WHERE {_where(store, RANGE, _due(store, whole, where))} GROUP BY {grouped} fill(none)"
    )
    return _target(store, text, alias=alias or " ".join(f"$tag_{tag}" for tag in by) or "$m")


def standing(
    store: Store, *fields: str, by: tuple[str, ...] = ("facility",), where: str = "", within: int = FACILITY_KEPT
) -> str:
    """How things stand at the end of the range: the newest point for each of `by`, of the last `within` milliseconds
    before it. Its first field must be one that every point has. A text, to ask further questions of.
    """
    first, *others = fields  # one selector and what stands beside it: a `last` for each costs five times as much
    picked = ", ".join([f'last({store.field(first)}) AS "{first}"', *map(store.field, others)])
    until = f"time > ${{__to}}ms - {within // 60_000}m AND time <= ${{__to}}ms"
    return f"SELECT {picked} FROM {_from(store)} WHERE {_where(store, until, where)} GROUP BY {', '.join(store.by(by))}"  # noqa: S608


def outer(store: Store, what: str, inner: str, *, where: str = "", by: tuple[str, ...] = (), alias: str = "") -> Target:
    """A question about the answer to another. `what` is InfluxQL: `count(rank) AS n`."""
    only = f" WHERE {where}" if where else ""
    grouped = f" GROUP BY {', '.join(store.by(by))}" if by else ""
    return _target(
        store,
        f"SELECT {what} FROM ({inner}){only}{grouped}",  # noqa: S608
        alias=alias or " ".join(f"$tag_{tag}" for tag in by) or "$m",
    )


def facilities(store: Store, fields: Iterable[str], inner: str, *, where: str = "") -> Target:
    """Of each facility a row, with its id."""
    return outer(store, listed((*fields, "facility")), inner, where=where)


def listed(fields: Iterable[str]) -> str:
    """Columns, in quotes: `order` is a word of InfluxQL's own."""
    return ", ".join(f'"{field}"' for field in fields)


def points(store: Store, *fields: str, where: str = "", newest: int = 0) -> Target:
    """The points themselves, newest first: for tables and annotations. `fields` may be tags too."""
    known = store.fields | store.tags
    if unknown := set(fields) - known:
        raise ValueError(f"{store.names} has none of {sorted(unknown)}")
    picked = listed(fields)
    most = f" ORDER BY time DESC LIMIT {newest}" if newest else ""
    return _target(store, f"SELECT {picked} FROM {_from(store)} WHERE {_where(store, RANGE, where)}{most}")  # noqa: S608


def newest(
    store: Store,
    field: str,
    *,
    pick: str = "",
    most: int = 0,
    where: str = "",
    over: str = "",
    alias: str = "",
    within: int = 6 * HOUR,
) -> Target:
    """The newest value of a field of each facility: all of them, or the `most` highest (`pick` top) or lowest (bottom),
    or one number over those (`pick` count, max, sum) of which `over`, a condition upon `value`, is true.
    """
    until = f"time > ${{__to}}ms - {within // 60_000}m AND time <= ${{__to}}ms"
    inner = (
        f"SELECT last({store.field(field)}) AS value FROM {_from(store)} WHERE {_where(store, until, where)}"  # noqa: S608
        ' GROUP BY "zone", "facility"'
    )
    only = f" WHERE {over}" if over else ""
    if most:
        return _target(store, f'SELECT {pick}(value, {most}) AS value, "facility", "zone" FROM ({inner}){only}')  # noqa: S608
    if pick:
        return _target(store, f"SELECT {pick}(value) AS value FROM ({inner}){only}", alias=alias)  # noqa: S608
    return _target(store, f'SELECT value FROM ({inner}){only} GROUP BY "facility"', alias="$tag_facility")  # noqa: S608


def values_of(tag: str, *, where: str = "") -> str:
    """The question: which zones, nodes or facilities there are, for a variable of the dashboard."""
    store = events(FACILITY)
    return f"SHOW TAG VALUES FROM {_from(store)} WITH KEY = {store.by((tag,))[0]}" + (
        f" WHERE {where}" if where else ""
    )


def _target(store: Store, text: str, *, alias: str = "") -> Target:
    return Target(text, source=SOURCES[store.series], alias=alias)


def _due(store: Store, whole: str, where: str) -> str:
    """Where there was something to have a share of: InfluxQL says that nothing of nothing is 0."""
    return " AND ".join([*([where] if where else []), f"{store.field(whole)} > 0"])


def _where(store: Store, time: str, more: str) -> str:
    return " AND ".join([time, *store.chosen, *([more] if more else [])])


def _from(store: Store) -> str:
    return ", ".join(f'"{name}"' for name in store.names)
