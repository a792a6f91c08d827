"""The judge's hands: nothing is said to be judged before it is kept."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from domain.messages import Heard
from services.judge import Outcome, Saved
from services.workers import JudgeWorker

pytestmark = pytest.mark.asyncio


class Folding:
    """A judge to whom every row changes something."""

    def fold(self, heard: Heard) -> Outcome:
        return Outcome(heard.row, heard.at, changed=True)


class Clean:
    """An engine with nothing to put away."""

    needed_after = 0

    def drain_dirty(self, _row: int) -> dict[str, bytes]:
        return {}


class SlowBooks:
    """Commit when the test lets them."""

    def __init__(self) -> None:
        self.begun, self.may, self.kept = threading.Event(), threading.Event(), 0

    def commit(self, outcome: Outcome, _subjects: Mapping[str, bytes]) -> None:
        self.begun.set()
        assert self.may.wait(5)
        self.kept = outcome.row


async def test_draining_waits_for_the_commit():
    books = SlowBooks()
    rows = [Heard(1, 1000, (), (), (), ())]

    async def feed(after: int) -> Sequence[Heard]:
        if after < len(rows):
            return rows[after:]
        await asyncio.Event().wait()  # for ever
        return ()

    async def judged(_: int) -> None:
        """No steps."""

    parts: dict[str, Any] = {"judge": Folding(), "engine": Clean(), "books": books, "feed": feed}
    worker = JudgeWorker(**parts, saved=Saved(), committed=lambda: None, judged=judged)
    running = asyncio.create_task(worker.run())
    await asyncio.to_thread(books.begun.wait, 5)
    draining = asyncio.create_task(worker.drain(1))
    await asyncio.sleep(0.02)
    assert not draining.done()
    books.may.set()
    async with asyncio.timeout(5):
        await draining
    assert books.kept == 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
