"""The postman: sends letters as `sorting` says, over the channels that there are, and writes down what came of each."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import msgspec

from domain.errors import RejectedError, UnavailableError
from domain.messages import Message
from domain.naming import DELIVERY
from domain.ports import Clock
from domain.readings import Millis
from services.dispatch.fitting import Room
from services.dispatch.letters import PRACTICE, Letter, Undelivered
from services.dispatch.pacing import Limit, kept
from services.dispatch.packing import Links, Parcel, packed
from services.dispatch.sorting import Going, Standing, Waiting, after_failure, sort, targets

log = logging.getLogger(__name__)

MOST: Final = 2_000  # letters looked at together, the most urgent first
_AWAY_S: Final = 2.0  # before a database that is away is asked again
_SHORTEST_S: Final = 0.05


class Channel(Protocol):
    """A way to reach people."""

    @property
    def room(self) -> Room:
        """How long a text may be."""
        ...

    @property
    def limits(self) -> Sequence[Limit]:
        """How often one address may be spoken to."""
        ...

    async def send(self, parcel: Parcel) -> None:
        """Return when the other side has taken it. Raises UnavailableError: later, and not before its `retry_after`;
        RejectedError: never, as it is.
        """
        ...


class Letterbox(Protocol):
    """Letters as they are kept. Blocking: called in a thread. Raises UnavailableError."""

    def waiting(self, limit: int) -> Sequence[tuple[int, Letter, str]]:
        """Those to be sent, the most urgent first: number, letter, and the key of the message it is part of."""
        ...

    def spoken(self, since: Millis) -> Mapping[str, Sequence[Millis]]:
        """When each target was last spoken to since then, once a message, in order."""
        ...

    def begin(self, numbers: Sequence[int], batch: str, at: Millis) -> None:
        """They go now, as one message of that key."""
        ...

    def sent(self, numbers: Sequence[int], at: Millis) -> None:
        """They were taken."""
        ...

    def failed(self, numbers: Sequence[int], why: str, at: Millis) -> None:
        """They could not be sent now; they stay pending."""
        ...

    def bury(self, numbers: Sequence[int], why: str, at: Millis) -> None:
        """They will not be sent over this contact."""
        ...

    def cover(self, number: int, by: str, at: Millis) -> None:
        """Another letter says more."""
        ...


@dataclass(frozen=True, slots=True)
class Round:
    """What letters are sent with: who answers for channels, the time, the journal, links to answer by."""

    channels: Mapping[str, Channel]
    clock: Clock
    tell: Callable[[Sequence[Message]], Awaitable[object]]
    zone: str  # the site's time zone
    simulated: bool
    links: Links


class Postman:
    """Sends letters until cancelled. Each target has two lanes: what cannot wait, and the rest."""

    def __init__(self, box: Letterbox, way: Round, resting_s: float = 5.0) -> None:
        """`resting_s` is how long nobody looks where nobody wakes us."""
        self._box, self._way, self._resting_s = box, way, resting_s
        self._standing: dict[str, Standing] = {}
        self._seen: dict[int, Millis] = {}
        self._going: dict[asyncio.Task[None], tuple[int, ...]] = {}
        self._woken = asyncio.Event()
        self._turn = asyncio.Lock()
        self._began = False
        self._unseen = True  # somebody has woken us since the last look
        self._waiting = False  # at the last look there was something to send

    def wake(self) -> None:
        """There may be new letters."""
        self._unseen = True
        self._woken.set()

    def down(self) -> dict[str, tuple[Millis, str]]:
        """Targets that take nothing just now: since when, and why."""
        return {
            target: (one.failing_since, one.why)
            for target, one in sorted(self._standing.items())
            if one.failing_since is not None
        }

    async def run(self) -> None:
        """Send for ever."""
        try:
            while True:
                self._woken.clear()
                try:
                    again = await self.look()
                except UnavailableError as away:
                    log.warning("letters wait for the database", extra={"why": str(away)})
                    await asyncio.sleep(_AWAY_S)
                    continue
                pause = self._resting_s if again is None else (again - self._way.clock.now()) / 1000
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(max(pause, _SHORTEST_S), self._resting_s)):
                        await self._woken.wait()
        finally:
            for task in self._going:
                task.cancel()
            await asyncio.gather(*self._going, return_exceptions=True)

    async def settled(self) -> None:
        """Return when all that can go at this moment of the domain clock has gone."""
        while self._unseen or self._waiting or self._going:
            self._unseen = False
            await self.look()
            if not self._going:
                return
            await asyncio.gather(*self._going, return_exceptions=True)

    async def look(self) -> Millis | None:
        """Start what is to go now. When to look again if nothing happens; None: when woken."""
        async with self._turn:
            now = self._way.clock.now()
            if not self._began:
                await self._remember(now)
            under_way = {number for numbers in self._going.values() for number in numbers}
            rows = await asyncio.to_thread(self._box.waiting, MOST)
            self._waiting = bool(rows)
            self._seen = {number: self._seen.get(number, now) for number, _, _ in rows}
            found = targets(
                [Waiting(n, letter, batch, self._seen[n]) for n, letter, batch in rows if n not in under_way]
            )
            again = [at for target, waiting in found.items() if (at := await self._see_to(target, waiting, now))]
            return min(again, default=None)

    # --- one target

    async def _see_to(self, target: str, waiting: Sequence[Waiting], now: Millis) -> Millis | None:
        kind = waiting[0].letter.channel
        channel = self._way.channels.get(kind)
        if channel is None or (self._way.simulated and kind not in PRACTICE):
            why = f"no channel {kind} is set up" if channel is None else "a simulated site reaches nobody: 演练"
            await self._give_up(waiting, why, now)
            return None
        limits = channel.limits
        standing = self._standing.get(target, Standing())
        standing = replace(standing, sent=tuple(kept(limits, standing.sent, now)))
        self._standing[target] = standing
        todo = sort(waiting, standing, limits, now)
        for one, by in todo.covered:
            await asyncio.to_thread(self._box.cover, one.number, by, now)
        if todo.given_up:
            await self._give_up(todo.given_up, standing.why or "it takes nothing", now)
        for going in todo.going:
            await self._start(target, channel, going, now)
        return todo.look_again

    async def _start(self, target: str, channel: Channel, going: Going, now: Millis) -> None:
        parcel, taken = packed(going, channel.room, self._way.links, self._way.zone, now)
        numbers = tuple(one.number for one in taken)
        if any(one.batch != parcel.key for one in taken):
            await asyncio.to_thread(self._box.begin, numbers, parcel.key, now)
        standing = self._standing[target]
        urgent = now if going.urgent else standing.urgent
        self._standing[target] = replace(
            standing, sent=(*standing.sent, now), urgent=urgent, busy=standing.busy | {going.urgent}
        )
        task = asyncio.create_task(self._carry(target, channel, parcel, taken, now, urgent=going.urgent))
        self._going[task] = numbers
        task.add_done_callback(self._back)

    def _back(self, task: asyncio.Task[None]) -> None:
        del self._going[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("what came of a letter could not be kept; it is sent again", extra={"why": repr(error)})
        self.wake()

    async def _carry(
        self,
        target: str,
        channel: Channel,
        parcel: Parcel,
        taken: Sequence[Waiting],
        began: Millis,
        *,
        urgent: bool,
    ) -> None:
        numbers = [one.number for one in taken]
        lane = frozenset({urgent})
        try:
            await channel.send(parcel)
        except (UnavailableError, RejectedError) as error:
            now = self._way.clock.now()
            self._arrived(target, began, now)
            before = self._standing[target]
            wait = error.retry_after if isinstance(error, UnavailableError) else None
            failed = after_failure(before, now, str(error), wait, parcel.key)
            if before.failing_since is None:
                log.warning("a channel takes nothing", extra={"target": target, "why": str(error)})
            self._standing[target] = replace(failed, busy=failed.busy - lane)
            if isinstance(error, RejectedError):
                await self._give_up(taken, str(error), now)
            else:
                await asyncio.to_thread(self._box.failed, numbers, str(error), now)
            return
        except BaseException:
            self._standing[target] = replace(self._standing[target], busy=self._standing[target].busy - lane)
            raise
        now = self._way.clock.now()
        self._arrived(target, began, now)
        before = self._standing[target]
        if before.failing_since is not None:
            log.info("a channel takes messages again", extra={"target": target})
        well = Standing(before.sent, before.urgent, busy=before.busy)
        try:
            await asyncio.to_thread(self._box.sent, numbers, now)
        finally:
            self._standing[target] = replace(well, busy=self._standing[target].busy - lane)

    def _arrived(self, target: str, began: Millis, now: Millis) -> None:
        """It counts from when it was answered: nobody knows when between the two the other side counted it."""
        standing = self._standing[target]
        times = list(standing.sent)
        if began in times:
            times.remove(began)
        self._standing[target] = replace(standing, sent=tuple(sorted([*times, now])))

    async def _give_up(self, lost: Sequence[Waiting], why: str, now: Millis) -> None:
        """The journal first: who is told instead is the judge's to say."""
        told = [Message(DELIVERY, msgspec.json.encode(_lost(one.letter, why)), now) for one in lost]
        await self._way.tell(told)
        await asyncio.to_thread(self._box.bury, [one.number for one in lost], why, now)
        for one in lost:
            level = logging.ERROR if one.letter.last else logging.WARNING
            log.log(level, "a letter is given up", extra={"key": one.letter.key, "why": why})

    async def _remember(self, now: Millis) -> None:
        """What was sent before we were started counts as well."""
        longest = max((limit.span_ms for one in self._way.channels.values() for limit in one.limits), default=0)
        for target, times in (await asyncio.to_thread(self._box.spoken, now - longest)).items():
            self._standing[target] = Standing(sent=tuple(times))
        self._began = True


def _lost(letter: Letter, why: str) -> Undelivered:
    key, order, revision, to, place, channel = letter[:6]
    return Undelivered(key, order, revision, to, place, channel, why)
