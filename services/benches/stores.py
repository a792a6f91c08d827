"""`tidewalk bench store`: a reading store alone, written to as the store writer does, and asked for all of it again."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from domain.messages import Message, Row
from domain.naming import Kind
from domain.ports import ReadingHistory, ReadingStore
from domain.readings import Reading
from ingest.lockstep import DomainClock
from ingest.pipeline import Pipeline
from services import wiring
from services.benches.apart import Evening, peak_mb, resident_mb
from services.benches.coast import Speech, coast
from services.benches.sea import middle
from services.settings import Settings
from services.writing import READINGS_PER_WRITE

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is written: so many readings of so many devices in turn, and then the newest tenth of them once more."""

    settings: Settings
    readings: int
    devices: int


@dataclass(frozen=True, slots=True)
class Written:
    """So many readings, in so many seconds by the clock and of this process's time; ms of each write, p50 and p99."""

    readings: int
    wall: float
    cpu: float
    each_ms: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of it. `all_s`: reading back everything; `newest_ms`: the newest of a facility, p50 and p99."""

    first: Written
    again: Written
    lost: int
    all_s: float
    newest_ms: tuple[float, float]
    bytes_each: float
    store: str

    def line(self, plan: Plan) -> dict[str, Any]:
        """The keys of `--json`; they are documented in its help and stable."""
        first, again = self.first, self.again
        return {
            "name": "store",
            "messages_per_second": round(first.readings / first.wall),
            "microseconds_per_message": round(first.cpu / first.readings * 1e6, 2),
            "resident_mb": round(resident_mb(), 1),
            "lost": self.lost,
            "p50_ms": round(first.each_ms[0], 1),
            "p99_ms": round(first.each_ms[1], 1),
            "again_per_second": round(again.readings / again.wall),
            "read_per_second": round((first.readings - self.lost) / self.all_s),
            "newest_p50_ms": round(self.newest_ms[0], 1),
            "newest_p99_ms": round(self.newest_ms[1], 1),
            "bytes_each": round(self.bytes_each, 1),
            "peak_mb": round(peak_mb(), 1),
            "readings": plan.readings,
            "devices": plan.devices,
            "store": self.store,
        }


async def measure(plan: Plan, tell: Tell) -> Figures:
    """Write, write again, and read. Raises UnavailableError where the store is not there, or refuses."""
    site = coast(plan.devices)
    clock = DomainClock(Evening())
    ends = wiring.MemoryEnds(clock, lambda *_: None)
    async with wiring.service(plan.settings, site, ends.source, ends.publisher, clock) as service:
        store, history = service.outside.store, service.outside.history
        speech = Speech(site, plan.readings)
        tell(f"writing {plan.readings:,} readings of {plan.devices:,} devices, {READINGS_PER_WRITE:,} at a time")
        first = await _written(store, batches(speech, Pipeline(site), 0, plan.readings))
        tell("writing the newest tenth again")
        again = await _written(store, batches(speech, Pipeline(site), plan.readings * 9 // 10, plan.readings))
        tell("reading all of it")
        began = time.monotonic()
        lost = await _lost(history, speech, plan.readings)
        took = time.monotonic() - began
        newest = [await _timed(history, facility) for facility in list(site.facilities)[: plan.devices : _every(plan)]]
        size = sum(file.stat().st_size for file in plan.settings.state.glob("readings.duckdb*"))
        each = size / plan.readings
        return Figures(first, again, lost, took, middle(newest), each, type(store).__name__)


def _every(plan: Plan) -> int:
    return max(1, plan.devices // 100)


def batches(speech: Speech, pipeline: Pipeline, first: int, last: int) -> Iterator[list[Reading]]:
    """Readings as the door makes them; what cannot be read is left out."""
    for start in range(first, last, READINGS_PER_WRITE):
        numbers = range(start, min(last, start + READINGS_PER_WRITE))
        messages = tuple(Message(speech.topic(n).decode(), speech.payload(n), speech.at(n)) for n in numbers)
        yield list(pipeline.read(Row(start + 1, speech.at(numbers[-1]), messages)).readings)


async def _written(store: ReadingStore, batches: Iterator[list[Reading]]) -> Written:
    readings, cpu, each = 0, 0.0, []
    for batch in batches:
        began, worked = time.monotonic(), time.process_time()
        await store.write(batch)
        cpu += time.process_time() - worked
        each.append(time.monotonic() - began)
        readings += len(batch)
    return Written(readings, sum(each), cpu, middle(each))


async def _lost(history: ReadingHistory, speech: Speech, count: int) -> int:
    """Readings that were written, and are not given back."""
    missing = {number for number in range(count) if not speech.broken(number)}
    for start in range(0, count, 4 * READINGS_PER_WRITE):
        until = speech.at(min(count, start + 4 * READINGS_PER_WRITE) - 1) + 1
        for kind in Kind:
            missing -= {point.seq for point in await history.points(str(kind), speech.at(start), until)}
    return len(missing)


async def _timed(history: ReadingHistory, facility: str) -> float:
    began = time.monotonic()
    await history.latest(facility)
    return time.monotonic() - began
