"""Readings in one DuckDB file, with no server: the embedded default. One process owns the file.

A table per kind, a column per quantity, added when it is first seen. There is no primary key (it costs four times as
much): a batch is folded to one row per (device, at), then merged within its own range of time.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import duckdb
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from domain.errors import ConflictError, UnavailableError
from domain.naming import QUANTITIES
from domain.ports import Point, WriteReport
from domain.readings import Millis, Reading, Value
from services.buckets import READINGS, Bucketed
from services.storage.duck_buckets import drawn_together
from services.storage.fitness import Oldest, any_age, of_age, unfit

Answer = TypeVar("Answer")

_SQL_TYPES: Final = {"float": "DOUBLE", "bool": "BOOLEAN", "text": "VARCHAR"}
_ARROW_TYPES: Final = {"float": pa.float64(), "bool": pa.bool_(), "text": pa.string()}
_FIXED: Final = ("facility", "device", "zone", "at_ms", "q", "seq")  # `at` is a reserved word
_KEY: Final = ("device", "at_ms")


class DuckSettings(BaseModel):
    """Where the file is and how much of the machine it may take."""

    model_config = ConfigDict(frozen=True)

    path: Path
    memory_limit: str = "256MB"
    threads: int = 1


class DuckStore:
    """A `ReadingStore` and `ReadingHistory`. Every call of the engine runs in one thread of its own."""

    def __init__(self, settings: DuckSettings, *, oldest: Oldest = any_age) -> None:
        self._settings = settings
        self._oldest = oldest
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="duckdb")
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._quantities: dict[str, list[str]] = {}  # of each kind that has a table, in column order

    async def open(self) -> None:
        """Take the file. Raises ConflictError where another process has it or it is no DuckDB file."""
        await self._run(lambda _: None)

    async def close(self) -> None:
        """Give the file back, whole: what was in the write-ahead log is in the file."""

        def close() -> None:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

        await asyncio.get_running_loop().run_in_executor(self._thread, close)
        self._thread.shutdown()

    async def write(self, batch: Sequence[Reading]) -> WriteReport:
        """Durable when it returns (the engine's commit syncs its log). Raises UnavailableError, ConflictError."""
        if not batch:
            return WriteReport(0)
        return await self._run(lambda connection: self._write(connection, batch))

    async def points(self, kind: str, since: Millis, until: Millis, *, facility: str | None = None) -> Sequence[Point]:
        """See `domain.ports.ReadingHistory`."""
        where, given = "at_ms >= ? AND at_ms < ?", [since, until]
        if facility is None:
            return await self._run(lambda connection: self._select(connection, kind, where, given))
        with_facility = [*given, facility]
        return await self._run(
            lambda connection: self._select(connection, kind, f"{where} AND facility = ?", with_facility)
        )

    async def latest(self, facility: str) -> Sequence[Point]:
        """See `domain.ports.ReadingHistory`."""
        where = "facility = ? QUALIFY row_number() OVER (PARTITION BY device ORDER BY at_ms DESC) = 1"

        def newest(connection: duckdb.DuckDBPyConnection) -> list[Point]:
            found: dict[str, Point] = {}
            for kind in self._quantities:
                for point in self._select(connection, kind, where, [facility]):
                    if point.device not in found or found[point.device].at < point.at:
                        found[point.device] = point
            return [found[device] for device in sorted(found)]

        return await self._run(newest)

    def source(self, since: Millis, until: Millis, width: Millis) -> str:  # noqa: ARG002
        """The readings, always: they are columns, and quick to count."""
        return READINGS

    async def buckets(
        self, kind: str, facility: str, since: Millis, until: Millis, width: Millis
    ) -> Mapping[str, Sequence[Bucketed]]:
        """What each quantity of a facility came to in each `width` ms from `since` on; without the empty ones."""

        def counted(connection: duckdb.DuckDBPyConnection) -> Mapping[str, Sequence[Bucketed]]:
            names = self._quantities.get(kind, [])
            return drawn_together(connection, kind, names, facility, since, until, width) if names else {}

        return await self._run(counted)

    async def prune(self, before: Millis) -> int:
        """Forget what is older than `before`. How many points went."""

        def delete(connection: duckdb.DuckDBPyConnection) -> int:
            return sum(
                int(connection.execute(f'DELETE FROM "{kind}" WHERE at_ms < ?', [before]).fetchall()[0][0])  # noqa: S608
                for kind in self._quantities
            )

        return await self._run(delete)

    async def _run(self, job: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, job)

    def _answer(self, job: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer:
        if self._connection is None:
            self._connection = self._connect()
        try:
            return job(self._connection)
        except duckdb.FatalException as error:  # the engine serves nothing more: the next call opens the file anew
            self._connection.close()
            self._connection = None
            raise UnavailableError(f"DuckDB gave up on {self._settings.path}: {error}") from error
        except duckdb.OperationalError as error:  # disk full or gone, memory limit
            raise UnavailableError(f"DuckDB cannot use {self._settings.path} now: {error}") from error

    def _connect(self) -> duckdb.DuckDBPyConnection:
        path = self._settings.path
        try:
            connection = duckdb.connect(
                str(path), config={"threads": self._settings.threads, "memory_limit": self._settings.memory_limit}
            )
        except duckdb.IOException as error:
            if "lock" in str(error):
                raise ConflictError(
                    f"{path} belongs to another process, and only one can have it: ask the running service, or stop it "
                    f"first ({error})"
                ) from error
            if "valid DuckDB" in str(error):
                raise ConflictError(f"{path} is not a DuckDB file: name another, or move this one away") from error
            raise UnavailableError(f"cannot open {path}: {error}") from error
        self._quantities = {}
        for kind, column in connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal ORDER BY table_name, column_index"
        ).fetchall():
            names = self._quantities.setdefault(kind, [])
            if column not in _FIXED:
                names.append(column)
        return connection

    def _write(self, connection: duckdb.DuckDBPyConnection, batch: Sequence[Reading]) -> WriteReport:
        kept, refused = of_age(batch, self._oldest())
        by_kind: dict[str, list[Reading]] = {}
        for reading in kept:
            if why := unfit(reading):
                refused.append((reading, why))
            else:
                by_kind.setdefault(reading.kind, []).append(reading)
        if by_kind:
            self._merge_all(connection, by_kind)
        return WriteReport(len(batch) - len(refused), tuple(refused))

    def _merge_all(self, connection: duckdb.DuckDBPyConnection, by_kind: Mapping[str, list[Reading]]) -> None:
        connection.begin()
        known = {kind: list(names) for kind, names in self._quantities.items()}
        try:
            for kind, readings in by_kind.items():
                self._merge(connection, kind, _folded(readings))
            connection.commit()
        except BaseException:
            self._quantities = known
            with suppress(duckdb.Error):  # the engine may have ended it already; what it could not do is raised
                connection.rollback()
            raise

    def _merge(self, connection: duckdb.DuckDBPyConnection, kind: str, readings: list[Reading]) -> None:
        rows = _arrow(readings)
        self._widen(connection, kind, rows.column_names)
        times = [reading.at for reading in readings]
        within = f"t.at_ms BETWEEN {min(times)} AND {max(times)}"  # lets the engine skip all other blocks
        kept = ", ".join(
            f'"{name}" = coalesce(b."{name}", t."{name}")' for name in rows.column_names if name not in _KEY
        )
        names = ", ".join(f'"{name}"' for name in rows.column_names)
        values = ", ".join(f'b."{name}"' for name in rows.column_names)
        connection.register("batch", rows)
        try:
            connection.execute(
                f'MERGE INTO "{kind}" t USING batch b ON t.device = b.device AND t.at_ms = b.at_ms AND {within} '  # noqa: S608
                f"WHEN MATCHED THEN UPDATE SET {kept} WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values})"
            ).fetchall()
        finally:
            connection.unregister("batch")

    def _widen(self, connection: duckdb.DuckDBPyConnection, kind: str, columns: Sequence[str]) -> None:
        if kind not in self._quantities:
            connection.execute(
                f'CREATE TABLE "{kind}" (facility VARCHAR NOT NULL, device VARCHAR NOT NULL, zone VARCHAR NOT NULL, '
                "at_ms BIGINT NOT NULL, q BIGINT NOT NULL, seq BIGINT)"
            ).fetchall()
            self._quantities[kind] = []
        for name in columns:
            if name not in _FIXED and name not in self._quantities[kind]:
                sort = _SQL_TYPES[QUANTITIES[name].type]
                connection.execute(f'ALTER TABLE "{kind}" ADD COLUMN "{name}" {sort}').fetchall()
                self._quantities[kind].append(name)

    def _select(
        self, connection: duckdb.DuckDBPyConnection, kind: str, where: str, given: Sequence[object]
    ) -> list[Point]:
        if kind not in self._quantities:
            return []
        names = self._quantities[kind]
        wanted = ", ".join(f'"{name}"' for name in (*_FIXED, *names))
        found = connection.execute(
            f'SELECT {wanted} FROM "{kind}" WHERE {where} ORDER BY facility, device, at_ms',  # noqa: S608
            given,
        ).fetchall()
        return [_point(kind, names, row) for row in found]


def _folded(readings: list[Reading]) -> list[Reading]:
    """One reading per (device, at): later ones lay their values over earlier ones, and keep a `seq` they lack."""
    if len({(reading.device, reading.at) for reading in readings}) == len(readings):
        return readings
    folded: dict[tuple[str, Millis], Reading] = {}
    for reading in readings:
        key = (reading.device, reading.at)
        if (before := folded.get(key)) is not None:
            seq = reading.seq if reading.seq >= 0 else before.seq
            folded[key] = reading._replace(values={**before.values, **reading.values}, seq=seq)
        else:
            folded[key] = reading
    return list(folded.values())


def _arrow(readings: list[Reading]) -> Any:
    quantities = dict.fromkeys(name for reading in readings for name in reading.values)
    columns: dict[str, Any] = {
        "facility": pa.array([reading.facility for reading in readings], pa.string()),
        "device": pa.array([reading.device for reading in readings], pa.string()),
        "zone": pa.array([reading.zone for reading in readings], pa.string()),
        "at_ms": pa.array([reading.at for reading in readings], pa.int64()),
        "q": pa.array([int(reading.quality) for reading in readings], pa.int64()),
        "seq": pa.array([reading.seq if reading.seq >= 0 else None for reading in readings], pa.int64()),
    }
    for name in quantities:
        sort = QUANTITIES[name].type
        values: list[Value | None] = [reading.values.get(name) for reading in readings]
        if sort == "float":
            values = [None if value is None else float(value) for value in values]
        columns[name] = pa.array(values, _ARROW_TYPES[sort])
    return pa.table(columns)


def _point(kind: str, names: Sequence[str], row: tuple[Any, ...]) -> Point:
    facility, device, zone, at, quality, seq = row[:6]
    values = {name: value for name, value in zip(names, row[6:], strict=True) if value is not None}
    return Point(facility, device, kind, zone, at, values, quality, -1 if seq is None else seq)
