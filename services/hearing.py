"""Signals, heard from the first moment on. It imports little: until it is there, a signal ends the process."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # it takes as long as all else here together
    from asyncio import AbstractEventLoop

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
        self._then: dict[int, tuple[AbstractEventLoop, Callable[[], object]]] = {}
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

    def tell(self, number: int, loop: "AbstractEventLoop", then: Callable[[], object]) -> None:
        """From now on have the loop do this, once for each signal."""
        self._then[number] = (loop, then)

    def close(self) -> None:
        """Hear no more: signals do what they did before."""
        for number, before in self._before.items():
            signal.signal(number, before)


def ear() -> Ear:
    """The one of this process, made now where there is none."""
    found = signal.getsignal(signal.SIGTERM)
    return found if isinstance(found, Ear) else Ear()
