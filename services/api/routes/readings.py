"""Readings as they are stored, all of them: for what goes through history, such as a backtest."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from domain.ports import Point
from services.api import problems
from services.api.named import V1
from services.api.routes.history import DAY, From, Turns, Until
from services.api.scoping import Asking
from services.api.seams import Behind, History
from services.dispatch.when import millis
from services.slices import Slices, in_order

BAD, AWAY = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
MEDIA: Final = "application/x-ndjson"
AT_ONCE: Final = 2  # who go through history; the store also has readings to write
PIECE: Final = 5_000  # readings that are in memory
LINE: Final[Any] = {
    "type": "string",
    "description": "Lines of JSON: `[facility, device, kind, zone, at, values, quality, seq]`; `at` in ms since 1970,"
    " `seq` -1 where the device sent none. The last line is `true`",
}
EXAMPLE: Final = '["bin-hand","bin-hand","bin","qingdaowan",1790812800000,{"fill_level":97.0},0,17]\ntrue\n'
EARLIEST, LATEST = 946_684_800_000, 4_102_444_800_000  # the years 2000 and 2100: no reading is of another time
_lines = msgspec.json.Encoder().encode_lines


class Lines(StreamingResponse):
    """A JSON text a line."""

    media_type = MEDIA


def router(behind: Behind) -> APIRouter:
    """`/readings`."""
    made = APIRouter(prefix=V1, tags=["coast"])
    asking = Turns(AT_ONCE)
    told: dict[str, Any] = {
        "description": "Readings in the order of their time, a line each; the last line is `true`",
        "content": {MEDIA: {"schema": LINE, "example": EXAMPLE}},
    }

    @made.get(
        "/readings",
        response_class=Lines,
        responses={**problems.responses(BAD, AWAY), int(HTTPStatus.OK): told},
    )
    async def readings(who: Asking, since: From = None, until: Until = None) -> Lines:
        """All readings of `from` ≤ time < `until`, as they are stored, one JSON array a line; none where that is no
        time at all. An answer whose last line is not `true` broke off: ask again from the time of its last reading.
        """
        ends = behind.clock.now() + 1 if until is None else millis(until)
        begins = ends - DAY if since is None else millis(since)
        slices = Slices(max(begins, EARLIEST), min(ends, LATEST), PIECE)
        asking.check()
        zones = who.person.zones
        first = await _next(behind.history, slices)  # what is away says so before anything is answered

        async def told_on() -> AsyncIterator[bytes]:
            async with asking.one():
                some = first
                while some is not None:
                    if zones:
                        some = [one for one in some if one.zone in zones]
                    if some:
                        yield _lines(some)
                    some = await _next(behind.history, slices)
                yield b"true\n"

        return Lines(told_on())

    return made


async def _next(history: History, slices: Slices) -> list[Point] | None:
    span = slices.take()
    if span is None:
        return None
    found = await in_order(history, *span)
    slices.held(len(found))
    return found
