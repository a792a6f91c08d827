"""Playing a world over a transport: in lock-step with the service, or after a clock."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from domain.naming import clock_topic, judged_topic, order_topic, receipts_topic
from domain.ports import Clock
from domain.readings import Millis
from domain.site import Site
from simulators.almanac import MINUTE, stamp
from simulators.causes import Cause
from simulators.ledger import Ledger
from simulators.transport import Incoming, Outgoing, Transport
from simulators.voice import Publish

CLOCK_AGAIN_S: Final = 5.0
LEAVE_S: Final = 3.0
_BATCH: Final = 500
_encode = msgspec.json.Encoder().encode


class Coast(Protocol):
    """What can be played: a world that is made up, or a recording of a real one. `now` is how far it has come."""

    site: Site
    now: Millis

    def step(self, until: Millis, /) -> Sequence[Publish]:
        """Everything sent in (`now`, `until`], in the order in which it reaches the broker."""
        ...

    def told(self) -> Sequence[Cause]:
        """Causes that began or ended since the last call."""
        ...

    def hear(self, topic: str, payload: bytes, retained: bool, at: Millis, /) -> None:  # noqa: FBT001
        """What the service says to a crew."""
        ...


@dataclass(slots=True)
class Played:
    """How far it came. `published` counts what the broker acknowledged of devices, `replies` that of crews."""

    at: Millis = 0
    steps: int = 0
    published: int = 0
    replies: int = 0
    causes: int = 0


Progress = Callable[[Played], None]


async def play_lockstep(
    world: Coast,
    transport: Transport,
    until: Millis,
    *,
    step_ms: Millis = MINUTE,
    ledger: Ledger | None = None,
    on_progress: Progress | None = None,
    again_s: float = CLOCK_AGAIN_S,
    stops: Iterable[Millis] = (),
) -> Played:
    """From where the world stands up to `until`, never ahead of what the service has judged: `step_ms` at a time, or,
    where there are `stops`, to each of them in turn.

    A step: publish all of it, then the clock; hear what the service sends to crews until it says that the step is
    judged. The clock is sent again after every `again_s` seconds without an answer, through any outage.
    """
    player = _Player(world, transport, ledger)
    await transport.subscribe([*_crew_filters(world), judged_topic(world.site.id)])
    heard = _Ear(transport)
    following = iter(stops)
    try:
        while world.now < until:
            at = min(until, next(following, until) if stops else world.now + step_ms)
            await player.send(world.step(at))
            player.played.steps += 1
            told = _encode({"step": player.played.steps, "at": stamp(at)})
            clock = Outgoing(clock_topic(world.site.id), told)
            await transport.publish([clock])
            while not _judged(world, message := await heard.within(again_s), player.played.steps):
                if message is None:
                    await transport.publish([clock])
                else:
                    world.hear(message.topic, message.payload, message.retained, at)
            if on_progress:
                on_progress(player.played)
    finally:
        await heard.close()
    return player.played


async def play_live(
    world: Coast,
    transport: Transport,
    clock: Clock,
    *,
    stop: asyncio.Event,
    until: Millis | None = None,
    slice_s: float = 0.2,
    ledger: Ledger | None = None,
    on_progress: Progress | None = None,
) -> Played:
    """Follow a clock, real or scaled, until `stop` is set or `until` is reached. What an outage holds up is sent
    afterwards, with the time at which it was measured; what it still holds up `LEAVE_S` after `stop` is given up.
    """
    player = _Player(world, transport, ledger)
    await transport.subscribe(_crew_filters(world))
    heard = _Ear(transport)
    try:
        while not stop.is_set() and (until is None or world.now < until):
            now = clock.now() if until is None else min(until, clock.now())
            while (message := heard.waiting()) is not None:
                world.hear(message.topic, message.payload, message.retained, world.now)
            if now > world.now:
                if not await _unless(stop, player.send(world.step(now))):
                    break
                player.played.steps += 1
                if on_progress:
                    on_progress(player.played)
            await heard.pause(stop, slice_s)
    finally:
        await heard.close()
    return player.played


async def _unless(stop: asyncio.Event, sending: Coroutine[None, None, None]) -> bool:
    """Let it send; once `stop` is set only for `LEAVE_S` more, because a broker that is away is waited for without end.
    Whether it came to its own end.
    """
    task, told = asyncio.ensure_future(sending), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, told}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            await asyncio.wait({task}, timeout=LEAVE_S)
        if task.done():
            task.result()
        return task.done()
    finally:
        told.cancel()
        task.cancel()
        await asyncio.gather(task, told, return_exceptions=True)


class _Player:
    """Publishes what a step yields and writes the ledger after the broker has it."""

    def __init__(self, world: Coast, transport: Transport, ledger: Ledger | None) -> None:
        self._world, self._transport, self._ledger = world, transport, ledger
        self.played = Played(at=world.now)

    async def send(self, messages: Sequence[Publish]) -> None:
        causes = self._world.told()
        self.played.causes += sum(1 for cause in causes if cause.until is None or cause.sort == "near_miss")
        if self._ledger:
            self._ledger.causes(causes)
            self._ledger.flush()
        for first in range(0, len(messages), _BATCH):
            some = messages[first : first + _BATCH]
            await self._transport.publish([Outgoing(p.topic, p.payload, p.retain) for p in some])
            measured = sum(1 for p in some if p.device)
            self.played.published += measured
            self.played.replies += sum(1 for p in some if not p.device and not p.retain)
            if self._ledger:
                self._ledger.acked(some)
                self._ledger.flush()
        self.played.at = self._world.now


class _Ear:
    """Listens without losing anything: `receive` is never cancelled half-way but at the end."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._heard: asyncio.Queue[Incoming] = asyncio.Queue()
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while True:
            self._heard.put_nowait(await self._transport.receive())

    def waiting(self) -> Incoming | None:
        """What has been heard already, if anything. Raises what ended the listening."""
        if self._heard.empty():
            if self._task.done():
                self._task.result()
            return None
        return self._heard.get_nowait()

    async def within(self, seconds: float) -> Incoming | None:
        """The next thing heard within so many seconds."""
        if not self._heard.empty():
            return self._heard.get_nowait()
        get = asyncio.create_task(self._heard.get())
        done, _ = await asyncio.wait({get, self._task}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if get in done:
            return get.result()
        get.cancel()
        if self._task.done():
            self._task.result()
        return None

    async def pause(self, stop: asyncio.Event, seconds: float) -> None:
        """Wait a little, or until told to stop."""
        waiter = asyncio.create_task(stop.wait())
        await asyncio.wait({waiter}, timeout=seconds)
        waiter.cancel()

    async def close(self) -> None:
        """Stop listening."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def _crew_filters(world: Coast) -> list[str]:
    return [order_topic(world.site.id, "+", "+"), receipts_topic(world.site.id, "+")]


def _judged(world: Coast, message: Incoming | None, step: int) -> bool:
    if message is None or message.topic != judged_topic(world.site.id):
        return False
    try:
        told = msgspec.json.decode(message.payload)
        return isinstance(told, dict) and told.get("step") == step
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
