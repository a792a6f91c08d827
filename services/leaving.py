"""Being told to stop: the first time in order, the second time, or where that takes too long, at once."""

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Final

from services.hearing import AT_ONCE, STOPS, Ear, ear

_log = logging.getLogger(__name__)

GRACE_S: Final = 20.0  # for all of it: requests, stores, channels, the broker's session


class Leaving:
    """Listens to SIGINT and SIGTERM inside a running loop."""

    def __init__(
        self, heard: Ear | None = None, *, grace_s: float = GRACE_S, at_once: Callable[[int], object] = os._exit
    ) -> None:
        self.told = asyncio.Event()
        self._grace_s, self._at_once = grace_s, at_once
        hears = heard or ear()
        for number in STOPS:
            hears.tell(number, asyncio.get_running_loop(), self.hear)
        if hears.stopped:
            self.hear()

    def hear(self) -> None:
        """Stop."""
        if self.told.is_set():
            self._leave("told to stop a second time")
            return
        self.told.set()
        asyncio.get_running_loop().call_later(self._grace_s, self._leave, f"not done within {self._grace_s:g} s")

    def _leave(self, why: str) -> None:
        """Nothing is lost by it: every start is a recovery."""
        _log.warning("leaves at once; what was not finished is taken up at the next start", extra={"why": why})
        for handler in logging.getLogger().handlers:
            handler.flush()
        self._at_once(AT_ONCE)
