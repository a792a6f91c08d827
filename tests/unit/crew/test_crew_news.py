"""Phones that wait for news, and links that stay the same for a week."""

import asyncio

import pytest

from domain.errors import RejectedError
from services.crew.links import DAY, WEEK, CrewLinks
from services.crew.news import MOST_OF_ONE, News
from services.people.links import Links
from tests.fakes.hand_clock import HandClock
from tests.unit.api.gate import Gate
from tests.unit.dispatch.coast import MINUTE, T0, wrong
from tests.unit.people.folk import KEY


async def never() -> None:
    await asyncio.Event().wait()


@pytest.mark.asyncio
async def test_news_of_an_order_ends_the_wait_and_nothing_else_does():
    gate = Gate()
    news, looked = News(gate.hub), []

    async def look() -> bool:
        looked.append(1)
        return len(looked) > 1  # the first change was of another crew

    waiting = asyncio.create_task(news.differs("lamps-w", news.number, 5, look, never))
    for minute in (1, 2):
        await asyncio.sleep(0)
        assert not waiting.done()
        gate.play.hear(T0 + minute * MINUTE, wrong(f"lamp-{minute + 1}", T0 + minute * MINUTE))
        gate.commit()
    await asyncio.wait_for(waiting, 1)
    assert len(looked) == 2


@pytest.mark.asyncio
async def test_whoever_is_one_too_many_does_not_wait_and_all_go_when_the_service_leaves():
    gate, leave = Gate(), asyncio.Event()
    news = News(gate.hub)

    async def look() -> bool:
        return False

    some = [asyncio.create_task(news.differs("lamps-w", news.number, 5, look, leave.wait)) for _ in range(MOST_OF_ONE)]
    await asyncio.sleep(0)
    await asyncio.wait_for(news.differs("lamps-w", news.number, 5, look, leave.wait), 1)
    assert not any(one.done() for one in some)
    leave.set()
    await asyncio.wait_for(asyncio.gather(*some), 1)
    assert gate.app.state.listeners.open == 0


def test_messages_of_a_week_carry_one_link_that_opens_for_a_week_more():
    clock = HandClock(T0)
    links = CrewLinks(Links(KEY, lambda _: 0, clock.now), "https://coast.example", clock)
    clock.at = T0 // WEEK * WEEK
    first = links.answer("lamps-w", "a1")
    clock.at += WEEK - 1
    again = links.answer("lamps-w", "b2")
    assert first.partition("#")[::2] == (again.partition("#")[0], "a1")
    text = first.partition("#")[0].rpartition("/")[2]
    clock.at += WEEK
    assert links.open(text) == "lamps-w"
    clock.at += DAY
    with pytest.raises(RejectedError, match="expired"):
        links.open(text)
