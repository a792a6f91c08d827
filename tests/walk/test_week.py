"""Days as a district has them: every order ends, is escalated, or is held for a reason; and the figures are true."""

from collections import Counter

import pytest

from services.dispatch.orders import AT_WORK, Order, OrderState, Pause, Step
from simulators.causes import Cause
from tests.walk.week import AWAY, MAIL, ROBOT, ROBOT_ALONE, START, STOPPED, Days, Ended

ANSWERED = {"accept": Step.ACCEPT, "decline": Step.DECLINE, "done": Step.DONE}


@pytest.fixture(
    scope="module", params=[pytest.param(8, id="evening"), pytest.param(168, id="week", marks=pytest.mark.soak)]
)
def ended(request: pytest.FixtureRequest) -> Ended:
    return Days(7, request.param).play()


def test_every_order_is_closed_escalated_in_time_or_held_for_a_reason(ended: Ended):
    for order in ended.orders.values():
        at_work = order.state in AT_WORK
        late = at_work and order.limits.finish is not None and order.limits.finish < ended.until
        unheard = order.state is OrderState.DISPATCHED and order.limits.accept < ended.until
        held = order.state is OrderState.ON_HOLD
        reason = any(line.step is Step.HOLD and line.why for line in order.history)
        assert order.ended or not (late or unheard) or order.rungs or order.crew == ended.site.desk, order
        assert not held or (order.held_for is not None and order.held_until is not None and reason), order


def test_none_is_lost_doubled_or_with_nobody(ended: Ended):
    assert ended.orders
    live = Counter((o.rule, o.subject) for o in ended.orders.values() if not o.ended)
    assert not [cause for cause, times in live.items() if times > 1]
    assert len({o.case for o in ended.orders.values()}) == len(ended.orders)
    assert all(o.ended or o.crew in ended.site.crews for o in ended.orders.values())
    assert all(o.responsible.territorial for o in ended.orders.values() if o.zone)
    answered = {alarm for o in ended.orders.values() for alarm in o.alarms}
    assert {a.id for a in ended.alarms.values() if a.order} == answered


def test_the_crew_that_never_answers_is_escalated_and_the_one_that_gives_back_is_passed_by(ended: Ended):
    silent = [o for o in ended.orders.values() if any(line.crew == "clean-w" for line in o.history)]
    assert silent
    for order in silent:
        assert ended.said[(order.id, "clean-w", "accept")] == 0
        had = [line for line in order.history if line.crew == "clean-w"]
        assert order.ended or order.rungs or had[-1].at + 16 * 60_000 > ended.until or order.crew != "clean-w"
    returned = [o for o in ended.orders.values() if ended.said[(o.id, "collect-e1", "decline")]]
    assert returned
    assert all(order.crew != "collect-e1" for order in returned)


def test_work_in_the_stopped_zone_is_held_and_comes_back(ended: Ended):
    held = [o for o in ended.orders.values() for line in o.history if line.step is Step.HOLD and "stopped" in line.why]
    assert held, "a gale stops the zone"
    for order in held:
        assert order.zone == STOPPED
        assert not order.safety
        assert order.held_for is not Pause.STOP, "it came back by itself"
        assert order.stood > 0 or order.ended


def test_what_the_history_says_is_what_the_crews_said(ended: Ended):
    """Recounted from what the simulated crews put on the wire, less what they were refused."""
    said: Counter[str] = Counter()
    for (_, _, action), times in ended.said.items():
        said[action] += times
    for action, step in ANSWERED.items():
        refused = sum(times for (_, what), times in ended.refused.items() if what == action)
        told = sum(
            1
            for order in ended.orders.values()
            for line in order.history
            if line.step is step and line.who in ended.site.crews
        )
        assert said[action] - refused == told, action


def test_while_a_channel_is_down_for_an_hour_no_letter_is_lost_doubled_or_without_somebody(ended: Ended):
    parcels = [parcel.key for _, parcel in ended.taken]
    assert len(parcels) == len(set(parcels)), "nothing is said twice"
    away = [at for at, parcel in ended.taken if parcel.address == ROBOT and AWAY[0] <= at < AWAY[1]]
    assert not away
    assert any(at >= AWAY[1] and parcel.address == ROBOT for at, parcel in ended.taken), "it works again"
    took, fates = set(parcels), {one.letter.key: one for one in ended.letters}
    for one in ended.letters:
        letter = one.letter
        match one.state:
            case "sent":
                assert one.batch in took, letter.key
            case "dead":  # over this contact; the next one is told the same
                assert letter.address == ROBOT
                assert AWAY[0] <= one.ended <= AWAY[1] + 60_000
                instead = fates[f"{letter.key.removesuffix(':0')}:1"]
                assert instead.letter.address == MAIL
                assert instead.state in ("sent", "covered"), instead
            case "covered":
                assert fates[one.batch].letter.revision > letter.revision
            case _:
                assert ended.until - letter.at <= 60_000, f"{letter.key} still waits"
    assert any(one.state == "dead" for one in ended.letters)
    kept = [one for one in ended.letters if one.letter.to in ROBOT_ALONE and AWAY[0] <= one.letter.at < AWAY[1]]
    assert kept, "somebody has no other contact"
    assert {one.state for one in kept} <= {"sent", "covered"}
    assert all(one.ended >= AWAY[1] for one in kept if one.state == "sent"), "they get it afterwards"


def test_every_order_that_was_given_to_a_crew_reached_it_over_a_contact(ended: Ended):
    """Recounted from the orders' histories, not from what was put into the outbox."""
    told = {(one.letter.order, one.letter.to) for one in ended.letters if one.state in ("sent", "covered")}
    for order in ended.orders.values():
        for line in order.history:
            if line.step is Step.DISPATCH and START < line.at < ended.until - 15 * 60_000:
                assert (order.id, line.crew) in told, order.case


def test_every_counted_order_has_its_cause_in_the_ledger(ended: Ended):
    for order in ended.orders.values():
        if order.counted and order.facility in ended.site.facilities:
            assert any(_explains(cause, order) for cause in ended.causes.values()), (order.rule, order.facility)


def _explains(cause: Cause, order: Order) -> bool:
    places = {order.facility, *order.members}
    there = cause.facility in places or places & set(cause.members)
    return bool(there) and cause.since <= order.opened and (cause.until is None or cause.until >= order.since)
