"""What a facility measured over time, drawn together."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from domain.errors import NotFoundError, RejectedError, UnavailableError
from domain.naming import QUANTITIES
from domain.readings import Millis
from services.api import problems
from services.api.answering import Answer, found
from services.api.named import V1, FacilityId
from services.api.scoping import Asking, must_see
from services.api.seams import Behind
from services.api.shown import Time
from services.buckets import AT_MOST, Bucketed, aligned
from services.dispatch.when import millis

BAD, NONE, AWAY = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE
S: Final = 1000
DAY: Final = 86_400 * S
LONGEST: Final = 400 * DAY
AT_ONCE: Final = 8  # questions to the store that wait; it also has readings to write
_UNITS: Final = {"s": S, "m": 60 * S, "h": 3600 * S, "d": DAY}
_STEPS: Final = tuple(
    n * unit
    for unit, ns in ((S, (10, 30)), (60 * S, (1, 5, 15, 30)), (3600 * S, (1, 3, 6, 12)), (DAY, (1, 2)))
    for n in ns
)
_AIM: Final = 300  # buckets, where nobody said how wide
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

From = Annotated[
    AwareDatetime | None,
    Query(
        alias="from",
        description="From then on; of more than two days from the full five minutes, or hour, before it. Default: a"
        " day before `until`",
        examples=["2026-10-01T00:00:00Z"],
    ),
]
Until = Annotated[
    AwareDatetime | None,
    Query(description="Up to then, and not at it. Default: now", examples=["2026-10-02T00:00:00+08:00"]),
]
Every = Annotated[
    str,
    Query(
        pattern=r"^([1-9][0-9]{0,5}[smhd])?$",
        description=f"How wide a bucket is, such as 30s, 5m, 1h, 1d; at most {AT_MOST:,} of them. Default: what gives"
        f" about {_AIM}",
        examples=["15m"],
    ),
]
Some = Annotated[
    list[Annotated[str, Field(json_schema_extra={"enum": sorted(QUANTITIES)})]] | None,
    Query(description="Only these. Default: all that were measured", max_length=32, examples=[["fill_level"]]),
]


class Bucket(BaseModel):
    """What came to be in one stretch of time. Mean, least and most are of numbers alone."""

    at: Time = Field(description="Where it begins")
    count: int
    last: float | bool | str
    mean: float | None
    min: float | None
    max: float | None


class Series(BaseModel):
    """One quantity, bucket by bucket; the empty ones are left out."""

    unit: str
    zh: str
    buckets: list[Bucket]


class HistoryShown(BaseModel):
    """What a facility measured in `from` ≤ time < `until`. Buckets begin at `from`; the last may be cut off."""

    model_config = ConfigDict(
        populate_by_name=True,
        json_schema_extra={
            "examples": [
                {
                    "facility": "bin-hand",
                    "from": "2026-10-01T00:00:00.000Z",
                    "until": "2026-10-02T00:00:00.000Z",
                    "every_s": 3600,
                    "source": "readings",
                    "quantities": {
                        "fill_level": {
                            "unit": "%",
                            "zh": "满溢度",
                            "buckets": [
                                {
                                    "at": "2026-10-01T12:00:00.000Z",
                                    "count": 4,
                                    "last": 97.0,
                                    "mean": 94.5,
                                    "min": 92.0,
                                    "max": 97.0,
                                }
                            ],
                        }
                    },
                }
            ]
        },
    )

    facility: str
    since: Time = Field(serialization_alias="from")
    until: Time
    every_s: int
    source: str = Field(description="What it was drawn from: readings, or a roll-up such as 5m, 1h, with what is newer")
    quantities: Mapping[str, Series]


def router(behind: Behind) -> APIRouter:
    """`/facilities/{facility}/history`."""
    made = APIRouter(prefix=V1, tags=["coast"])
    asking = Turns(AT_ONCE)

    @made.get(
        "/facilities/{facility}/history",
        response_model=HistoryShown,
        responses=found(HistoryShown, "The buckets of each quantity") | problems.responses(NONE, BAD, AWAY),
    )
    async def history(
        facility: FacilityId,
        answer: Answer,
        who: Asking,
        since: From = None,
        until: Until = None,
        every: Every = "",
        quantity: Some = None,
    ) -> Response:
        """What a facility measured: of each bucket how many values, their mean, least and most, and the last."""
        one = behind.site.facilities.get(facility)
        if one is None:
            raise NotFoundError(f"there is no facility {facility}")
        must_see(who, {one.zone})
        unknown = [name for name in quantity or () if name not in QUANTITIES]
        if unknown:
            raise RejectedError(f"there is no quantity {unknown[0][:40]!r}")
        begins, ends, width = _span(since, until, every, behind.clock.now())
        async with asking.one():
            told = await behind.history.buckets(one.kind, facility, begins, ends, width)

        def shown() -> Response:
            series = {name: _series(name, ones) for name, ones in told.items() if not quantity or name in quantity}
            source = behind.history.source(begins, ends, width)
            return answer(
                HistoryShown(
                    facility=facility, since=begins, until=ends, every_s=width // S, source=source, quantities=series
                )
            )

        return await asyncio.to_thread(shown)

    return made


class Turns:
    """Lets so many at a time ask; more are told to come again."""

    def __init__(self, most: int) -> None:
        self._most, self._asking = most, 0

    def check(self) -> None:
        """Raises UnavailableError where it is nobody's turn."""
        if self._asking >= self._most:
            raise UnavailableError("too many ask for history at once", 1.0)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """For the time of one question. Raises UnavailableError."""
        self.check()
        self._asking += 1
        try:
            yield
        finally:
            self._asking -= 1


def _span(since: datetime | None, until: datetime | None, every: str, now: Millis) -> tuple[Millis, Millis, Millis]:
    for one in (since, until):
        if one is not None and not _EARLIEST <= one <= _LATEST:
            raise RejectedError("times lie between the years 2000 and 2100")
    ends = now + 1 if until is None else millis(until)
    begins = ends - DAY if since is None else millis(since)
    if not begins < ends:
        raise RejectedError("`from` must be before `until`")
    if ends - begins > LONGEST:
        raise RejectedError(f"at most {LONGEST // DAY} days at once")
    if every:
        width = int(every[:-1]) * _UNITS[every[-1]]
        if width > LONGEST:
            raise RejectedError(f"{every} is wider than what can be asked for at once: say 1s to {LONGEST // DAY}d")
    else:
        width = next(step for step in _STEPS if step * _AIM >= ends - begins)
    begins = aligned(begins, ends, width)
    if (ends - begins) > width * AT_MOST:
        raise RejectedError(f"{every} would be more than {AT_MOST} buckets: say a wider one, or a shorter time")
    return begins, ends, width


def _series(name: str, ones: Sequence[Bucketed]) -> Series:
    quantity = QUANTITIES[name]
    buckets = [
        Bucket(at=one.at, count=one.many, last=one.last, mean=one.mean, min=one.least, max=one.most) for one in ones
    ]
    return Series(unit=quantity.unit, zh=quantity.zh, buckets=buckets)
