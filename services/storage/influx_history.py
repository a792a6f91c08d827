"""Readings back from InfluxDB, in InfluxQL over `/query`: the one language that 1.x, 2.x and 3.x all speak."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from domain.errors import UnavailableError
from domain.naming import FIELD_QUALITY, FIELD_SEQ, QUANTITIES, Kind
from domain.ports import Point
from domain.readings import Millis, Value
from domain.series import ROLLUPS, bucket_of
from services.buckets import READINGS, Bucketed, joined, source_of
from services.storage.influx_asking import InfluxAsking, identifier, nanoseconds, no_database, quoted
from services.storage.influx_buckets import buckets_in, question, rolled_in
from services.storage.influx_speech import InfluxSettings


class InfluxHistory:
    """A `ReadingHistory` of one site. The answer comes in chunks, so no server's row limit cuts it short unnoticed."""

    def __init__(self, settings: InfluxSettings, *, site: str) -> None:
        self._asking = InfluxAsking(settings)
        self._site = site
        self._levels = {
            level: InfluxAsking(settings.model_copy(update={"bucket": bucket_of(settings.bucket, level)}))
            for level in ROLLUPS
        }

    async def points(self, kind: str, since: Millis, until: Millis, *, facility: str | None = None) -> Sequence[Point]:
        """See `domain.ports.ReadingHistory`."""
        where = f"time >= {nanoseconds(since)} AND time < {nanoseconds(until)}"
        query = f"SELECT * FROM {identifier(kind)} WHERE {where} AND {self._whose(facility)} {_BY_DEVICE}"  # noqa: S608
        found = await self._ask(query)
        return sorted(found, key=_place)

    async def latest(self, facility: str) -> Sequence[Point]:
        """See `domain.ports.ReadingHistory`."""
        kinds = ", ".join(identifier(kind) for kind in Kind)
        whose = self._whose(facility)
        query = f"SELECT * FROM {kinds} WHERE {whose} {_BY_DEVICE} ORDER BY time DESC LIMIT 1"  # noqa: S608
        found = await self._ask(query)
        newest = {point.device: point for point in sorted(found, key=lambda point: point.at)}
        return [newest[device] for device in sorted(newest)]

    def source(self, since: Millis, until: Millis, width: Millis) -> str:
        """What `buckets` draws from."""
        return source_of(since, until, width)

    async def buckets(
        self, kind: str, facility: str, since: Millis, until: Millis, width: Millis
    ) -> Mapping[str, Sequence[Bucketed]]:
        """What each quantity of a facility came to in each `width` ms from `since` on; without the empty ones. From a
        roll-up where one fits, and from the readings before and after what that has. Where several devices measure the
        same, the last of a window of the roll-up is that of one of them.
        """
        level = self.source(since, until, width)
        if level == READINGS:
            return joined(await self._counted(kind, facility, (since, until), since, width), since, width)
        window = ROLLUPS[level].width
        rolled = await self._rolled(level, kind, facility, since, until - window + 1)
        begins = min((at for at, *_ in rolled), default=until)
        ends = max((at + window for at, *_ in rolled), default=until)
        before = await self._counted(kind, facility, (since, begins), since, width)
        after = await self._counted(kind, facility, (ends, until), since, width)
        parts = [(name, part) for _, _, name, part in sorted(rolled, key=lambda one: one[:3])]
        return joined([*before, *parts, *after], since, width)

    async def _counted(
        self, kind: str, facility: str, span: tuple[Millis, Millis], since: Millis, width: Millis
    ) -> list[tuple[str, Bucketed]]:
        """The buckets of the readings in a span of time; they begin where those from `since` on do."""
        if span[0] >= span[1]:
            return []
        within = f"time >= {nanoseconds(span[0])} AND time < {nanoseconds(span[1])} AND {self._whose(facility)}"
        told = await self._asking.told(question(identifier(kind), within, since, width), buckets_in)
        found = [(name, one) for chunk in told for name, ones in chunk.items() for one in ones]
        return sorted(found, key=lambda one: one[1].at)

    async def _rolled(
        self, level: str, kind: str, facility: str, since: Millis, until: Millis
    ) -> list[tuple[Millis, str, str, Bucketed]]:
        """The windows of a level, by time and device; none where there is no such roll-up."""
        within = f"time >= {nanoseconds(since)} AND time < {nanoseconds(until)} AND {self._whose(facility)}"
        asked = f"SELECT * FROM {identifier(kind)} WHERE {within} {_BY_DEVICE}"  # noqa: S608
        try:
            return [one for chunk in await self._levels[level].told(asked, rolled_in) for one in chunk]
        except UnavailableError as away:
            if no_database(away):
                return []
            raise

    async def close(self) -> None:
        """Give the connections back."""
        for one in (self._asking, *self._levels.values()):
            await one.close()

    def _whose(self, facility: str | None) -> str:
        ours = f'"site" = {quoted(self._site)}'
        return ours if facility is None else f'{ours} AND "facility" = {quoted(facility)}'

    async def _ask(self, query: str) -> list[Point]:
        return [point for points in await self._asking.told(query, _read_points) for point in points]


_BY_DEVICE: Final = 'GROUP BY "zone", "facility", "device"'


def _place(point: Point) -> tuple[str, str, Millis]:
    return point.facility, point.device, point.at


def _read_points(told: dict[str, Any]) -> list[Point]:
    return [point for result in told["results"] for series in result.get("series", []) for point in _points(series)]


def _points(series: dict[str, Any]) -> Iterable[Point]:
    kind, tags, columns = series["name"], series["tags"], series["columns"]
    at = columns.index("time")
    quality, seq = (columns.index(name) if name in columns else at for name in (FIELD_QUALITY, FIELD_SEQ))
    measured = [(place, name) for place, name in enumerate(columns) if name in QUANTITIES]
    for row in series["values"]:
        values = {name: value_of(name, row[place]) for place, name in measured if row[place] is not None}
        number = -1 if seq == at or row[seq] is None else row[seq]
        doubt = 0 if quality == at or row[quality] is None else row[quality]
        yield Point(tags["facility"], tags["device"], kind, tags["zone"], row[at], values, doubt, number)


def value_of(name: str, told: Any) -> Value:
    """JSON writes the float 96.0 as 96."""
    if QUANTITIES[name].type == "float":
        return float(told)
    return bool(told) if QUANTITIES[name].type == "bool" else str(told)
