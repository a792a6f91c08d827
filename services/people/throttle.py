"""How fast somebody may guess. Pure: `now` is an argument, in ms of a clock that never jumps."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from domain.readings import Millis

S: Final = 1000


@dataclass(frozen=True, slots=True)
class Pace:
    """`free` failures cost nothing; each one after doubles the wait, from `first` up to `longest`. They are forgotten
    when `forget` went by without another.
    """

    free: int
    first: Millis
    longest: Millis
    forget: Millis


ACCOUNT: Final = Pace(5, 1 * S, 60 * S, 900 * S)  # short at its longest: who guesses must not lock the owner out
ADDRESS: Final = Pace(20, 1 * S, 900 * S, 3600 * S)
_REMEMBERED: Final = 20_000


class Throttle:
    """Failures by key: a name, whether there is such an account or not, or an address. The oldest go first."""

    def __init__(self, pace: Pace, most: int = _REMEMBERED) -> None:
        self._pace, self._most = pace, most
        self._failed: OrderedDict[str, tuple[int, Millis, Millis]] = OrderedDict()  # how often, when, closed until

    def wait(self, key: str, now: Millis) -> Millis:
        """How long until they may try; 0: now."""
        _, _, until = self._failed.get(key, (0, 0, 0))
        return max(0, until - now)

    def failed(self, key: str, now: Millis) -> None:
        """They guessed wrong."""
        count, last, _ = self._failed.pop(key, (0, now, now))
        count = 1 if now - last > self._pace.forget else count + 1
        over = count - self._pace.free
        wait = 0 if over <= 0 else min(self._pace.longest, self._pace.first << min(over - 1, 30))
        self._failed[key] = (count, now, now + wait)
        if len(self._failed) > self._most:
            self._failed.popitem(last=False)

    def passed(self, key: str) -> None:
        """They knew it: nothing is held against them any more."""
        self._failed.pop(key, None)

    def excused(self, key: str) -> None:
        """The last one was no failure; those before it still are."""
        count, last, until = self._failed.pop(key, (0, 0, 0))
        if count > 1:
            self._failed[key] = (count - 1, last, until if count - 1 > self._pace.free else 0)
