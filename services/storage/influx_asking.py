"""Asking InfluxDB in InfluxQL, over `/query`: the one language that 1.x, 2.x and 3.x all speak."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, TypeVar

import aiohttp

from domain.errors import UnavailableError
from domain.readings import Millis
from services.storage.fitness import LATEST
from services.storage.influx_bucket import authorization
from services.storage.influx_speech import (
    CONFIGURATION_RETRY_S,
    BodyError,
    InfluxSettings,
    NoBucketError,
    meaning,
    speaking,
)

T = TypeVar("T")

ROWS_PER_CHUNK: Final = 10_000
READ_BYTES: Final = 1 << 18


class InfluxAsking:
    """Questions to one bucket. The answer comes in chunks, so no server's row limit cuts it short unnoticed."""

    def __init__(self, settings: InfluxSettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Give the connections back."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def told(self, query: str, read: Callable[[dict[str, Any]], T]) -> list[T]:
        """What `read` makes of each document of the answer. Raises UnavailableError."""
        found: list[T] = []
        more = False
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


def no_database(away: UnavailableError) -> bool:
    """Whether the server is there, and the bucket is not."""
    return isinstance(away, NoBucketError) or "database not found" in str(away)


def nanoseconds(at: Millis) -> int:
    """A time as InfluxQL takes it."""
    return max(-LATEST, min(at, LATEST)) * 1_000_000


def identifier(text: str) -> str:
    """A name as InfluxQL takes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def quoted(text: str) -> str:
    """A text as InfluxQL takes it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


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


def _number(digits: str) -> float:
    return -0.0 if digits == "-0" else int(digits)
