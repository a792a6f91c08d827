"""Readings back from InfluxDB, in InfluxQL over `/query`: the one language that 1.x, 2.x and 3.x all speak."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import aiohttp

from domain.errors import UnavailableError
from domain.naming import FIELD_QUALITY, FIELD_SEQ, QUANTITIES, Kind
from domain.ports import Point
from domain.readings import Millis, Value
from services.buckets import Bucketed
from services.storage.fitness import LATEST
from services.storage.influx_bucket import authorization
from services.storage.influx_buckets import buckets_in, question
from services.storage.influx_speech import CONFIGURATION_RETRY_S, BodyError, InfluxSettings, meaning, speaking

T = TypeVar("T")

ROWS_PER_CHUNK: Final = 10_000
READ_BYTES: Final = 1 << 18


class InfluxHistory:
    """A `ReadingHistory` of one site. The answer comes in chunks, so no server's row limit cuts it short unnoticed."""

    def __init__(self, settings: InfluxSettings, *, site: str) -> None:
        self._settings = settings
        self._site = site
        self._session: aiohttp.ClientSession | None = None

    async def points(self, kind: str, since: Millis, until: Millis, *, facility: str | None = None) -> Sequence[Point]:
        """See `domain.ports.ReadingHistory`."""
        where = f"time >= {_nanoseconds(since)} AND time < {_nanoseconds(until)}"
        query = f"SELECT * FROM {_name(kind)} WHERE {where} AND {self._whose(facility)} {_BY_DEVICE}"  # noqa: S608
        found = await self._ask(query)
        return sorted(found, key=_place)

    async def latest(self, facility: str) -> Sequence[Point]:
        """See `domain.ports.ReadingHistory`."""
        kinds = ", ".join(_name(kind) for kind in Kind)
        whose = self._whose(facility)
        query = f"SELECT * FROM {kinds} WHERE {whose} {_BY_DEVICE} ORDER BY time DESC LIMIT 1"  # noqa: S608
        found = await self._ask(query)
        newest = {point.device: point for point in sorted(found, key=lambda point: point.at)}
        return [newest[device] for device in sorted(newest)]

    async def buckets(
        self, kind: str, facility: str, since: Millis, until: Millis, width: Millis
    ) -> Mapping[str, Sequence[Bucketed]]:
        """What each quantity of a facility came to in each `width` ms from `since` on; without the empty ones."""
        within = f"time >= {_nanoseconds(since)} AND time < {_nanoseconds(until)} AND {self._whose(facility)}"
        told = await self._told(question(_name(kind), within, since, width), buckets_in)
        found: dict[str, list[Bucketed]] = {}
        for chunk in told:
            for name, ones in chunk.items():
                found.setdefault(name, []).extend(ones)
        return {name: sorted(ones, key=lambda one: one.at) for name, ones in sorted(found.items())}

    async def close(self) -> None:
        """Give the connections back."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _whose(self, facility: str | None) -> str:
        ours = f'"site" = {_text(self._site)}'
        return ours if facility is None else f'{ours} AND "facility" = {_text(facility)}'

    async def _ask(self, query: str) -> list[Point]:
        return [point for points in await self._told(query, _read_points) for point in points]

    async def _told(self, query: str, read: Callable[[dict[str, Any]], T]) -> list[T]:
        """What is read of each document of the answer."""
        found: list[T] = []
        more = True
        try:
            async with speaking(self._settings):
                async for chunk in self._chunks(query):
                    if not chunk.strip():
                        continue
                    told, more = await asyncio.to_thread(_read, chunk, read)
                    found.append(told)
        except BodyError as error:
            raise UnavailableError(f"InfluxDB does not answer {query!r}: {error}", CONFIGURATION_RETRY_S) from error
        if more:
            raise UnavailableError(f"InfluxDB at {self._settings.url} broke off in the middle of its answer")
        return found

    async def _chunks(self, query: str) -> AsyncIterator[bytes]:
        """The answer's JSON documents, one a line, however long."""
        if self._session is None:
            patience = aiohttp.ClientTimeout(sock_connect=self._settings.timeout_s, sock_read=self._settings.timeout_s)
            self._session = aiohttp.ClientSession(timeout=patience, headers=authorization(self._settings))
        asked = {
            "db": self._settings.bucket,
            "q": query,
            "epoch": "ms",
            "chunked": "true",
            "chunk_size": str(ROWS_PER_CHUNK),
        }
        async with self._session.get(f"{self._settings.url.rstrip('/')}/query", params=asked) as answer:
            if answer.status >= 300:
                raise meaning(self._settings, answer.status, await answer.read(), answer.headers)
            pieces: list[bytes] = []
            async for piece in answer.content.iter_chunked(READ_BYTES):
                *ended, rest = piece.split(b"\n")
                for end in ended:
                    yield b"".join((*pieces, end))
                    pieces.clear()
                pieces.append(rest)
            yield b"".join(pieces)


_BY_DEVICE: Final = 'GROUP BY "zone", "facility", "device"'


def _place(point: Point) -> tuple[str, str, Millis]:
    return point.facility, point.device, point.at


def _read(chunk: bytes, read: Callable[[dict[str, Any]], T]) -> tuple[T, bool]:
    """What one document says, and whether it says that more is to come."""
    try:
        told = json.loads(chunk, parse_int=_number)
    except ValueError as error:
        raise UnavailableError(f"InfluxDB's answer cannot be read: {error}") from error
    results = told.get("results", []) if isinstance(told, dict) else []
    for said in (told, *results) if results else ({"error": chunk[:200]},):
        if "error" in said:
            raise UnavailableError(f"InfluxDB does not answer: {said['error']}")
    more = any(part.get("partial") for result in results for part in (result, *result.get("series", [])))
    return read(told), more


def _read_points(told: dict[str, Any]) -> list[Point]:
    return [point for result in told["results"] for series in result.get("series", []) for point in _points(series)]


def _points(series: dict[str, Any]) -> Iterable[Point]:
    kind, tags, columns = series["name"], series["tags"], series["columns"]
    at = columns.index("time")
    quality, seq = (columns.index(name) if name in columns else at for name in (FIELD_QUALITY, FIELD_SEQ))
    measured = [(place, name) for place, name in enumerate(columns) if name in QUANTITIES]
    for row in series["values"]:
        values = {name: _value(name, row[place]) for place, name in measured if row[place] is not None}
        number = -1 if seq == at or row[seq] is None else row[seq]
        doubt = 0 if quality == at or row[quality] is None else row[quality]
        yield Point(tags["facility"], tags["device"], kind, tags["zone"], row[at], values, doubt, number)


def _value(name: str, told: Any) -> Value:
    """JSON writes the float 96.0 as 96."""
    if QUANTITIES[name].type == "float":
        return float(told)
    return bool(told) if QUANTITIES[name].type == "bool" else str(told)


def _number(digits: str) -> float:
    return -0.0 if digits == "-0" else int(digits)


def _nanoseconds(at: Millis) -> int:
    return max(-LATEST, min(at, LATEST)) * 1_000_000


def _name(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
