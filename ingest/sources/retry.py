"""After a connection is lost: whether to try again, and when."""

from collections.abc import Callable
from secrets import SystemRandom
from typing import NamedTuple

from domain.errors import RejectedError, TidewalkError, UnavailableError

_CHANCE = SystemRandom().random


class MalformedError(TidewalkError):
    """The broker sent what MQTT does not allow. `spot` is the same when the same packet comes again."""

    def __init__(self, why: str, spot: bytes) -> None:
        super().__init__(why)
        self.spot = spot


class TakenOverError(TidewalkError):
    """Another program came to the broker with our client id."""


def thrown_out(why: Exception) -> Exception:
    """The same, of a connection that another program seems to have taken. Where the broker does not say so, it may be
    otherwise, and nobody waits longer for it.
    """
    if isinstance(why, UnavailableError):
        return UnavailableError(
            f"{why}; again and again, just after it let us in: another program may have come with our client id; stop"
            " it, or give it a TIDEWALK_CLIENT_ID of its own",
            why.retry_after,
        )
    return why


class Loss(NamedTuple):
    """How a connection ended, and for how many seconds it had been up (0 where it never was)."""

    why: Exception
    lived: float


class Retry:
    """Waits double up to a limit, each shortened by chance to between half and whole, and begin anew after a
    connection that stayed. Whoever fights over a client id waits much longer each time.
    """

    def __init__(
        self,
        *,
        first: float,
        most: float,
        takeover_first: float,
        takeover_most: float,
        steady: float,
        faults_at_one_spot: int,
        chance: Callable[[], float] = _CHANCE,
    ) -> None:
        self._first, self._most = first, most
        self._takeover_first, self._takeover_most = takeover_first, takeover_most
        self._steady = steady
        self._limit = faults_at_one_spot
        self._chance = chance
        self._losses = 0
        self._takeovers = 0
        self._faults: dict[bytes, int] = {}

    def after(self, loss: Loss) -> float:
        """Seconds to wait before the next try. Raises RejectedError where it would be of no use."""
        if isinstance(loss.why, RejectedError):
            raise loss.why
        if loss.lived >= self._steady:
            self._losses = 0
            self._faults.clear()
            if loss.lived >= self._takeover_most:
                self._takeovers = 0
        if isinstance(loss.why, MalformedError):
            self._count_fault(loss.why)
        if isinstance(loss.why, TakenOverError):
            wait = min(self._takeover_first * 2.0**self._takeovers, self._takeover_most)
            self._takeovers = min(self._takeovers + 1, 30)
        else:
            wait = min(self._first * 2.0**self._losses, self._most)
            self._losses = min(self._losses + 1, 30)
            if isinstance(loss.why, UnavailableError) and loss.why.retry_after is not None:
                wait = max(wait, loss.why.retry_after)
        return wait * (0.5 + self._chance() / 2)

    def _count_fault(self, fault: MalformedError) -> None:
        times = self._faults.get(fault.spot, 0) + 1
        self._faults[fault.spot] = times
        if times >= self._limit:
            raise RejectedError(f"the broker sent the same faulty packet {times} times: {fault}") from fault
