"""Where the hub gets it from: told by a service in the same process, or read from its journal and books beside it."""

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from typing import Final, Protocol

from domain.alarms import AlarmState
from domain.errors import NotFoundError
from domain.messages import Heard
from domain.ports import Journal
from ingest.fanout import Reader
from ingest.pipeline import Pipeline
from services.dispatch.orders import ENDED, Alarm, Order, OrderState
from services.live.hub import Hub
from services.live.picture import ENDED_KEPT, OPEN_KEPT
from services.patience import Patience

_log = logging.getLogger(__name__)

ASK_S: Final = 1.0  # how often the books are asked, where nobody tells
TAIL_S: Final = 0.25  # how often the journal is asked for more
_BACK: Final = 20_000  # messages read again at the start, for the newest values; not more than a second of work
_ENDED_AT_FIRST: Final = 1_000  # orders, for how many ended in the last day
_AT_ONCE: Final = 64  # rows
_BEHIND: Final = 512  # rows: further behind than that, the tail goes on at the end

Fresh = Callable[[int], Pipeline]


class Books(Protocol):
    """Alarms and orders as they are kept. Blocking. Raises UnavailableError."""

    def alarms(self, *, state: AlarmState | None = None, facility: str | None = None, newest: int = 200) -> list[Alarm]:
        """The newest alarms, newest first."""
        ...

    def orders(
        self,
        *,
        states: Collection[OrderState] | None = None,
        crew: str | None = None,
        zone: str | None = None,
        newest: int = 200,
    ) -> list[Order]:
        """The newest orders, newest first, without their history."""
        ...

    def order(self, order: str) -> Order:
        """One order with its history. Raises NotFoundError."""
        ...


async def begin(hub: Hub, books: Books, journal: Journal, fresh: Fresh) -> int:
    """Fill a new hub with what is kept: open cases, the newest ended ones, and the newest values of the journal's end.
    The row it has come to. Raises UnavailableError.
    """
    hub.cases(*await asyncio.to_thread(_all_cases, books, (), ended=_ENDED_AT_FIRST))
    row = 0
    for heard in await asyncio.to_thread(_end_of, journal, fresh):
        hub.heard(heard)
        row = heard.row
    hub.flush()
    return row


async def follow_books(hub: Hub, books: Books, *, every_s: float = ASK_S) -> None:
    """Ask the books for what changed, for ever; cancel it to end."""
    patience = Patience(_log, "the live page cannot read alarms and orders", "the live page reads alarms and orders")
    while True:
        asked = partial(asyncio.to_thread, _all_cases, books, hub.open_orders())
        hub.cases(*await patience.until_available(asked), whole=True)
        await asyncio.sleep(every_s)


async def follow_journal(hub: Hub, journal: Journal, fresh: Fresh, after: int, *, every_s: float = TAIL_S) -> None:
    """Tell the hub of every new row, for ever; cancel it to end. Newest values matter here, not all of them: far
    behind, it goes on at the end.
    """
    patience = Patience(_log, "the live page cannot read the journal", "the live page reads the journal")
    reader = Reader(fresh)
    while True:
        rows = await patience.until_available(partial(asyncio.to_thread, _read_on, reader, journal, after))
        for heard in rows:
            hub.heard(heard)
            after = heard.row
        if len(rows) < _AT_ONCE:
            await asyncio.sleep(every_s)


def _all_cases(books: Books, were_open: Collection[str], *, ended: int = ENDED_KEPT) -> tuple[list[Alarm], list[Order]]:
    """What is open, the newest of what is not, and what has become of those that were open."""
    alarms = books.alarms(state=AlarmState.OPEN, newest=OPEN_KEPT)
    alarms += books.alarms(state=AlarmState.CLEARED, newest=ENDED_KEPT)
    orders = books.orders(states=set(OrderState) - ENDED, newest=OPEN_KEPT)
    orders += books.orders(states=ENDED, newest=ended)
    there = {order.id for order in orders}
    for order in were_open:
        if order not in there:
            with suppress(NotFoundError):  # forgotten since, by a retention or an operator
                orders.append(books.order(order))
    return alarms[::-1], orders[::-1]


def _end_of(journal: Journal, fresh: Fresh) -> list[Heard]:
    """The newest rows, read, as far back as they hold so many messages."""
    last = journal.last()
    if last is None:
        return []
    rows, messages, upto = [last], len(last.messages), last.number
    while messages < _BACK and upto > 1:
        found = [row for row in journal.read(max(0, upto - 1 - _AT_ONCE), _AT_ONCE) if row.number < upto]
        if not found:
            break
        rows[:0] = found
        messages, upto = messages + sum(len(row.messages) for row in found), found[0].number
    reader = Reader(fresh)
    return [reader.read(row) for row in rows]


def _read_on(reader: Reader, journal: Journal, after: int) -> list[Heard]:
    last = journal.last()
    if last is not None and last.number - after > _BEHIND:
        after = last.number - 1
    rows = journal.read(after, _AT_ONCE)
    if not rows:
        return []
    reader.stand(journal, after)
    return [reader.read(row) for row in rows]
