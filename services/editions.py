"""Site and rules as they are in force, in the journal, so that a replay has them too."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import msgspec

from domain.messages import Message, Row
from domain.naming import EDIT
from domain.ports import Clock, Journal
from services.outside import Ledgers

Tell = Callable[[Sequence[Message]], Awaitable[Row]]


@dataclass(frozen=True, slots=True)
class Edition:
    """Files as they are in force: what they are (site, rules), their content hash, and all of their text."""

    what: str
    hash: str
    text: str


def edit(edition: Edition, clock: Clock, by: str = "", why: str = "") -> Message:
    """What says that it is in force from its row on; who wanted that, and why, where somebody did."""
    facts = {"what": edition.what, "hash": edition.hash, "text": edition.text, "by": by, "why": why}
    told = msgspec.json.encode({name: value for name, value in facts.items() if value or name not in ("by", "why")})
    return Message(EDIT, told, clock.now())


async def note(editions: Sequence[Edition], books: Ledgers, journal: Journal, tell: Tell, clock: Clock) -> None:
    """Journal those that are not what the last edit row says. Raises UnavailableError."""
    for edition in editions:
        cursor = f"edit.{edition.what}"
        number = await asyncio.to_thread(books.cursor, cursor)
        before = await asyncio.to_thread(journal.read, number - 1, 1) if number else ()
        if any(edition.hash.encode() in m.payload for row in before for m in row.messages if m.topic == EDIT):
            continue
        row = await tell([edit(edition, clock)])
        await asyncio.to_thread(books.move, cursor, row.number)
