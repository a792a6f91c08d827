"""The real service beside a scripted coast, in virtual time and one process: it can be killed, stopped and started
again, and lose its broker, which keeps what comes meanwhile.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from domain import naming
from domain.errors import UnavailableError
from domain.messages import Flag, Message, Quarantined
from domain.ports import Arrived, SettleToken
from domain.readings import Millis
from ingest.fanout import replayed
from ingest.lockstep import DomainClock
from ingest.pipeline import Pipeline
from ingest.sources.memory import EPOCH, MemorySource
from services import wiring
from services.audit import Conservation, conservation, read_ledger, returned_by
from services.channels.memory import MemoryPublisher
from services.clocks import WallClock
from services.dispatch.orders import Alarm, Order
from services.service import Service
from services.settings import Settings
from simulators.almanac import DAY, MINUTE
from simulators.ledger import Ledger
from simulators.play import play_lockstep
from simulators.transport import Outgoing
from simulators.transports.memory import MemoryTransport
from tests.scenarios.coast import ScriptedCoast
from tests.scenarios.reading import Scenario
from tests.scenarios.script import Act

ANSWER_S: Final = 120.0  # the clock is sent once: a busy machine is no outage


@dataclass(frozen=True)
class Ending:
    """What a scenario came to."""

    alarms: Sequence[Alarm]
    orders: Sequence[Order]
    kept_aside: Sequence[Quarantined]
    kept: Conservation
    messages: int
    waited: int  # how many of them the broker kept at one time, at most


class Broker(MemorySource):
    """A session with a broker that has kept what came while nobody listened."""

    def __init__(self, clock: DomainClock, waiting: Sequence[Message]) -> None:
        super().__init__(clock)
        self._held = [m._replace(flags=m.flags | Flag.BACKLOG) for m in waiting]

    async def batches(self) -> AsyncIterator[Arrived]:
        at, live = self._clock.now(), super().batches()
        await anext(live)  # its own notes, which know of no back-log
        up, passed = _note({"state": "up", "epoch": EPOCH}, at), _note({"state": "passed", "marker": 0}, at)
        yield Arrived((up, *self._held, passed), SettleToken(EPOCH, ()))
        async for arrived in live:
            yield arrived


class House:
    """One scenario's service, its coast, and what lies between them."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self._story, self._site = scenario.story, scenario.site
        self._settings = Settings(state=folder)
        self._coast = ScriptedCoast(scenario)
        self._clock = DomainClock(WallClock(), start=self._story.start)
        self._transport = MemoryTransport(self._deliver)
        self._ledger = Ledger(folder / "ledger.jsonl")
        self._waiting: list[Message] = []
        self._said: list[Message] = []
        self._lost = False
        self._life: _Life | None = None
        self.published = self.waited = 0

    async def play(self) -> Ending:
        """From start to end, and what there is then."""
        behind = [act for act in self._story.timeline if not act.needs]
        behind = sorted((act for act in behind if act.operator or act.service or act.broker), key=lambda act: act.at)
        try:
            await self._start()
            for act in behind:
                await self._on_to(self._story.start + act.at)
                await self._do(act)
            await self._on_to(self._story.start + self._story.lasts)
            return await self._ending()
        finally:
            if self._life is not None:
                await self._life.end(killed=True)
            self._ledger.close()
            await self._transport.close()

    async def _on_to(self, until: Millis) -> None:
        """Let time pass: in lock-step with the service where it hears, else without it."""
        if self._life is not None and not self._lost:
            played = await play_lockstep(
                self._coast, self._transport, until, ledger=self._ledger, again_s=ANSWER_S, step_ms=MINUTE
            )
            self.published += played.published
            return
        while self._coast.now < until:
            sent = self._coast.step(min(until, self._coast.now + MINUTE))
            await self._deliver([Outgoing(p.topic, p.payload, p.retain) for p in sent])
            self._ledger.acked(sent)
            self.published += sum(1 for p in sent if p.device)
        self._ledger.flush()

    async def _deliver(self, messages: Sequence[Outgoing]) -> None:
        heard = [Message(m.topic, m.payload, self._clock.now()) for m in messages]
        if self._life is None or self._lost:
            self._waiting += heard
        else:
            self._life.source.offer(heard)
        self._said += [m for m in heard if m.topic.endswith("/up")]

    async def _do(self, act: Act) -> None:
        if act.service == "started":
            await self._start()
        elif act.service:
            assert self._life is not None, "it does not run"
            await self._life.end(killed=act.service == "killed")
            self._life = None
        elif act.broker == "lost":
            self._lost = True
        elif act.broker == "back":
            await self._broker_is_back(act.lying)
        elif act.operator:
            await self._command(act)

    async def _start(self) -> None:
        held, self._waiting = self._waiting, []
        self.waited = max(self.waited, len(held))
        clock = DomainClock(WallClock(), start=self._coast.now)
        self._clock = clock
        self._life = await _Life.begun(self, clock, Broker(clock, held))

    async def _broker_is_back(self, lying: int) -> None:
        """The connection is there again: notes, what was retained, what was held, and then the present."""
        assert self._life is not None
        at, self._lost = self._clock.now(), False
        retained = [m._replace(flags=m.flags | Flag.RETAINED, received=at) for m in self._said[-lying:] if lying]
        held, self._waiting = [m._replace(flags=m.flags | Flag.BACKLOG) for m in self._waiting], []
        down, up, passed = {"state": "down"}, {"state": "up", "epoch": EPOCH}, {"state": "passed", "marker": 1}
        notes = [_note(one, at) for one in (down, up, passed)]
        self._life.source.offer([notes[0], notes[1], *retained, *held, notes[2]])

    async def _command(self, act: Act) -> None:
        assert self._life is not None
        told: dict[str, Any] = {
            "id": str(uuid5(NAMESPACE_URL, f"{self._story.id} {act.operator} {act.at}")),
            "action": act.operator,
            "by": "operator",
            "reason": act.reason,
        }
        if act.operator == naming.PlanAction.MAINTAIN:
            assert act.until is not None
            told |= {"facility": act.facility, "zone": act.zone}
            told |= {"from": self._coast.now, "until": self._story.start + act.until}
        else:
            assert act.about is not None
            _, orders = await asyncio.to_thread(self._life.service.books.everything)
            about = [o for o in orders if (o.rule, o.facility) == (act.about.rule, act.about.facility)]
            told |= {"order": about[-1].id, "crew": act.to}
        await self._life.service.tell([Message(naming.COMMAND, json.dumps(told).encode(), self._clock.now())])

    async def _ending(self) -> Ending:
        assert self._life is not None, "nobody is there to say what came of it"
        service = self._life.service
        await service.drain()
        self._ledger.flush()
        alarms, orders = await asyncio.to_thread(service.books.everything)
        start = self._story.start
        returned = await returned_by(service.outside.history, start - DAY, start + self._story.lasts + DAY)
        aside = service.quarantine.list(newest=1_000_000)
        kept = await asyncio.to_thread(
            lambda: conservation(
                replayed(service.journal, 0),
                Pipeline(self._site),
                published=read_ledger(self._ledger.path),
                returned=returned,
                kept_aside=[(one.row, one.place, one.quantity, one.key) for one in aside],
            )
        )
        return Ending(alarms, orders, aside, kept, self.published, self.waited)


class _Life:
    """One life of the service: from its start until it is killed or leaves."""

    def __init__(self, service: Service, source: Broker, stack: AsyncExitStack) -> None:
        self.service, self.source = service, source
        self._stack = stack
        self._running = asyncio.create_task(service.run())

    @classmethod
    async def begun(cls, house: House, clock: DomainClock, source: Broker) -> "_Life":
        stack = AsyncExitStack()

        def hear(topic: str, payload: bytes, retain: bool) -> None:
            if house._lost:
                raise UnavailableError("the broker is away")
            house._transport.hear(topic, payload, retain=retain)

        made = wiring.service(house._settings, house._site, source, MemoryPublisher(hear), clock)
        life = cls(await stack.enter_async_context(made), source, stack)
        listening = asyncio.ensure_future(life.service.listening())
        await asyncio.wait({listening, life._running}, return_when=asyncio.FIRST_COMPLETED)
        if life._running.done():
            listening.cancel()
            life._running.result()
        return life

    async def end(self, *, killed: bool) -> None:
        """Leave in order, or fall: then what was in hand and not committed is lost."""
        if killed:
            self._running.cancel()
        else:
            await self.service.stop()
        await asyncio.gather(self._running, return_exceptions=True)
        await self._stack.aclose()


def _note(said: dict[str, object], at: Millis) -> Message:
    return Message(naming.LINK, json.dumps(said).encode(), at)
