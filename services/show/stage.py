"""The demo: a coast, its service and its crews in one process; in virtual time for a verdict, or by the clock."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from domain.errors import ConflictError
from domain.ports import Clock
from domain.readings import Millis
from domain.site import Site
from ingest.fanout import replayed
from ingest.lockstep import DomainClock
from ingest.pipeline import Pipeline
from services import wiring
from services.audit import Conservation, Identity, conservation, read_ledger, returned_by
from services.dispatch.postman import Channel
from services.run_hash import Tally, tally
from services.service import Service
from services.settings import Settings
from simulators.clocks import ScaledClock
from simulators.ledger import Ledger
from simulators.plans import plan_named
from simulators.play import Coast, Played, play_live, play_lockstep
from simulators.transport import Outgoing, Transport
from simulators.transports.memory import MemoryTransport
from simulators.transports.mqtt import MqttTransport, MqttTransportSettings
from simulators.world import World

MEMORY: Final = "memory"
BROKER: Final = "broker"
LEDGER: Final = "ledger.jsonl"
C = TypeVar("C", bound=Coast)  # the coast that is played
_MARK: Final = "THIS-FOLDER-IS-EMPTIED-BY-TIDEWALK-DEMO"


@dataclass(frozen=True, slots=True)
class Run:
    """What is played: from when to when, by which seed, what goes wrong, and how long messages are on their way."""

    start: Millis
    until: Millis
    seed: int = 7
    faults: str = "demo"
    delay_ms: tuple[int, int] = (0, 0)
    transport: str = MEMORY


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a virtual run came to: the demo's JSON line."""

    published: int
    conservation: Conservation
    tally: Tally

    def line(self) -> dict[str, Any]:
        """The keys of `tidewalk demo --json`, documented in its help; they are stable."""
        kept = self.conservation
        return {
            "published": self.published,
            "stored": kept.stored,
            "duplicates": kept.duplicates,
            "quarantined": kept.quarantined,
            "lost": kept.lost,
            **self.tally._asdict(),
        }


@dataclass(frozen=True, slots=True)
class Stage(Generic[C]):
    """A service that runs, and the coast that plays to it."""

    service: Service
    world: C
    transport: Transport
    clock: DomainClock
    ledger: Ledger


Show = Stage[World]


@asynccontextmanager
async def staged(settings: Settings, site: Site, run: Run, wall: Clock) -> AsyncIterator[Show]:
    """Start everything with a make-believe coast, the domain clock standing at the run's start; end everything. State
    begins empty.
    """
    world = World(site, run.seed, run.start, plan_named(run.faults), run.delay_ms)
    async with playing(settings, world, wall, run.transport) as stage:
        yield stage


@asynccontextmanager
async def playing(
    settings: Settings,
    world: C,
    wall: Clock,
    over: str,
    among: Callable[[dict[str, Channel]], dict[str, Channel]] = dict,
) -> AsyncIterator[Stage[C]]:
    """The same with any coast, from where it stands, and those channels to contacts that `among` says."""
    site = world.site
    _emptied(settings.state)
    clock = DomainClock(wall, start=world.now)
    transport, source, publisher, leave = _ends(settings, site, clock, over)
    async with wiring.service(settings, site, source, publisher, clock, among=among) as service:
        if service.judging.cursor:
            raise ConflictError("the database at --sql holds alarms and orders of an earlier run; name an empty one")
        running = asyncio.create_task(service.run(), name="service")
        ledger = Ledger(settings.state / LEDGER)
        try:
            await _or_fail(service.listening(), running)
            yield Stage(service, world, transport, clock, ledger)
            await service.stop()
            await running
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            ledger.close()
            await transport.close()
            await leave()


async def play_virtual(
    stage: Stage[C], until: Millis, on_progress: Callable[[Played], None], stops: Sequence[Millis] = ()
) -> Played:
    """Lock-step up to `until`, a minute at a time, or to each of `stops`."""
    return await play_lockstep(
        stage.world, stage.transport, until, ledger=stage.ledger, on_progress=on_progress, stops=stops
    )


async def play_show(stage: Show, wall: Clock, speed: float, stop: asyncio.Event) -> None:
    """From where lock-step ended, `speed` times as fast up to the present, and then live, until `stop`."""
    stage.clock.release(ScaledClock(wall, stage.clock.now(), speed))
    await play_live(stage.world, stage.transport, stage.clock, stop=stop, ledger=stage.ledger)


async def verdict(stage: Stage[C], played: Played, since: Millis, until: Millis) -> Verdict:
    """Drain, then hold the ledger against journal, quarantine and store."""
    service = stage.service
    await service.drain()
    stage.ledger.flush()
    alarms, orders = await asyncio.to_thread(service.books.everything)
    day = 86_400_000
    returned = await returned_by(service.outside.history, since - day, until + day)
    kept = await asyncio.to_thread(_accounted, service, stage.ledger.path, returned)
    return Verdict(played.published, kept, tally(alarms, orders))


def _emptied(folder: Path) -> None:
    """Empty what an earlier demo left; refuse a folder that holds anything else."""
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise ConflictError(f"{folder} holds something that no demo left there; name an empty folder with --state")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / _MARK).touch()


def _accounted(service: Service, ledger: Path, returned: set[Identity]) -> Conservation:
    aside = service.quarantine.list(newest=1_000_000)
    return conservation(
        replayed(service.journal, 0),
        Pipeline(service.site),
        published=read_ledger(ledger),
        returned=returned,
        kept_aside=[(one.row, one.place, one.quantity, one.key) for one in aside],
    )


def _ends(settings: Settings, site: Site, clock: DomainClock, transport: str) -> Any:
    if transport == MEMORY:
        ends = wiring.MemoryEnds(clock, lambda topic, payload, retain: coast.hear(topic, payload, retain=retain))

        async def deliver(messages: Sequence[Outgoing]) -> None:
            ends.deliver([(m.topic, m.payload) for m in messages])

        coast = MemoryTransport(deliver)
        return coast, ends.source, ends.publisher, _nothing
    over = wiring.broker_ends(settings, site, clock)
    host, port = settings.broker_address()
    played = MqttTransport(MqttTransportSettings(host, port, f"{settings.session(site.id)}-coast", clean=True))
    return played, over.source, over.publisher, over.close


async def _nothing() -> None:
    """Nothing to leave."""


async def first_of(work: "asyncio.Future[Any]", stop: asyncio.Event) -> None:
    """Let it work, until it is done or `stop` is set."""
    told = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
    finally:
        told.cancel()
        work.cancel()
        await asyncio.gather(work, told, return_exceptions=True)


async def _or_fail(wanted: Any, running: "asyncio.Task[None]") -> None:
    """Wait for it, or raise what ended the service before."""
    waiting = asyncio.ensure_future(wanted)
    await asyncio.wait({waiting, running}, return_when=asyncio.FIRST_COMPLETED)
    if not waiting.done():
        waiting.cancel()
        running.result()
        raise RuntimeError("the service ended before it listened")
