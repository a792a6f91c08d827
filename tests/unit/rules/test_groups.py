"""Groups, as pure steps: what makes a quorum, what does not, and when it is over."""

import msgspec
import pytest

from rules.core.groups import HUB, WELL, Event, Group, due, step
from rules.core.program import Program
from rules.core.surroundings import Tick
from tests.unit.rules.coast import book_of

BOOK = book_of(
    outage="""
kind: feeder
when: said(breaker_tripped)
quorum: {over: feeder, member: said(supply_loss), share: 60%, least: 3, within: 10m, clear_share: 90%, gather: 5s}
clear_for: 15m""",
)
OUTAGE: Program = BOOK.programs["outage"]
S, M = 1_000, 60_000


def told(events: list[Event], ticks: list[int], members: int = 10, covered: frozenset[str] = frozenset()):
    """The changes, with a round trip through JSON before every step. An alarm is opened once, its members only grow."""
    group, found, named = WELL, [], None
    for seen in sorted([*events, *map(Tick, ticks)], key=lambda one: (one.at, isinstance(one, Tick))):
        group = msgspec.json.decode(msgspec.json.encode(group), type=Group)
        group, changes = step(OUTAGE, group, seen, members, covered)
        for change in changes:
            amends = change.state == "open" and named is not None
            assert named is None or set(named) <= set(change.members) == {*change.members}
            assert list(change.members) == sorted(change.members)
            assert amends or (named is None) == (change.state == "open")
            named = change.members if change.state == "open" else None
            said = "amended" if amends else change.state.value
            found.append((said, change.cause, change.at, len(change.members)))
    return found


def failing(count: int, at: int, apart: int = 0, what: str = "wrong") -> list[Event]:
    return [Event(at + n * apart, f"lamp-{n}", what) for n in range(count)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("count", "apart", "members", "cause"),
    [(6, 0, 10, 1 * M), (5, 0, 10, None), (6, 3 * M, 10, None), (6, 1 * M, 10, 1 * M), (2, 0, 2, None)],
)
def test_a_quorum_is_a_share_of_the_members_at_least_so_many_and_together(
    count: int, apart: int, members: int, cause: int | None
):
    found = told(failing(count, 1 * M, apart), [60 * M], members)
    assert [change[1] for change in found] == ([] if cause is None else [cause])


def test_later_members_join_without_changing_the_cause():
    found = told([*failing(7, M), Event(M + 4 * S, "lamp-9", "wrong")], [M + 20 * S])
    assert found == [("open", M, M + 5 * S, 8)]


def test_who_joins_an_open_alarm_is_gathered_and_amends_it():
    after = [Event(M + 10 * S, "lamp-7", "wrong"), Event(M + 15 * S, "lamp-8", "silent")]
    later = [Event(M + 16 * S, "lamp-9", "wrong")]
    found = told([*failing(7, M), *after, *later], [M + 60 * S])
    assert found == [("open", M, M + 5 * S, 7), ("amended", M, M + 15 * S, 9), ("amended", M, M + 21 * S, 10)]


def test_forty_two_last_gasps_over_a_minute_are_one_alarm_and_a_dozen_amendments_at_most():
    gasps = failing(42, M, 60 * S // 42)
    found = told([Event(M, HUB, "wrong"), *gasps], [M + 90 * S], 42)
    assert [said for said, *_ in found] == ["open"] + ["amended"] * (len(found) - 1)
    assert len(found) <= 13
    assert {cause for _, cause, _, _ in found} == {M}
    assert found[-1][3] == 42


def test_what_is_heard_late_joins_too_and_brings_its_own_beginning():
    group, found = WELL, []
    for event in failing(6, M):
        group, _ = step(OUTAGE, group, event, 10)
    group, changes = step(OUTAGE, group, Tick(M + 30 * S), 10)
    group, _ = step(OUTAGE, group, Event(M - 1 * S, "lamp-6", "wrong", M + 30 * S), 10)
    group, _ = step(OUTAGE, group, Event(M - 1 * S, "lamp-7", "wrong", M + 31 * S), 10)
    assert due(OUTAGE, group) == M + 30 * S
    for tick in (M + 30 * S, M + 31 * S, M + 40 * S):
        group, more = step(OUTAGE, group, Tick(tick), 10)
        found += more
    assert [len(c.members) for c in changes] == [6]
    assert [(c.cause, c.since, c.at, len(c.members)) for c in found] == [(M, M - 1 * S, M + 30 * S, 8)]


def test_a_quorum_of_which_most_is_heard_late_is_found_all_the_same():
    group, found = WELL, []
    for n in range(7):
        group, _ = step(OUTAGE, group, Event(M, f"lamp-{n}", "wrong"), 10)
        group, changes = step(OUTAGE, group, Tick(M + (n + 1) * 10 * S), 10)
        found += changes
    assert [(c.cause, len(c.members)) for c in found] == [(M, 6), (M, 7)]


def test_news_that_is_late_does_not_undo_what_came_after_it():
    late = [Event(M + 2 * S, "lamp-0", "well"), Event(M + 4 * S, "lamp-1", "well")]
    group = WELL
    for event in [*failing(6, M), Event(M + 3 * S, "lamp-0", "well"), Event(M + 6 * S, "lamp-0", "wrong")]:
        group, _ = step(OUTAGE, group, event, 10)
    group, _ = step(OUTAGE, group, Tick(M + 30 * S), 10)
    for event in late:
        group, _ = step(OUTAGE, group, event, 10)
    group, _ = step(OUTAGE, group, Tick(M + 31 * S), 10)
    assert group.faults["lamp-0"].wrong == M + 6 * S
    assert "lamp-1" not in group.faults


def test_who_is_well_again_before_the_amendment_does_not_join_and_nobody_leaves():
    passing = [Event(M + 10 * S, "lamp-8", "wrong"), Event(M + 12 * S, "lamp-8", "well")]
    mended = [Event(M + 20 * S, f"lamp-{n}", "well") for n in range(3)]
    joins = [Event(M + 30 * S, "lamp-9", "wrong")]
    found = told([*failing(8, M), *passing, *mended, *joins], [M + 60 * S])
    assert found == [("open", M, M + 5 * S, 8), ("amended", M, M + 35 * S, 9)]


def test_who_was_at_fault_long_before_or_fails_when_it_is_over_does_not_join():
    before = [Event(M, "lamp-9", "wrong")]
    trip = [Event(30 * M, f"lamp-{n}", "wrong") for n in range(7)]
    mended = [Event(40 * M, f"lamp-{n}", "well") for n in range(7)]
    after = [Event(45 * M, "lamp-8", "wrong")]
    found = told([*before, *trip, *mended, *after], [90 * M])
    assert [(said, members) for said, _, _, members in found] == [("open", 7), ("cleared", 7)]


def test_members_that_another_group_speaks_for_do_not_join():
    covered = frozenset({"lamp-8", "lamp-9"})
    found = told([*failing(7, M), *failing(10, M + 20 * S)], [M + 60 * S], covered=covered)
    assert [members for _, _, _, members in found] == [7, 8]


def test_an_amendment_is_due_and_its_wait_goes_on_through_a_restart():
    group = WELL
    for event in failing(6, M):
        group, _ = step(OUTAGE, group, event, 10)
    group, _ = step(OUTAGE, group, Tick(M + 10 * S), 10)
    group, _ = step(OUTAGE, group, Event(M + 20 * S, "lamp-9", "wrong"), 10)
    assert due(OUTAGE, group) == M + 25 * S
    group, changes = step(OUTAGE, group, Tick(M + 25 * S), 10)
    assert changes == ()
    group = msgspec.json.decode(msgspec.json.encode(group), type=Group)
    assert due(OUTAGE, group) == M + 30 * S
    group, (amended,) = step(OUTAGE, group, Tick(M + 30 * S), 10)
    assert (amended.at, amended.why["at_fault"], amended.why["of"]) == (M + 25 * S, 7.0, 10.0)
    assert due(OUTAGE, group) is None


def test_a_hub_alone_is_enough_and_a_breaker_that_recloses_at_once_is_not():
    assert told([Event(M, HUB, "wrong")], [M + 20 * S]) == [("open", M, M + 5 * S, 0)]
    assert told([Event(M, HUB, "wrong"), Event(M + 3 * S, HUB, "well")], [M + 20 * S]) == []


def test_members_silent_long_before_are_no_part_of_it_and_silent_with_it_are():
    long_gone = failing(4, 1 * M, what="silent")
    fresh = [Event(60 * M, f"lamp-{n}", "wrong") for n in range(4, 8)]
    assert [change[:2] for change in told([*long_gone, *fresh], [90 * M])] == [("open", 60 * M)]
    assert [c[:2] for c in told(failing(6, M, what="silent"), [20 * M])] == [("open", M)]


def test_members_that_another_group_speaks_for_do_not_count():
    assert told(failing(6, M), [20 * M], covered=frozenset({"lamp-0", "lamp-1", "lamp-2", "lamp-3"})) == []


def test_it_is_over_when_nine_in_ten_are_well_for_as_long_as_the_rule_asks():
    mended = [Event(30 * M, f"lamp-{n}", "well") for n in range(7)]
    again = [Event(40 * M, "lamp-0", "wrong")]
    assert [change[0] for change in told([*failing(8, M), *mended, *again], [100 * M])] == ["open"]
    found = told([*failing(8, M), *mended, Event(50 * M, "lamp-7", "well")], [100 * M])
    assert [(state, at) for state, _, at, _ in found] == [("open", M + 5 * S), ("cleared", 45 * M)]


def test_coarse_ticks_and_fine_ones_say_the_same():
    mended = [Event(30 * M, f"lamp-{n}", "well") for n in range(8)]
    events = [*failing(8, M, 10 * S), *mended, Event(90 * M, HUB, "wrong")]
    fine = told(events, list(range(0, 120 * M, 20 * S)))
    assert fine == told(events, [120 * M])
    assert [(state, members) for state, _, _, members in fine] == [
        ("open", 6), ("amended", 7), ("amended", 8), ("cleared", 8), ("open", 0)
    ]  # fmt: skip


def test_due_says_when_a_tick_will_change_it():
    group = WELL
    for event in failing(6, M):
        group, _ = step(OUTAGE, group, event, 10)
    assert due(OUTAGE, group) == M + 5 * S
    group, _ = step(OUTAGE, group, Tick(M + 5 * S), 10)
    assert due(OUTAGE, group) == M + 10 * S
    group, changes = step(OUTAGE, group, Tick(M + 10 * S), 10)
    assert len(changes) == 1
    assert due(OUTAGE, group) is None
