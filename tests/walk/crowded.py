"""A page over five thousand facilities of which fifty change a second: no broker, no stores. Says its address.

python -m tests.walk.crowded [port]
"""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from random import Random

from fastapi import FastAPI

from domain.messages import Heard
from domain.naming import Kind
from domain.readings import Reading
from domain.site import Position, Site
from services.api.guard import Guard
from services.api.server import bound, serving, url_of
from services.clocks import WallClock
from services.console.pages import OWN, Console, router
from services.console.session import Sessions
from services.live.hub import Hub
from services.site import load_site, sample
from services.site.scenery import load_scenery

MANY = 5_000
A_SECOND = 50


def crowded_site(many: int = MANY) -> Site:
    """The sample, each of its facilities again and again a little inland, until there are so many."""
    site, chance = load_site(sample()), Random(7)
    facilities = dict(site.facilities)
    for n, one in enumerate(cycle(site.facilities.values())):
        if len(facilities) == many:
            return replace(site, facilities=facilities)
        at = Position(one.position.lat + chance.uniform(0, 0.02), one.position.lon + chance.uniform(-0.004, 0.004))
        facilities[f"{one.id}-{n}"] = replace(one, id=f"{one.id}-{n}", position=at)
    raise AssertionError


def readings(site: Site, clock: WallClock) -> Iterator[Heard]:
    """One facility after another says something new."""
    for n, one in enumerate(cycle(site.facilities.values())):
        name = {Kind.BIN: "fill_level", Kind.TOILET: "nh3_ppm"}.get(one.kind, "temperature")
        said = Reading(one.id, one.id, one.kind, one.zone, clock.now(), {name: n / 10 % 90}, 0, -1, clock.now())
        yield Heard(n, clock.now(), (said,), (), (), ())


async def main(port: int) -> None:
    site, clock = crowded_site(), WallClock()
    hub = Hub(site, clock, epoch=str(clock.now()), status=lambda: {"status": "ready", "parts": {}})
    beat = lambda: {"at": clock.now(), "rate": float(A_SECOND), "speed": 1}  # noqa: E731
    console = Console(site, load_scenery(sample()), hub, Sessions(clock), beat)
    app = FastAPI()
    app.add_middleware(Guard, own=OWN)
    app.include_router(router(console))
    with bound(f"127.0.0.1:{port}") as door:
        async with serving(app, door):
            running = asyncio.create_task(hub.run())
            print(url_of(door), flush=True)
            for heard in readings(site, clock):
                hub.heard(heard)
                await asyncio.sleep(1 / A_SECOND)
            await running


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
