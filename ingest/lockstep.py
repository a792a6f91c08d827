"""Time in lock-step: a simulated coast tells the service where the domain clock stands, a step at a time."""

from domain.errors import RejectedError
from domain.ports import Clock
from domain.readings import Millis
from ingest import quarantine
from ingest.codecs.native import millis, parse_object, parse_time


def read_step(payload: bytes) -> tuple[int, Millis]:
    """The number and the time of a clock message. Raises RejectedError."""
    try:
        found = parse_object(payload)
        at = millis(parse_time(found.get("at")))
    except RejectedError:
        raise RejectedError(quarantine.BAD_CLOCK) from None
    step = found.get("step")
    if type(step) is not int or step < 0:
        raise RejectedError(quarantine.BAD_CLOCK)
    return step, at


class DomainClock:
    """The domain clock of a site: it runs, or with `start` stands there and goes by clock messages; never goes back.

    `release` lets it run from then on, as when the demo has caught up with the present. One that runs is moved by no
    message: nobody would let it run again.
    """

    def __init__(self, running: Clock, *, start: Millis | None = None) -> None:
        self._running = running
        self._stands: Millis | None = start
        self._least: Millis = 0 if start is None else start

    @property
    def stepping(self) -> bool:
        """Whether time moves by clock messages alone."""
        return self._stands is not None

    @property
    def running(self) -> Clock:
        """The clock it runs by when it is not stepping."""
        return self._running

    def now(self) -> Millis:
        """Where it stands, or what the running clock says, and never less than it once stood at."""
        if self._stands is not None:
            return self._stands
        return max(self._running.now(), self._least)

    def step(self, at: Millis) -> None:
        """Stand at `at` from now on, unless it is there or further already, or runs."""
        if self._stands is not None:
            self._stands = self._least = max(at, self._least)

    def release(self, running: Clock | None = None) -> None:
        """Run again, by another clock where one is given."""
        self._running = running or self._running
        self._stands = None
