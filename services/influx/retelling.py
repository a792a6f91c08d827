"""Writes alarms and orders down again, from the books: where their points were lost, or a rule has another title."""

import asyncio
from collections.abc import Mapping
from typing import Final

from domain.site import Site
from rules.core.rule import Rule
from services.influx.chronicle import Books, Pages
from services.influx.happened import of_all

CURSOR: Final = "events.again"
_AT_ONCE: Final = 200  # alarms and orders


class Retelling:
    """By hand, with or without a service beside it. Killed anywhere it goes on where it was, and the same points come
    of it; what changes meanwhile has a newer row, and comes last.
    """

    def __init__(self, site: Site, books: Books, pages: Pages, rules: Mapping[str, Rule]) -> None:
        self._site, self._books, self._pages, self._rules = site, books, pages, rules

    async def beat(self) -> int:
        """Write some of them; how many, 0 once all are written. Raises UnavailableError."""
        cursor = await asyncio.to_thread(self._books.cursor, CURSOR)
        row, alarms, orders = await asyncio.to_thread(self._books.touched, cursor, _AT_ONCE)
        if row == cursor:
            await asyncio.to_thread(self._books.move, CURSOR, 0)  # the next one begins anew
            return 0
        await self._pages.write(of_all(alarms, orders, self._site, self._rules))
        await asyncio.to_thread(self._books.move, CURSOR, row)
        return len(alarms) + len(orders)
