"""What keeps readings, and what is refused, of a service: its writer and its keeper, joined with its machines."""

import asyncio
from collections.abc import Sequence
from functools import partial

from domain.messages import Message, Quarantined
from domain.readings import Reading
from services.outside import Outside
from services.workers import Feed, QuarantineKeeper
from services.writing import LINGER_S, StoreWriter, WriterSeams


def keeper_of(outside: Outside, feed: Feed) -> QuarantineKeeper:
    """Keeps aside what is refused of the rows of `feed`. Blocking. Raises UnavailableError."""
    aside, books = outside.quarantine, outside.books
    cursor, move = books.cursor("quarantine"), partial(books.move, "quarantine")
    return QuarantineKeeper(feed, aside.keep, move, cursor=cursor, again=aside.ask_retry)


def writer_of(outside: Outside, feed: Feed, *, linger_s: float = LINGER_S) -> StoreWriter:
    """Writes the readings of the rows of `feed`, and tells whoever draws them together."""
    journal, books = outside.journal, outside.books

    def message(row: int, place: int) -> Message:
        return journal.read(row - 1, 1)[0].messages[place]

    async def keep(kept: Sequence[Quarantined]) -> None:
        await asyncio.to_thread(outside.quarantine.keep, kept)

    async def wrote(readings: Sequence[Reading]) -> None:
        if outside.chronicle is not None:
            outside.chronicle.wrote(readings)
        if outside.rollups is not None:
            await outside.rollups.wrote(readings)

    seams = WriterSeams(
        feed=feed,
        load=lambda: asyncio.to_thread(books.cursor, "store"),
        save=lambda row: asyncio.to_thread(books.move, "store", row),
        message=lambda row, place: asyncio.to_thread(message, row, place),
        keep=keep,
        wrote=wrote if outside.rollups is not None else None,
    )
    return StoreWriter(outside.store, seams, linger_s=linger_s)
