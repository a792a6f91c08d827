"""A DuckDB file of readings, read column by column and by nobody else: for what goes through all of it at once."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import repeat
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import duckdb
import pyarrow as pa

from domain.errors import ConflictError, NotFoundError, UnavailableError
from domain.naming import QUANTITIES, Kind
from domain.readings import Millis, Reading, Value
from services.slices import Slices

AIM: Final = 400_000  # rows of one answer of the engine: each has its own price
PIECE: Final = 20_000  # readings at once: fewer make each dearer
Wanted = Callable[[str], frozenset[str] | None]
_Who = tuple[list[str], list[str], list[str]]  # facilities, devices and zones, by number

_SAME_DEVICE: Final = "t.device = w.device"
_SAME: Final = f"{_SAME_DEVICE} AND t.facility = w.facility AND t.zone = w.zone"  # where a device was moved
_AT = itemgetter(4)
_made = tuple.__new__


class DuckColumns:
    """The readings of a file that no process has open for writing. Raises ConflictError where one has."""

    def __init__(self, path: Path, *, memory_limit: str = "256MB") -> None:
        if not path.exists():
            raise NotFoundError(f"{path} is not there")
        try:
            self._connection = duckdb.connect(
                str(path), read_only=True, config={"threads": 1, "memory_limit": memory_limit}
            )
        except duckdb.ConnectionException as error:
            raise ConflictError(f"{path} is open in this process") from error
        except duckdb.IOException as error:
            if "lock" in str(error):
                raise ConflictError(f"{path} belongs to a running service: ask that") from error
            raise UnavailableError(f"cannot open {path}: {error}") from error
        self._speakers: dict[str, _Who] = {}
        found: dict[str, list[str]] = {}
        for kind, column in self._connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal ORDER BY table_name, column_index"
        ).fetchall():
            found.setdefault(kind, []).append(column)
        self._names = {
            str(kind): [name for name in found[kind] if name in QUANTITIES] for kind in Kind if kind in found
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def readings(self, since: Millis, until: Millis, wanted: Wanted) -> Iterator[Sequence[Reading]]:
        """What was measured in since ≤ t < until, in order of event time, some at a time; of each kind only the
        quantities that are `wanted` (None: all). The receive time is not kept: the event time stands for it.
        """
        slices = Slices(since, until, AIM)
        while (span := slices.take()) is not None:
            asked = [(kind, names, wanted(kind)) for kind, names in self._names.items()]
            tables = [
                self._of(kind, [name for name in names if only is None or name in only], span)
                for kind, names, only in asked
            ]
            rows = sum(table.rows for table in tables)
            slices.held(rows)
            pieces = rows // PIECE + 1
            for piece in range(1, pieces + 1):
                before = span[0] + (span[1] - span[0]) * piece // pieces
                some = [reading for table in tables for reading in table.until(before)]
                if some:
                    some.sort(key=_AT)  # stable: at one moment by kind, then by device
                    yield some

    def span(self) -> tuple[Millis, Millis] | None:
        """From the first to after the last reading; None where there is none."""
        ends = [
            self._connection.execute(f'SELECT min(at_ms), max(at_ms) FROM "{kind}"').fetchall()[0]  # noqa: S608
            for kind in self._names
        ]
        known = [(first, last) for first, last in ends if first is not None]
        return (min(first for first, _ in known), max(last for _, last in known) + 1) if known else None

    def _of(self, kind: str, names: Sequence[str], span: tuple[Millis, Millis]) -> "_Table":
        who = self._who(kind)
        since, until = span
        measured = "".join(f', t."{name}"' for name in names)
        table = self._connection.sql(
            f'SELECT w.n, t.at_ms, t.q, coalesce(t.seq, -1){measured} FROM "{kind}" t JOIN "who {kind}" w '  # noqa: S608
            f"ON {_SAME if len(set(who[1])) < len(who[1]) else _SAME_DEVICE} "
            f"WHERE t.at_ms >= {since} AND t.at_ms < {until} ORDER BY t.at_ms, w.n"
        ).to_arrow_table()
        return _Table(kind, names, who, table)

    def _who(self, kind: str) -> _Who:
        """Everybody that speaks in a table, numbered there: a number a row is read, and not three texts."""
        if kind not in self._speakers:
            self._connection.execute(
                f'CREATE TEMP TABLE "who {kind}" AS SELECT row_number() OVER (ORDER BY device, facility) - 1 AS n,'  # noqa: S608
                f' facility, device, zone FROM (SELECT DISTINCT facility, device, zone FROM "{kind}")'
            ).fetchall()
            found = self._connection.execute(f'SELECT facility, device, zone FROM "who {kind}" ORDER BY n').fetchall()  # noqa: S608
            zones = {zone: zone for _, _, zone in found}
            facilities, devices = [one for one, _, _ in found], [one for _, one, _ in found]
            self._speakers[kind] = facilities, devices, [zones[zone] for _, _, zone in found]
        return self._speakers[kind]


class _Table:
    """What a kind measured in a slice of time, in order; made into readings piece by piece."""

    def __init__(self, kind: str, names: Sequence[str], who: _Who, table: Any) -> None:
        self._kind, self._names, self._who, self._table = kind, names, who, table
        self._at: list[Millis] = _plain(table.column(1)) if table.num_rows else []
        self._done = 0
        self.rows = len(self._at)

    def until(self, before: Millis) -> Iterator[Reading]:
        """The readings before a moment that were not given yet."""
        first, self._done = self._done, bisect_left(self._at, before)
        if first == self._done:
            return iter(())
        table, at = self._table.slice(first, self._done - first), self._at[first : self._done]
        number, quality, seq = (_plain(table.column(place)) for place in (0, 2, 3))
        facility, device, zone = (map(texts.__getitem__, number) for texts in self._who)
        values = _values(self._names, [table.column(4 + place) for place in range(len(self._names))], len(at))
        fields = zip(facility, device, repeat(self._kind), zone, at, values, quality, seq, at, strict=False)
        return map(_made, repeat(Reading), fields)


def _values(names: Sequence[str], columns: Sequence[Any], rows: int) -> list[dict[str, Value]]:
    """What each row has; what is not there is not among it."""
    whole = [place for place, column in enumerate(columns) if column.null_count == 0]
    found = (
        [{} for _ in range(rows)]
        if not whole
        else _rows_of(tuple(names[place] for place in whole))(
            zip(*(_plain(columns[place]) for place in whole), strict=True)
        )
    )
    for place, column in enumerate(columns):
        if 0 < column.null_count < rows:
            name = names[place]
            for values, value in zip(found, column.to_pylist(), strict=True):
                if value is not None:
                    values[name] = value
    return found


@cache
def _rows_of(names: tuple[str, ...]) -> Callable[[Iterable[tuple[Value, ...]]], list[dict[str, Value]]]:
    """What makes mappings of rows, as if it were written out for these quantities: twice as fast as `dict(zip(…))`."""
    letters = [f"v{place}" for place in range(len(names))]
    pairs = ", ".join(f"{name!r}: {letter}" for name, letter in zip(names, letters, strict=True))
    made: Any = eval(f"lambda rows: [{{{pairs}}} for {', '.join(letters)}, in rows]")  # noqa: S307  # names are ours
    return made  # type: ignore[no-any-return]  # of text


def _plain(column: Any) -> list[Any]:
    """The values of a column without gaps, from its memory: many times as fast as one by one."""
    if pa.types.is_string(column.type):
        found: list[Any] = column.to_pylist()
        return found
    if pa.types.is_boolean(column.type):
        return list(map((False, True).__getitem__, _items(column.cast(pa.int8()).combine_chunks(), "b")))
    return _items(column.combine_chunks(), "d" if pa.types.is_floating(column.type) else "q")


def _items(array: Any, form: str) -> list[Any]:
    items = memoryview(array.buffers()[1]).cast("b").cast(form)  # type: ignore[call-overload]  # the form varies
    found: list[Any] = items[array.offset : array.offset + len(array)].tolist()
    return found
