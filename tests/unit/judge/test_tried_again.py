"""An operator's wish to have a message tried again comes through the journal to the keeper of the quarantine."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress

import pytest

from domain.errors import ConflictError, NotFoundError
from domain.messages import Heard, Message
from domain.naming import RETRY
from services.workers import QuarantineKeeper


def wish(number: int, *messages: tuple[int, int]) -> Heard:
    told = [json.dumps({"id": "x", "row": row, "place": place, "by": "Li", "reason": ""}) for row, place in messages]
    return Heard(number, 0, (), tuple(Message(RETRY, one.encode(), 0) for one in told), (), ())


@pytest.mark.asyncio
async def test_each_is_asked_for_and_what_is_gone_or_cut_holds_nobody_up():
    rows, saved = [wish(1, (17, 0), (99, 0)), wish(2, (60, 0), (18, 3))], list[int]()
    asked: list[tuple[int, int]] = []

    async def feed(after: int) -> Sequence[Heard]:
        if after >= 2:
            await asyncio.Event().wait()
        return rows[after : after + 1]

    def again(row: int, place: int) -> None:
        if row == 99:
            raise NotFoundError("nothing is kept aside of message 99/0")
        if row == 60:
            raise ConflictError("only the first 4 KiB of it were kept")
        asked.append((row, place))

    keeper = QuarantineKeeper(feed, lambda _: None, saved.append, cursor=0, again=again)
    running = asyncio.create_task(keeper.run())
    await keeper.drain(2)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert asked == [(17, 0), (18, 3)]
    assert saved == [1, 2]  # so that a start does not ask again
