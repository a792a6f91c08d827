"""A visitor of the demo breaks the coast on its page, and sees it put right: by a crew, until the sensors say so."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import async_playwright, expect

from domain.naming import Kind
from services import wiring
from services.api.server import bound, url_of
from services.clocks import WallClock
from services.dispatch.orders import TELEMETRY, OrderState
from services.settings import Settings
from services.show.page import page_of
from services.show.stage import MEMORY, Run, Show, play_show, staged
from services.site import find
from tests.machines.chromium import INSTALL, OPTIONS
from tests.machines.needed import needed

SPEED = 900.0  # an hour of the coast in four seconds
WITHIN_MS = 30_000


def ten_in_the_morning(wall: WallClock, zone: str) -> int:
    """Of yesterday: crews are at work, and the present is further off than the test is long."""
    now = datetime.fromtimestamp(wall.now() / 1000, ZoneInfo(zone))
    return int((now.replace(hour=10, minute=0) - timedelta(days=1)).timestamp() * 1000)


@pytest.mark.machine
@pytest.mark.asyncio
async def test_what_a_visitor_breaks_ends_in_closed_orders(tmp_path: Path):
    """A feeder, a bin and a toilet. Each order is seen on its way in the list, and is closed there."""
    path, wall, stop = needed("chromium", INSTALL), WallClock(), asyncio.Event()
    settings = Settings(state=tmp_path / "state", api="127.0.0.1:0")
    site = wiring.site_of(settings)
    start = ten_in_the_morning(wall, site.timezone)
    run = Run(start, start, faults="none", transport=MEMORY)
    with bound("127.0.0.1:0") as door:
        async with (
            staged(settings, site, run, wall) as stage,
            page_of(settings, stage, door, wall, find(settings.site)),
            async_playwright() as play,
        ):
            playing = asyncio.create_task(play_show(stage, wall, SPEED, stop))
            browser = await play.chromium.launch(executable_path=path, args=OPTIONS)
            page = await browser.new_page()
            complaints: list[str] = []
            page.on("console", lambda said: said.type in ("error", "warning") and complaints.append(said.text))
            await page.goto(f"{url_of(door)}/?lang=en")
            await page.wait_for_selector("html[data-alive=yes]")
            seen: set[str] = set()
            for what in ("feeder", "bin", "toilet"):
                await page.click(f"[data-break={what}]")
                await expect(page.locator("#breaking-said")).to_contain_text("Broken")
            closed = page.locator("#orders .case", has_text="closed by the sensors")
            deadline = asyncio.get_running_loop().time() + WITHIN_MS / 1000
            while await closed.count() < 3 and asyncio.get_running_loop().time() < deadline:
                seen |= set(await page.locator("#orders .state").all_text_contents())
                await asyncio.sleep(0.1)
            await page.screenshot(path=tmp_path / "broken.png")
            assert await closed.count() >= 3, (seen, await page.locator("#orders").inner_text())
            assert seen & {"sent", "accepted", "on site", "done"}, seen  # which of them, at this speed, is luck
            assert complaints == []
            await browser.close()
            stop.set()
            await playing
            assert_closed_by_the_sensors(stage)


def assert_closed_by_the_sensors(stage: Show) -> None:
    orders = [order for order in stage.service.books.orders() if order.kind is not Kind.COAST]  # wind is nobody's doing
    assert sorted(order.kind for order in orders) == ["bin", "feeder", "toilet"]
    assert {(order.state, order.closed_by) for order in orders} == {(OrderState.CLOSED, TELEMETRY)}
    way = [OrderState.DISPATCHED, OrderState.ACCEPTED, OrderState.ARRIVED, OrderState.DONE]
    for order in orders:
        been = stage.service.books.order(order.id).states
        assert set(way) <= set(been), (order.kind, been)
