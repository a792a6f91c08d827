"""Buckets counted inside DuckDB: the numbers of a month never leave it."""

from collections.abc import Mapping, Sequence

import duckdb

from domain.naming import QUANTITIES
from domain.readings import Millis
from services.buckets import Bucketed


def drawn_together(
    connection: duckdb.DuckDBPyConnection,
    kind: str,
    names: Sequence[str],
    facility: str,
    since: Millis,
    until: Millis,
    width: Millis,
) -> Mapping[str, Sequence[Bucketed]]:
    """The buckets of each quantity that was measured, by its name."""
    wanted = ", ".join(part for name in names for part in _parts(name))
    found = connection.execute(
        f'SELECT ? + (at_ms - ?) // ? * ? AS start, {wanted} FROM "{kind}" '  # noqa: S608  # our own names
        "WHERE at_ms >= ? AND at_ms < ? AND facility = ? GROUP BY start ORDER BY start",
        [since, since, width, width, since, until, facility],
    ).fetchall()
    buckets: dict[str, list[Bucketed]] = {}
    for row in found:
        for name, place in zip(names, range(1, len(row), 5), strict=True):
            count, last, mean, least, most = row[place : place + 5]
            if count:
                buckets.setdefault(name, []).append(Bucketed(row[0], count, last, mean, least, most))
    return dict(sorted(buckets.items()))


def _parts(name: str) -> Sequence[str]:
    """Count, last, mean, least, most. Times are told apart by device where two are the same."""
    last = f'arg_max("{name}", (at_ms, device)) FILTER (WHERE "{name}" IS NOT NULL)'
    if QUANTITIES[name].type != "float":
        return f'count("{name}")', last, "NULL", "NULL", "NULL"
    return f'count("{name}")', last, f'avg("{name}")', f'min("{name}")', f'max("{name}")'
