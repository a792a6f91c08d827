"""What systemd is told of a service with `Type=notify`: that it runs, that it is alive, that it stops."""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

_MICRO: Final = 1_000_000


class Systemd:
    """Datagrams to NOTIFY_SOCKET (sd_notify(3)); nothing where that is not set. Nothing of it can fail a service."""

    def __init__(self, environment: Mapping[str, str], pid: int) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        wanted, whose = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", str(pid))
        self._every_s = int(wanted) / _MICRO / 2 if wanted.isdigit() and whose == str(pid) else 0.0

    def say(self, **facts: str | int) -> None:
        """Such as READY=1 and STATUS=listens."""
        if not self._address:
            return
        told = "\n".join(f"{name}={value}" for name, value in facts.items())
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.settimeout(0)
            line.sendto(told.encode(), self._address)

    async def watch(self) -> None:
        """Say twice in each watchdog period that the loop turns, for ever; cancel it to end."""
        while self._address and self._every_s:
            self.say(WATCHDOG=1)
            await asyncio.sleep(self._every_s)
        await asyncio.Event().wait()
