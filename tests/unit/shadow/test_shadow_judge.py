"""Rules beside those in force: the same start, the same rows, and nobody is told."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest

from domain.messages import Heard
from domain.naming import Kind
from rules.book import RuleBook, read_rules, shipped
from rules.context.all import surroundings
from rules.runners.live import Live
from services.judge import Judge, Outcome
from services.shadow.report import reported
from services.shadow.running import Shadow, ShadowJudge, since_of
from tests.contracts.memory_judge_store import MemoryJudgeStore
from tests.unit.dispatch.coast import MINUTE, T0
from tests.unit.judge.test_with_the_real_rules import first, reading, shipped_coast


def full_at(level: int) -> RuleBook:
    texts = dict(shipped().texts)
    file = shipped().files["bin-full"]
    texts[file] = texts[file].replace("fill_level >= 95", f"fill_level >= {level}")
    return read_rules(texts)


def rows(levels: Sequence[float], first_row: int = 1) -> list[Heard]:
    """A bin says how full it is, every ten minutes."""
    bin_ = first(Kind.BIN)
    found = []
    for number, level in enumerate(levels, first_row):
        at = T0 + number * 10 * MINUTE
        found.append(Heard(number, at, (reading(bin_, at, fill_level=level),), (), (), ()))
    return found


class InForce:
    """The judge whose word counts."""

    def __init__(self) -> None:
        site, rules = shipped_coast()
        self.books = MemoryJudgeStore()
        self.engine = Live(rules, site, surroundings(site, rules))
        self.judge = Judge(site, rules.rules, self.engine)
        self.heard: list[Heard] = []

    def hear(self, some: Sequence[Heard]) -> None:
        for heard in some:
            self.heard.append(heard)
            outcome = self.judge.fold(heard)
            self.books.commit(outcome, self.engine.drain_dirty())

    async def feed(self, after: int) -> Sequence[Heard]:
        """What a consumer of the journal gets; it waits where there is nothing more."""
        found = [one for one in self.heard if one.row > after]
        if not found:
            await asyncio.Event().wait()
        return found


@asynccontextmanager
async def shadowed(live: InForce, rules: RuleBook, books: MemoryJudgeStore) -> AsyncIterator[ShadowJudge]:
    """The shadow at work."""
    made = ShadowJudge(shipped_coast()[0], Shadow(rules, books), live.books, live.feed)
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def decided(books: MemoryJudgeStore) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    alarms, orders = books.everything()
    return (
        sorted((one.id, one.rule, one.state, one.opened, one.until) for one in alarms),
        sorted((one.id, one.crew, one.states) for one in orders),
    )


@pytest.mark.asyncio
async def test_rules_that_are_the_same_do_the_same_from_where_they_began():
    live, books = InForce(), MemoryJudgeStore()
    live.hear(rows([50, 97]))
    async with shadowed(live, shipped(), books) as shadow:
        assert since_of(books) == T0 + 20 * MINUTE
        assert decided(books) == decided(live.books)
        live.hear(rows([98, 5, 96], first_row=3))
        await shadow.drain(5)
    assert decided(books) == decided(live.books)
    assert len(decided(books)[0]) > 1


@pytest.mark.asyncio
async def test_other_rules_are_reported_and_change_nothing_in_force():
    live, books = InForce(), MemoryJudgeStore()
    live.hear(rows([50]))
    sent = live.books.pending(100)
    async with shadowed(live, full_at(75), books) as shadow:
        live.hear(rows([80], first_row=2))
        await shadow.drain(2)
    assert live.books.pending(100) == sent
    told = reported(live.books, books, {n: r.version for n, r in shipped().rules.items()}, full_at(75))
    assert (told["changed_rules"], told["gone_rules"]) == (["bin-full"], [])
    assert told["difference"]["appeared"] == 1
    assert (told["orders"]["live"].get("bin-full"), told["orders"]["shadow"]["bin-full"]) == (None, 1)
    (one,) = told["difference"]["one_by_one"]
    assert (one["what"], one["rule"], one["opened"]) == ("appeared", "bin-full", "2026-10-01T00:20:00.000Z")


@pytest.mark.asyncio
async def test_a_restart_takes_the_shadow_up_where_it_was():
    live, books = InForce(), MemoryJudgeStore()
    live.hear(rows([80]))
    async with shadowed(live, full_at(75), books) as shadow:
        live.hear(rows([80], first_row=2))
        await shadow.drain(2)
    began = since_of(books)
    live.hear(rows([60, 20], first_row=3))
    async with shadowed(live, full_at(75), books) as shadow:
        await shadow.drain(4)
    assert since_of(books) == began
    (alarm,) = (one for one in books.everything()[0] if one.rule == "bin-full")
    assert alarm.until == T0 + 40 * MINUTE


class Full(MemoryJudgeStore):
    """Books that take the first outcome, which is where the shadow begins, and no other."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = 0

    def commit(self, outcome: Outcome, subjects: Mapping[str, bytes]) -> None:
        self.taken += 1
        if self.taken > 1:
            raise RuntimeError("no room")
        super().commit(outcome, subjects)


@pytest.mark.asyncio
async def test_a_shadow_that_fails_stands_still_and_says_so():
    live, books = InForce(), Full()
    live.hear(rows([50]))
    async with shadowed(live, full_at(75), books) as shadow:
        live.hear(rows([80], first_row=2))
        await shadow.drain(2)
        assert shadow.why == "RuntimeError: no room"
        assert shadow.needed_after > 2  # no row of the journal has to be kept for it
