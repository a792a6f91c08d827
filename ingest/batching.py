"""The door: what the source brings becomes a durable row, and only then is the broker told.

Messages that arrive while a row is being written share the next one; an empty row (a Tick) stands for each second in
which nothing came. Where the domain clock stands, the simulated coast's own clock messages cut the rows: lock-step.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from domain.errors import RejectedError, UnavailableError
from domain.messages import Flag, Message, Row
from domain.naming import LINK, clock_topic
from domain.ports import Arrived, Journal, SettleToken, Source
from domain.readings import Millis
from domain.site import Site
from ingest.lockstep import DomainClock, read_step

_log = logging.getLogger(__name__)

TICK: Final = 1000  # ms of the domain clock without a row, after which an empty one is written
ROW: Final = 5_000  # messages; a row is closed at the first arrival that reaches so many
HELD: Final = 50_000  # messages that wait for a clock step before a row is cut without one
_LOOK_S: Final = 0.25  # how often, at least, the domain clock is looked at
_RETRIES_S: Final = 1.0  # how often the quarantine is asked for what to try again
_WAITING: Final = 64  # arrivals between the source and the journal; more wait with the source
_BACK_OFF_S: Final = (0.25, 15.0)
_STARTED: Final = b'{"state":"started"}'


class Door:
    """Runs one source into one journal.

    `on_row` gets every row in order, after it is durable and settled; what it raises ends the door. `retries` is asked
    about once a second in a thread for messages to put back, and the door does not wait for the answer; asking again
    says that those before are in the journal. `eased` is awaited before more is taken from the source, and may hold it
    back: then the broker keeps what comes.
    """

    def __init__(
        self,
        source: Source,
        journal: Journal,
        clock: DomainClock,
        site: Site,
        on_row: Callable[[Row], Awaitable[None]],
        *,
        retries: Callable[[], Sequence[Message]] | None = None,
        eased: Callable[[], Awaitable[None]] | None = None,
        held: int = HELD,
        look_s: float = _LOOK_S,
    ) -> None:
        """`held` must be less than what the source takes unacknowledged, or a long step could never end."""
        self._source = source
        self._journal = journal
        self._clock = clock
        self._on_row = on_row
        self._retries = retries
        self._eased = eased
        self._most_held = held
        self._look_s = look_s
        self._arrivals: asyncio.Queue[Arrived | None] = asyncio.Queue(_WAITING)
        self.caught_up = asyncio.Event()  # since the first back-log has passed
        self._waiting = _Waiting(clock_topic(site.id) if site.simulated else "")
        self._writing = asyncio.Lock()  # a row is appended, settled and handed on before the next one begins
        self._leaving = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "journal")
        self._told_of_steps = False
        self.trouble = ""  # why the journal cannot be written now; "" when it can
        self.rows = 0
        self.messages = 0
        self.last_at: Millis = 0

    @property
    def held(self) -> int:
        """Messages that are heard and not yet in the journal."""
        return len(self._waiting.messages)

    async def run(self) -> None:
        """Until `close`. Raises RejectedError where the source says that trying again is of no use."""
        listening, asking = asyncio.create_task(self._listen()), asyncio.create_task(self._ask_for_retries())
        try:
            await self._insist([Message(LINK, _STARTED, self._clock.now())], None)
            while await self._gather():
                await self._write_out()
                if asking.done():
                    asking.result()
                if self._eased is not None:
                    await self._eased()
            await self._write_out()
            await self._source.close()
            if listening.done():
                await listening
        finally:
            listening.cancel()
            asking.cancel()
            await asyncio.gather(listening, asking, return_exceptions=True)
            self._thread.shutdown(wait=False)
            self.trouble = self.trouble or "the door is closed"

    async def close(self) -> None:
        """Write and settle what was heard, then let the source leave; `run` returns. Does not wait for it."""
        self._leaving.set()
        with suppress(asyncio.QueueFull):  # then there is no need to wake it, and it looks when it has emptied this
            self._arrivals.put_nowait(None)

    async def write(self, messages: Sequence[Message]) -> Row:
        """Put messages of the service's own (commands, edits, answers of channels) into the journal, as a row of their
        own at the domain clock's time. Durable when it returns. Raises UnavailableError.
        """
        if self.trouble:
            raise UnavailableError(self.trouble)
        async with self._writing:
            row = await self._append(messages, self._clock.now())
            await self._on_row(row)
            return row

    async def _listen(self) -> None:
        try:
            async for arrived in self._source.batches():
                if self._leaving.is_set():
                    return  # the broker keeps it
                await self._arrivals.put(arrived)
        except Exception:
            await self._arrivals.put(None)  # what came before is still written; `run` raises it then
            raise
        await self._arrivals.put(None)

    async def _gather(self) -> bool:
        """Take what has arrived, waiting for it no longer than until the next Tick is due. False at the end."""
        due = (self.last_at + TICK - self._clock.now()) / 1000
        try:
            async with asyncio.timeout(min(self._look_s, max(due, 0))):
                arrived = await self._arrivals.get()
        except TimeoutError:
            return not self._leaving.is_set()
        while arrived is not None:
            self._waiting.add(arrived)
            self._look_for_notes(arrived)
            if self._arrivals.empty():
                return not self._leaving.is_set()
            if len(self._waiting.messages) >= ROW:
                return True
            arrived = self._arrivals.get_nowait()
        return False

    def _look_for_notes(self, arrived: Arrived) -> None:
        if not self.caught_up.is_set() and any(m.topic == LINK and b'"passed"' in m.payload for m in arrived.messages):
            self.caught_up.set()

    async def _write_out(self) -> None:
        """Make rows of what waits, where their time has come."""
        waiting = self._waiting
        await self._settle(0)  # an arrival may bring nothing but its token
        while waiting.step is not None:
            count, at = waiting.step
            if not self._clock.stepping:
                self._note_step(at)
                waiting.skip_step()
                continue
            await self._row(count, max(at, self._clock.now()))
        if self._clock.stepping:
            if len(waiting.messages) > self._most_held:
                _log.warning("too many messages for one clock step", extra={"held": len(waiting.messages)})
                await self._row(len(waiting.messages), self._clock.now())
        elif waiting.messages or self._clock.now() - self.last_at >= TICK:
            await self._row(len(waiting.messages), None)

    def _note_step(self, at: Millis) -> None:
        if not self._told_of_steps:
            _log.warning("clock messages move nothing: this service is not in lock-step", extra={"at": at})
        self._told_of_steps = True

    async def _row(self, count: int, step: Millis | None) -> None:
        """The first `count` messages that wait become a row; with `step`, at that time all of them."""
        messages = self._waiting.messages[:count]
        if step is not None:
            messages = [m if m.flags & Flag.RETRY else m._replace(received=step) for m in messages]
        await self._insist(messages, step, count)

    async def _insist(self, messages: Sequence[Message], step: Millis | None, taken: int = 0) -> None:
        """Append, settle, hand on. Raises UnavailableError only when leaving."""
        async with self._writing:
            row = await self._kept(messages, self._heard_at(messages) if step is None else step)
            if step is not None:
                self._clock.step(row.at)
            await self._settle(taken)
            await self._on_row(row)

    def _heard_at(self, messages: Sequence[Message]) -> Millis:
        """The Tick of a row: when its last message came off the wire, now where none did. Never later: what came after
        it may lie in our own hands, held up by the journal or an overload, and a Tick says that nothing older comes.
        """
        heard = (message.received for message in reversed(messages) if not message.flags & Flag.RETRY)
        return next(heard, self._clock.now())

    async def _kept(self, messages: Sequence[Message], at: Millis) -> Row:
        """Append; try again until the journal takes it, and let no time pass meanwhile."""
        pause, longest = _BACK_OFF_S
        while True:
            try:
                return await self._append(messages, at)
            except UnavailableError as away:
                if not self.trouble:
                    _log.critical("the journal cannot be written: nothing is acknowledged", extra={"why": str(away)})
                self.trouble = str(away)
                if self._leaving.is_set():
                    raise
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._leaving.wait()
            pause = min(2 * pause, longest)

    async def _settle(self, taken: int) -> None:
        for token in self._waiting.taken(taken):
            await self._source.settle(token)

    async def _append(self, messages: Sequence[Message], at: Millis) -> Row:
        loop = asyncio.get_running_loop()
        row = await loop.run_in_executor(self._thread, self._journal.append, messages, at)
        if self.trouble:
            _log.warning("the journal can be written again")
            self.trouble = ""
        self.rows += 1
        self.messages += len(row.messages)
        self.last_at = row.at
        return row

    async def _ask_for_retries(self) -> None:
        """For ever, where there is anybody to ask: what is given must be in the journal before more is asked for."""
        told = False
        while self._retries is not None:
            try:
                again = await asyncio.to_thread(self._retries)
            except UnavailableError as away:
                if not told:
                    _log.warning("the quarantine cannot be asked for retries", extra={"why": str(away)})
                told, again = True, ()
            else:
                told = False
            if again:
                await self._waiting.add_own([m._replace(flags=m.flags | Flag.RETRY) for m in again]).wait()
            await asyncio.sleep(_RETRIES_S)


class _Waiting:
    """Messages between the wire and the journal, in order, and whose acknowledgement hangs on which of them."""

    def __init__(self, steps_on: str) -> None:
        """`steps_on` is the topic of clock messages, "" where they do not count."""
        self._steps_on = steps_on
        self.messages: list[Message] = []
        self._gone = 0  # messages that went before these
        self._tokens: deque[tuple[int, SettleToken]] = deque()  # settled once so many are gone
        self._steps: deque[tuple[int, Millis]] = deque()  # a row ends once so many are gone
        self._own: deque[tuple[int, asyncio.Event]] = deque()  # set once so many are gone

    @property
    def step(self) -> tuple[int, Millis] | None:
        """How many messages the next clock message closes, itself included, and its time."""
        return (self._steps[0][0] - self._gone, self._steps[0][1]) if self._steps else None

    def skip_step(self) -> None:
        """Let the next clock message close nothing."""
        self._steps.popleft()

    def add(self, arrived: Arrived) -> None:
        """Take what came off the wire."""
        if self._steps_on:
            self._mark_steps(arrived.messages)
        self.messages += arrived.messages
        self._tokens.append((self._gone + len(self.messages), arrived.token))

    def add_own(self, messages: Sequence[Message]) -> asyncio.Event:
        """Take what is not off the wire. Set when it is durable."""
        self.messages += messages
        durable = asyncio.Event()
        self._own.append((self._gone + len(self.messages), durable))
        return durable

    def taken(self, count: int) -> list[SettleToken]:
        """The first `count` are durable: forget them, and say what may now be acknowledged."""
        del self.messages[:count]
        self._gone += count
        while self._steps and self._steps[0][0] <= self._gone:
            self._steps.popleft()
        while self._own and self._own[0][0] <= self._gone:
            self._own.popleft()[1].set()
        free = []
        while self._tokens and self._tokens[0][0] <= self._gone:
            free.append(self._tokens.popleft()[1])
        return free

    def _mark_steps(self, messages: Sequence[Message]) -> None:
        begins = self._gone + len(self.messages)
        for place, message in enumerate(messages, 1):
            if message.topic == self._steps_on and not message.flags & Flag.RETAINED:
                with suppress(RejectedError):  # unreadable: the pipeline keeps it aside
                    self._steps.append((begins + place, read_step(message.payload)[1]))
