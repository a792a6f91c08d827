"""Readings into InfluxDB: ready-made line protocol through influxdb-client's asynchronous write service.

Works on 2.x and 3.x, and on 1.8, which has `/api/v2/write` too.
"""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from domain.errors import UnavailableError
from domain.ports import WriteReport
from domain.readings import Reading
from services.storage.fitness import Oldest, any_age, of_age
from services.storage.influx_bucket import ensure_bucket
from services.storage.influx_speech import (
    CONFIGURATION_RETRY_S,
    BodyError,
    InfluxSettings,
    NoBucketError,
    client_of,
    library,
    speaking,
)
from services.storage.line_protocol import LineEncoder

LINES_PER_REQUEST: Final = 5_000
GZIP_LEVEL: Final = 1  # 2 ms a request; the client's own is level 9 inside the event loop, 23 ms
SEARCH_REQUESTS: Final = 256  # spent at most on finding the bad lines of one request: about 15 of them, scattered

# How the servers say that it is a line's fault, in whatever version.
_OF_LINES: Final = ("unable to parse", "partial write", "type conflict", "retention", "outside range", "out of range")


class InfluxLines:
    """Writes ready-made lines to one bucket. One bad line never costs a good one: it is searched for, within bounds.

    Where the bounds are spent, the rest of the block counts as bad, though the server has written what was good.
    """

    def __init__(self, settings: InfluxSettings, *, precision: str = "ms") -> None:
        self._settings = settings
        self._precision = precision
        self._client: Any = None
        self._accepted: str | None = None  # the last line that the server took

    async def write(self, lines: Sequence[str]) -> list[tuple[int, str]]:
        """Durable when it returns: the places of those that the server will never take, with its reason. Raises
        UnavailableError.
        """
        bad: list[tuple[int, str]] = []
        for start in range(0, len(lines), LINES_PER_REQUEST):
            refused = await self._write(lines[start : start + LINES_PER_REQUEST])
            bad += [(start + place, why) for place, why in refused]
        return bad

    async def close(self) -> None:
        """Give the connections back."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _write(self, lines: Sequence[str]) -> list[tuple[int, str]]:
        try:
            bad = await refused_lines(self._post, lines)
        except NoBucketError:
            if not self._settings.create:
                raise
            await ensure_bucket(self._settings)
            bad = await refused_lines(self._post, lines)
        if len(bad) < len(lines):
            taken = {place for place, _ in bad}
            self._accepted = next(lines[i] for i in range(len(lines) - 1, -1, -1) if i not in taken)
        elif not any(sign in why for _, why in bad for sign in _OF_LINES) and not await self._takes_a_good_line():
            raise UnavailableError(
                f"InfluxDB at {self._settings.url} refuses all we send: {bad[0][1]}", CONFIGURATION_RETRY_S
            )
        return bad

    async def _takes_a_good_line(self) -> bool:
        """Whether the server still takes the line it took last; writing that again changes nothing."""
        return self._accepted is not None and await self._post([self._accepted]) is None

    async def _post(self, lines: Sequence[str]) -> str | None:
        """Send the lines: None when all were written, else the server's reason against (some of) them."""
        body = await asyncio.to_thread(_packed, lines)
        if self._client is None:
            self._client = client_of(self._settings)
        try:
            async with speaking(self._settings):
                await library.WriteService(self._client.api_client).post_write_async(
                    org=self._settings.org,
                    bucket=self._settings.bucket,
                    body=body,
                    precision=self._precision,
                    content_encoding="gzip",
                )
        except BodyError as error:
            return str(error)
        return None


class InfluxStore:
    """A `ReadingStore`. A reading whose line the server will never take is handed back; see `InfluxLines`."""

    def __init__(self, settings: InfluxSettings, *, site: str, oldest: Oldest = any_age) -> None:
        self._lines = InfluxLines(settings)
        self._encoder = LineEncoder(site)
        self._oldest = oldest

    async def write(self, batch: Sequence[Reading]) -> WriteReport:
        """Durable when it returns. Raises UnavailableError: the batch must wait; its message says for what."""
        kept, refused = of_age(batch, self._oldest())
        lines, said, unsaid = await asyncio.to_thread(self._encoder.lines, kept)
        refused += unsaid
        refused += [(said[place], why) for place, why in await self._lines.write(lines)]
        return WriteReport(len(batch) - len(refused), tuple(refused))

    async def close(self) -> None:
        """Give the connections back."""
        await self._lines.close()


async def refused_lines(
    post: Callable[[Sequence[str]], Awaitable[str | None]], lines: Sequence[str]
) -> list[tuple[int, str]]:
    """Write `lines`; the places, ascending, of those that the server will never take, with its reason.

    Halves what is refused until the bad lines stand alone. After SEARCH_REQUESTS a block is no longer halved.
    """
    refused: list[tuple[int, str]] = []
    blocks = [(0, len(lines))]
    requests = 0
    while blocks:
        start, end = blocks.pop()
        why = await post(lines[start:end])
        requests += 1
        if why is None:
            continue
        if end - start > 1 and requests < SEARCH_REQUESTS:
            middle = (start + end) // 2
            blocks += [(middle, end), (start, middle)]
        else:
            refused += [(place, why) for place in range(start, end)]
    return refused


def _packed(lines: Sequence[str]) -> bytes:
    return gzip.compress("\n".join(lines).encode(), GZIP_LEVEL, mtime=0)
