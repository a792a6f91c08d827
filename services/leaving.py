"""Being told to stop: the first time in order, the second time, or where that takes too long, at once."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final

_log = logging.getLogger(__name__)

GRACE_S: Final = 20.0  # for all of it: requests, stores, channels, the broker's session
AT_ONCE: Final = 3  # the exit code of who did not leave in order; what was heard is kept all the same
STOPS: Final = (signal.SIGINT, signal.SIGTERM)


class Ear:
    """Hears SIGINT, SIGTERM and SIGHUP from its making to the end of the process: while modules are loaded, before
    there is an event loop, and when it is closed.

    What is heard before anybody asks for it is kept: being told to stop is then the first thing that is heard. Told a
    second time, before there is anybody to leave in order, the process ends at once.
    """

    def __init__(self, *, at_once: Callable[[int], object] = os._exit) -> None:
        self._at_once = at_once
        self._then: dict[int, tuple[asyncio.AbstractEventLoop, Callable[[], object]]] = {}
        self._before = {number: signal.signal(number, self) for number in (*STOPS, signal.SIGHUP)}
        self.stopped = 0  # by which signal; 0: by none so far

    def __call__(self, number: int, _: FrameType | None) -> None:
        """A signal. Python calls it between two steps of the main thread, whatever that does."""
        if number in self._then:
            loop, then = self._then[number]
            with suppress(RuntimeError):  # the loop is closed: we are leaving
                loop.call_soon_threadsafe(then)
        elif number in STOPS and self.stopped:
            self._at_once(AT_ONCE)
        if number in STOPS:
            self.stopped = number

    def tell(self, number: int, then: Callable[[], object]) -> None:
        """From now on have the running loop do this, once for each signal."""
        self._then[number] = (asyncio.get_running_loop(), then)

    def close(self) -> None:
        """Hear no more: signals do what they did before."""
        for number, before in self._before.items():
            signal.signal(number, before)


def ear() -> Ear:
    """The one of this process, made now where there is none."""
    found = signal.getsignal(signal.SIGTERM)
    return found if isinstance(found, Ear) else Ear()


class Leaving:
    """Listens to SIGINT and SIGTERM inside a running loop."""

    def __init__(
        self, heard: Ear | None = None, *, grace_s: float = GRACE_S, at_once: Callable[[int], object] = os._exit
    ) -> None:
        self.told = asyncio.Event()
        self._grace_s, self._at_once = grace_s, at_once
        hears = heard or ear()
        for number in STOPS:
            hears.tell(number, self.hear)
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
