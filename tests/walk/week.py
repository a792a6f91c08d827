"""A scripted stretch of days on the shipped coast, in one process and virtual time: faults, a holiday, a surge with a
gale, a crew that never answers, one that gives everything back, a robot that takes nothing for an hour, and a duty
officer who does the duty of one.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from domain.errors import UnavailableError
from domain.messages import Message, Row
from domain.naming import COMMAND, LINK, StopAction, clock_topic
from domain.readings import Millis
from domain.site import Contact, Site
from ingest.pipeline import Pipeline
from rules.book import shipped
from rules.context.all import surroundings
from rules.runners.live import Live
from services.channels.drill import Drill
from services.dispatch.orders import Alarm, Order
from services.dispatch.packing import Parcel
from services.dispatch.postman import Postman, Round
from services.judge import Judge
from services.site import find, load_site
from simulators.almanac import HOUR, MINUTE, stamp
from simulators.causes import Cause
from simulators.crews import RETURNING, SILENT
from simulators.plans import plan_named
from simulators.spells import Spell
from simulators.world import World
from tests.contracts.memory_judge_store import MemoryJudgeStore
from tests.unit.dispatch.letterbox import Kept, MemoryBox, Moved, Told

START: Final[Millis] = 1_790_841_600_000  # 2026-10-01T16:00+08:00: a golden week has begun
MANNERS: Final = {"clean-w": SILENT, "collect-e1": RETURNING}
STOP_AT, STOP_H = 3 * HOUR, 2  # after the start: the zone whose decks the sea takes
STOPPED: Final = "qingdaowan"
ROBOT, MAIL = "the robot", "the mailbox"  # contacts of every crew, in this order
ROBOT_ALONE: Final = frozenset({"collect-w1", "clean-e"})  # crews that have no second contact
AWAY: Final = (START + 2 * HOUR, START + 3 * HOUR)  # when the robot takes nothing
_LOOKS: Final = 4  # of the postman, in a minute in which something waits


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
    letters: list[Kept] = field(default_factory=list)
    taken: list[tuple[Millis, Parcel]] = field(default_factory=list)  # what reached somebody over a contact


class Contacts(Drill):
    """A channel whose robot is away for an hour. `taken` is its own record."""

    def __init__(self, clock: Moved) -> None:
        self._clock = clock
        self.taken: list[tuple[Millis, Parcel]] = []

    async def send(self, parcel: Parcel) -> None:
        now = self._clock.now()
        if parcel.address == ROBOT and AWAY[0] <= now < AWAY[1]:
            raise UnavailableError("no answer")
        self.taken.append((now, parcel))


def reached(site: Site) -> Site:
    """The site with contacts for every crew."""
    robot, mail = Contact("drill", ROBOT), Contact("drill", MAIL)
    crews = {
        crew.id: replace(crew, contacts=(robot,) if crew.id in ROBOT_ALONE else (robot, mail))
        for crew in site.crews.values()
    }
    return replace(site, crews=crews)


class Days:
    """World, rules and judge in lock-step, minute by minute."""

    def __init__(self, seed: int, hours: int) -> None:
        self.site, book = reached(load_site(find("shinan"))), shipped()
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
        self._clock, self._box, self._told = Moved(), MemoryBox(), Told()
        self._contacts = Contacts(self._clock)
        way = Round({"drill": self._contacts}, self._clock, self._told, self.site.timezone, True, lambda *_: "")
        self._postman = Postman(self._box, way)

    def play(self) -> Ended:
        """From the start to the end."""
        return asyncio.run(self._played())

    async def _played(self) -> Ended:
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
            await self._posted(before)
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
            list(self._box.kept.values()),
            self._contacts.taken,
        )

    def _judged(self, at: Millis, *messages: Message) -> list[Any]:
        outcome = self._judge.fold(self._pipeline.read(Row(next(self._rows), at, messages)))
        self.store.commit(outcome, {})
        self.results += outcome.results
        if outcome.letters:
            self._box.put(*outcome.letters)
        return list(outcome.outbox)

    async def _posted(self, at: Millis) -> None:
        """A minute of the postman's; what he tells is heard by the judge at once."""
        for look in range(_LOOKS):
            if not any(one.state == "pending" for one in self._box.kept.values()):
                return
            self._clock.at = at + look * MINUTE // _LOOKS
            self._postman.wake()
            await self._postman.settled()
            told, self._told.messages = self._told.messages, []
            if told:
                self._judged(at, *told)

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
