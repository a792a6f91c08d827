"""`tidewalk bench api`: how long the API takes to answer while messages pour in.

The service runs as in `tidewalk serve`, all roles in one process or the API in one of its own; a broker and an InfluxDB
are played beside it (`services.benches.sea`). Requests leave at their own times, whether the earlier ones are answered
or not, and each is timed from when it was due: who waits in a queue is counted as waiting.
"""

import asyncio
import logging
import multiprocessing
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import aiohttp

from ingest.lockstep import DomainClock
from services import memory, wiring
from services.benches.apart import Evening, apart, resident_mb
from services.benches.coast import coast
from services.benches.ingest import settings_of
from services.benches.sea import Account, Ask, Send, run_sea
from services.roles import ALL, Role
from services.settings import Settings

READS: Final = (
    "/readyz",
    "/status",
    "/api/v1/orders?limit=50",
    "/api/v1/alarms?limit=50",
    "/api/v1/orders?state=dispatched&limit=100",
    "/api/v1/facilities?limit=100",
    "/api/v1/crews",
    "/api/v1/rules",
    "/api/v1/quarantine?limit=50",
    "/api/v1/site",
    "/metrics",
)
ACTION: Final = "POST an action"
ACTS_EVERY: Final = 20  # requests: one in so many is an operator's note on an order
_WARM_S: Final = 3.0
_STOP_S: Final = 30.0
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is played: messages and requests a second, for how long. `folder` is empty."""

    rate: float
    requests: float
    seconds: float
    devices: int
    folder: Path
    split: bool = False


@dataclass
class Answers:
    """How long each answer took, ms, by what was asked; what was not answered as it should be."""

    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failed: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def line(self, plan: Plan, account: Account, reached: float, resident: Mapping[str, float]) -> dict[str, Any]:
        """The keys of `--json`; they are documented in its help and stable."""
        whole = sorted(ms for one in self.took.values() for ms in one)
        return {
            "name": "api",
            "messages_per_second": round(reached),
            "requests_per_second": plan.requests,
            "requests": len(whole),
            "failed": sum(self.failed.values()),
            "p50_ms": _rank(whole, 0.50),
            "p99_ms": _rank(whole, 0.99),
            "worst_ms": _rank(whole, 1.0),
            "p99_ms_by_request": {asked: _rank(sorted(ms), 0.99) for asked, ms in sorted(self.took.items())},
            "lost": account.lost,
            "settled_p99_ms": round(account.settled_ms[1], 1),
            "stored_p99_ms": round(account.stored_ms[1], 1),
            "resident_mb": {name: round(mb, 1) for name, mb in resident.items()},
            "seconds": plan.seconds,
            "devices": plan.devices,
            "split": plan.split,
        }


def measure(plan: Plan, tell: Tell) -> dict[str, Any]:
    """Start all processes, pour and ask; the figures. Raises RuntimeError where one of them ends too early."""
    spawn = multiprocessing.get_context("spawn")
    messages = plan.devices + int(plan.rate * plan.seconds)
    talk, sea = spawn.Pipe()
    shore = spawn.Process(target=apart, args=([], run_sea, sea, plan.devices, messages), daemon=True)
    shore.start()
    sea.close()
    running = [shore]
    try:
        tell(f"making {messages:,} messages of {plan.devices:,} devices")
        ports = talk.recv()
        lines: dict[str, Connection] = {}
        for name, roles in _processes(plan).items():
            ours, theirs = spawn.Pipe()
            given = (theirs, settings_of(plan.folder, ports), plan.devices, [str(role) for role in roles])
            running.append(spawn.Process(target=apart, args=([], _serve, *given), daemon=True))
            running[-1].start()
            theirs.close()
            lines[name] = ours
        urls = [line.recv() for line in lines.values()]
        figures = asyncio.run(_poured(plan, next(url for url in urls if url), talk, lines, tell))
    except EOFError:
        raise RuntimeError("a measured process ended before it was done; what went wrong is above") from None
    finally:
        for process in reversed(running):
            process.join(0 if process is shore else _STOP_S)
            process.kill()
    return figures


def _processes(plan: Plan) -> dict[str, frozenset[Role]]:
    if not plan.split:
        return {"service": ALL}
    return {"service": ALL - {Role.API}, "api": frozenset({Role.API})}


async def _poured(plan: Plan, url: str, sea: Connection, lines: Mapping[str, Connection], tell: Tell) -> dict[str, Any]:
    loop = asyncio.get_running_loop()

    async def poured(messages: int, rate: float) -> float:
        began = time.monotonic()
        sea.send(Send(messages, rate))
        await loop.run_in_executor(None, sea.recv)
        return messages / (time.monotonic() - began)

    tell(f"warming up: {plan.devices:,} messages")
    await poured(plan.devices, 0)
    async with aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(total=30)) as client:
        await asyncio.sleep(_WARM_S)
        await _asked(client, Answers(), plan.requests, _WARM_S)
        tell(f"measuring: {plan.rate:,.0f} messages and {plan.requests:g} requests a second for {plan.seconds:g} s")
        answers = Answers()
        pouring = asyncio.create_task(poured(int(plan.rate * plan.seconds), plan.rate))
        await _asked(client, answers, plan.requests, plan.seconds)
        reached = await pouring
    resident = {}
    for name, line in lines.items():
        line.send("stop")
        resident[name] = await loop.run_in_executor(None, line.recv)
    sea.send(Ask(plan.devices, plan.devices + int(plan.rate * plan.seconds)))
    account = await loop.run_in_executor(None, sea.recv)
    for asked, count in answers.failed.items():
        tell(f"{count} times not answered as it should be: {asked}")
    return answers.line(plan, account, reached, resident)


async def _asked(client: aiohttp.ClientSession, answers: Answers, rate: float, seconds: float) -> None:
    """Ask in turn, each at its time."""
    loop = asyncio.get_running_loop()
    orders: list[str] = []
    began, asking = loop.time(), []
    for n in range(int(rate * seconds)):
        due = began + n / rate
        await asyncio.sleep(max(0.0, due - loop.time()))
        if n % ACTS_EVERY == 0:
            orders = orders or await _orders(client)
        if n % ACTS_EVERY == ACTS_EVERY - 1 and orders:
            work = _act(client, answers, due, orders[n // ACTS_EVERY % len(orders)])
        else:
            work = _get(client, answers, due, READS[n % len(READS)])
        asking.append(asyncio.create_task(work))
    await asyncio.gather(*asking)


async def _orders(client: aiohttp.ClientSession) -> list[str]:
    async with client.get("/api/v1/orders?limit=50") as answer:
        found = await answer.json()
    return [order["id"] for order in found["orders"] if order["state"] not in ("closed", "cancelled")]


async def _get(client: aiohttp.ClientSession, answers: Answers, due: float, path: str) -> None:
    with suppress(aiohttp.ClientError, TimeoutError):
        async with client.get(path) as answer:
            await answer.read()
            if answer.status == 200:
                answers.took[path].append((asyncio.get_running_loop().time() - due) * 1000)
                return
            path = f"{path} {answer.status}"
    answers.failed[path] += 1


async def _act(client: aiohttp.ClientSession, answers: Answers, due: float, order: str) -> None:
    """An action is answered when the judge has judged it, behind everything that was heard before."""
    said = {"id": str(uuid4()), "action": "note", "by": "bench", "reason": "seen"}
    status = 0
    with suppress(aiohttp.ClientError, TimeoutError):
        async with client.post(f"/api/v1/orders/{order}/actions", json=said) as answer:
            await answer.read()
            status = answer.status
            if status in (200, 202, 409):
                answers.took[ACTION].append((asyncio.get_running_loop().time() - due) * 1000)
                return
    answers.failed[f"{ACTION} {status}"] += 1


def _rank(ranked: Sequence[float], share: float) -> float:
    return round(ranked[min(len(ranked) - 1, int(len(ranked) * share))], 1) if ranked else 0.0


def _serve(parent: Connection, settings: Settings, devices: int, roles: Sequence[str]) -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    asyncio.run(_served(parent, settings, devices, frozenset(map(Role, roles))))
    parent.close()


async def _served(parent: Connection, settings: Settings, devices: int, roles: frozenset[Role]) -> None:
    """One process of the service, until told to stop; then how much memory it took."""
    from services.api.over import open_to_http
    from services.api.server import bound

    loop = asyncio.get_running_loop()
    site, wall = coast(devices), Evening()
    clock = DomainClock(wall)
    ends = wiring.broker_ends(settings, site, clock)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(ends.close)
        entered = wiring.service(settings, site, ends.source, ends.publisher, clock, roles)
        service = await stack.enter_async_context(entered)
        url = ""
        stack.enter_context(memory.settled())
        running = asyncio.create_task(service.run())
        if Role.API in roles:
            door = stack.enter_context(bound("127.0.0.1:0"))
            url = await stack.enter_async_context(open_to_http(service, door, wall))
        told = loop.run_in_executor(None, parent.recv)
        ready = asyncio.create_task(service.listening())
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
        parent.send(url)
        await asyncio.wait({running, told}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        await service.drain()
        parent.send(resident_mb())
        await service.stop()
        await running
