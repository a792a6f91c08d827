"""What is forgotten, and when: by age, and the journal by its size too. Nobody waits for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from domain.errors import UnavailableError
from domain.ports import Clock
from domain.readings import Millis

_log = logging.getLogger(__name__)

EVERY_S: Final = 600.0
DAY: Final = 86_400_000
MB: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Keep:
    """How long things are kept, in days: readings, and what was heard or kept aside. 0: for ever.

    `journal_mb` is how large the journal may become, by 10⁶ bytes; 0: as large as it will. Rows that somebody has not
    worked on yet stay, however old they are and however many.
    """

    readings: int = 0
    journal: int = 14
    journal_mb: int = 0
    photos: int = 0  # of crews, after their order ended
    trail: int = 0  # who did what


FOREVER: Final = Keep(0, 0, 0)


class Chore(NamedTuple):
    """Something that forgets, told what time it is."""

    what: str
    forget: Callable[[Millis], Awaitable[object]]


def older(days: int, what: str, forget: Callable[[Millis], Awaitable[object]]) -> tuple[Chore, ...]:
    """Forget what is older than so many days; nothing to do where it is kept for ever."""
    return (Chore(what, lambda now: forget(now - days * DAY)),) if days else ()


class Housekeeping:
    """Does every chore from time to time. One that cannot be done now is left until the next time."""

    def __init__(self, chores: Sequence[Chore], clock: Clock, *, every_s: float = EVERY_S) -> None:
        self._chores, self._clock, self._every_s = chores, clock, every_s

    async def run(self) -> None:
        """For ever; cancel it to end."""
        while True:
            await asyncio.sleep(self._every_s)
            await self.once()

    async def once(self) -> None:
        """All that is due."""
        for chore in self._chores:
            try:
                await chore.forget(self._clock.now())
            except UnavailableError as away:
                _log.warning("nothing could be forgotten", extra={"what": chore.what, "why": str(away)})
