"""One process of the service: the door, the consumers behind it and the dispatcher, joined; start-up is recovery."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, Final

import msgspec

from domain.errors import UnavailableError
from domain.messages import Heard, Message, Row
from domain.naming import LINK, judged_topic
from domain.site import Site
from ingest.batching import Door
from ingest.fanout import FanOut
from ingest.pipeline import Pipeline
from rules.book import RuleBook
from services.chores import chores_of
from services.dispatch.dispatcher import Dispatcher, Pace
from services.dispatch.postman import Postman, Round
from services.editions import Edition, note
from services.housekeeping import DAY, FOREVER, Housekeeping, Keep
from services.in_force import InForce
from services.judge import Outcome
from services.numbering import number_on
from services.outside import Outside, Post
from services.pulse import beat, goodbye, pulse_of
from services.roles import ALL, Role
from services.shadow.running import Shadow, ShadowJudge
from services.storing import keeper_of, writer_of
from services.tail import Tail
from services.workers import JudgeWorker, QuarantineKeeper
from services.writing import StoreWriter

_log = logging.getLogger(__name__)

HELD: Final = 50_000  # messages of one lock-step step; less than what a source takes unacknowledged
LEAVE_S: Final = 5.0  # how long a graceful stop waits for stores and channels
POLLED: Final = Pace(look_again=0.1)  # the outbox, where another process fills it
_READS: Final = frozenset({Role.JUDGE, Role.STORE})  # roles that work on what was heard


class Service:
    """The parts of the roles that this process has, joined. `run` until `stop`.

    With all roles the door hands each row on in memory. Beside other processes nobody knows of all rows, and what was
    heard is read from the journal, in its order. A part is an attribute only where its role is here.
    """

    door: Door
    judging: JudgeWorker
    keeping: QuarantineKeeper
    writing: StoreWriter
    dispatcher: Dispatcher

    def __init__(
        self,
        site: Site,
        rules: RuleBook,
        outside: Outside,
        keep: Keep = FOREVER,
        editions: Sequence[Edition] = (),
        roles: frozenset[Role] = ALL,
        shadow: Shadow | None = None,
        reread: Callable[[], RuleBook] | None = None,
    ) -> None:
        self.site, self.outside, self.roles = site, outside, roles
        self.clock, self.journal = outside.clock, outside.journal
        self.books, self.quarantine = outside.books, outside.quarantine
        self.shadow = shadow
        here = Role.JUDGE in roles
        self.in_force = InForce(site, rules, self.books, self.clock, self.tell, reread, judged_here=here)
        self.link = ""  # the newest state of our connection to the broker; "" before the first
        self.on_heard: list[Callable[[Heard], None]] = []  # told of every row that is read
        self.on_kept: list[Callable[[Outcome], None]] = []  # told of alarms and orders that changed, once committed
        self._editions = editions
        self._newest = 0
        self.fan = FanOut(self.journal, lambda _: Pipeline(site, retention=keep.readings * DAY))
        self._tail = Tail(self.journal, self._hear, self.fan.eased)
        if Role.DISPATCH in roles:
            self.dispatcher = Dispatcher(self.books, outside.publisher, self.clock, None if self._whole else POLLED)
        self.postman: Postman | None = None
        if Role.DISPATCH in roles and outside.post is not None:
            self.postman = self._postman(outside.post)
        if Role.DOOR in roles:
            self._add_door()
        if Role.JUDGE in roles:
            self._add_judge()
        self.shadowing: ShadowJudge | None = None
        if Role.JUDGE in roles and shadow is not None:
            self.shadowing = ShadowJudge(site, shadow, self.books, self.fan.consumer().next)
        if Role.STORE in roles:
            self._add_store()
        self.housekeeping = Housekeeping(chores_of(self, keep), self.clock)
        self.begun, self._leaving, self._ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @property
    def newest(self) -> int:
        """Number of the newest row that is known here."""
        return max(self.fan.newest, self._newest)

    @property
    def _whole(self) -> bool:
        return self.roles == ALL

    async def run(self) -> None:
        """Until `stop`, or until a part fails for good: then its error is raised."""
        tasks: list[asyncio.Task[Any]] = []
        try:
            await self._begin()
            tasks += [asyncio.create_task(work, name=name) for name, work in self._works()]
            self.begun.set()
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            await self._finish()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self.outside.beats is not None:
                await goodbye(self, self.outside.beats)
            self._ended.set()

    async def listening(self) -> None:
        """Return when the source hears the broker and the back-log has passed; without a door, when all parts run."""
        await (self.door.caught_up if Role.DOOR in self.roles else self.begun).wait()

    async def stop(self) -> None:
        """Leave in order: what was heard is kept, judged and, if the stores are there, written and sent."""
        if Role.DOOR in self.roles:
            await self.door.close()
        else:
            self._leaving.set()
        await self._ended.wait()

    async def drain(self) -> None:
        """Return when all that was heard up to now is judged, stored, put aside and sent, as far as it is done here."""
        newest = self.fan.newest
        if not self._whole and (last := await asyncio.to_thread(self.journal.last)):
            newest = last.number
        if Role.JUDGE in self.roles:
            await self.judging.drain(newest)
        if self.shadowing is not None:
            await self.shadowing.drain(newest)
        if Role.DISPATCH in self.roles:
            await self._all_sent()
        if Role.STORE in self.roles:
            await self.keeping.drain(newest)
            await self.writing.drain(newest)

    async def tell(self, messages: Sequence[Message]) -> Row:
        """Put messages of the service's own into the journal, as a row of their own. Durable when it returns. Raises
        UnavailableError.
        """
        if Role.DOOR in self.roles:
            return await self.door.write(messages)
        return await asyncio.to_thread(self.journal.append, messages, self.clock.now())

    # --- the parts

    def _add_door(self) -> None:
        self.door = Door(
            self.outside.source,
            self.journal,
            self.clock,
            self.site,
            self._row,
            retries=self.quarantine.take_retries,
            eased=self.fan.eased,
            held=HELD,
        )

    def _postman(self, post: Post) -> Postman:
        way = Round(post.channels, self.clock, self.tell, self.site.timezone, self.site.simulated, post.links)
        return Postman(post.box, way) if self._whole else Postman(post.box, way, resting_s=POLLED.look_again)

    def _add_judge(self) -> None:
        judge, engine, beside = self.in_force.seated()
        self.judging = JudgeWorker(
            judge,
            engine,
            self.books,
            self.fan.consumer().next,
            saved=self.books.load(),
            committed=self.dispatcher.wake if Role.DISPATCH in self.roles else _nothing,
            judged=self._judged,
            kept=self._kept,
            beside=beside,
            edited=self.in_force.edited,
        )

    def _add_store(self) -> None:
        self.keeping = keeper_of(self.outside, self.fan.consumer().next)
        self.writing = writer_of(self.outside, self.fan.consumer().next)

    def _works(self) -> list[tuple[str, Coroutine[Any, Any, object]]]:
        works: list[tuple[str, Coroutine[Any, Any, object]]] = []
        if Role.DOOR in self.roles:
            works.append(("door", self.door.run()))
        else:
            works.append(("leaving", self._leaving.wait()))
        if not self._whole and self.roles & _READS:
            works.append(("tail", self._tail.run(self.fan.newest)))
        if Role.JUDGE in self.roles:
            works.append(("judge", self.judging.run()))
        if self.shadowing is not None:
            works.append(("shadow", self.shadowing.run()))
        if Role.STORE in self.roles:
            works += [("quarantine", self.keeping.run()), ("store", self.writing.run())]
            works += self._beside_the_store()
        if Role.DISPATCH in self.roles:
            works.append(("dispatch", self.dispatcher.run()))
        if self.postman is not None:
            works.append(("post", self.postman.run()))
        if self.outside.leading is not None:
            works.append(("lease", self.outside.leading.lost()))
        if self.outside.beats is not None:
            works.append(("heartbeat", beat(self, self.outside.beats)))
        return [*works, ("housekeeping", self.housekeeping.run())]

    def _beside_the_store(self) -> Iterator[tuple[str, Coroutine[Any, Any, object]]]:
        if self.outside.rollups is not None:
            yield "rollups", self.outside.rollups.run()
        if self.outside.chronicle is not None:
            yield "events", self.outside.chronicle.run(lambda: self.in_force.rules, lambda: pulse_of(self))

    # --- beginning and ending

    async def _begin(self) -> None:
        """Before anything is heard: number rows on from what the books have, stand at the end, note the editions."""
        await number_on(self.outside, [edition.what for edition in self._editions])
        await self.fan.begin()
        if Role.JUDGE in self.roles:
            await note(self._editions, self.books, self.journal, self.tell, self.clock)

    async def _finish(self) -> None:
        try:
            async with asyncio.timeout(LEAVE_S):
                await self.drain()
        except TimeoutError:
            _log.warning("leaving with work undone; it is taken up at the next start", extra={"row": self.newest})

    # --- what happens

    async def _row(self, row: Row) -> None:
        """The door has written a row."""
        self._newest = row.number
        if self._whole:
            self._hear(row)
        else:
            self._note_link(row.messages)
            self._tail.wake()

    def _hear(self, row: Row) -> None:
        heard = self.fan.hear(row)
        self._note_link(heard.notes)
        for told in self.on_heard:
            told(heard)

    def _note_link(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if message.topic == LINK:
                said = msgspec.json.decode(message.payload)
                self.link = str(said.get("why") or said["state"])

    async def _all_sent(self) -> None:
        """Return when what can go at this moment has gone."""
        await self.dispatcher.drained()
        if self.postman is not None:
            await self.postman.settled()

    def _kept(self, outcome: Outcome) -> None:
        if self.postman is not None and outcome.letters:
            self.postman.wake()
        for told in self.on_kept:
            told(outcome)

    async def _judged(self, step: int) -> None:
        """Answer a clock step: everything it led to has been taken by the other side. Only one process can say so."""
        if not self._whole:
            return
        await self._all_sent()
        payload = msgspec.json.encode({"step": step})
        while True:
            try:
                await self.outside.publisher.publish(judged_topic(self.site.id), payload)
            except UnavailableError as away:
                await asyncio.sleep(away.retry_after or 0.2)
            else:
                return


def _nothing() -> None:
    """Nobody here waits for it."""
