"""More members join an open group alarm: what becomes of its order, and what its crew is told."""

import json
from collections.abc import Callable
from itertools import pairwise

import pytest

from domain.alarms import AlarmChange, AlarmState
from services.dispatch import life, policy
from services.dispatch.orders import Order, OrderState, Step
from services.judge.book import Book
from services.judge.outcome import Saved
from tests.unit.dispatch.coast import MINUTE, RULES, T0, Engine, S, coast


def change(at: int, members: int, *, cause: int = T0, since: int = T0, state: AlarmState = AlarmState.OPEN):
    """An alarm about a feeder, opened or amended."""
    named = tuple(f"lamp-{n:02}" for n in range(members))
    why = {"at_fault": float(members)}
    return AlarmChange(f"a{cause}", "lamp-out", "1", "feeder:f", state, cause, since, at, "feeder-1", named, why)


class Wrong(Engine):
    """Whatever is asked for is still wrong."""

    def is_wrong(self, alarm_id: str) -> bool | None:  # noqa: ARG002 - it is
        return True


class Feeder:
    """A book with one alarm, opened at T0."""

    def __init__(self, members: int) -> None:
        self.book = Book(coast(), RULES, Wrong())
        self.book.load(Saved(), {})
        self.sent: list[tuple[int, int]] = []
        self.hear(change(T0, members))

    def hear(self, one: AlarmChange) -> None:
        self.run_out(one.at)
        self.book.turn_page()
        self.book.alarm(one, one.at)
        self._note_sent()

    def run_out(self, until: int) -> None:
        """Let limits run out."""
        while (due := self.book.next_due()) is not None and due <= until:
            self.book.turn_page()
            self.book.fall_due()
            self._note_sent()

    def does(self, after: Order, at: int) -> None:
        self.book.turn_page()
        self.book.keep(self.order, after, at)
        self._note_sent()

    @property
    def order(self) -> Order:
        (found,) = self.book.all.by_id.values()
        return found

    def _note_sent(self) -> None:
        bodies = [json.loads(letter.payload) for letter in self.book.outbox.values() if letter.payload]
        self.sent += [(body["revision"], len(body["members"])) for body in bodies if body["crew"] == self.order.crew]


def joined(members: int, *more: int) -> Feeder:
    feeder = Feeder(members)
    for n, count in enumerate(more, 1):
        feeder.hear(change(T0 + n * 5 * S, count))
    return feeder


def test_an_amendment_is_no_order_and_no_message_but_the_order_knows():
    feeder = joined(4, 10)
    assert (len(feeder.order.members), feeder.order.why, feeder.order.revision) == (10, {"at_fault": 10.0}, 1)
    assert feeder.sent == [(1, 4)]
    assert feeder.book.open.changed["a" + str(T0)].why == {"at_fault": 4.0}, "what opened it is pinned"
    assert len(feeder.book.open.changed["a" + str(T0)].members) == 10


def test_a_minute_after_the_first_of_many_the_crew_is_told_of_all_of_them_once():
    feeder = joined(4, *range(7, 41, 3))
    feeder.run_out(T0 + 5 * MINUTE)
    assert feeder.sent == [(1, 4), (2, 40)]
    (line,) = [line for line in feeder.order.history if line.step is Step.AMEND]
    assert (line.at, line.before, line.after) == (T0 + 5 * S + policy.NEWS_MS, OrderState.DISPATCHED, line.before)


@pytest.mark.parametrize(("was", "now", "told"), [(40, 42, False), (40, 47, False), (40, 48, True), (0, 1, True)])
def test_a_few_more_wait_for_the_next_revision(was: int, now: int, told: bool):
    feeder = joined(was, now)
    feeder.run_out(T0 + 5 * MINUTE)
    assert feeder.sent == [(1, was), (2, now)][: 2 if told else 1]
    feeder.does(life.accept(feeder.order, by=feeder.order.crew, at=T0 + 6 * MINUTE), T0 + 6 * MINUTE)
    assert feeder.sent[-1] == (3 if told else 2, now)


def test_what_any_other_revision_has_told_is_not_told_again():
    feeder = joined(4, 20)
    feeder.does(life.accept(feeder.order, by=feeder.order.crew, at=T0 + 30 * S), T0 + 30 * S)
    feeder.run_out(T0 + 10 * MINUTE)
    assert feeder.sent == [(1, 4), (2, 20)]


@pytest.mark.parametrize("act", [life.done, life.hold])
def test_who_has_done_it_or_parked_it_is_not_called_again(act: Callable[..., Order]):
    feeder = Feeder(4)
    feeder.does(act(feeder.order, by=feeder.order.crew, at=T0 + S, why="x"), T0 + S)
    feeder.hear(change(T0 + 5 * S, 42))
    feeder.run_out(T0 + 10 * MINUTE)
    assert [revision for revision, _ in feeder.sent] == [1, 2]
    assert len(feeder.order.members) == 42


def test_an_order_names_the_members_of_all_its_alarms_and_begins_with_its_first():
    feeder = Feeder(4)
    feeder.hear(change(T0 + MINUTE, 4, state=AlarmState.CLEARED))
    assert feeder.order.state is OrderState.WITHDRAWN
    feeder.hear(change(T0 + 2 * MINUTE, 2, cause=T0 + 2 * MINUTE, since=T0 + 2 * MINUTE))
    feeder.hear(change(T0 + 3 * MINUTE, 9, cause=T0 + 2 * MINUTE, since=T0 + 2 * MINUTE))
    assert (len(feeder.order.members), feeder.order.since) == (9, T0)
    assert [line.step for line in feeder.order.history].count(Step.REOPEN) == 1


def test_the_crew_is_told_of_more_and_more_at_most_once_a_minute():
    feeder = Feeder(5)
    for second in range(5, 600, 5):
        feeder.hear(change(T0 + second * S, 5 + second // 5))
    feeder.run_out(T0 + 11 * MINUTE)
    assert len(feeder.sent) <= 11
    counts = [members for _, members in feeder.sent]
    assert all(after >= 1.2 * before for before, after in pairwise(counts))
