"""Roll-ups kept in memory, beside a store that is."""

from collections.abc import Sequence

from domain.naming import QUANTITIES, Kind
from domain.ports import Point
from domain.readings import Millis, Value
from services.influx.rolled import Rolled, Whose
from tests.fakes.memory_store import MemoryStore


class MemoryRollups:
    """`services.influx.rollups.Points`; away where its store is."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self._kept: dict[str, dict[tuple[Whose, Millis], Rolled]] = {}

    def forget(self) -> None:
        self._kept.clear()

    async def first(self, level: str, since: Millis) -> Millis | None:
        if level:
            found = [at for _, at in self._kept.get(level, {}) if at >= since]
        else:
            found = [point.at for kind in Kind for point in await self.store.points(kind, since, 1 << 62)]
        return min(found, default=None)

    async def drawn(self, width: Millis, since: Millis, until: Millis, kinds: Sequence[str]) -> Sequence[Rolled]:
        gathered: dict[tuple[Whose, Millis], list[Point]] = {}
        for kind in kinds or Kind:
            for point in await self.store.points(kind, since, until):
                whose = Whose(str(kind), point.zone, point.facility, point.device)
                gathered.setdefault((whose, since + (point.at - since) // width * width), []).append(point)
        return [_one(*key, points) for key, points in sorted(gathered.items())]

    async def rolled(self, level: str, since: Millis, until: Millis, kinds: Sequence[str]) -> Sequence[Rolled]:
        kept = sorted(self._kept.get(level, {}).items())
        return [one for (whose, at), one in kept if since <= at < until and whose.kind in (kinds or list(Kind))]

    async def write(self, level: str, points: Sequence[Rolled]) -> None:
        self._kept.setdefault(level, {}).update({(one.whose, one.at): one for one in points})


def _one(whose: Whose, at: Millis, points: Sequence[Point]) -> Rolled:
    fields: dict[str, Value | int] = {"readings": len(points), "q": max(point.quality for point in points)}
    for name in {name for point in points for name in point.values}:
        values = [point.values[name] for point in points if name in point.values]
        fields |= {f"{name}_count": len(values), f"{name}_last": values[-1]}
        if QUANTITIES[name].type != "text":
            numbers = [float(value) for value in values]
            fields[f"{name}_mean"] = sum(numbers) / len(numbers)
        if QUANTITIES[name].type == "float":
            fields |= {f"{name}_min": min(numbers), f"{name}_max": max(numbers)}
    return Rolled(whose, at, dict(sorted(fields.items())))
