"""The journal that another process writes, row by row as it grows."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from domain.messages import Row
from domain.ports import Journal
from services.patience import Patience

_log = logging.getLogger(__name__)

LOOK_S: Final = 0.025  # a look costs 0.1 ms
_AT_ONCE: Final = 8  # rows, each of some thousand messages


class Tail:
    """Gives every row after `begin` to `hear`, in order and once.

    Writers of the journal take turns, and each gives its row the next number inside its turn: whoever sees a row sees
    all before it. `eased` is awaited before more is read.
    """

    def __init__(
        self,
        journal: Journal,
        hear: Callable[[Row], object],
        eased: Callable[[], Awaitable[None]],
        *,
        look_s: float = LOOK_S,
    ) -> None:
        self._journal, self._hear, self._eased, self._look_s = journal, hear, eased, look_s
        self._woken = asyncio.Event()
        self._patience = Patience(_log, "the journal cannot be followed", "the journal is followed again")
        self.row = 0  # the last one given

    def wake(self) -> None:
        """There is a new row."""
        self._woken.set()

    async def run(self, after: int) -> None:
        """For ever; cancel it to end."""
        self.row = after
        while True:
            self._woken.clear()
            rows = await self._patience.until_available(self._read)
            for row in rows:
                self._hear(row)
                self.row = row.number
                await asyncio.sleep(0)
            if rows:
                await self._eased()
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._look_s):
                        await self._woken.wait()

    async def _read(self) -> Sequence[Row]:
        return await asyncio.to_thread(self._journal.read, self.row, _AT_ONCE)
