"""Places of tabs: who has most gives one up, and whoever is sent away is told why."""

import asyncio
from typing import cast

import pytest
from fastapi import WebSocket

from services.api.places import GIVEN_AWAY
from services.console.socket import Sockets
from services.live.hub import Hub
from tests.fakes.hand_clock import HandClock
from tests.unit.dispatch.coast import T0, coast


class Tab:
    """A socket that says nothing and takes everything."""

    def __init__(self) -> None:
        self.told, self.closed = list[str](), tuple[int, str]()
        self.begun = asyncio.Event()

    async def accept(self) -> None:
        pass

    async def send_text(self, frame: str) -> None:
        self.told.append(frame)
        self.begun.set()

    async def receive_text(self) -> str:
        await asyncio.Event().wait()
        return ""

    async def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)


@pytest.mark.asyncio
async def test_a_tab_is_sent_away_for_another_address_and_told_why():
    hub = Hub(coast(), HandClock(T0), epoch="e1", status=lambda: {"status": "ready"})
    sockets = Sockets(hub, lambda: {"at": T0}, most=2)
    tabs = [Tab() for _ in range(4)]
    greedy = [asyncio.create_task(sockets.serve(cast("WebSocket", tab), address="10.0.0.9")) for tab in tabs[:2]]
    await asyncio.gather(*(tab.begun.wait() for tab in tabs[:2]))
    await sockets.serve(cast("WebSocket", tabs[2]), address="10.0.0.9")
    assert tabs[2].closed == (1013, "there are 2 tabs already")
    other = asyncio.create_task(sockets.serve(cast("WebSocket", tabs[3]), address="10.0.0.1"))
    await asyncio.gather(tabs[3].begun.wait(), greedy[0])
    assert (tabs[0].closed, sockets.open) == ((1013, GIVEN_AWAY), 2)
    for task in (greedy[1], other):
        task.cancel()
    await asyncio.gather(greedy[1], other, return_exceptions=True)
    assert sockets.open == 0
