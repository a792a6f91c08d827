"""The hub: gathers what became different, numbers it a few times a second, and gives it to everybody who watches."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import suppress
from typing import Final

from domain.messages import Heard
from domain.ports import Clock
from domain.site import Site
from services.dispatch.orders import Alarm, Order
from services.live.changes import Batch, Body, Change, Snapshot, What
from services.live.picture import Picture

GATHER_S: Final = 0.25  # at most four batches a second
LOOK_S: Final = 1.0  # how often time alone is looked at
BATCHES: Final = 40  # remembered for who reads slowly: ten seconds
CHANGES: Final = 20_000  # and no more than these
SERVICE: Final = "service"  # the id of the one status


class Hub:
    """What changes, for however many watch. Its methods belong to one event loop.

    It is told by whoever knows (`heard`, `cases`), runs beside them (`run`), and holds nobody up: being told costs
    microseconds, and who reads too slowly has to take a new snapshot.
    """

    def __init__(self, site: Site, clock: Clock, *, epoch: str, status: Callable[[], Body] = dict) -> None:
        self._clock, self._status, self._epoch = clock, status, epoch
        self._picture = Picture(site)
        self._bodies: dict[What, dict[str, Body]] = {what: {} for what in What}
        self._number = 0
        self._log: deque[Batch] = deque()
        self._logged = 0
        self._told = asyncio.Event()
        self._arrival = asyncio.Event()
        self._newest: Snapshot | None = None
        for what in What:
            self._picture.dirty.update(dict.fromkeys((what, one) for one in self._picture.ids(what)))
        self._bodies[What.STATUS][SERVICE] = status()
        self.flush()
        self._log.clear()
        self._logged = 0

    # Who tells it.

    def heard(self, heard: Heard) -> None:
        """A row of the journal was read."""
        self._picture.heard(heard)
        self._told.set()

    def cases(self, alarms: Collection[Alarm], orders: Collection[Order], *, whole: bool = False) -> None:
        """These alarms and orders are now so; others are as they were, or where these are the `whole` of what is open,
        no more.
        """
        self._picture.alarms(alarms)
        self._picture.orders(orders)
        if whole:
            self._picture.only({alarm.id for alarm in alarms} | {order.id for order in orders})
        self._told.set()

    def open_orders(self) -> frozenset[str]:
        """Orders that have not ended, by what it was told."""
        return self._picture.open_orders()

    def now(self) -> int:
        """Domain time."""
        return self._clock.now()

    # Who watches.

    def snapshot(self) -> Snapshot:
        """Everything, as it is after the newest change."""
        if self._newest is None:
            bodies = self._bodies
            self._newest = Snapshot(
                epoch=self._epoch,
                number=self._number,
                facilities=dict(bodies[What.FACILITY]),
                alarms=dict(bodies[What.ALARM]),
                orders=dict(bodies[What.ORDER]),
                elements=dict(bodies[What.ELEMENT]),
                status=bodies[What.STATUS][SERVICE],
            )
        return self._newest

    async def batches(self, after: int) -> AsyncIterator[Batch]:
        """What changes after that number, batch by batch, for ever. Ends where what comes next is remembered no more:
        take a new snapshot.
        """
        while True:
            arrival = self._arrival
            coming = self._since(after)
            if coming is None:
                return
            for batch in coming:
                yield batch
                after = batch.changes[-1].number
            if not coming:
                await arrival.wait()

    async def changes(self, after: int) -> AsyncIterator[tuple[Change, ...]]:
        """The same, without the frame."""
        async for batch in self.batches(after):
            yield batch.changes

    # Its own course.

    async def run(self) -> None:
        """Number what it was told, for ever; cancel it to end."""
        loop = asyncio.get_running_loop()
        looked = loop.time() - LOOK_S
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._told.wait()
            self._told.clear()
            if loop.time() - looked >= LOOK_S:
                looked = loop.time()
                self._picture.look(self._clock.now())
            self.flush()
            await asyncio.sleep(GATHER_S)

    def flush(self) -> None:
        """Number what became different since the last time."""
        picture, now = self._picture, self._clock.now()
        made: list[Change] = []
        while picture.dirty:  # showing a facility may change the counters of its element
            dirty, picture.dirty = picture.dirty, {}
            late = [key for key in dirty if key[0] is What.ELEMENT]
            for what, one in (*(key for key in dirty if key[0] is not What.ELEMENT), *late):
                self._note(made, what, one, self._shown(what, one, now))
        self._note(made, What.STATUS, SERVICE, self._status())
        if not made:
            return
        self._newest = None
        self._log.append(Batch(tuple(made)))
        self._logged += len(made)
        while len(self._log) > BATCHES or (self._logged > CHANGES and len(self._log) > 1):
            self._logged -= len(self._log.popleft().changes)
        self._arrival.set()
        self._arrival = asyncio.Event()

    def _shown(self, what: What, one: str, now: int) -> Body | None:
        picture = self._picture
        match what:
            case What.FACILITY:
                return picture.facility(one, now)
            case What.ALARM:
                return picture.alarm(one)
            case What.ORDER:
                return picture.order(one)
            case _:
                return picture.element(one)

    def _note(self, made: list[Change], what: What, one: str, body: Body | None) -> None:
        kept = self._bodies[what]
        if kept.get(one) == body:
            return
        if body is None:
            kept.pop(one, None)
        else:
            kept[one] = body
        self._number += 1
        made.append(Change(self._number, what, one, body))

    def _since(self, after: int) -> list[Batch] | None:
        if after >= self._number:
            return []
        if not self._log or self._log[0].changes[0].number > after + 1:
            return None
        return [batch for batch in self._log if batch.changes[-1].number > after]
