"""The API over a real judge, with everything else made up: no sockets, no files, no waiting."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx

from domain.errors import UnavailableError
from domain.messages import Heard, Message, Row
from domain.naming import COMMAND, RETRY
from domain.readings import Millis, Reading, Value
from domain.site import Site
from rules.book import shipped
from services.api.access import LOCAL, Access
from services.api.actions import Actions
from services.api.app import build
from services.api.routes.shadow import EXAMPLE as SHADOW
from services.api.seams import Behind, Counts, Pulse, Reach
from services.api.watch import Watch
from services.crew.links import CrewLinks
from services.crew.over import crew_mounts
from services.live.hub import Hub
from tests.contracts.memory_judge_store import MemoryJudgeStore
from tests.fakes.hand_clock import HandClock
from tests.fakes.memory_aside import MemoryAside
from tests.fakes.memory_photos import MemoryPhotos
from tests.fakes.memory_store import MemoryStore
from tests.unit.dispatch.coast import T0, Play, coast, wrong
from tests.unit.people.folk import Folk

WELL = Pulse(
    link="passed",
    trouble="",
    messages=0,
    held=0,
    row=10,
    at=T0,
    judge=Reach(10, T0, ""),
    committed=10,
    store=Reach(10, T0, ""),
    written=0,
    pending=0,
    refused=0,
    retries=0,
    quarantine=10,
    dispatch="",
)


class Gate:
    """One lamp is out and one leak is open, as the fake store has them; `client` speaks to the app."""

    def __init__(
        self,
        site: Site | None = None,
        access: Access = LOCAL,
        books: Any = None,
        store: Any = None,
        aside: Any = None,
        post: Any = None,
    ) -> None:
        self.clock = HandClock(T0)
        self.play = Play(site or coast())
        self.books = books or MemoryJudgeStore()
        self.journal: list[Message] = []
        self.judging, self.full = True, False
        self.rules = shipped()
        self.pulse = WELL
        self.counted = Counts({"pending": 0, "sent": 2, "dead": 0}, {"not JSON": 3})
        self.store, self.aside = store or MemoryStore(), aside or MemoryAside()
        self.hub = Hub(self.play.site, self.clock, epoch="e0")
        self.play.hear(T0, wrong("lamp-1", T0), wrong("lamp-1", T0, rule="leak"))
        self.commit()
        self.behind = Behind(
            site=self.play.site,
            in_force=lambda: self.rules,
            cases=self.books,
            tallies=self.books,
            aside=self.aside,
            history=self.store,
            live=self.hub,
            tell=self.tell,
            look=lambda: self.pulse,
            counts=lambda: self.counted,
            clock=self.clock,
            wall=self.clock,
            post=post,
            shadow=lambda: SHADOW,
            reload=self.reload,
        )
        self.watch = Watch(self.behind.look, self.clock, self.clock.beat)
        self.actions = Actions(self.behind, wait_s=0.05)
        self.photos, self.reception = MemoryPhotos(), access.reception or Folk().reception
        self.links = CrewLinks(self.reception.links(), "https://coast.example", self.clock)
        crews = crew_mounts(self.behind, self.links, self.reception, self.photos, access, self.clock.beat, wait_s=0.05)
        self.app = build(self.behind, self.watch, self.actions, access=access, mounts=crews)
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8090")

    def order(self, rule: str) -> str:
        """The id of the order of that rule."""
        return next(o.id for o in self.books.orders() if o.rule == rule)

    def sees(self, **changed: Any) -> None:
        """From now on the service looks so."""
        self.pulse = replace(self.pulse, **changed)

    def measured(self, facility: str, at: Millis, **values: Value) -> None:
        """A device of it reports: it is stored, and those who watch see it."""
        place = self.play.site.facilities[facility]
        one = Reading(facility, f"{facility}-s", place.kind, place.zone, at, values, 0, -1, at)
        asyncio.run(self.store.write([one]))
        self.hub.heard(Heard(1, at, (one,), (), (), ()))
        self.hub.flush()

    async def tell(self, messages: Sequence[Message]) -> Row:
        """What the door does with a message of our own."""
        if self.full:
            raise UnavailableError("disk full")
        self.journal += messages
        for one in messages:
            if one.topic == RETRY:
                wish = json.loads(one.payload)
                self.aside.ask_retry(wish["row"], wish["place"])
        if self.judging:
            self.judge()
        return Row(len(self.journal), self.clock.now(), tuple(messages))

    async def reload(self, by: str, why: str) -> int:
        """The rule files are as they were."""
        del by, why
        return 0

    def judge(self) -> None:
        """Fold what was written and not judged."""
        self.play.hear(self.clock.now(), notes=[m for m in self.journal if m.topic == COMMAND or "/crew/" in m.topic])
        self.commit()

    def commit(self) -> None:
        """Keep what the judge came to last."""
        outcome = self.play.outcomes[-1]
        self.books.commit(outcome, {})
        self.hub.cases(outcome.alarms, outcome.orders)
        self.hub.flush()
