"""`tidewalk bench ingest`: one whole service in a process and on a core of its own, and the sea beside it.

Everything is as in `tidewalk serve`: the MQTT 5 source, the durable journal, decoding, the shipped rules, SQL commits,
the dispatcher, line protocol, gzip and HTTP. Only the machines at both ends are played (`services.benches.sea`), and
the domain clock begins at an evening hour, so that every run judges the same.
"""

import asyncio
import cProfile
import logging
import multiprocessing
import os
import pstats
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from ingest.lockstep import DomainClock
from services import memory, wiring
from services.benches.apart import Evening, apart, peak_mb, resident_mb
from services.benches.coast import coast
from services.benches.sea import Account, Ask, Ports, Send, run_sea
from services.benches.stages import Stages
from services.influx.chronicle import LOOK_S
from services.service import Service
from services.settings import Settings

LATENCY_SHARE: Final = 0.5  # of the rate found, at which latency is measured
LATENCY_S: Final = 5.0
_QUIET_S: Final = 1.0
_IDLE: Final = 0.1  # of a core
_SHOWN: Final = 45  # functions of a profile
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured. `folder` holds the journal and the databases, and is empty."""

    messages: int
    devices: int
    folder: Path
    profile: bool = False

    @property
    def warm(self) -> int:
        """Messages before the clock runs: one of each device, so that what is kept of a device is there."""
        return self.devices

    @property
    def paced(self) -> int:
        """The most messages that latency is measured with."""
        return max(100, self.messages // 2)

    @property
    def all(self) -> int:
        """Messages to be made."""
        return self.warm + self.messages + self.paced


@dataclass(frozen=True, slots=True)
class Flow:
    """What the service did while it was sent as much as it took. Seconds; MB are millions of bytes."""

    wall: float
    cpu: float
    stages: dict[str, float]
    rows: int
    resident_mb: float
    peak_mb: float
    pinned: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of it. Latency is that of the paced part, at `paced_rate` messages a second."""

    flow: Flow
    full: Account
    paced: Account
    paced_rate: float
    alarms: int
    quarantined: int

    def line(self, plan: Plan) -> dict[str, Any]:
        """The keys of `--json`; they are documented in its help and stable."""
        flow, per_message = self.flow, 1e6 / plan.messages
        return {
            "name": "ingest",
            "messages_per_second": round(plan.messages / flow.wall),
            "microseconds_per_message": round(flow.cpu * per_message, 2),
            "resident_mb": round(flow.resident_mb, 1),
            "lost": self.full.lost + self.paced.lost,
            "p50_ms": round(self.paced.settled_ms[0], 1),
            "p99_ms": round(self.paced.settled_ms[1], 1),
            "messages_per_cpu_second": round(plan.messages / flow.cpu),
            "peak_mb": round(flow.peak_mb, 1),
            "stored_p50_ms": round(self.paced.stored_ms[0], 1),
            "stored_p99_ms": round(self.paced.stored_ms[1], 1),
            "latency_at": round(self.paced_rate),
            "messages": plan.messages,
            "devices": plan.devices,
            "rows": flow.rows,
            "alarms": self.alarms,
            "sent_to_crews": self.paced.orders,
            "quarantined": self.quarantined,
            "one_core": flow.pinned,
            "stages_us": {stage: round(spent * per_message, 2) for stage, spent in flow.stages.items()},
        }


def measure(plan: Plan, tell: Tell) -> Figures:
    """Start both processes, and return what they found. Raises RuntimeError where one of them ends too early."""
    spawn = multiprocessing.get_context("spawn")
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    ours, theirs = (cores[:1], cores[1:]) if len(cores) > 1 else ([], [])
    here, there = spawn.Pipe()
    talk, sea = spawn.Pipe()
    shore = spawn.Process(target=apart, args=(theirs, run_sea, sea, plan.devices, plan.all), daemon=True)
    served = spawn.Process(target=apart, args=(ours, _serve, there, talk, plan, bool(ours)), daemon=True)
    try:
        for process in (shore, served):
            process.start()
        for end in (there, talk, sea):
            end.close()
        while isinstance(said := here.recv(), str):
            tell(said)
    except EOFError:
        raise RuntimeError("the measured service ended before it was done; what went wrong is above") from None
    finally:
        for process in (served, shore):
            process.join(10.0)
            process.kill()
    assert isinstance(said, Figures)  # noqa: S101
    return said


def _serve(parent: Connection, sea: Connection, plan: Plan, pinned: bool) -> None:  # noqa: FBT001
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    stages = Stages()
    stages.watch()
    profile = cProfile.Profile() if plan.profile else None
    figures = asyncio.run(_Run(plan, partial(parent.send), sea, stages, profile, pinned=pinned).figures())
    if profile is not None:
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(_SHOWN)
    parent.send(figures)
    sea.close()


class _Run:
    """One service, measured."""

    def __init__(
        self,
        plan: Plan,
        tell: Tell,
        sea: Connection,
        stages: Stages,
        profile: cProfile.Profile | None,
        *,
        pinned: bool,
    ) -> None:
        self._plan, self._tell, self._sea, self._stages = plan, tell, sea, stages
        self._profile, self._pinned = profile, pinned

    async def figures(self) -> Figures:
        """Play all of it."""
        plan = self._plan
        self._tell(f"making {plan.all:,} messages of {plan.devices:,} devices")
        site = coast(plan.devices)
        ports = await self._hear()
        assert isinstance(ports, Ports)  # noqa: S101
        settings = settings_of(plan.folder, ports)
        clock = DomainClock(Evening())
        ends = wiring.broker_ends(settings, site, clock)
        try:
            async with wiring.service(settings, site, ends.source, ends.publisher, clock) as service:
                with memory.settled():
                    figures = await self._beside(service)
        finally:
            await ends.close()
        return figures

    async def _beside(self, service: Service) -> Figures:
        """Play while the service runs. Raises what ends it too early."""
        running = asyncio.create_task(service.run())
        playing = asyncio.create_task(self._play(service))
        await asyncio.wait({running, playing}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            playing.cancel()
            running.result()
        figures = await playing
        await service.stop()
        await running
        return figures

    async def _play(self, service: Service) -> Figures:
        plan = self._plan
        await service.listening()
        self._tell(f"warming up: {plan.warm:,} messages")
        await self._flow(service, plan.warm, 0)
        await _quiet()
        await asyncio.to_thread(memory.ask_for_large_pages)  # as a service does in its first minute
        self._tell(f"measuring: {plan.messages:,} messages, as fast as they are taken")
        flow = await self._flow(service, plan.messages, 0, self._profile)
        rate = max(1.0, plan.messages / flow.wall * LATENCY_SHARE)
        paced = min(plan.paced, int(rate * LATENCY_S) + 1)
        self._tell(f"measuring latency: {paced:,} messages, {rate:,.0f} a second")
        await self._flow(service, paced, rate)
        full = await self._ask(Ask(0, plan.warm + plan.messages))
        last = await self._ask(Ask(plan.warm + plan.messages, plan.warm + plan.messages + paced))
        alarms = len(await asyncio.to_thread(service.books.alarms, newest=1_000_000))
        return Figures(flow, full, last, rate, alarms, service.keeping.kept)

    async def _flow(self, service: Service, count: int, rate: float, profile: cProfile.Profile | None = None) -> Flow:
        """Have so many messages sent, and everything done that they lead to."""
        rows = service.door.rows
        wall, cpu = time.monotonic(), time.process_time()
        self._stages.take()
        if profile is not None:
            profile.enable()
        self._sea.send(Send(count, rate))
        await self._hear()
        await service.drain()
        if profile is not None:
            profile.disable()
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        stages = self._stages.take()
        return Flow(wall, cpu, stages, service.door.rows - rows, resident_mb(), peak_mb(), self._pinned)

    async def _hear(self) -> Any:
        return await asyncio.get_running_loop().run_in_executor(None, self._sea.recv)

    async def _ask(self, question: Ask) -> Account:
        self._sea.send(question)
        answer = await self._hear()
        assert isinstance(answer, Account)  # noqa: S101
        return answer


async def _quiet() -> None:
    """Return once what is done after a start is done: how each facility stands is written after its first word."""
    await asyncio.sleep(LOOK_S)
    while True:
        before = time.process_time()
        await asyncio.sleep(_QUIET_S)
        if time.process_time() - before < _QUIET_S * _IDLE:
            return


def settings_of(folder: Path, ports: Ports) -> Settings:
    """Settings of a service between the played ends. Everything said, so that nobody's environment counts."""
    return Settings(
        site="",
        state=folder,
        broker=f"127.0.0.1:{ports.broker}",
        broker_user="",
        broker_password=SecretStr(""),
        broker_tls=False,
        client_id="bench",
        source="mqtt5",
        influx=f"http://127.0.0.1:{ports.influx}",
        influx_token=SecretStr("none"),
        influx_org="bench",
        influx_bucket="bench",
        retention_days=0,
        sql="",
        journal_days=14,
        rules="",
    )
