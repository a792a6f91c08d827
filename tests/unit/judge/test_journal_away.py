"""While the journal cannot be read, whoever works behind the door waits, says so, and goes on."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import pytest

from domain.errors import UnavailableError
from domain.messages import Heard, Quarantined
from services.judge import Outcome, Saved
from services.workers import JudgeWorker, QuarantineKeeper

pytestmark = pytest.mark.asyncio

REFUSED = Quarantined(1, 0, "", "not JSON: x", "t", b"", 1000, b"k")
ROWS = [Heard(1, 1000, (), (), (REFUSED,), ())]


class Folding:
    """A judge to whom every row changes something, an engine with nothing to put away, and books."""

    def fold(self, heard: Heard) -> Outcome:
        return Outcome(heard.row, heard.at, changed=True)

    needed_after = 0

    def drain_dirty(self, _row: int) -> dict[str, bytes]:
        return {}

    def commit(self, _outcome: Outcome, _subjects: Mapping[str, bytes]) -> None:
        """Kept."""


class Away:
    """A feed that cannot read at first."""

    def __init__(self) -> None:
        self.there = False

    async def next(self, after: int) -> Sequence[Heard]:
        if not self.there:
            raise UnavailableError("the disk is gone", retry_after=0.001)
        if after:
            await asyncio.Event().wait()  # for ever
        return ROWS


async def until_drained(work: Coroutine[Any, Any, None], drain: Coroutine[Any, Any, None]) -> None:
    running = asyncio.create_task(work)
    draining = asyncio.create_task(drain)
    async with asyncio.timeout(5):
        await asyncio.wait({running, draining}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await draining


async def test_the_judge_waits_for_the_journal():
    async def judged(_: int) -> None:
        """No steps."""

    away, all_of_it = Away(), Folding()
    parts: dict[str, Any] = {"judge": all_of_it, "engine": all_of_it, "books": all_of_it}
    worker = JudgeWorker(**parts, feed=away.next, saved=Saved(), committed=lambda: None, judged=judged)
    seen: list[str] = []

    async def comes_back() -> None:
        while not worker.waiting_for:  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.001)
        seen.append(worker.waiting_for)
        away.there = True
        await worker.drain(1)

    await until_drained(worker.run(), comes_back())
    assert seen == ["the disk is gone"]
    assert worker.waiting_for == ""


async def test_the_keeper_of_the_quarantine_waits_for_the_journal():
    away, aside = Away(), list[Quarantined]()
    keeper = QuarantineKeeper(away.next, aside.extend, lambda _: None, cursor=0, again=lambda _, __: None)

    async def comes_back() -> None:
        await asyncio.sleep(0.01)
        away.there = True
        await keeper.drain(1)

    await until_drained(keeper.run(), comes_back())
    assert aside == [REFUSED]
