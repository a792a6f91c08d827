"""Readings kept in memory: the fake that tests of everything downstream of the stores use."""

from collections.abc import Mapping, Sequence

from domain.errors import UnavailableError
from domain.ports import Point, WriteReport
from domain.readings import Millis, Reading
from services.buckets import READINGS, Bucketed, bucketed
from services.storage.fitness import Oldest, any_age, of_age, unfit


class MemoryStore:
    """A `ReadingStore` and `ReadingHistory`. Set `away` to a reason to make it unavailable."""

    def __init__(self, oldest: Oldest = any_age) -> None:
        self.away: str | None = None
        self.retry_after: float | None = None
        self.writes = 0
        self._oldest = oldest
        self._kept: dict[tuple[str, str, Millis], Point] = {}

    async def write(self, batch: Sequence[Reading]) -> WriteReport:
        self._answer()
        self.writes += 1
        kept, refused = of_age(batch, self._oldest())
        for reading in kept:
            if why := unfit(reading):
                refused.append((reading, why))
            else:
                self._keep(reading)
        return WriteReport(len(batch) - len(refused), tuple(refused))

    async def points(self, kind: str, since: Millis, until: Millis, *, facility: str | None = None) -> Sequence[Point]:
        self._answer()
        return [
            point
            for point in sorted(self._kept.values(), key=lambda point: (point.facility, point.device, point.at))
            if point.kind == kind and since <= point.at < until and facility in {None, point.facility}
        ]

    async def latest(self, facility: str) -> Sequence[Point]:
        self._answer()
        ours = sorted(
            (point for point in self._kept.values() if point.facility == facility), key=lambda point: point.at
        )
        newest = {point.device: point for point in ours}
        return [newest[device] for device in sorted(newest)]

    def source(self, since: Millis, until: Millis, width: Millis) -> str:  # noqa: ARG002
        return READINGS

    async def buckets(
        self, kind: str, facility: str, since: Millis, until: Millis, width: Millis
    ) -> Mapping[str, Sequence[Bucketed]]:
        return bucketed(await self.points(kind, since, until, facility=facility), since, until, width)

    def _answer(self) -> None:
        if self.away is not None:
            raise UnavailableError(self.away, self.retry_after)

    def _keep(self, reading: Reading) -> None:
        key = (reading.kind, reading.device, reading.at)
        before = self._kept.get(key)
        values = {name: float(v) if type(v) is int else v for name, v in reading.values.items()}
        self._kept[key] = Point(
            facility=reading.facility,
            device=reading.device,
            kind=reading.kind,
            zone=reading.zone,
            at=reading.at,
            values=values if before is None else {**before.values, **values},
            quality=int(reading.quality),
            seq=reading.seq if reading.seq >= 0 or before is None else before.seq,
        )
