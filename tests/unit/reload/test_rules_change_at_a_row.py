"""Rules that change while the judge works: from the row on that says so, with no timer lost."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from domain.alarms import AlarmState
from domain.messages import Heard, Message
from domain.naming import EDIT, Kind
from domain.readings import Millis
from rules.book import RuleBook, read_rules, shipped
from services.dispatch.orders import Alarm
from services.judge import Outcome
from services.reloading import IN_FORCE, RULES, in_force_at_start, rules_edited
from services.seating import seated
from services.workers import JudgeWorker, Seat
from tests.contracts.memory_judge_store import MemoryJudgeStore
from tests.unit.dispatch.coast import MINUTE, T0
from tests.unit.judge.test_with_the_real_rules import first, reading, shipped_coast

DARK: Millis = T0 + 12 * 60 * MINUTE  # 20:00
LAMP = {"commanded_level": 100.0, "active_power": 0.5, "lamp_failure": True}


def edited(rule: str, old: str, new: str, **more: str) -> RuleBook:
    """The library with one line of one rule changed."""
    texts = dict(shipped().texts)
    file = shipped().files[rule]
    assert old in texts[file]
    texts[file] = texts[file].replace(old, new) + "".join(f"\n{key}: {value}\n" for key, value in more.items())
    return read_rules(texts)


def edit_row(number: int, at: Millis, rules: RuleBook) -> Heard:
    body = json.dumps({"what": "rules", "hash": rules.version, "text": rules.packed}).encode()
    return Heard(number, at, (), (Message(EDIT, body, at),), (), ())


def dark_rows(minutes: Sequence[int]) -> list[Heard]:
    lamp = first(Kind.LIGHT)
    return [
        Heard(0, DARK + minute * MINUTE, (reading(lamp, DARK + minute * MINUTE, **LAMP),), (), (), ())
        for minute in minutes
    ]


def numbered(*rows: Heard) -> list[Heard]:
    return [row._replace(row=number) for number, row in enumerate(sorted(rows, key=lambda one: one.at), 1)]


async def judged(rows: Sequence[Heard], *, restart_at: int = 0, files: RuleBook | None = None) -> MemoryJudgeStore:
    """What the judge makes of the rows; started again before row `restart_at`, when `files` lie in the folder."""
    books, (site, library) = MemoryJudgeStore(), shipped_coast()
    parts = [(rows[:restart_at], library), (rows[restart_at:], files or library)] if restart_at else [(rows, library)]
    for part, lying in parts:
        rules = in_force_at_start(books.load(), lying)
        (judge, engine, beside), _, saved = seated(books, site, rules)

        async def feed(after: int, part: Sequence[Heard] = part) -> Sequence[Heard]:
            found = [row for row in part if row.row > after]
            if not found:
                await asyncio.Event().wait()
            return found

        def change(heard: Heard) -> Callable[[], Seat] | None:
            book = rules_edited(heard, "none")
            return None if book is None else lambda: seated(books, site, book)[0]

        async def judged_step(_: int) -> None: ...

        worker = JudgeWorker(
            judge, engine, books, feed,
            saved=saved, committed=lambda: None, judged=judged_step, beside=beside, edited=change,
        )  # fmt: skip
        running = asyncio.create_task(worker.run())
        await asyncio.wait_for(worker.drain(part[-1].row), 20)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await worker._commit(Outcome(worker.cursor, worker.at))  # as it does every two seconds
    return books


def lamp_out(books: MemoryJudgeStore) -> list[Alarm]:
    return sorted((a for a in books.everything()[0] if a.rule == "lamp-out"), key=lambda a: a.opened)


def quiet(*minutes: int) -> list[Heard]:
    return [Heard(0, DARK + minute * MINUTE, (), (), (), ()) for minute in minutes]


@pytest.mark.asyncio
async def test_a_timer_goes_on_through_an_edit_of_another_rule():
    plain = numbered(*dark_rows([0, 5, 10, 15]), *quiet(30))
    other = edited("bin-full", "fill_level >= 95", "fill_level >= 75")
    changed = numbered(*dark_rows([0, 5, 10, 15]), edit_row(0, DARK + 12 * MINUTE, other), *quiet(30))
    before, after = lamp_out(await judged(plain)), lamp_out(await judged(changed))
    assert [(a.id, a.opened) for a in after] == [(a.id, a.opened) for a in before]
    assert [a.opened for a in after] == [DARK + 20 * MINUTE]


@pytest.mark.asyncio
async def test_an_edited_rule_keeps_what_was_pending_and_judges_by_its_new_words():
    shorter = edited("lamp-out", "for: 20m", "for: 8m")
    rows = numbered(*dark_rows([0, 5, 10]), edit_row(0, DARK + 6 * MINUTE, shorter), *quiet(30))
    (alarm,) = lamp_out(await judged(rows))
    assert (alarm.cause, alarm.opened) == (DARK, DARK + 8 * MINUTE)
    assert alarm.version == shorter.rules["lamp-out"].version


@pytest.mark.asyncio
async def test_a_rule_that_says_so_begins_anew():
    anew = edited("lamp-out", "for: 20m", "for: 8m", on_edit="reset")
    rows = numbered(*dark_rows([0, 5, 10, 15, 20]), edit_row(0, DARK + 6 * MINUTE, anew), *quiet(30))
    (alarm,) = lamp_out(await judged(rows))
    assert (alarm.cause, alarm.opened) == (DARK + 10 * MINUTE, DARK + 18 * MINUTE)


@pytest.mark.asyncio
async def test_an_open_alarm_of_a_rule_that_begins_anew_is_over_and_comes_again():
    anew = edited("lamp-out", "for: 20m", "for: 5m", on_edit="reset")
    rows = numbered(*dark_rows([0, 10, 22, 30, 40]), edit_row(0, DARK + 25 * MINUTE, anew), *quiet(50))
    old, new = lamp_out(await judged(rows))
    assert (old.state, old.cleared_why) == (AlarmState.CLEARED, {"reason": "its rule was changed"})
    assert (new.state, new.cause) == (AlarmState.OPEN, DARK + 30 * MINUTE)


@pytest.mark.asyncio
@pytest.mark.parametrize("restart_at", [1, 2, 3, 4, 5])
async def test_a_restart_anywhere_changes_nothing(restart_at: int):
    anew = edited("lamp-out", "for: 20m", "for: 8m", on_edit="reset")
    rows = numbered(*dark_rows([0, 5, 10, 15, 20]), edit_row(0, DARK + 6 * MINUTE, anew), *quiet(30))
    whole, parted = lamp_out(await judged(rows)), lamp_out(await judged(rows, restart_at=restart_at, files=anew))
    assert [(a.id, a.opened, a.version) for a in parted] == [(a.id, a.opened, a.version) for a in whole]


@pytest.mark.asyncio
async def test_the_versions_are_noted_with_the_state_that_they_made():
    rows = numbered(*dark_rows([0]), edit_row(0, DARK + MINUTE, edited("lamp-out", "for: 20m", "for: 8m")), *quiet(2))
    books = await judged(rows)
    noted = json.loads(books.noted(RULES))
    assert noted["lamp-out"] != shipped().rules["lamp-out"].version
    assert noted["bin-full"] == shipped().rules["bin-full"].version


@pytest.mark.asyncio
async def test_a_start_goes_on_by_the_rules_of_the_row_it_had_come_to_and_by_the_files_where_those_are_lost():
    other = edited("lamp-out", "for: 20m", "for: 8m")
    saved = (await judged(numbered(*dark_rows([0]), edit_row(0, DARK + MINUTE, other), *quiet(2)))).load()
    assert in_force_at_start(saved, shipped()).version == other.version
    assert in_force_at_start(saved, other) is other
    lost = replace(saved, meta={**saved.meta, IN_FORCE: b'{"a.yaml": "id: nonsense"}'})
    assert in_force_at_start(lost, other) is other
    assert in_force_at_start(MemoryJudgeStore().load(), other) is other


def test_what_cannot_be_read_changes_nothing(caplog: pytest.LogCaptureFixture):
    at, body = DARK, json.dumps({"what": "rules", "hash": "x", "text": json.dumps({"a.yaml": "id: nonsense"})})
    assert rules_edited(Heard(1, at, (), (Message(EDIT, body.encode(), at),), (), ()), "y") is None
    assert rules_edited(Heard(1, at, (), (Message(EDIT, b"{", at),), (), ()), "y") is None
    assert "those in force go on" in caplog.text
