"""What MemorySource promises: the same as every source, and word of what is settled."""

import pytest

from domain.errors import UnavailableError
from domain.messages import Message
from domain.ports import SettleToken, Source
from ingest.sources.memory import MemorySource
from tests.contracts.source_harness import NOW, Consumer, up
from tests.fakes.hand_clock import HandClock


def messages(count: int) -> list[Message]:
    return [Message(up(n), b"%d" % n, 1_790_000_000_000 + n) for n in range(count)]


def make() -> MemorySource:
    return MemorySource(HandClock(NOW))


@pytest.mark.asyncio
async def test_it_is_up_and_without_a_back_log_before_the_first_message():
    source = make()
    checked: Source = source
    async with Consumer(checked) as consumer:
        source.offer(messages(1))
        await consumer.until(lambda: len(consumer.messages) == 1)
    assert consumer.stream == ["up", "passed", "0"]
    assert consumer.messages == messages(1), "receive time and flags are the offerer's"


@pytest.mark.asyncio
async def test_an_offer_is_done_when_all_of_it_is_settled_and_not_before():
    source = make()
    async with Consumer(source, settles=False) as consumer:
        first, second = source.offer(messages(2500)), source.offer(messages(1))
        await consumer.until(lambda: len(consumer.messages) == 2501)
        assert [len(batch.messages) for batch in consumer.batches] == [2, 1000, 1000, 500, 1]
        one, two, three, other = consumer.tokens
        await source.settle(other)
        assert (first.done(), second.done()) == (False, True)
        await source.settle(one)
        await source.settle(three)
        assert not first.done()
        await source.settle(two)
        assert first.done()


@pytest.mark.asyncio
async def test_a_stale_token_settles_nothing_and_settling_twice_is_harmless():
    source = make()
    async with Consumer(source, settles=False) as consumer:
        offer = source.offer(messages(1))
        await consumer.until(lambda: len(consumer.messages) == 1)
        token = consumer.tokens[0]
        await source.settle(SettleToken(token.epoch + 1, token.packets))
        assert not offer.done()
        await source.settle(token)
        await source.settle(token)
        assert offer.done()


@pytest.mark.asyncio
async def test_an_empty_offer_is_done_at_once():
    source = make()
    async with Consumer(source):
        await source.offer([])


@pytest.mark.asyncio
async def test_what_is_not_settled_when_it_closes_is_the_offerers_again():
    source = make()
    async with Consumer(source, settles=False) as consumer:
        offer = source.offer(messages(1))
        await consumer.until(lambda: len(consumer.messages) == 1)
    with pytest.raises(UnavailableError):
        await offer
    with pytest.raises(UnavailableError):
        await source.offer(messages(1))
    assert consumer.failure is None
