"""A drill from its first minute to its last: a make-believe coast over a real site's zones, and crews that are played
or are people.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Final

from domain.ports import Clock
from domain.readings import Millis
from domain.site import Site
from services.dispatch.orders import Limits, Order, OrderState
from services.dispatch.postman import Channel
from services.drill.relay import PRACTICE, Relay
from services.drill.scenarios import Scenario
from services.drill.score import CrewScore, Given, scored, turns_of
from services.judge import Outcome
from services.settings import Settings
from services.show import stage as show
from services.show.stage import Stage
from simulators.broker import PocketBroker
from simulators.clocks import ScaledClock
from simulators.play import Played, play_live
from simulators.world import World

PLAYED, PEOPLE = "played", "people"
_ABOUT_DEVICE: Final = "device:"
Beside = Callable[[Stage[World]], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is drilled. `speed` None: in virtual time, as fast as it is judged."""

    scenario: Scenario
    start: Millis
    until: Millis
    seed: int
    crews: str  # PLAYED | PEOPLE
    speed: float | None
    for_real: bool


@dataclass(frozen=True, slots=True)
class Came:
    """What it came to. It may have been left before its end."""

    wish: Wish
    until: Millis
    published: int
    alarms: int
    orders: Sequence[Order]
    score: Sequence[CrewScore]


class Unmanned(World):
    """A coast whose crews are people: nobody in it hears an order. What they say is done is done in it as well."""

    def hear(self, topic: str, payload: bytes, retained: bool, now: Millis) -> None:  # noqa: FBT001 - as MQTT says it
        """Nobody is there."""


class Noted:
    """What the orders themselves do not keep: the limits of every dispatch, those of earlier ones too."""

    def __init__(self, repair: Callable[[Order], None] | None = None) -> None:
        self.limits: dict[Given, Limits] = {}
        self._repair = repair
        self._repaired: set[tuple[str, Millis]] = set()

    def __call__(self, outcome: Outcome) -> None:
        """Alarms and orders changed."""
        for order in outcome.orders:
            if order.dispatched is not None:
                self.limits[order.id, order.dispatched] = order.limits
            if self._repair and order.state is OrderState.DONE and self._is_new(order):
                self._repair(order)

    def _is_new(self, order: Order) -> bool:
        once = (order.id, order.done or 0)
        seen = once in self._repaired
        self._repaired.add(once)
        return not seen


@asynccontextmanager
async def broker_of(wish: Wish) -> AsyncIterator[str]:
    """HOST:PORT of a broker of the drill's own, at a port that nobody knows; nothing listens in virtual time."""
    if wish.speed is None:
        yield "127.0.0.1:1"
        return
    async with PocketBroker() as broker:
        yield f"127.0.0.1:{broker.port}"


async def play(
    settings: Settings,
    site: Site,
    wish: Wish,
    wall: Clock,
    *,
    stop: asyncio.Event,
    on_progress: Callable[[Played], None],
    beside: Beside = lambda _: nullcontext(),
) -> Came:
    """Until its end, or until `stop` is set. `beside` goes on while it is played."""
    kind = Unmanned if wish.crews == PEOPLE else World
    spells = wish.scenario.spells(wish.start)
    world = kind(site, wish.seed, wish.start, wish.scenario.faults, spells=spells)
    over = show.MEMORY if wish.speed is None else show.BROKER
    async with show.playing(settings, world, wall, over, _relayed if wish.for_real else _practised) as stage:
        noted = Noted(_repairs(world) if wish.crews == PEOPLE else None)
        stage.service.on_kept.append(noted)
        async with beside(stage):
            played = await _played(stage, wish, wall, stop, on_progress)
        await stage.service.drain()
        until = min(wish.until, world.now)
        alarms, orders = await asyncio.to_thread(stage.service.books.everything)
    turns = [turn for order in orders for turn in turns_of(order, noted.limits, until)]
    return Came(wish, until, played.published, len(alarms), orders, scored(turns))


async def _played(
    stage: Stage[World], wish: Wish, wall: Clock, stop: asyncio.Event, on_progress: Callable[[Played], None]
) -> Played:
    if wish.speed is not None:
        # People's phones have the time of day: what it took to get ready is no reason to be behind it.
        since = max(wish.start, wall.now()) if wish.crews == PEOPLE else wish.start
        stage.clock.release(ScaledClock(wall, since, wish.speed))
        return await play_live(
            stage.world,
            stage.transport,
            stage.clock,
            stop=stop,
            until=wish.until,
            ledger=stage.ledger,
            on_progress=on_progress,
        )
    last = Played(stage.world.now)

    def seen(played: Played) -> None:
        nonlocal last
        last = played
        on_progress(played)

    playing = asyncio.ensure_future(show.play_virtual(stage, wish.until, seen))
    await show.first_of(playing, stop)
    return last


def _repairs(world: World) -> Callable[[Order], None]:
    def repair(order: Order) -> None:
        sensors = order.subject.startswith(_ABOUT_DEVICE)
        for facility in (order.facility, *order.members):
            world.mend(facility, sensors=sensors, at=world.now)

    return repair


def _practised(channels: dict[str, Channel]) -> dict[str, Channel]:
    return {PRACTICE: channels[PRACTICE]}


def _relayed(channels: dict[str, Channel]) -> dict[str, Channel]:
    return {PRACTICE: Relay({name: one for name, one in channels.items() if name != PRACTICE})}
