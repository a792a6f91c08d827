"""What late data would have changed is committed with the row in which it was found out, and tells nobody."""

import pytest

from domain.alarms import Correction, Hindsight
from domain.messages import Heard
from domain.naming import COMMAND, replies_topic
from services.judge import Judge
from tests.contracts.memory_judge_store import MemoryJudgeStore
from tests.unit.dispatch.coast import MINUTE, RULES, T0, Engine, Play, coast, note, wrong

FOUND = Correction(
    "a1",
    "lamp-out",
    "1",
    "facility:lamp-1",
    "lamp-1",
    Hindsight.OPENED,
    T0 - 60_000,
    T0,
    "lamp-1-d",
    T0 + 5,
    {"w": 1.0},
)


class Late(Engine):
    """Has something to say of the past, once."""

    def __init__(self) -> None:
        super().__init__()
        self.left = [FOUND]

    def corrections(self) -> tuple[Correction, ...]:
        said, self.left = tuple(self.left), []
        return said


def test_a_correction_is_an_outcome_of_its_own_and_sends_nothing():
    judge, store = Judge(coast(), RULES, Late()), MemoryJudgeStore()
    outcome = judge.fold(Heard(1, T0, (), (), (), ()))
    assert (outcome.corrections, outcome.changed) == ((FOUND,), True)
    assert (outcome.alarms, outcome.orders, outcome.outbox) == ((), (), ())
    store.commit(outcome, {})
    store.commit(judge.fold(Heard(2, T0 + 1, (), (), (), ())), {})
    assert store.corrections() == store.corrections(facility="lamp-1") == [FOUND]
    assert store.corrections(facility="lamp-2") == []


@pytest.mark.parametrize(
    ("said", "false"),
    [("False alarm: a gull", 1), ("误报，飞鸟", 1), ("no false alarm", 0), ("done", 0)],
)
def test_whoever_closes_an_alarm_as_false_takes_it_from_its_instruments_record(said: str, false: int):
    play = Play()
    (order,) = play.hear(T0, wrong("lamp-1", T0)).orders
    play.reply(T0 + MINUTE, order.crew, order.id, "done", reason=said)
    assert len(play.engine.false) == false
    play.command(T0 + 2 * MINUTE, order.id, "close", reason=said)
    assert play.engine.false == [("lamp-1", T0 + MINUTE), ("lamp-1", T0 + 2 * MINUTE)][: 2 * false]


def test_an_answer_that_is_refused_or_said_twice_counts_once():
    play = Play()
    (order,) = play.hear(T0, wrong("lamp-1", T0)).orders
    said = {"id": "r1", "order": order.id, "revision": 1, "action": "done", "reason": "false alarm"}
    for minute in (1, 2):
        play.hear(T0 + minute * MINUTE, notes=[note(replies_topic("shinan", order.crew), said)])
    play.hear(
        T0 + 3 * MINUTE, notes=[note(COMMAND, {**said, "id": "c1", "order": "none", "action": "close", "by": "li"})]
    )
    assert play.engine.false == [("lamp-1", T0 + MINUTE)]
