"""Batches in the order of arrival, bounded."""

import asyncio

import pytest

from domain.messages import Message
from ingest.sources.inbox import OVERHEAD, Inbox


def some(count: int, start: int = 0) -> list[Message]:
    return [Message("t", b"%d" % n, 0) for n in range(start, start + count)]


def fill(inbox: Inbox, epoch: int, count: int, start: int = 0) -> None:
    for n in range(start, start + count):
        inbox.add(epoch, some(1, n), [n + 1], 4)


@pytest.mark.asyncio
async def test_what_arrives_together_is_one_batch_and_no_batch_exceeds_its_limit():
    inbox = Inbox(batch_messages=10, linger=0)
    fill(inbox, 1, 25)
    sizes = []
    for _ in range(3):
        batch = await inbox.take()
        assert batch is not None
        sizes.append(len(batch.messages))
        assert batch.token.packets == tuple(int(m.payload) + 1 for m in batch.messages)
    assert sizes == [10, 10, 5]


@pytest.mark.asyncio
async def test_a_batch_never_spans_two_connections():
    inbox = Inbox(linger=0)
    fill(inbox, 1, 2)
    fill(inbox, 2, 3)
    first, second = await inbox.take(), await inbox.take()
    assert first is not None
    assert second is not None
    assert (first.token.epoch, len(first.messages)) == (1, 2)
    assert (second.token.epoch, len(second.messages)) == (2, 3)


@pytest.mark.asyncio
async def test_a_batch_that_is_large_in_bytes_takes_no_more():
    inbox = Inbox(batch_bytes=1000, linger=0)
    inbox.add(1, [Message("t", b"x" * 1000, 0)], [1], 1001)
    inbox.add(1, some(1), [2], 2)
    first = await inbox.take()
    assert first is not None
    assert first.token.packets == (1,)


@pytest.mark.asyncio
async def test_a_batch_waits_for_company_but_a_full_one_does_not():
    inbox = Inbox(batch_messages=3, linger=3600)
    taking = asyncio.create_task(inbox.take())
    await asyncio.sleep(0)
    fill(inbox, 1, 2)
    await asyncio.sleep(0)
    assert not taking.done()
    fill(inbox, 1, 1, 2)
    batch = await taking
    assert batch is not None
    assert len(batch.messages) == 3


@pytest.mark.asyncio
async def test_it_is_full_at_its_limit_and_calls_when_half_of_it_is_free():
    inbox = Inbox(batch_messages=2, linger=0, waiting_messages=6)
    calls = []
    inbox.room_again = lambda: calls.append(inbox.waiting[0])
    fill(inbox, 1, 5)
    assert not inbox.full
    fill(inbox, 1, 1, 5)
    assert inbox.full
    await inbox.take()
    assert inbox.full
    assert calls == []
    await inbox.take()
    assert not inbox.full
    assert calls == [2]


@pytest.mark.asyncio
async def test_it_is_full_by_bytes_too_and_counts_what_a_message_costs_beside_them():
    inbox = Inbox(linger=0, waiting_bytes=10 * OVERHEAD)
    fill(inbox, 1, 10)
    assert inbox.full
    assert inbox.waiting == (10, 10 * (OVERHEAD + 4))
    await inbox.take()
    assert inbox.waiting == (0, 0)


@pytest.mark.asyncio
async def test_who_waits_for_room_is_let_go_when_there_is_some():
    inbox = Inbox(linger=0, waiting_messages=1)
    fill(inbox, 1, 1)
    waiting = asyncio.create_task(inbox.roomy())
    await asyncio.sleep(0)
    assert not waiting.done()
    await inbox.take()
    await waiting


@pytest.mark.asyncio
async def test_after_the_end_nothing_comes_and_nothing_is_taken_in():
    inbox = Inbox(linger=0)
    fill(inbox, 1, 1)
    inbox.end()
    fill(inbox, 1, 1)
    assert await inbox.take() is None
    assert inbox.has_ended()


@pytest.mark.asyncio
async def test_a_failure_comes_after_what_was_heard_before_it():
    inbox = Inbox(linger=3600)
    fill(inbox, 1, 1)
    inbox.end(ValueError("so it is"))
    assert await inbox.take() is not None
    with pytest.raises(ValueError, match="so it is"):
        await inbox.take()


@pytest.mark.asyncio
async def test_the_end_reaches_a_consumer_that_waits():
    inbox = Inbox()
    taking = asyncio.create_task(inbox.take())
    await asyncio.sleep(0)
    inbox.end()
    assert await taking is None
