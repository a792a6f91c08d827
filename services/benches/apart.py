"""What benches of whole services share: processes and cores of their own, an evening that never ends, and memory."""

import os
import resource
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from domain.readings import Millis
from services.benches.coast import ENDS


def apart(cores: list[int], work: Callable[..., None], *given: Any) -> None:
    """In a process of its own, on cores of its own where there are two."""
    if cores:
        with suppress(OSError):
            os.sched_setaffinity(0, cores)
    with suppress(KeyboardInterrupt):
        work(*given)


class Evening:
    """A clock that runs as ours does, and began at ENDS."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def now(self) -> Millis:
        """So many ms after ENDS as have passed since."""
        return ENDS + int((time.monotonic() - self._began) * 1000)


def resident_mb() -> float:
    """Memory of this process now, millions of bytes; where the system does not say, the most so far."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6
    except (OSError, IndexError, ValueError):
        return peak_mb()


def peak_mb() -> float:
    """The most so far."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6
