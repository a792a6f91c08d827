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
    each: str = EACH,
    alias: str = "",
) -> Target:
    """One number over time: `pick` (mean, max, sum, count …) of a field in each interval, one line for each of `by`."""
    return _asked(store, f"{pick}({store.field(field)})", by=by, where=where, each=each, alias=alias)


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
    return _asked(store, f"{pick}({store.field(field)})", by=by, where=where, alias=alias)


def as_written(store: Store, field: str, *, times: int = 1, by: tuple[str, ...] = (), where: str = "") -> Target:
    """A field of each point, so many times, one line for each of `by`."""
    what = f"{times} * {store.field(field)}" if times != 1 else store.field(field)
    return _asked(store, f"{what} AS day", by=by, where=where)


def risen(store: Store, field: str, *, by: tuple[str, ...] = (), each: str = EACH, alias: str = "") -> Target:
    """By how much a counter rose in each interval; that it was set back is no fall."""
    return _asked(store, f"non_negative_difference(max({store.field(field)}))", by=by, each=each, alias=alias)


def risen_in_range(store: Store, field: str) -> Target:
    """By how much a counter rose in the whole range."""
    rise = _asked(store, f"non_negative_difference({store.field(field)}) AS rise")
    return Target(f"SELECT sum(rise) AS n FROM ({rise.query})", rise.source)  # noqa: S608


def share(
    store: Store,
    part: str,
    whole: str,
    *,
    by: tuple[str, ...] = (),
    where: str = "",
    each: str = "",
    times: int = 100,
    rest: bool = False,
) -> Target:
    """The sum of one field of the sum of another (never a mean of shares), so many times: per cent where nobody says
    otherwise; of the whole range, or of `each` interval; with `rest` what is left of the whole.
    """
    what = f"{times} * sum({store.field(part)}) / sum({store.field(whole)}) AS share"
    there = f"{store.field(whole)} > 0"  # InfluxQL says that nothing of nothing is 0
    return _asked(
        store, f"{times} - {what}" if rest else what, by=by, where=f"{where} AND {there}" if where else there, each=each
    )


def standing(
    store: Store, *fields: str, by: tuple[str, ...] = ("facility",), where: str = "", within: int = FACILITY_KEPT
) -> str:
    """How things stand at the end of the range: the newest point for each of `by`, of the last `within` milliseconds
    before it. Its first field must be one that every point has. A text, to ask further questions of.
    """
    first, *others = fields  # one selector and what stands beside it: a `last` for each costs five times as much
    picked = ", ".join([f'last({store.field(first)}) AS "{first}"', *map(store.field, others)])
    until = f"time > ${{__to}}ms - {within // 60_000}m AND time <= ${{__to}}ms"
    return f"SELECT {picked} FROM {_from(store)} WHERE {_where(store, until, where)}{_grouped(store, by)}"  # noqa: S608


def outer(store: Store, what: str, inner: str, *, where: str = "", by: tuple[str, ...] = (), alias: str = "") -> Target:
    """A question about the answer to another. `what` is InfluxQL: `count(rank) AS n`."""
    only = f" WHERE {where}" if where else ""
    text = f"SELECT {what} FROM ({inner}){only}{_grouped(store, by)}"  # noqa: S608
    return _target(store, text, alias=alias or _called(by))


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


def _asked(
    store: Store, what: str, *, by: tuple[str, ...] = (), where: str = "", each: str = "", alias: str = ""
) -> Target:
    """`what` of the points in the range, in each interval where one is named, one line for each of `by`."""
    empty = " fill(none)" if each else ""
    text = f"SELECT {what} FROM {_from(store)} WHERE {_where(store, RANGE, where)}{_grouped(store, by, each)}{empty}"  # noqa: S608
    return _target(store, text, alias=alias or _called(by))


def _called(by: Iterable[str]) -> str:
    """What a line is called where nobody says it: by its tags, or by its measurement."""
    return " ".join(f"$tag_{tag}" for tag in by) or "$m"


def _grouped(store: Store, by: Iterable[str], each: str = "") -> str:
    """One answer for each of `by`, and for each interval."""
    parts = [*([f"time({each})"] if each else []), *store.by(by)]
    return f" GROUP BY {', '.join(parts)}" if parts else ""


def _where(store: Store, time: str, more: str) -> str:
    return " AND ".join([time, *store.chosen, *([more] if more else [])])


def _from(store: Store) -> str:
    return ", ".join(f'"{name}"' for name in store.names)
