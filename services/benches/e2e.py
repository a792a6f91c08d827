"""`tidewalk bench e2e`: one service between a real broker and a real store, on whatever cores they all find.

Three processes of ours beside broker and store: the service as `tidewalk serve` runs it, the coast that publishes
(`services.benches.swell`), and the one that reports. Times in different processes are of one clock.
"""

import asyncio
import logging
import multiprocessing
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import aiohttp

from domain.messages import Heard
from domain.naming import FIELD_SEQ, Kind
from domain.readings import Millis, Reading
from ingest.lockstep import DomainClock
from services import memory, wiring
from services.benches.apart import Evening, apart, peak_mb, resident_mb
from services.benches.coast import Speech, coast
from services.benches.passage import Figures, Passage, Plan
from services.benches.sea import Send, middle, when
from services.benches.stages import Stages
from services.benches.swell import Ask, Ready, Sailed, Told, run_swell
from services.benches.swell import Plan as Swell
from services.service import Service
from services.settings import Settings

RULE: Final = "bin-full"  # judged on arrival: its first order says how long that takes to a crew
SAMPLED: Final = 25  # one reading in so many is timed on its way to the store
SLICE: Final = 20_000  # messages that the store is asked for at a time
PATIENCE_S: Final = 60.0  # beyond twice the time that a part takes
Tell = Callable[[str], None]


def measure(plan: Plan, tell: Tell) -> Figures:
    """Start the processes, and return what they found. Raises RuntimeError where one ends too early, or says why it
    cannot go on.
    """
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    talk, far = spawn.Pipe()
    host, port = plan.settings.broker_address()
    secret = plan.settings.broker_password.get_secret_value()
    swell = Swell(host, port, plan.settings.broker_user, secret, plan.devices, plan.messages, plan.storm)
    played = spawn.Process(target=apart, args=([], run_swell, far, swell), daemon=True)
    served = spawn.Process(target=apart, args=([], _serve, there, talk, plan), daemon=True)
    said: object = None
    try:
        for process in (played, served):
            process.start()
        for end in (there, talk, far):
            end.close()
        while isinstance(said := here.recv(), str):
            tell(said)
    except EOFError:
        raise RuntimeError("the measured service ended before it was done; what went wrong is above") from None
    finally:
        for process in (served, played):
            process.join(10.0)
            process.kill()
    if isinstance(said, Ready):
        raise RuntimeError(said.why)  # noqa: TRY004  # it is the right type to say this
    assert isinstance(said, Figures)  # noqa: S101
    return said


def _serve(parent: Connection, swell: Connection, plan: Plan) -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    stages = Stages()
    stages.watch()
    try:
        said: Figures | Ready = asyncio.run(_Run(plan, partial(parent.send), swell, stages).figures())
    except RuntimeError as given_up:
        said = Ready(str(given_up))
    parent.send(said)
    swell.close()


class _Run:
    """One service, measured."""

    def __init__(self, plan: Plan, tell: Tell, swell: Connection, stages: Stages) -> None:
        self._plan, self._tell, self._swell, self._stages = plan, tell, swell, stages
        self._stored: list[tuple[float, list[int]]] = []
        self._wanted, self._all_heard = 0, asyncio.Event()

    async def figures(self) -> Figures | Ready:
        """Play all of it; or say why that cannot be."""
        plan = self._plan
        self._tell(f"making {plan.messages:,} messages of {plan.devices:,} devices")
        site = coast(plan.devices)
        if why := await wiring.why_no_influx(plan.settings, site):
            return Ready(why)
        ready = await self._hear()
        assert isinstance(ready, Ready)  # noqa: S101
        if ready.why:
            return ready
        clock = DomainClock(Evening())
        ends = wiring.broker_ends(plan.settings, site, clock)
        try:
            async with wiring.service(plan.settings, site, ends.source, ends.publisher, clock) as service:
                self._watch(type(service.outside.store))
                service.on_heard.append(self._hears)
                with memory.settled():
                    return await self._beside(service, Speech(site, plan.messages, plan.storm))
        finally:
            await ends.close()

    async def _beside(self, service: Service, speech: Speech) -> Figures:
        """Play while the service runs. Raises what ends it too early."""
        running = asyncio.create_task(service.run())
        playing = asyncio.create_task(self._play(service, speech))
        await asyncio.wait({running, playing}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            playing.cancel()
            running.result()
        figures = await playing
        await service.stop()
        await running
        return figures

    async def _play(self, service: Service, speech: Speech) -> Figures:
        plan = self._plan
        await service.listening()
        self._tell(f"warming up: {plan.devices:,} messages, one of each device")
        await self._passage(service, plan.devices, plan.rate)
        self._tell(
            f"to crews: {len(plan.storm):,} messages, {plan.crew_rate:,.0f} a second, one device in 50 in trouble"
        )
        sailed = await self._sail(service, len(plan.storm), plan.crew_rate)
        crews = _to_crews(speech, plan.storm, sailed, await self._told())
        self._tell(f"to the store: {plan.minute:,} messages, {plan.rate:,.0f} a second")
        main = await self._passage(service, plan.minute, plan.rate)
        resident, peak = resident_mb(), peak_mb()
        steps: list[Passage] = []
        for rate in plan.steps if main.held else ():
            self._tell(f"step: {rate:,.0f} a second for {plan.step_s:g} s")
            steps.append(await self._passage(service, int(rate * plan.step_s), rate))
            if not steps[-1].held:
                break
        count = plan.storm.stop + plan.minute + sum(one.messages for one in steps)
        self._tell(f"asking the store for {count:,} messages")
        lost = await _lost(service, speech, count, plan.settings)
        alarms = len(await asyncio.to_thread(service.books.alarms, newest=1_000_000))
        store = type(service.outside.store).__name__
        return Figures(main, middle(crews), len(crews), tuple(steps), lost, alarms, resident, peak, store)

    async def _passage(self, service: Service, count: int, rate: float) -> Passage:
        self._stages.take()
        self._stored.clear()
        cpu, busy = time.process_time(), _busy_s()
        sailed = await self._sail(service, count, rate)
        done = time.monotonic()
        cpu, busy = time.process_time() - cpu, _busy_s() - busy
        stages = self._stages.take()
        delays = [at - when(sailed.sent, n) for at, numbers in self._stored for n in numbers if n >= sailed.first]
        reached = count / max(sailed.acknowledged - sailed.began, 1e-3)
        behind = done - sailed.acknowledged
        return Passage(count, rate, reached, middle(delays), behind, cpu, sailed.cpu, busy, stages)

    async def _sail(self, service: Service, count: int, rate: float) -> Sailed:
        """Have so many messages published, and everything done that they lead to."""
        self._wanted, self._all_heard = self._wanted + count, asyncio.Event()
        self._swell.send(Send(count, rate))
        try:
            async with asyncio.timeout(2 * count / rate + PATIENCE_S):
                sailed = await self._hear()
                await self._all_heard.wait()  # the broker has them, and may not have passed them on
                await service.drain()
        except TimeoutError:
            waits = service.writing.status.waiting_for or service.judging.waiting_for or service.door.trouble
            raise RuntimeError(f"given up: {waits or 'it is far behind the rate, and catches up too slowly'}") from None
        assert isinstance(sailed, Sailed)  # noqa: S101
        return sailed

    async def _told(self) -> Sequence[Told]:
        await asyncio.sleep(0.2)  # from the broker to whoever plays the crews
        self._swell.send(Ask())
        told: Sequence[Told] = await self._hear()
        return told

    async def _hear(self) -> Any:
        return await asyncio.get_running_loop().run_in_executor(None, self._swell.recv)

    def _hears(self, heard: Heard) -> None:
        """Count what was published and has come."""
        self._wanted -= len(heard.fates) - len(heard.notes)
        if self._wanted <= 0:
            self._all_heard.set()

    def _watch(self, store: Any) -> None:
        """Note when readings are stored: when `write` returns. The product has no part in it."""
        write, stored = store.write, self._stored

        async def watched(mine: object, batch: Sequence[Reading]) -> object:
            report = await write(mine, batch)
            stored.append((time.monotonic(), [reading.seq for reading in batch[::SAMPLED]]))
            return report

        store.write = watched


def _to_crews(speech: Speech, storm: range, sailed: Sailed, told: Sequence[Told]) -> list[float]:
    """Seconds from the report that a bin is full to the crew's order to empty it."""
    firsts: dict[str, list[float]] = {}
    for number in storm:
        if (facility := speech.full(number)) and not speech.full(number - speech.devices):
            firsts.setdefault(facility, []).append(when(sailed.sent, number))
    delays = []
    for order in told:
        published = firsts.get(order.facility, [])
        if order.revision == 1 and order.rule == RULE and (place := bisect_right(published, order.at)):
            delays.append(order.at - published[place - 1])
    return delays


async def _lost(service: Service, speech: Speech, count: int, settings: Settings) -> int:
    """Messages that the store does not give back, and that were not kept aside. An InfluxDB counts them, slice by
    slice, and gives back those of a slice that is not whole.
    """
    lost = 0
    for start in range(0, count, SLICE):
        numbers = range(start, min(count, start + SLICE))
        wanted = {number for number in numbers if not speech.broken(number)}
        since, until = speech.at(numbers[0]), speech.at(numbers[-1]) + 1
        if settings.influx and await _counted(settings, since, until) == len(wanted):
            continue
        for kind in Kind:
            wanted -= {point.seq for point in await service.outside.history.points(str(kind), since, until)}
        lost += len(wanted)
    return lost


async def _counted(settings: Settings, since: Millis, until: Millis) -> int:
    """Points in a span of time; no two messages make the same one."""
    asked = f"SELECT COUNT({FIELD_SEQ}) FROM /.*/ WHERE time >= {since}ms AND time < {until}ms"  # noqa: S608  # ours
    url = f"{settings.influx.rstrip('/')}/query"
    headers = {"Authorization": f"Token {settings.influx_token.get_secret_value()}"}
    words = {"db": settings.bucket(simulated=False), "q": asked}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(url, params=words) as answer:
        told = await answer.json()
    return sum(int(one["values"][0][1]) for one in told["results"][0].get("series", ()))


def _busy_s() -> float:
    """Processor seconds that this machine has worked, whoever for; 0 where the system does not say."""
    try:
        told = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    except OSError:
        return 0.0
    user, nice, system, _, _, irq, soft = (int(ticks) for ticks in told[1:8])
    return (user + nice + system + irq + soft) / 100
