"""The door: durable first, settled next, handed on last."""

import asyncio
import json
import threading

import pytest

from domain.errors import RejectedError, UnavailableError
from domain.messages import Flag, Message
from domain.naming import COMMAND, LINK, clock_topic
from ingest import batching
from tests.unit.ingest.doorway import KilledError, WeakJournal, doorway
from tests.unit.ingest.small_coast import AT, raw, up

pytestmark = pytest.mark.asyncio

ONE, TWO, THREE = (up({"fill_level": n}) for n in (1, 2, 3))
STEP = 60_000


def step(number: int, at: int, flags: int = 0) -> Message:
    return Message(clock_topic("shinan"), json.dumps({"step": number, "at": at}).encode(), AT, flags)


async def test_the_first_row_says_that_the_service_started():
    async with doorway() as way:
        await way.until(lambda: len(way.rows) == 1)
    (note,) = way.rows[0].messages
    assert (note.topic, json.loads(note.payload)) == (LINK, {"state": "started"})
    assert way.source.closed


async def test_what_arrives_is_journalled_settled_and_handed_on_in_that_order():
    async with doorway() as way:
        packet = way.source.bring(ONE, TWO)
        await way.until(lambda: bool(way.filled))
    assert way.filled[0].messages == (ONE, TWO)
    assert way.filled[0] in way.journal.read(0, 99)
    assert way.source.settled == [packet]
    assert way.settled_before[way.rows.index(way.filled[0])] == 1


async def test_arrivals_that_come_together_share_a_row_and_are_each_settled():
    async with doorway() as way:
        packets = [way.source.bring(m) for m in (ONE, TWO, THREE)]
        await way.until(lambda: len(way.source.settled) == 3)
    assert [m for r in way.filled for m in r.messages] == [ONE, TWO, THREE]
    assert len(way.filled) == 1
    assert way.source.settled == packets


async def test_a_very_large_gathering_is_cut_into_rows():
    async with doorway() as way:
        for _ in range(12):
            way.source.bring(*[ONE] * 1000)
        await way.until(lambda: len(way.source.settled) == 12)
    assert sum(len(r.messages) for r in way.filled) == 12_000
    assert max(len(r.messages) for r in way.filled) <= 5000


async def test_the_time_of_a_row_is_the_domain_clocks():
    async with doorway() as way:
        way.hand.at = AT + 77
        way.source.bring(ONE)
        await way.until(lambda: bool(way.filled))
    assert way.filled[0].at == AT + 77


async def test_a_row_says_no_more_than_when_its_last_message_came_off_the_wire():
    journal = WeakJournal()
    async with doorway(journal=journal) as way:
        await way.until(lambda: len(way.rows) == 1)
        journal.full = True
        way.source.bring(ONE._replace(received=AT + 100))
        await way.until(lambda: journal.refused >= 1)
        way.hand.at = AT + 3_600_000
        way.source.bring(TWO._replace(received=AT + 1_800_000))
        journal.full = False
        await way.until(lambda: len(way.rows) == 4)
    assert [(row.at - AT, len(row.messages)) for row in way.rows[1:4]] == [(100, 1), (1_800_000, 1), (3_600_000, 0)]


async def test_a_second_of_the_domain_clock_without_a_row_gives_an_empty_one():
    async with doorway() as way:
        await way.until(lambda: len(way.rows) == 1)
        way.hand.at = AT + 999
        await way.a_while()
        assert len(way.rows) == 1
        way.hand.at = AT + 1000
        await way.until(lambda: len(way.rows) == 2)
        await way.a_while()
    assert way.rows[1:] == [(2, AT + 1000, ())]


async def test_while_the_journal_cannot_be_written_nothing_is_settled_and_afterwards_all_is(
    caplog: pytest.LogCaptureFixture,
):
    journal = WeakJournal()
    async with doorway(journal=journal) as way:
        await way.until(lambda: len(way.rows) == 1)
        journal.full = True
        way.source.bring(ONE)
        await way.until(lambda: journal.refused >= 2)
        way.source.bring(TWO)
        assert way.door.trouble == "the disk is full"
        assert way.source.settled == []
        journal.full = False
        await way.until(lambda: len(way.source.settled) == 2)
        assert way.door.trouble == ""
    assert [m for r in way.filled for m in r.messages] == [ONE, TWO]
    assert [r.levelname for r in caplog.records if "journal" in r.message] == ["CRITICAL", "WARNING"]


async def test_leaving_while_the_journal_cannot_be_written_settles_nothing():
    journal = WeakJournal()
    async with doorway(journal=journal, ends_with=UnavailableError) as way:
        await way.until(lambda: len(way.rows) == 1)
        journal.full = True
        way.source.bring(ONE)
        await way.until(lambda: journal.refused >= 1)
    assert way.source.settled == []


async def test_leaving_does_not_wait_for_a_journal_that_holds_up_everything():
    journal = WeakJournal()
    async with doorway(journal=journal, ends_with=UnavailableError) as way:
        await way.until(lambda: len(way.rows) == 1)
        journal.full = True
        for _ in range(200):
            way.source.bring(ONE)
        await way.until(lambda: journal.refused >= 1)
        await way.a_while()
    assert way.source.settled == []


async def test_leaving_under_load_writes_what_is_here_and_no_more():
    async with doorway() as way:
        for _ in range(200):
            way.source.bring(*[ONE] * 100)
        await way.until(lambda: bool(way.filled))
    assert len(way.source.settled) * 100 == sum(len(r.messages) for r in way.filled)


async def test_a_crash_between_append_and_settle_brings_the_message_again_and_loses_nothing():
    journal = WeakJournal()
    journal.append([], AT)
    async with doorway(journal=journal, ends_with=KilledError) as way:
        await way.until(lambda: len(way.rows) == 1)
        journal.dies_after_append = True
        way.source.bring(ONE)
        await way.until(lambda: len(journal.read(0, 9)) == 3)
        await way.a_while()
    assert way.source.settled == []
    journal.dies_after_append = False
    async with doorway(journal=journal) as again:
        again.source.bring(ONE)  # the broker had no PUBACK
        await again.until(lambda: again.source.settled == [1])
    assert [m for r in journal.read(0, 99) for m in r.messages if m.topic != LINK] == [ONE, ONE]


async def test_leaving_writes_and_settles_what_was_heard():
    async with doorway() as way:
        await way.until(lambda: len(way.rows) == 1)
        way.source.bring(ONE)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert way.source.settled == [1]
    assert way.filled[0].messages == (ONE,)


async def test_a_source_that_gives_up_ends_the_door_after_what_it_brought_is_written():
    async with doorway(ends_with=RejectedError) as way:
        way.source.bring(ONE)
        way.source.fail(RejectedError("bad password"))
        await way.until(lambda: way.source.closed)
    assert way.filled[0].messages == (ONE,)
    assert way.source.settled == [1]


async def test_what_the_service_writes_itself_is_a_row_of_its_own_handed_on_in_order():
    async with doorway() as way:
        await way.until(lambda: len(way.rows) == 1)
        row = await way.door.write([Message(COMMAND, b"{}", AT)])
    assert way.filled == [row]
    with pytest.raises(UnavailableError):
        await way.door.write([Message(COMMAND, b"{}", AT)])


async def test_a_command_is_told_at_once_that_the_journal_cannot_be_written():
    journal = WeakJournal()
    async with doorway(journal=journal) as way:
        await way.until(lambda: len(way.rows) == 1)
        journal.full = True
        with pytest.raises(UnavailableError):
            await way.door.write([Message(COMMAND, b"{}", AT)])
        journal.full = False


async def test_retries_from_quarantine_are_put_back_with_their_first_receive_time_and_their_flag():
    asked = [[up({"fill_level": 9}, received=AT - 5000)]]

    async with doorway(retries=lambda: asked.pop() if asked else []) as way:
        await way.until(lambda: bool(way.filled))
    (again,) = way.filled[0].messages
    assert (again.received, again.flags) == (AT - 5000, Flag.RETRY)


async def test_a_quarantine_that_cannot_be_asked_stops_nothing():
    def away() -> list[Message]:
        raise UnavailableError("locked")

    async with doorway(retries=away) as way:
        way.source.bring(ONE)
        await way.until(lambda: way.source.settled == [1])


async def test_a_quarantine_that_is_slow_to_answer_holds_up_nobody():
    may = threading.Event()

    def slow() -> list[Message]:
        assert may.wait(5)
        return []

    async with doorway(retries=slow) as way:
        way.source.bring(ONE)
        await way.until(lambda: way.source.settled == [1])
        may.set()


async def test_in_lock_step_nothing_more_is_asked_for_before_what_was_given_is_in_the_journal(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(batching, "_RETRIES_S", 0.001)
    asked: list[int] = []

    def retries() -> list[Message]:
        asked.append(1)
        return [up({"fill_level": 9})] if len(asked) == 1 else []

    async with doorway(simulated=True, start=AT, retries=retries) as way:
        await way.until(lambda: way.door.held == 1)
        await way.a_while()
        assert len(asked) == 1
        way.source.bring(step(1, AT + STEP))
        await way.until(lambda: len(asked) > 1)
        assert way.door.held == 0


async def test_an_arrival_with_nothing_but_its_token_is_settled():
    async with doorway(simulated=True, start=AT) as way:
        way.source.bring()
        await way.until(lambda: way.source.settled == [1])
    assert way.filled == []


# lock-step


async def test_in_lock_step_everything_up_to_a_clock_message_is_one_row_at_its_time():
    async with doorway(simulated=True, start=AT) as way:
        way.source.bring(ONE)
        way.source.bring(TWO)
        await way.a_while()
        assert way.filled == []
        assert way.source.settled == []
        assert way.door.held == 2
        way.source.bring(step(1, AT + STEP))
        await way.until(lambda: bool(way.filled))
        assert way.clock.now() == AT + STEP
    row = way.filled[0]
    assert row.at == AT + STEP
    assert row.messages == tuple(m._replace(received=AT + STEP) for m in (ONE, TWO, step(1, AT + STEP)))
    assert way.source.settled == [1, 2, 3]


async def test_two_steps_in_one_arrival_are_two_rows_settled_when_both_are_kept():
    async with doorway(simulated=True, start=AT) as way:
        way.source.bring(ONE, step(1, AT + STEP), TWO, step(2, AT + 2 * STEP), THREE)
        await way.until(lambda: len(way.filled) == 2)
        await way.a_while()
        assert way.source.settled == []  # THREE is still held
        way.source.bring(step(3, AT + 3 * STEP))
        await way.until(lambda: way.source.settled == [1, 2])
    assert [(r.at - AT) // STEP for r in way.filled] == [1, 2, 3]
    assert [len(r.messages) for r in way.filled] == [2, 2, 2]


async def test_in_lock_step_no_time_passes_between_steps():
    async with doorway(simulated=True, start=AT) as way:
        await way.until(lambda: len(way.rows) == 1)
        way.hand.at = AT + 3_600_000
        await way.a_while()
    assert len(way.rows) == 1


async def test_how_messages_were_cut_into_arrivals_does_not_change_the_rows():
    stream = [ONE, step(1, AT + STEP), TWO, THREE, step(2, AT + 2 * STEP), ONE, step(3, AT + 3 * STEP)]
    seen = []
    for size in (1, 2, 3, 7):
        async with doorway(simulated=True, start=AT) as way:
            for begin in range(0, len(stream), size):
                way.source.bring(*stream[begin : begin + size])
                await asyncio.sleep(0)
            await way.until(lambda way=way: len(way.filled) == 3)
        seen.append(way.filled)
    assert all(rows == seen[0] for rows in seen)


async def test_a_clock_step_heard_twice_is_a_row_that_moves_nothing():
    async with doorway(simulated=True, start=AT) as way:
        way.source.bring(step(1, AT + STEP))
        way.source.bring(step(1, AT + STEP))
        way.source.bring(step(0, AT))
        await way.until(lambda: len(way.filled) == 3)
    assert [r.at for r in way.filled] == [AT + STEP] * 3


async def test_a_clock_that_began_running_follows_no_clock_message(caplog: pytest.LogCaptureFixture):
    async with doorway(simulated=True) as way:
        for number in (1, 2):
            way.source.bring(step(number, AT + 100 * number * STEP))
        way.source.bring(ONE)
        await way.until(lambda: way.source.settled == [1, 2, 3])
        assert not way.clock.stepping
        assert way.door.held == 0
        assert way.rows[-1].at == AT
    assert caplog.text.count("not in lock-step") == 1


async def test_a_clock_that_was_released_follows_no_clock_message():
    async with doorway(simulated=True, start=AT) as way:
        way.source.bring(step(1, AT + STEP))
        await way.until(lambda: way.clock.now() == AT + STEP)
        way.hand.at = AT + 2 * STEP
        way.clock.release()
        for at in (AT + STEP, AT + 9 * STEP):  # comes again from before; from whoever else plays
            way.source.bring(step(2, at))
        way.source.bring(ONE)
        await way.until(lambda: way.source.settled == [1, 2, 3, 4])
        assert not way.clock.stepping
        assert way.clock.now() == AT + 2 * STEP


async def test_a_retained_clock_or_one_on_a_real_coast_moves_nothing():
    async with doorway(simulated=True) as way:
        way.source.bring(step(1, AT + STEP, Flag.RETAINED), raw(b"x", topic=clock_topic("shinan")))
        await way.until(lambda: way.source.settled == [1])
        assert not way.clock.stepping
    async with doorway(simulated=False) as way:
        way.source.bring(step(1, AT + STEP))
        await way.until(lambda: way.source.settled == [1])
        assert not way.clock.stepping


async def test_more_messages_than_can_be_held_become_a_row_at_the_time_before(caplog: pytest.LogCaptureFixture):
    async with doorway(simulated=True, start=AT, held=100) as way:
        way.source.bring(*[ONE] * 101)
        await way.until(lambda: way.source.settled == [1])
    assert way.filled[0].at == AT
    assert "too many messages" in caplog.text


async def test_what_is_held_when_leaving_is_not_settled_and_comes_again():
    journal = WeakJournal()
    async with doorway(simulated=True, start=AT, journal=journal) as way:
        way.source.bring(ONE)
        await way.until(lambda: way.door.held == 1)
    assert way.source.settled == []
    async with doorway(simulated=True, start=AT, journal=journal) as again:
        again.source.bring(ONE)
        again.source.bring(step(1, AT + STEP))
        await again.until(lambda: again.source.settled == [1, 2])
    assert again.filled[0].messages[0] == ONE._replace(received=AT + STEP)
