"""Sensors, crews, operators and the clock in any sequence: orders stay legal and with somebody, clocks stand for a
stated reason alone, and a journal played again gives the same orders.
"""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.clocks import Allowance, Chain, Clocks, Factor, Fits, Span, Tell, Window
from domain.messages import Heard, Message
from domain.naming import COMMAND, CrewAction, OperatorAction, replies_topic
from domain.site import Duty, Hours, Roster
from services.dispatch import policy
from services.dispatch.clocks import lamps
from services.dispatch.legal import LEGAL
from services.dispatch.orders import ENDED, Order, OrderState, Pause, Step
from services.judge import Judge, Saved
from tests.contracts.memory_judge_store import MemoryJudgeStore
from tests.unit.dispatch.coast import HOUR, MINUTE, RULES, T0, Engine, coast, note, wrong

CLOCKS = Clocks(
    limits=(Allowance(Fits(priority=("P2",)), finish=Span(3600)), Allowance(Fits(kind=("bin",)), working=True)),
    factors=(Factor(Fits(holiday=True), 0.5, ("finish",)),),
    working=(Hours((1, 1), (12, 31), 510, 1050),),
    chains=(Chain(Fits(), "accept", (Tell("subdistrict", 0, (0, 600)), Tell("district", 300))),),
    windows=(Window(Fits(kind=("light",)), tide_below=300.0, look_s=600),),
    stop_wind=10.0,
)
LEAD = "lamps-e"
SITE = coast(clocks=CLOCKS, rosters={"h": Roster("h", ("holiday",), (), {"lamps-w2": Duty(capacity=1)})})
CREWS = [*SITE.crews]
facilities = st.sampled_from(["lamp-1", "lamp-2", "lamp-3", "bin-1", "gw-1"])
rules = st.sampled_from(["lamp-out", "lamp-out", "leak", "bin-full"])
any_order = st.integers(0, 40)
later = st.sampled_from([0, 1, 1000, MINUTE, 10 * MINUTE, HOUR, 9 * HOUR, 26 * HOUR])


class Coast(RuleBasedStateMachine):
    """One judge; every call is one row of a journal that is kept, to be played again."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.row, self.said = T0, 0, 0
        self.rows: list[tuple[Heard, dict[str, bool | float]]] = []
        self.store, self.engine = MemoryJudgeStore(), Engine()
        self.judge = Judge(SITE, RULES, self.engine)
        self.judge.load(Saved())

    @initialize()
    def begins(self) -> None:
        self.hear(wrong("lamp-1", self.now))

    def hear(self, *readings: Any, notes: tuple[Message, ...] = ()) -> None:
        self.row += 1
        heard = Heard(self.row, self.now, readings, notes, (), ())
        self.rows.append((heard, dict(self.engine.surroundings)))
        self.store.commit(self.judge.fold(heard), {"all": self.engine.save().encode()})

    def orders(self) -> list[Order]:
        return sorted(self.store.everything()[1], key=lambda o: (o.opened, o.id))

    def chosen(self, number: int) -> Order | None:
        found = self.orders()
        live = [o for o in found if not o.ended] or found
        return live[number % len(live)] if live else None

    @rule(span=later)
    def time_passes(self, span: int) -> None:
        self.now += span
        self.hear()

    @rule(facility=facilities, name=rules, is_wrong=st.booleans())
    def a_sensor_speaks(self, facility: str, name: str, is_wrong: bool) -> None:
        self.hear(wrong(facility, self.now, rule=name, is_wrong=is_wrong))

    @rule(tide=st.sampled_from([100.0, 400.0]), gust=st.sampled_from([3.0, 20.0]))
    def the_weather_turns(self, tide: float, gust: float) -> None:
        self.engine.surroundings = {"tide_level": tide, "wind_gust": gust}

    @rule(
        number=any_order,
        action=st.sampled_from(list(CrewAction)),
        crew=st.sampled_from([None, None, None, "desk", *CREWS]),
        until=st.sampled_from([None, None, -MINUTE, HOUR, 2 * HOUR, 90 * 24 * HOUR]),
    )
    def a_crew_answers(self, number: int, action: CrewAction, crew: str | None, until: int | None) -> None:
        order = self.chosen(number)
        if order is None:
            return
        self.said += 1
        body = {"id": f"r{self.said}", "order": order.id, "action": action, "reason": "because"}
        if until is not None:
            body["until"] = self.now + until  # type: ignore[assignment]  # JSON
        self.hear(notes=(note(replies_topic("shinan", crew or order.crew or "desk"), body, self.now),))

    @rule(
        number=any_order,
        other=any_order,
        action=st.sampled_from(list(OperatorAction)),
        crew=st.sampled_from(["", "", *CREWS]),
        until=st.sampled_from([None, HOUR, 3 * HOUR, 90 * 24 * HOUR]),
    )
    def an_operator_commands(
        self, number: int, other: int, action: OperatorAction, crew: str, until: int | None
    ) -> None:
        order, into = self.chosen(number), self.chosen(other)
        if order is None or into is None:
            return
        self.said += 1
        body = {"id": f"c{self.said}", "order": order.id, "action": action, "by": "li", "reason": "x", "into": into.id}
        more = {"crew": crew, "until": None if until is None else self.now + until}
        self.hear(notes=(note(COMMAND, body | more, self.now),))

    @rule(zone=st.sampled_from(["west", "east", "mars"]), because=st.sampled_from(["tide", "wind"]), go=st.booleans())
    def work_stops_or_goes_on(self, zone: str, because: str, go: bool) -> None:
        self.said += 1
        body: dict[str, Any] = {"id": f"s{self.said}", "action": "resume_work" if go else "stop_work", "by": "li"}
        body |= {"zone": zone, "reason": "surge", "because": because, "until": self.now + 2 * HOUR}
        self.hear(notes=(note(COMMAND, body, self.now),))

    @invariant()
    def every_change_was_legal(self) -> None:
        for order in self.orders():
            state = OrderState.DRAFT
            for line in order.history:
                assert line.before is state
                assert state in LEGAL[line.step]
                assert line.step is Step.RESUME or line.after is LEGAL[line.step][state]
                state = line.after
            assert state is order.state

    @invariant()
    def everybody_is_with_somebody_once(self) -> None:
        orders = self.orders()
        assert all(o.state not in (OrderState.DRAFT, OrderState.OPEN, OrderState.VERIFIED) for o in orders)
        assert all(o.crew in SITE.crews for o in orders)
        assert all(policy.recipients(o, "desk") for o in orders if not o.ended)
        live = [(o.rule, o.subject) for o in orders if not o.ended]
        assert len(live) == len(set(live))
        assert len({o.case for o in orders}) == len(orders)
        known = {o.id for o in orders}
        assert all({o.merged_into, o.follows, *o.followed_by} - {""} <= known for o in orders)

    @invariant()
    def every_open_alarm_has_an_order_that_answers_it(self) -> None:
        alarms, orders = self.store.everything()
        by_id = {o.id: o for o in orders}
        assert all(a.id in by_id[a.order].alarms for a in alarms if a.order)

    @invariant()
    def safety_ends_by_a_person_alone(self) -> None:
        for order in self.orders():
            if order.vouched:
                assert order.state is not OrderState.WITHDRAWN
                assert order.closed_by != "telemetry"

    @invariant()
    def a_clock_stands_for_a_stated_reason_alone_and_comes_back(self) -> None:
        for order in self.orders():
            held = order.state is OrderState.ON_HOLD
            assert held == (order.held_for in list(Pause) and order.held_until is not None)
            assert not held or order.held_until >= self.now - MINUTE
            assert order.held_for in (None, Pause.PARKED) or not order.safety
            for line in order.history:
                assert line.step is not Step.HOLD or line.why
            limits, yellow = order.limits, order.yellow
            for name in lamps(order, self.now):
                early, due = getattr(yellow, name), getattr(limits, name)
                assert early is None or early <= due

    @invariant()
    def priority_only_rises_but_by_a_person(self) -> None:
        for order in self.orders():
            assert order.priority <= min(order.plan.priority, order.plan.key_node_priority or order.plan.priority) or (
                order.priority == order.plan.priority
            )

    def teardown(self) -> None:
        store, engine = MemoryJudgeStore(), Engine()
        judge = Judge(SITE, RULES, engine)
        judge.load(Saved())
        for number, (heard, surroundings) in enumerate(self.rows):
            engine.surroundings = dict(surroundings)
            store.commit(judge.fold(heard), {"all": engine.save().encode()})
            if number % 5 == 4:  # a restart: what was committed is all there is
                engine = Engine()
                for _, text in store.subjects():
                    engine.load(text.decode())
                judge = Judge(SITE, RULES, engine)
                judge.load(store.load())
        ours, theirs = self.store.everything(), store.everything()
        for mine, again in zip(ours, theirs, strict=True):
            assert {one.id: one for one in mine} == {one.id: one for one in again}
        assert json.dumps(sorted(self.store.keys())) == json.dumps(sorted(store.keys()))
        assert all(o.state in OrderState and (o.state in ENDED) == (o.closed is not None) for o in ours[1])


TestOrders = Coast.TestCase
TestOrders.settings = settings(
    max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


class LongStory(Coast):
    """The same, longer and more often."""


TestManyOrders = pytest.mark.soak(LongStory.TestCase)
TestManyOrders.settings = settings(
    max_examples=150, stateful_step_count=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
