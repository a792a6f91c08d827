"""A whole drill: its folder, its broker, its pages where somebody may watch or answer, and its report."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from domain.ports import Clock
from domain.site import Site
from services import wiring
from services.api.access import LOCAL
from services.api.over import open_to_http
from services.api.server import url_of
from services.console.over import page_over
from services.crew.links import DAY, CrewLinks
from services.crew.over import crew_over
from services.drill import place as places
from services.drill import playing, report
from services.settings import Settings
from services.show.page import address
from services.show.stage import Stage
from services.show.watching import counting
from services.site.scenery import load_scenery
from simulators.world import World

REPORT = "report.md"
Tell = Callable[[str], None]


async def run(folder: Path, place: str, wish: playing.Wish, wall: Clock, tell: Tell) -> tuple[playing.Came, Site, Path]:
    """Play it in that folder, which is empty, and keep the report there. `tell` is told where it can be watched. A
    signal ends it early, in order.
    """
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with playing.broker_of(wish) as broker:
        settings = places.settings_in(folder, place, broker=broker, for_real=wish.for_real)
        site = places.site_of(settings)

        @asynccontextmanager
        async def pages(stage: Stage[World]) -> AsyncIterator[None]:
            if wish.speed is None:
                yield
                return
            async with _pages(settings, stage, wall, tell):
                yield

        with counting(site, wish.start, wish.until) as on_progress:
            came = await playing.play(settings, site, wish, wall, stop=stop, on_progress=on_progress, beside=pages)
    kept = folder / REPORT
    kept.write_text(report.page(came, site), encoding="utf-8")
    return came, site, kept


@asynccontextmanager
async def _pages(settings: Settings, stage: Stage[World], wall: Clock, tell: Tell) -> AsyncIterator[None]:
    """The page of the drill's own service, and those of its crews."""
    page, site = page_over(stage.service, wall, load_scenery(Path(settings.site))), stage.service.site
    with address(settings) as door, wiring.reception_of(settings, wall) as reception:
        base = url_of(door)
        crews = crew_over(stage.service, wall, reception, base, LOCAL)
        async with open_to_http(stage.service, door, wall, mounting=lambda hub: (*page(hub), *crews(hub))):
            links = CrewLinks(reception.links(), base, wall)
            tell(f"Watch the drill: {base}   (ctrl-c ends it; its broker is {settings.broker})")
            for crew in site.crews.values():
                tell(f"  {crew.id:<16} {crew.name.zh}  {links.given(crew.id, DAY).url}")
            yield
