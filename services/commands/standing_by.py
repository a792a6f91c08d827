"""Waiting to lead, as a process does it: it answers at its door, says so to systemd, and loads what takes long."""

import asyncio
import importlib
import logging
import os
from contextlib import AsyncExitStack
from socket import socket
from typing import TYPE_CHECKING, Final

from domain.site import Site
from services import wiring
from services.clocks import WallClock
from services.roles import Role
from services.settings import Settings
from services.systemd import Systemd

if TYPE_CHECKING:  # a process without an API never loads what serves it
    from services.api.standby import Standing

_log = logging.getLogger(__name__)
_OF_THE_API: Final = ("services.api.over", "services.console.over", "services.crew.over", "services.site.scenery")


class StandingBy:
    """A process with these roles, while another node leads. `door` is where it answers."""

    def __init__(self, roles: frozenset[Role], door: socket | None, wall: WallClock) -> None:
        self._roles, self._door, self._wall = roles, door, wall
        self._systemd = Systemd(os.environ, os.getpid())
        self._waits = asyncio.Event()
        self._why = ""
        self._standing: Standing | None = None

    async def until_led(
        self, settings: Settings, site: Site, stop: asyncio.Event, stack: AsyncExitStack
    ) -> wiring.Led | None:
        """Return when no other node leads, or `stop` is set: then None. We lead until the stack is closed."""
        entered = stack.enter_async_context(wiring.leading(settings, site, self._roles, self._wait))
        leading = asyncio.create_task(entered, name="lease")
        told = asyncio.create_task(stop.wait(), name="stop")
        waiting = asyncio.create_task(self._waits.wait(), name="waits")
        async with AsyncExitStack() as meanwhile:
            await asyncio.wait({leading, told, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if not leading.done() and not told.done():
                await self._begin(meanwhile)
                await asyncio.wait({leading, told}, return_when=asyncio.FIRST_COMPLETED)
            for task in (told, waiting):
                task.cancel()
            if leading.done():
                led = leading.result()
                if led is not None:
                    leader = led.leading.leader
                    _log.info("leads", extra={"node": leader.known_as, "token": leader.token})
                return led
            leading.cancel()
            await asyncio.gather(leading, return_exceptions=True)
            return None

    def _wait(self, why: str) -> None:
        _log.info("waits to lead", extra={"why": why})
        self._why = why
        self._waits.set()
        self._systemd.say(READY=1, STATUS=why)
        if self._standing is not None:
            self._standing.waits(why)

    async def _begin(self, meanwhile: AsyncExitStack) -> None:
        watching = asyncio.create_task(self._systemd.watch(), name="watchdog")
        meanwhile.callback(watching.cancel)
        if self._door is not None:
            from services.api import standby

            self._standing = standby.Standing(self._wall, self._why)
            await meanwhile.enter_async_context(standby.standing_by(self._door, self._standing))
        loading = asyncio.create_task(asyncio.to_thread(self._load), name="load")
        meanwhile.callback(loading.cancel)

    def _load(self) -> None:
        """Who takes over is waited for, and has nothing else to do now."""
        for module in ("services.storage.duck", *(_OF_THE_API if self._door is not None else ())):
            importlib.import_module(module)
