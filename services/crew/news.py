"""Waits for news of a crew's orders, with places of its own: an operator's stream never has to wait for a phone."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from services.api.seams import Live
from services.live.changes import What

Left = Callable[[], Awaitable[object]]

MOST: Final = 200
MOST_OF_ONE: Final = 4  # phones of one crew; more of them ask again now and then
LONGEST_S: Final = 25.0  # less than proxies wait


class News:
    """Phones that wait."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._waiting: Counter[str] = Counter()

    @property
    def number(self) -> int:
        """Of the newest change."""
        return self._live.snapshot().number

    async def differs(
        self, crew: str, after: int, wait_s: float, look: Callable[[], Awaitable[bool]], left: Left
    ) -> None:
        """Return when `look` says that it is another list, or nothing came in `wait_s`; at once where too many wait, or
        when we have `left`.
        """
        if self._waiting[crew] >= MOST_OF_ONE or self._waiting.total() >= MOST:
            return
        self._waiting[crew] += 1
        tasks = [asyncio.ensure_future(self._looked(after, look)), asyncio.ensure_future(left())]
        try:
            await asyncio.wait(tasks, timeout=min(wait_s, LONGEST_S), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waiting[crew] -= 1
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _looked(self, after: int, look: Callable[[], Awaitable[bool]]) -> None:
        async for changes in self._live.changes(after):
            if any(one.what is What.ORDER for one in changes) and await look():
                return
