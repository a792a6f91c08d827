"""`tidewalk serve` with a death foretold: a program for tests alone. The product has no hooks; its ports are wrapped.

python -m tests.walk.mortal --broker HOST:PORT --state DIR (--lock-step TIME | --scaled START,ANCHOR,SPEED)
                            [--influx URL] [--die POINT:N]…

The service lives many lives in the same state folder and broker session. Each `--die` is one life: the process kills
itself (SIGKILL) at the N-th time that it comes to the point. Then it lives until it is told to stop; a life that
somebody else kills is followed by another one. A line of JSON on stdout tells of each life's begin and end.
"""

import argparse
import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from domain.messages import Message, Quarantined, Row
from domain.ports import Arrived, Clock, Journal, Publisher, ReadingStore, SettleToken, Source, WriteReport
from domain.readings import Millis, Reading
from domain.site import Site
from ingest.lockstep import DomainClock
from services import logs, wiring
from services.clocks import WallClock
from services.housekeeping import Keep
from services.judge import Outcome
from services.outside import Outside
from services.service import Service
from services.settings import Settings
from services.storing import writer_of
from tests.walk.clocks import shared_clock

# Where a life can end. Rows count where they hold readings, commits and publishes where they hold orders.
POINTS: Final = (
    "before append",
    "in append",  # its transaction is written and not committed
    "after append",  # durable, and the broker does not know
    "after settle",
    "before commit",
    "in commit",  # the judge's transaction, just before COMMIT
    "after commit",  # and nothing is sent
    "before publish",
    "after publish",  # the broker has it, and the outbox does not know
    "in mark",  # the transaction that says so
    "after mark",
    "before answer",  # lock-step: the step is judged, and nobody knows
    "after answer",
    "before store write",
    "after store write",  # and the cursor stands where it was
    "in cursor",
    "after cursor",
    "before quarantine",
    "after quarantine",
)
WRITES_EVERY_S: Final = 0.05  # so that virtual hours, which pass in seconds, see many writes to the store


class Death:
    """Comes at one point, at one time of coming there."""

    def __init__(self, foretold: str | None) -> None:
        self.point, _, count = (foretold or "").partition(":")
        self._left = int(count or 1)
        if foretold and self.point not in POINTS:
            sys.exit(f"no such point: {self.point}")

    def at(self, point: str) -> None:
        """Here it may come."""
        if point == self.point:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)


class _Wrapped:
    """Everything that is not wrapped goes through."""

    def __init__(self, inner: Any, death: Death) -> None:
        self._inner, self._death = inner, death

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class MortalSource(_Wrapped):
    async def batches(self) -> AsyncIterator[Arrived]:
        async for arrived in self._inner.batches():
            yield arrived

    async def settle(self, token: SettleToken) -> None:
        await self._inner.settle(token)
        if token.packets:
            self._death.at("after settle")


class MortalJournal(_Wrapped):
    def append(self, messages: Sequence[Message], at: Millis) -> Row:
        if not any(message.topic.endswith("/up") for message in messages):
            return self._inner.append(messages, at)
        self._death.at("before append")
        if self._death.point == "in append":
            db: sqlite3.Connection = self._inner._connected()
            db.set_trace_callback(lambda said: self._death.at("in append") if said == "COMMIT" else None)
        row = self._inner.append(messages, at)
        self._death.at("after append")
        return row


class MortalPublisher(_Wrapped):
    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        order = "/orders/" in topic and payload
        what = "publish" if order else "answer" if topic.endswith("/clock/judged") else "receipt"
        self._death.at(f"before {what}")
        await self._inner.publish(topic, payload, retain=retain)
        self._death.at(f"after {what}")


class MortalBooks(_Wrapped):
    def __init__(self, inner: Any, death: Death) -> None:
        super().__init__(inner, death)
        self._doing = ""

        @sa.event.listens_for(inner._writer, "commit")
        def committing(_: sa.Connection) -> None:
            death.at(f"in {self._doing}")

    def commit(self, outcome: Outcome, subjects: Mapping[str, bytes]) -> None:
        orders = any(addressed.retain for addressed in outcome.outbox)
        self._guarded("commit" if orders else "", lambda: self._inner.commit(outcome, subjects))

    def mark_sent(self, numbers: Sequence[int], at: Millis) -> None:
        self._guarded("mark", lambda: self._inner.mark_sent(numbers, at))

    def move(self, name: str, row: int) -> None:
        self._guarded("cursor" if name == "store" else "", lambda: self._inner.move(name, row))

    def _guarded(self, what: str, act: Callable[[], None]) -> None:
        self._death.at(f"before {what}")
        self._doing = what
        act()
        self._death.at(f"after {what}")


class MortalStore(_Wrapped):
    async def write(self, batch: Sequence[Reading]) -> WriteReport:
        if not batch:
            return await self._inner.write(batch)
        self._death.at("before store write")
        report = await self._inner.write(batch)
        self._death.at("after store write")
        return report


class MortalQuarantine(_Wrapped):
    def keep(self, kept: Sequence[Quarantined]) -> None:
        self._death.at("before quarantine")
        self._inner.keep(kept)
        self._death.at("after quarantine")


def mortal(outside: Outside, death: Death) -> Outside:
    """The same machines, each of which may be the last one used."""
    return replace(
        outside,
        source=_as(Source, MortalSource(outside.source, death)),
        publisher=_as(Publisher, MortalPublisher(outside.publisher, death)),
        journal=_as(Journal, MortalJournal(outside.journal, death)),
        quarantine=MortalQuarantine(outside.quarantine, death),
        books=MortalBooks(outside.books, death),
        store=_as(ReadingStore, MortalStore(outside.store, death)),
    )


def _as(_: Any, wrapped: Any) -> Any:
    return wrapped


async def live(settings: Settings, site: Site, clock: DomainClock, death: Death) -> None:
    """One life: what `tidewalk serve` does."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ends = wiring.broker_ends(settings, site, clock)
    try:
        async with wiring.service(settings, site, ends.source, ends.publisher, clock) as made:
            service = Service(
                site,
                wiring.rules_of(settings),
                mortal(made.outside, death),
                Keep(settings.retention_days, settings.journal_days),
            )
            service.writing = writer_of(service.outside, service.fan.consumer().next, linger_s=WRITES_EVERY_S)
            await _lived(service, stop)
    finally:
        await ends.close()


async def _lived(service: Service, stop: asyncio.Event) -> None:
    running = asyncio.create_task(service.run())
    listening = asyncio.create_task(service.listening())
    told = asyncio.create_task(stop.wait())
    await asyncio.wait({running, listening, told}, return_when=asyncio.FIRST_COMPLETED)
    if listening.done():
        print(" listens ", file=sys.stderr, flush=True)
        await asyncio.wait({running, told}, return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        await service.stop()
    await running
    for task in (listening, told):
        task.cancel()


def main() -> int:
    said = _arguments()
    given = {"influx": said.influx} if said.influx else {}
    settings = Settings(broker=said.broker, state=said.state, **given)
    site = wiring.site_of(settings)
    deaths: list[str | None] = list(said.die)
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: told.append(1))
    while True:
        foretold = deaths.pop(0) if deaths else None
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            logs.begin("info")
            asyncio.run(live(settings, site, _clock(said), Death(foretold)))
            os._exit(0)
        print(json.dumps({"life": pid, "dies": foretold}), flush=True)
        code = _ended(pid, told)
        print(json.dumps({"ended": pid, "code": code}), flush=True)
        if code != -signal.SIGKILL or told:
            return 1 if code else 0


def _ended(pid: int, told: list[int]) -> int:
    """Wait for a life's end, and hand on what we are told."""
    while True:
        if told:
            os.kill(pid, signal.SIGTERM)
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        signal.sigtimedwait([signal.SIGCHLD], 0.005)
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)


def _clock(said: argparse.Namespace) -> DomainClock:
    wall: Clock = WallClock()
    if said.scaled:
        return DomainClock(shared_clock(said.scaled, wall))
    start = round(datetime.fromisoformat(said.lock_step).timestamp() * 1000)
    return DomainClock(wall, start=start)


def _arguments() -> argparse.Namespace:
    asked = argparse.ArgumentParser()
    asked.add_argument("--broker", required=True)
    asked.add_argument("--state", required=True, type=Path)
    asked.add_argument("--lock-step", default="")
    asked.add_argument("--scaled", default="")
    asked.add_argument("--influx", default="")
    asked.add_argument("--die", action="append", default=[])
    return asked.parse_args()


if __name__ == "__main__":
    sys.exit(main())
