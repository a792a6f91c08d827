"""One alarm that goes up and down, one order that only becomes more urgent; what comes back, comes back as itself."""

from dataclasses import replace

from domain.alarms import AlarmState
from domain.messages import Heard
from domain.naming import Priority, replies_topic
from domain.readings import Reading, Value
from domain.site import Device
from rules.book import RuleBook
from rules.runners.live import Live
from services.dispatch.orders import Order, OrderState, Step
from services.judge import Judge
from tests.contracts.memory_judge_store import MemoryJudgeStore
from tests.unit.dispatch.coast import MINUTE, T0, coast, note
from tests.unit.rules.coast import HOUR, book_of
from tests.unit.rules.test_surroundings import Learns as Surroundings

CROWDED = book_of(
    crowded="""
kind: bin
levels:
  - {name: yellow, if: fill_level >= 80, clear: fill_level < 70}
  - {name: orange, if: fill_level >= 90, clear: fill_level < 80, priority: P2}
  - {name: red, if: fill_level >= 95, clear: fill_level < 90, priority: P1}
reopen_within: 2h"""
)
BIN = coast(simulated=False).facilities["bin-1"]
SITE = replace(coast(simulated=False), devices={"bin-1": Device("bin-1", "bin-1", interval_s=86_400)})


class Play:
    def __init__(self, book: RuleBook) -> None:
        self.book, self.store, self.row = book, MemoryJudgeStore(), 0
        self.start()

    def start(self) -> None:
        self.engine = Live(self.book, SITE, Surroundings())
        if rows := self.store.subjects():
            self.engine.load(rows)
        else:
            self.engine.listening_from(T0)
        self.judge = Judge(SITE, self.book.rules, self.engine)
        self.judge.load(self.store.load())

    def say(self, minute: float, value: Value | None = None, **reply: object) -> None:
        self.row += 1
        at = T0 + int(minute * MINUTE)
        values = {} if value is None else {"fill_level": value}
        said = [Reading(BIN.id, BIN.id, BIN.kind, BIN.zone, at, values, 0, -1, at)] if values else []
        notes = [note(replies_topic(SITE.id, self.order.crew), {"revision": 1, **reply}, at)] if reply else []
        heard = Heard(self.row, at, said, tuple(notes), (), ())
        self.store.commit(self.judge.fold(heard), self.engine.drain_dirty())

    @property
    def order(self) -> Order:
        (order,) = self.store.everything()[1]
        return order


def test_the_orders_priority_rises_with_the_alarm_and_never_falls_by_itself():
    play = Play(CROWDED)
    urgent = []
    for minute, fill in enumerate([50.0, 85.0, 92.0, 97.0, 85.0, 75.0, 99.0, 10.0]):
        play.say(minute, fill)
        alarms, orders = play.store.everything()
        urgent += [(alarms[0].level, orders[0].priority.value)] if orders else []
    assert urgent == [(1, "P3"), (2, "P2"), (3, "P1"), (2, "P1"), (1, "P1"), (3, "P1"), (3, "P1")]
    assert play.order.state is OrderState.WITHDRAWN
    raised = [line for line in play.order.history if line.step is Step.RAISE]
    assert [line.why for line in raised] == ["orange: P3 becomes P2", "red: P2 becomes P1"]
    assert len(play.store.everything()[0]) == 1


def test_no_letter_of_an_order_overtakes_another_when_it_becomes_urgent():
    play = Play(CROWDED)
    for minute, fill in enumerate([85.0, 97.0]):
        play.say(minute, fill)
    waiting = [p.message for p in play.store.pending(10) if p.message.order == play.order.id]
    assert [(m.revision, m.priority) for m in waiting] == sorted((m.revision, Priority.P1.value) for m in waiting)


def test_what_is_back_within_the_cool_down_reopens_alarm_and_order_and_not_a_second_one():
    play = Play(CROWDED)
    play.say(0, 85.0)
    play.say(5, id="r1", order=play.order.id, action="done")
    play.say(10, 10.0)
    assert play.order.state is OrderState.CLOSED
    first = play.order
    play.start()
    play.say(100, 92.0)  # later than orders would be reopened for an alarm of its own
    assert (play.order.id, play.order.alarms, play.order.reworks) == (first.id, first.alarms, 1)
    assert (play.order.state, play.order.priority) == (OrderState.DISPATCHED, Priority.P2)
    (alarm,) = play.store.everything()[0]
    assert (alarm.state, alarm.until, alarm.opened, alarm.level) == (AlarmState.OPEN, None, T0, 2)
    play.say(101, 10.0)
    play.say(101 + 2 * HOUR / MINUTE + 1, 92.0)
    assert len(play.store.everything()[0]) == 2
