"""Whoever listens to the event stream: how many, what each is told, and when they are to leave."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Final, Protocol

import msgspec

from domain.errors import UnavailableError
from services.api.places import Places
from services.api.seams import Live
from services.live.changes import Change, Snapshot, What

MOST: Final = 200
HEARTBEAT_S: Final = 15.0
LONGEST_S: Final = 600.0  # then whoever listens comes again, and nothing is held for ever by who is long gone
OVER: Final = "ten minutes are over: come again with Last-Event-ID"
STOPPING: Final = "the service stops"
UNKNOWN: Final = "what you showed is no longer good: show it anew"
BEAT: Final = ": nothing new\n\n"


class Ear(Protocol):
    """Whoever listens."""

    def begins(self, snapshot: Snapshot) -> None:
        """From there on."""
        ...

    def hears(self, changes: Sequence[Change]) -> Sequence[Change]:
        """What is theirs to hear."""
        ...

    async def may_listen(self) -> bool:
        """Whether they still may."""
        ...


class Everything:
    """Whoever may hear everything, for ever."""

    def begins(self, snapshot: Snapshot) -> None:
        """Nothing depends on it."""

    def hears(self, changes: Sequence[Change]) -> Sequence[Change]:
        """All of them."""
        return changes

    async def may_listen(self) -> bool:
        """They may."""
        return True


class _Seat:
    """One who listens, and why they are to leave."""

    def __init__(self) -> None:
        self.gone, self.why = asyncio.Event(), ""

    def leave(self, why: str) -> None:
        """The stream is to end."""
        self.gone.set()
        self.why = self.why or why


class Listeners:
    """All who listen. `leave` ends every stream, so that a service that stops need not wait for them; each ends by
    itself when it has lasted long, with the reason as its last comment.
    """

    def __init__(
        self, live: Live, *, most: int = MOST, heartbeat_s: float = HEARTBEAT_S, longest_s: float = LONGEST_S
    ) -> None:
        self._live, self._heartbeat_s, self._longest_s = live, heartbeat_s, longest_s
        self._places = Places(most, "listeners")
        self._leaving = asyncio.Event()

    @property
    def open(self) -> int:
        """How many listen."""
        return self._places.open

    def leave(self) -> None:
        """End every stream."""
        self._leaving.set()
        self._places.clear(STOPPING)

    async def left(self) -> None:
        """Return when every stream is to end."""
        await self._leaving.wait()

    def listen(
        self, last: str, whats: Collection[What], ear: Ear | None = None, *, stays: bool, address: str = ""
    ) -> AsyncIterator[str]:
        """The frames of one at that address: from the event `last` on, or from now. `stays`: until it has lasted long,
        else as far as it is by now; and no longer than the `ear` may listen.
        Raises UnavailableError where there are too many.
        """
        self._places.must_have(address)
        return self._seated(last, whats, ear or Everything(), address, stays=stays)

    async def _seated(
        self, last: str, whats: Collection[What], ear: Ear, address: str, *, stays: bool
    ) -> AsyncIterator[str]:
        seat = _Seat()
        if self._leaving.is_set():
            seat.leave(STOPPING)
        ends = asyncio.get_running_loop().call_later(self._longest_s, seat.leave, OVER)
        try:
            with self._places.take(address, seat.leave):
                async for frame in self._frames(last, whats, ear, seat, stays=stays):
                    yield frame
        except UnavailableError as full:  # others came in between
            seat.leave(str(full))
        finally:
            ends.cancel()
        if seat.why:
            yield f": {seat.why}\n\n"

    async def _frames(
        self, last: str, whats: Collection[What], ear: Ear, seat: _Seat, *, stays: bool
    ) -> AsyncIterator[str]:
        snapshot = self._live.snapshot()
        ear.begins(snapshot)
        after, begins = _place(last, snapshot)
        if begins:
            yield _begin(begins, snapshot)
        while not seat.gone.is_set():
            if not stays and after >= snapshot.number:
                return
            async for changes in self._batches(after, seat):
                if not await ear.may_listen():
                    seat.leave(UNKNOWN)
                    return
                after = changes[-1].number if changes else after
                heard = ear.hears(changes) if changes else ()
                yield "".join(_frame(snapshot.epoch, one) for one in heard if one.what in whats) if changes else BEAT
                if not stays and after >= snapshot.number:
                    return
            if not seat.gone.is_set():  # what comes next is remembered no more
                snapshot = self._live.snapshot()
                ear.begins(snapshot)
                after = snapshot.number
                yield _begin("reset", snapshot)

    async def _batches(self, after: int, seat: _Seat) -> AsyncIterator[tuple[Change, ...]]:
        """What changes; nothing at all, now and then, where nothing does."""
        coming = self._live.changes(after)
        leaving = asyncio.ensure_future(seat.gone.wait())
        following = asyncio.ensure_future(anext(coming, None))
        try:
            while True:
                done, _ = await asyncio.wait(
                    {following, leaving}, timeout=self._heartbeat_s, return_when=asyncio.FIRST_COMPLETED
                )
                if leaving in done:
                    return
                if following not in done:
                    yield ()
                    continue
                if (changes := following.result()) is None:
                    return
                following = asyncio.ensure_future(anext(coming, None))
                yield changes
        finally:
            for task in (leaving, following):
                task.cancel()
            await asyncio.gather(leaving, following, return_exceptions=True)


def _place(last: str, snapshot: Snapshot) -> tuple[int, str]:
    """After which number to go on, and with which event to begin: none, where nothing was missed."""
    epoch, _, number = last.rpartition("-")
    if not last:
        return snapshot.number, "start"
    if epoch == snapshot.epoch and number.isascii() and number.isdigit() and int(number[:18]) <= snapshot.number:
        return int(number[:18]), ""
    return snapshot.number, "reset"


def _begin(event: str, snapshot: Snapshot) -> str:
    told = msgspec.json.encode({"epoch": snapshot.epoch, "number": snapshot.number}).decode()
    return f"event: {event}\nid: {snapshot.epoch}-{snapshot.number}\ndata: {told}\n\n"


def _frame(epoch: str, change: Change) -> str:
    told = msgspec.json.encode({"id": change.id, "body": change.body}).decode()
    return f"event: {change.what}\nid: {epoch}-{change.number}\ndata: {told}\n\n"
