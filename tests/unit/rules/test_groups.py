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
    """The changes, with a round trip through JSON before every step."""
    group, found = WELL, []
    for seen in sorted([*events, *map(Tick, ticks)], key=lambda one: (one.at, isinstance(one, Tick))):
        group = msgspec.json.decode(msgspec.json.encode(group), type=Group)
        group, changes = step(OUTAGE, group, seen, members, covered)
        found += [(c.state.value, c.cause, c.at, len(c.members)) for c in changes]
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
    assert [state for state, *_ in fine] == ["open", "cleared", "open"]


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
