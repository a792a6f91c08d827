"""The table of legal changes, held against every state."""

from dataclasses import replace

import pytest

from domain.errors import ConflictError
from domain.naming import Priority
from services.dispatch import life
from services.dispatch.legal import LEGAL
from services.dispatch.orders import NO_LIMITS, Asked, Limits, Order, OrderState, Step
from tests.unit.dispatch.coast import HOUR, MINUTE, T0, Play, wrong

S = OrderState


def order(state: OrderState, *, rule: str = "lamp-out") -> Order:
    made = Play().hear(T0, wrong("lamp-1", T0, rule=rule)).orders[0]
    return replace(made, state=state, held_from=S.ARRIVED if state is S.ON_HOLD else None, held_at=T0)


CHANGES = {
    Step.FILE: lambda o: life.file(o, at=T0, who="x", why=""),
    Step.DISPATCH: lambda o: life.dispatch(o, crew="c", limits=NO_LIMITS, at=T0, who="x", why="", desk=False),
    Step.ACCEPT: lambda o: life.accept(o, by="c", at=T0),
    Step.ARRIVE: lambda o: life.arrive(o, by="c", at=T0),
    Step.DONE: lambda o: life.done(o, by="c", at=T0),
    Step.DECLINE: lambda o: life.decline(o, by="c", at=T0, why="w"),
    Step.EXTEND: lambda o: life.extend(o, by="c", at=T0, why="w", until=T0 + 9 * HOUR),
    Step.GRANT: lambda o: life.grant(o, by="desk", at=T0, why="", until=T0 + 9 * HOUR, yellow=T0 + 8 * HOUR),
    Step.REFUSE: lambda o: life.refuse(replace(o, asked=Asked("c", T0, T0 + HOUR, "w")), by="desk", at=T0, why="w"),
    Step.VOID: lambda o: life.void(o, by="li", at=T0, why="w"),
    Step.MERGE: lambda o: life.merge(o, into="x", by="li", at=T0, why="w"),
    Step.ABSORB: lambda o: life.absorb(o, replace(o, alarms=("b",)), by="li", at=T0, why="w"),
    Step.FOLLOW_UP: lambda o: life.follow_up(o, order_id="x", by="li", at=T0, why="w"),
    Step.HOLD: lambda o: life.hold(o, by="c", at=T0, why="w"),
    Step.RESUME: lambda o: life.resume(o, by="c", at=T0),
    Step.VERIFY: lambda o: life.verify(o, at=T0, why=""),
    Step.CONFIRM: lambda o: life.confirm(o, by="desk", at=T0, why=""),
    Step.REWORK: lambda o: life.rework(o, who="x", at=T0, why=""),
    Step.WITHDRAW: lambda o: life.withdraw(o, at=T0, why=""),
    Step.OVERRULE: lambda o: life.overrule(o, by="li", at=T0, why=""),
    Step.REASSIGN: lambda o: life.reassign(o, by="li", at=T0, why=""),
    Step.ESCALATE: lambda o: life.escalate(o, who="x", at=T0, why=""),
    Step.OVERDUE: lambda o: life.overdue(o, who="x", at=T0, why=""),
    Step.ATTACH: lambda o: life.attach(o, alarm="a", who="x", at=T0, why=""),
    Step.AMEND: lambda o: life.amend(o, who="x", at=T0, why=""),
    Step.RAISE: lambda o: life.urge(o, priority=Priority.P0, who="x", at=T0, why=""),
    Step.RECOVER: lambda o: life.recover(o, at=T0, why=""),
    Step.REOPEN: lambda o: life.reopen(o, alarm="a", who="x", at=T0, why=""),
    Step.NOTE: lambda o: life.note(o, by="li", at=T0, why=""),
}


@pytest.mark.parametrize("step", CHANGES)
@pytest.mark.parametrize("state", OrderState)
def test_what_the_table_does_not_list_is_refused(state: OrderState, step: Step):
    before = order(state)
    if state not in LEGAL[step]:
        with pytest.raises(ConflictError, match=str(step)):
            CHANGES[step](before)
        return
    after = CHANGES[step](before)
    assert after.history[len(before.history)].before is state
    assert after.history[len(before.history)].after in (LEGAL[step][state], S.ARRIVED)


def test_every_step_has_a_change_and_every_state_a_way_in():
    assert set(LEGAL) == set(CHANGES) | {Step.CLOSE}
    assert {s for targets in LEGAL.values() for s in targets.values()} == set(OrderState) - {S.DRAFT}


def test_a_refusal_says_what_would_be_legal():
    with pytest.raises(ConflictError, match=r"legal now: resume$"):
        life.done(order(S.ON_HOLD), by="c", at=T0)
    with pytest.raises(ConflictError, match=r"it has ended$"):
        life.done(order(S.CLOSED), by="c", at=T0)
    with pytest.raises(ConflictError, match=r"the sensors are to verify it$"):
        life.accept(order(S.DONE), by="c", at=T0)
    with pytest.raises(ConflictError, match=r"legal now: confirm$"):
        life.accept(order(S.DONE, rule="leak"), by="c", at=T0)


def test_acceptance_may_be_skipped():
    for change in (life.arrive, life.done):
        assert change(order(S.DISPATCHED), by="c", at=T0 + 5).accepted == T0 + 5
    held = life.hold(order(S.DISPATCHED), by=order(S.DISPATCHED).crew, at=T0 + 5, why="w")
    assert (held.accepted, held.held_from) == (T0 + 5, S.ACCEPTED)
    by_an_operator = life.hold(order(S.DISPATCHED), by="li", at=T0 + 5, why="w")
    assert (by_an_operator.accepted, by_an_operator.held_from) == (None, S.DISPATCHED), "nobody accepted it"


def test_a_hold_gives_back_the_time_it_took_and_the_state_it_left():
    held = life.hold(order(S.ARRIVED), by="c", at=T0 + MINUTE, why="w")
    held = replace(held, limits=Limits(arrive=T0 + 5 * MINUTE, finish=T0 + HOUR))
    back = life.resume(held, by="c", at=T0 + 11 * MINUTE)
    assert back.state is S.ARRIVED
    assert back.limits == Limits(arrive=T0 + 15 * MINUTE, finish=T0 + HOUR + 10 * MINUTE)


def test_safety_is_no_business_of_telemetry():
    with pytest.raises(ConflictError, match="a person confirms it"):
        life.verify(order(S.DONE, rule="leak"), at=T0, why="")
    with pytest.raises(ConflictError, match="never withdrawn"):
        life.withdraw(order(S.DISPATCHED, rule="leak"), at=T0, why="")
