"""A service with crews' pages, in this process: its coast says what it is told to, on a forenoon."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from typing import Any

from domain.messages import Message
from domain.naming import replies_topic, up_topic
from ingest.lockstep import DomainClock
from services import wiring
from services.api.access import Access
from services.api.over import open_to_http
from services.api.server import bound
from services.clocks import WallClock
from services.console.over import page_over
from services.crew.links import DAY, CrewLinks
from services.crew.over import crew_over
from services.dispatch.orders import Order, OrderState
from services.people.reception import Reception
from services.service import Service
from services.settings import Settings, settled
from services.site import find
from services.site.scenery import load_scenery
from simulators.clocks import ScaledClock

FORENOON = 1_790_819_400_000  # 2026-10-01T09:50+08:00
SOON_S = 10.0
Work = Callable[..., Coroutine[Any, Any, Any]]


class Crewed:
    """What a test does to it, from its own thread."""

    def __init__(self, settings: Settings, loop: asyncio.AbstractEventLoop, service: Service, url: str) -> None:
        self.settings, self.service, self.url = settings, service, url
        self._loop, self._source = loop, service.outside.source
        self.reception: Reception | None = None

    def link(self, crew: str) -> str:
        """To a crew's page."""
        assert self.reception is not None
        return CrewLinks(self.reception.links(), self.url, WallClock()).given(crew, DAY).url

    def says(self, facility: str, **values: float | bool) -> None:
        """Its device reports, and that is judged."""
        site = self.service.site
        one = site.facilities[facility]
        device = next(d.id for d in site.devices.values() if d.facility == facility)
        topic = up_topic(site.id, one.zone, one.kind, device)
        self.does(self._offered, Message(topic, json.dumps({"values": values}).encode(), self.service.clock.now()))

    def later(self, ms: int) -> None:
        """The clock jumps, and whatever falls due does."""

        async def jump() -> None:
            clock = self.service.clock
            clock.release(ScaledClock(WallClock(), clock.now() + ms, 1.0))

        self.does(jump)

    def does(self, work: Work, *given: Any) -> Any:
        """In its loop."""
        return asyncio.run_coroutine_threadsafe(work(*given), self._loop).result(SOON_S)

    async def _offered(self, message: Message) -> None:
        await self._source.offer([message])  # type: ignore[attr-defined]
        await self.service.drain()

    def revoke(self, crew: str) -> None:
        assert self.reception is not None
        self.does(self.reception.revoke_links, crew, "tester", "127.0.0.1")

    def order(self, facility: str) -> Order:
        """The newest of that place, with its history."""
        found = self.service.books.orders(facility=facility)
        return self.service.books.order(found[0].id)

    def becomes(self, facility: str, state: OrderState) -> Order:
        """The order, when it is in that state."""
        deadline = time.monotonic() + SOON_S
        while (order := self.order(facility)).state is not state:
            assert time.monotonic() < deadline, (order.state, order.history)
            time.sleep(0.02)
        return order

    def replies(self, crew: str) -> list[dict[str, Any]]:
        """What the journal has of a crew's answers."""
        topic = replies_topic(self.service.site.id, crew)
        rows = self.service.journal.read(0, 10_000)
        return [json.loads(one.payload) for row in rows for one in row.messages if one.topic == topic]


@contextmanager
def crewed(state: Path) -> Iterator[Crewed]:
    """Served while this lasts."""
    ready: list[Crewed] = []
    begun, stop = threading.Event(), asyncio.Event()
    broken: list[BaseException] = []

    async def serve() -> None:
        settings = settled(site="shinan", state=state)
        wall = WallClock()
        clock = DomainClock(wall, start=FORENOON)
        clock.release(ScaledClock(wall, FORENOON, 1.0))
        ends = wiring.MemoryEnds(clock, lambda *_: None)
        site = wiring.site_of(settings)
        with bound("127.0.0.1:0") as door:
            async with wiring.service(settings, site, ends.source, ends.publisher, clock) as service:
                await _served(settings, service, door, wall)

    async def _served(settings: Settings, service: Service, door: socket, wall: WallClock) -> None:
        running = asyncio.create_task(service.run())
        await service.listening()
        access, url = Access(), f"http://127.0.0.1:{door.getsockname()[1]}"
        made = Crewed(settings, asyncio.get_running_loop(), service, url)
        with wiring.reception_of(settings, wall) as reception:
            made.reception = reception
            crews = crew_over(service, wall, reception, url, access)
            page = page_over(service, wall, load_scenery(find(settings.site)), access=access)
            async with open_to_http(service, door, wall, access, lambda hub: (*page(hub), *crews(hub))):
                ready.append(made)
                begun.set()
                await stop.wait()
        await service.stop()
        await running

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001  # raised again in the thread of the test
            broken.append(error)
        finally:
            begun.set()

    thread = threading.Thread(target=run, name="crewed")
    thread.start()
    assert begun.wait(30)
    try:
        if broken:
            raise broken[0]
        yield ready[0]
    finally:
        if ready:
            ready[0]._loop.call_soon_threadsafe(stop.set)
        thread.join(30)
    if broken:
        raise broken[0]
