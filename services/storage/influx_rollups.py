"""Roll-ups in InfluxDB: the finest counted by the server, and the rest read, drawn together by the job, and written."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from domain.errors import UnavailableError
from domain.naming import QUANTITIES, TAGS, Kind
from domain.ports import Clock
from domain.readings import Millis, Value
from domain.series import COUNT, DAY, HOUR, LAST, MAX, MEAN, MIN, QUALITY, READINGS, ROLLUPS, bucket_of
from services.influx.rolled import Rolled, Whose
from services.storage.influx import InfluxLines
from services.storage.influx_asking import InfluxAsking, identifier, nanoseconds, no_database, quoted
from services.storage.influx_buckets import whole
from services.storage.influx_history import value_of
from services.storage.influx_points import line_of
from services.storage.influx_speech import InfluxSettings

_log = logging.getLogger(__name__)
T = TypeVar("T")

PATIENCE_S: Final = 60.0  # a question goes through all readings of a window
_FUNCTIONS: Final = ("count", "last", "mean", "min", "max")
_BY_DEVICE: Final = ", ".join(identifier(tag) for tag in TAGS if tag != "site")
_INTEGERS: Final = (READINGS, QUALITY)


class InfluxRollups:
    """`services.influx.rollups.Points`, of one site."""

    def __init__(self, settings: InfluxSettings, clock: Clock, *, site: str) -> None:
        self._site, self._clock = site, clock
        of_level = {level: rollup_settings(settings, level) for level in ROLLUPS}
        self._asking = {level: InfluxAsking(one) for level, one in of_level.items()}
        self._asking[""] = InfluxAsking(settings.model_copy(update={"timeout_s": PATIENCE_S}))
        self._writing = {level: InfluxLines(one) for level, one in of_level.items()}

    async def close(self) -> None:
        """Give the connections back."""
        for asking in self._asking.values():
            await asking.close()
        for writing in self._writing.values():
            await writing.close()

    async def first(self, level: str, since: Millis) -> Millis | None:
        """See `services.influx.rollups.Points`."""
        where = f'time >= {nanoseconds(since)} AND "site" = {quoted(self._site)}'
        asked = f'SELECT first("{QUALITY}") FROM {_from(())} WHERE {where}'  # noqa: S608
        return min((at for times in await self._told(level, asked, _times) for at in times), default=None)

    async def drawn(self, width: Millis, since: Millis, until: Millis, kinds: Sequence[str]) -> Sequence[Rolled]:
        """See `services.influx.rollups.Points`."""
        found: dict[tuple[Whose, Millis], dict[str, Any]] = {}
        wanted = ", ".join(f"{function}(*)" for function in _FUNCTIONS)
        by = f"GROUP BY time({width}ms, {since % width}ms), {_BY_DEVICE} fill(none)"
        asked = f"SELECT {wanted} FROM {_from(kinds)} WHERE {self._within(since, until)} {by}"  # noqa: S608
        await self._gather(asked, _counted, found)
        there = {name for fields in found.values() for name in fields}
        for flag in (one.name for one in QUANTITIES.values() if one.type == "bool"):
            if f"{flag}_{COUNT}" in there:
                within = f"{self._within(since, until)} AND {identifier(flag)} = true"
                asked = (
                    f"SELECT count({identifier(flag)}) AS {identifier(flag)} FROM {_from(kinds)} WHERE {within} {by}"  # noqa: S608
                )
                true: dict[tuple[Whose, Millis], dict[str, Any]] = {}
                await self._gather(asked, lambda row, flag=flag: {MEAN: row[flag]}, true)  # type: ignore[misc]
                for key, fields in found.items():
                    if f"{flag}_{COUNT}" in fields:
                        fields[f"{flag}_{MEAN}"] = true.get(key, {}).get(MEAN, 0) / fields[f"{flag}_{COUNT}"]
        return [
            Rolled(*key, dict(sorted(fields.items()))) for key, fields in sorted(found.items()) if READINGS in fields
        ]

    async def rolled(self, level: str, since: Millis, until: Millis, kinds: Sequence[str]) -> Sequence[Rolled]:
        """See `services.influx.rollups.Points`."""
        found: dict[tuple[Whose, Millis], dict[str, Any]] = {}
        asked = f"SELECT * FROM {_from(kinds)} WHERE {self._within(since, until)} GROUP BY {_BY_DEVICE}"  # noqa: S608
        await self._gather(asked, _read_back, found, level)
        return [Rolled(*key, dict(sorted(fields.items()))) for key, fields in sorted(found.items())]

    async def write(self, level: str, points: Sequence[Rolled]) -> None:
        """See `services.influx.rollups.Points`. What a level would forget within the hour is not written: the
        server, by its own clock, would refuse it.
        """
        days = ROLLUPS[level].days
        oldest = self._clock.now() - days * DAY + HOUR if days else None
        lines = await asyncio.to_thread(self._lines, [one for one in points if oldest is None or one.at >= oldest])
        if refused := await self._writing[level].write(lines):
            _log.warning(
                "roll-up points are refused", extra={"level": level, "points": len(refused), "why": refused[0][1]}
            )

    def _lines(self, points: Iterable[Rolled]) -> list[str]:
        lines = []
        for point in points:
            whose = point.whose
            tags = {"site": self._site, "zone": whose.zone, "facility": whose.facility, "device": whose.device}
            lines.append(line_of(whose.kind, tags, point.fields, point.at))
        return lines

    def _within(self, since: Millis, until: Millis) -> str:
        return f'time >= {nanoseconds(since)} AND time < {nanoseconds(until)} AND "site" = {quoted(self._site)}'

    async def _told(self, level: str, asked: str, read: Callable[[dict[str, Any]], T]) -> list[T]:
        """What a level, or the readings, answer: nothing where nothing of it was ever written."""
        try:
            return await self._asking[level].told(asked, read)
        except UnavailableError as away:
            if no_database(away):
                return []
            raise

    async def _gather(
        self,
        asked: str,
        read: Callable[[Mapping[str, Any]], dict[str, Any]],
        into: dict[tuple[Whose, Millis], dict[str, Any]],
        level: str = "",
    ) -> None:
        def documents(told: dict[str, Any]) -> list[tuple[tuple[Whose, Millis], dict[str, Any]]]:
            return [(key, read(row)) for key, row in _rows(told)]

        for rows in await self._told(level, asked, documents):
            for key, fields in rows:
                into.setdefault(key, {}).update(fields)


def rollup_settings(settings: InfluxSettings, level: str) -> InfluxSettings:
    """Where the points of a level, or events, lie, beside the readings."""
    days = ROLLUPS[level].days if level in ROLLUPS else 0
    kept = {"bucket": bucket_of(settings.bucket, level), "retention_days": days, "timeout_s": PATIENCE_S}
    return settings.model_copy(update=kept)


def _from(kinds: Sequence[str]) -> str:
    return ", ".join(identifier(kind) for kind in kinds or Kind)


def _rows(told: Mapping[str, Any]) -> Iterator[tuple[tuple[Whose, Millis], Mapping[str, Any]]]:
    for result in told["results"]:
        for series in result.get("series", []):
            tags = series["tags"]
            whose = Whose(series["name"], tags["zone"], tags["facility"], tags["device"])
            for values in series["values"]:
                row = dict(zip(series["columns"], values, strict=True))
                yield (whose, row["time"]), row


def _times(told: Mapping[str, Any]) -> list[Millis]:
    return [row[0] for result in told["results"] for series in result.get("series", []) for row in series["values"]]


def _counted(row: Mapping[str, Any]) -> dict[str, Value | int]:
    """The fields of one window, as the server counted them; of flags all but the mean. Its counts are not of one
    moment: of what is written meanwhile one may have a value and another none. Such a window is noted as late.
    """
    fields: dict[str, Value | int] = {}
    for column, count in row.items():
        function, _, name = column.partition("_")
        if function != "count" or not count:
            continue
        if name == QUALITY:
            fields[READINGS], fields[QUALITY] = int(count), int(row[f"max_{name}"] or 0)
        elif whole(name, row):
            fields[f"{name}_{COUNT}"] = int(count)
            fields[f"{name}_{LAST}"] = value_of(name, row[f"last_{name}"])
            if QUANTITIES[name].type == "float":
                fields |= {f"{name}_{one}": float(row[f"{one}_{name}"]) for one in (MEAN, MIN, MAX)}
    return fields


def _read_back(row: Mapping[str, Any]) -> dict[str, Value | int]:
    """The fields of one point, with their types: JSON writes the float 96.0 as 96."""
    fields: dict[str, Value | int] = {}
    for column, value in row.items():
        name, _, part = column.rpartition("_")
        if value is None or column in ("time", *TAGS):
            continue
        if column in _INTEGERS or part == COUNT:
            fields[column] = int(value)
        elif name in QUANTITIES:
            fields[column] = float(value) if part == MEAN else value_of(name, value)
    return fields
