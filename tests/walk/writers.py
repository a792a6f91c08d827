"""A process that writes a journal beside others, or follows it while they do.

python -m tests.walk.writers FILE writes NAME ROWS      prints the numbers it was given
python -m tests.walk.writers FILE follows ROWS          prints the numbers it saw, in the order it saw them
"""

import asyncio
import json
import sys
import time
from contextlib import suppress
from pathlib import Path

from domain.messages import Message, Row
from services.storage.journal import SqliteJournal
from services.tail import Tail

PATIENCE_S = 60.0
BETWEEN_S = 0.0005  # nobody writes without a pause, and SQLite's lock is no queue


def writes(journal: SqliteJournal, name: str, rows: int) -> list[int]:
    """Row n of each says the time that its writer believes it to be; they disagree by up to a second."""
    offset = sum(name.encode()) % 1000
    numbers = []
    for n in range(rows):
        numbers.append(journal.append([Message(name, b"%d" % n, n)], 1_000_000 + n + offset).number)
        time.sleep(BETWEEN_S)
    return numbers


async def follows(journal: SqliteJournal, rows: int) -> list[int]:
    """Until it has seen so many."""
    seen: list[int] = []
    done = asyncio.Event()

    def hear(row: Row) -> None:
        seen.append(row.number)
        if len(seen) == rows:
            done.set()

    async def eased() -> None:
        return

    tail = asyncio.create_task(Tail(journal, hear, eased, look_s=0.001).run(0))
    with suppress(TimeoutError):
        await asyncio.wait_for(done.wait(), PATIENCE_S)
    tail.cancel()
    return seen


def main(file: str, what: str, *more: str) -> None:
    journal = SqliteJournal(Path(file))
    found = writes(journal, more[0], int(more[1])) if what == "writes" else asyncio.run(follows(journal, int(more[0])))
    journal.close()
    print(json.dumps({"numbers": found}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
