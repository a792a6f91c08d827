"""A scripted stretch of days on the shipped coast, in one process and virtual time: faults, a holiday, a surge with a
gale, a crew that never answers, one that gives everything back, and a duty officer who does the duty of one.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from domain.messages import Message, Row
from domain.naming import COMMAND, LINK, StopAction, clock_topic
from domain.readings import Millis
from domain.site import Site
from ingest.pipeline import Pipeline
from rules.book import shipped
from rules.context.all import surroundings
from rules.runners.live import Live
from services.dispatch.orders import Alarm, Order
from services.judge import Judge
from services.site import find, load_site
from simulators.almanac import HOUR, MINUTE, stamp
from simulators.causes import Cause
from simulators.crews import RETURNING, SILENT
from simulators.plans import plan_named
from simulators.spells import Spell
from simulators.world import World
from tests.contracts.memory_judge_store import MemoryJudgeStore

START: Final[Millis] = 1_790_841_600_000  # 2026-10-01T16:00+08:00: a golden week has begun
MANNERS: Final = {"clean-w": SILENT, "collect-e1": RETURNING}
STOP_AT, STOP_H = 3 * HOUR, 2  # after the start: the zone whose decks the sea takes
STOPPED: Final = "qingdaowan"


@dataclass
class Ended:
    """What it came to. `said` is what crews really said, by (order, crew, action): the simulators' own record."""

    site: Site
    until: Millis
    orders: Mapping[str, Order]
    alarms: Mapping[str, Alarm]
    causes: Mapping[str, Cause]
    said: Counter[tuple[str, str, str]]
    refused: Counter[tuple[str, str]]  # (crew, action)
    results: list[Any] = field(default_factory=list)


class Days:
    """World, rules and judge in lock-step, minute by minute."""

    def __init__(self, seed: int, hours: int) -> None:
        self.site, book = load_site(find("shinan")), shipped()
        surge = Spell("surge", START + 2 * HOUR, START + 6 * HOUR, 190.0)
        gale = Spell("wind", START + 2 * HOUR, START + 5 * HOUR, 19.0)
        self.world = World(self.site, seed, START, plan_named("demo"), spells=(surge, gale), manners=MANNERS)
        self._pipeline = Pipeline(self.site)
        self._judge = Judge(self.site, book.rules, Live(book, self.site, surroundings(self.site, book)))
        self.store = MemoryJudgeStore()
        self._rows: Iterator[int] = iter(range(1, 10_000_000))
        self._hours = hours
        self.said: Counter[tuple[str, str, str]] = Counter()
        self.results: list[Any] = []
        self._heard: set[str] = set()

    def play(self) -> Ended:
        """From the start to the end."""
        self._judged(START, Message(LINK, b'{"state": "started"}', START), Message(LINK, b'{"state": "passed"}', START))
        causes: dict[str, Cause] = {}
        for n in range(1, self._hours * 60 + 1):
            before, at = START + (n - 1) * MINUTE, START + n * MINUTE
            sent = self.world.step(at)
            self._note(sent)
            clock = json.dumps({"step": n, "at": stamp(at)}).encode()
            outbox = self._judged(before, *(Message(p.topic, p.payload, before) for p in sent), *self._officer(before))
            outbox += self._judged(before, Message(clock_topic(self.site.id), clock, before))
            for one in outbox:
                self.world.hear(one.topic, one.payload, False, at)
            causes.update((cause.id, cause) for cause in self.world.told())
        alarms, orders = self.store.everything()
        refused = Counter((r.source, r.action) for r in self.results if not r.ok)
        return Ended(
            self.site,
            START + self._hours * HOUR,
            {o.id: o for o in orders},
            {a.id: a for a in alarms},
            causes,
            self.said,
            refused,
            self.results,
        )

    def _judged(self, at: Millis, *messages: Message) -> list[Any]:
        outcome = self._judge.fold(self._pipeline.read(Row(next(self._rows), at, messages)))
        self.store.commit(outcome, {})
        self.results += outcome.results
        return list(outcome.outbox)

    def _note(self, sent: Any) -> None:
        for one in sent:
            if one.topic.endswith("/replies"):
                told = json.loads(one.payload)
                if told["id"] not in self._heard:  # said twice is once
                    self._heard.add(told["id"])
                    self.said[(told["order"], one.topic.split("/")[3], told["action"])] += 1

    def _officer(self, at: Millis) -> list[Message]:
        """The duty officer stops work on the low decks when the sea is up."""
        if at != START + STOP_AT:
            return []
        body = {
            "id": "stop-1",
            "action": StopAction.STOP,
            "by": "duty officer",
            "zone": STOPPED,
            "reason": "surge and gale",
            "because": "wind",
            "until": at + STOP_H * HOUR,
        }
        return [Message(COMMAND, json.dumps(body).encode(), at)]
