"""The numbers of rows at a start: they go on above what anybody has seen, also where the journal is a younger one."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress

from domain.errors import UnavailableError
from domain.messages import Quarantined
from services.outside import Outside

_log = logging.getLogger(__name__)


async def number_on(outside: Outside, editions: Iterable[str]) -> None:
    """Have the next row numbered above every row that was taken from a journal. Raises UnavailableError."""
    reached = await asyncio.to_thread(_reached, outside, editions)
    last = await asyncio.to_thread(outside.journal.last)
    newest = last.number if last else 0
    if newest < reached:
        outside.journal.number_from(reached)
        _log.log(
            logging.CRITICAL if outside.leading is None else logging.WARNING,
            "the journal is younger than the books: rows that they have seen are not here, and numbers go on above",
            extra={"first": newest + 1, "last": reached},
        )


def _reached(outside: Outside, editions: Iterable[str]) -> int:
    """The last row that anybody has taken from the journal."""
    names = ("judge", "store", "quarantine", *(f"edit.{what}" for what in editions))
    aside: Sequence[Quarantined] = ()
    with suppress(UnavailableError):  # its keeper says so, and waits
        aside = outside.quarantine.list(newest=1)
    return max(*(outside.books.cursor(name) for name in names), *(one.row for one in aside))
