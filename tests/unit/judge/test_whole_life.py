"""From an alarm to a closed order, through the fold."""

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from domain.alarms import AlarmState
from services.dispatch.orders import AT_WORK, OrderState
from services.judge import Saved
from tests.unit.dispatch.coast import (
    HOUR,
    MINUTE,
    PLAN,
    RULES,
    T0,
    Engine,
    Play,
    coast,
    looks,
    sent,
    well,
    wrong,
)

LAMP = "lamp-1"


@pytest.fixture
def play() -> Play:
    return Play()


def opened(play: Play, *, rule: str = "lamp-out", facility: str = LAMP) -> str:
    return play.hear(T0, wrong(facility, T0, rule=rule)).orders[0].id


def states(play: Play) -> list[str]:
    return [str(s) for s in play.outcomes[-1].orders[0].states]


def test_an_alarm_opens_an_order_and_sends_it_to_the_nearest_crew_on_shift(play: Play):
    outcome = play.hear(T0 + 5000, wrong(LAMP, T0))
    (order,) = outcome.orders
    assert (order.crew, order.state, order.revision, order.case) == ("lamps-w", "dispatched", 1, "SN-20261001-0001")
    assert order.limits.accept == order.dispatched + 900_000
    assert order.limits.finish == order.dispatched + 7_200_000
    (message,) = outcome.outbox
    assert message.key == f"{order.id}:1"
    assert message.retain
    assert message.topic == f"tidewalk/shinan/crew/lamps-w/orders/{order.id}"
    assert outcome.alarms[0].order == order.id
    assert outcome.changed


@pytest.mark.parametrize(("prefix", "begins"), [("QD", "QD-20261001-"), ("", "SH-20261001-")])
def test_case_numbers_begin_as_the_site_says(prefix: str, begins: str):
    play = Play(coast(case_prefix=prefix))
    assert play.hear(T0, wrong(LAMP, T0)).orders[0].case == f"{begins}0001"


def test_the_sensors_close_what_the_crew_has_done(play: Play):
    order = opened(play)
    play.reply(T0 + MINUTE, "lamps-w", order, "accept")
    play.reply(T0 + 20 * MINUTE, "lamps-w", order, "arrive")
    assert sent(play.reply(T0 + 40 * MINUTE, "lamps-w", order, "done")) == [("lamps-w", "done"), ("lamps-w", "ok")]
    closing = play.hear(T0 + 50 * MINUTE, well(LAMP, T0 + 50 * MINUTE))
    assert sent(closing) == [("lamps-w", "clear")]
    assert closing.orders[0].closed_by == "telemetry"
    assert states(play) == ["open", "dispatched", "accepted", "arrived", "done", "verified", "closed"]


def test_an_alarm_that_clears_before_anybody_accepts_withdraws_the_order(play: Play):
    order = opened(play)
    outcome = play.hear(T0 + MINUTE, well(LAMP, T0 + MINUTE))
    assert sent(outcome) == [("lamps-w", "clear")]
    assert outcome.outbox[0].key == f"{order}:2:clear"
    assert outcome.orders[0].state is OrderState.WITHDRAWN


def test_an_alarm_that_clears_after_acceptance_marks_the_order_and_done_closes_it_at_once(play: Play):
    order = opened(play)
    play.reply(T0 + MINUTE, "lamps-w", order, "accept")
    outcome = play.hear(T0 + 2 * MINUTE, well(LAMP, T0 + 2 * MINUTE))
    assert json.loads(outcome.outbox[0].payload)["recovered"] is True
    closing = play.reply(T0 + 3 * MINUTE, "lamps-w", order, "done")
    assert sent(closing) == [("lamps-w", "clear"), ("lamps-w", "ok")]
    assert closing.orders[0].state is OrderState.CLOSED


def test_what_the_sensors_do_not_confirm_in_time_is_rework_for_the_same_crew(play: Play):
    order = opened(play)
    play.reply(T0 + MINUTE, "lamps-w", order, "done")
    assert not play.hear(T0 + 30 * MINUTE).orders
    outcome = play.hear(T0 + 31 * MINUTE)
    assert sent(outcome) == [("lamps-w", "dispatched")]
    assert (outcome.orders[0].reworks, outcome.orders[0].dispatched) == (1, T0 + 31 * MINUTE)


def test_a_verification_that_looks_well_is_put_off_once(play: Play):
    order = opened(play)
    play.reply(T0 + MINUTE, "lamps-w", order, "done")
    play.hear(T0 + 20 * MINUTE, looks(LAMP, T0 + 20 * MINUTE, is_wrong=False))
    assert not play.hear(T0 + 31 * MINUTE).outbox
    assert play.hear(T0 + 31 * MINUTE + 40 * MINUTE).orders[0].reworks == 1


def test_a_repair_of_which_nobody_can_tell_yet_waits_up_to_a_day(play: Play):
    order = opened(play)
    play.reply(T0 + MINUTE, "lamps-w", order, "done")
    play.hear(T0 + 20 * MINUTE, looks(LAMP, T0 + 20 * MINUTE, is_wrong=None))  # a lamp by daylight
    assert not play.hear(T0 + 12 * HOUR).outbox
    assert play.hear(T0 + 25 * HOUR).orders[0].reworks == 1


def test_a_plan_without_time_to_verify_stops_nobody():
    at_once = replace(RULES["lamp-out"], order=replace(PLAN, verify_s=0))
    play = Play(rules={"lamp-out": at_once})
    order = opened(play)
    play.hear(T0 + 1, looks(LAMP, T0 + 1, is_wrong=None))
    play.reply(T0 + MINUTE, "lamps-w", order, "done")
    assert play.hear(T0 + 3 * MINUTE).orders[0].state is OrderState.DONE


def test_rework_goes_to_somebody_else_when_the_crew_has_gone_home(play: Play):
    order = opened(play)
    play.reply(T0 + 5 * HOUR + 20 * MINUTE, "lamps-w", order, "done")
    outcome = play.hear(T0 + 6 * HOUR)
    assert outcome.orders[0].crew == "desk"  # 13:50: the early shift ended at 13:30
    assert sent(outcome) == [("lamps-w", "clear"), ("desk", "dispatched")]


def test_a_safety_order_is_never_withdrawn_and_waits_for_the_desk(play: Play):
    order = opened(play, rule="leak")
    outcome = play.hear(T0 + MINUTE, well(LAMP, T0 + MINUTE, rule="leak"))
    assert outcome.orders[0].state is OrderState.DISPATCHED
    assert outcome.orders[0].recovered
    done = play.reply(T0 + 2 * MINUTE, "lamps-w2", order, "done")
    assert sent(done) == [("lamps-w2", "done"), ("desk", "done"), ("lamps-w2", "ok")]
    assert "confirm" in json.loads(done.outbox[1].payload)["text"]
    assert not play.hear(T0 + 5 * HOUR).orders
    refused = play.reply(T0 + 5 * HOUR, "lamps-w2", order, "confirm")
    assert sent(refused) == [("lamps-w2", "refused")]
    closing = play.reply(T0 + 5 * HOUR + MINUTE, "desk", order, "confirm")
    assert sent(closing) == [("lamps-w2", "clear"), ("desk", "clear"), ("desk", "ok")]
    assert (closing.orders[0].state, closing.orders[0].closed_by) == (OrderState.CLOSED, "desk")


def test_telemetry_never_closes_a_safety_order(play: Play):
    order = opened(play, rule="leak")
    play.reply(T0 + 2 * MINUTE, "lamps-w2", order, "done")
    outcome = play.hear(T0 + 3 * MINUTE, well(LAMP, T0 + 3 * MINUTE, rule="leak"))
    assert outcome.orders[0].state is OrderState.DONE


@pytest.mark.parametrize("looks_wrong", [True, False, None])
def test_the_desk_confirms_only_what_the_sensors_do_not_contradict(play: Play, looks_wrong: bool | None):
    order = opened(play, rule="leak")
    play.reply(T0 + 2 * MINUTE, "lamps-w2", order, "done")
    play.hear(T0 + 3 * MINUTE, looks(LAMP, T0 + 3 * MINUTE, is_wrong=looks_wrong, rule="leak"))
    asked = play.reply(T0 + 4 * MINUTE, "desk", order, "confirm")
    if not looks_wrong:
        assert asked.orders[0].state is OrderState.CLOSED
        return
    assert sent(asked) == [("desk", "refused")]
    assert json.loads(asked.outbox[0].payload)["why"].startswith("the sensors still show it: decline")
    assert play.command(T0 + 5 * MINUTE, order, "confirm").results[0].why.startswith("the sensors still show it")
    assert play.command(T0 + 6 * MINUTE, order, "close", reason="cut off").orders[0].closed_by == "li"


def test_what_is_closed_while_its_alarm_is_open_comes_back_after_the_cool_down(play: Play):
    order = opened(play)
    play.command(T0 + MINUTE, order, "close", reason="seen from the car")
    assert not play.hear(T0 + 30 * MINUTE).orders
    (back,) = play.hear(T0 + 31 * MINUTE).orders
    assert (back.id, back.state, back.reworks, back.closed) == (order, OrderState.DISPATCHED, 1, None)
    assert back.history[-2].why == f"alarm {back.alarms[0]} was never cleared"
    assert back.dispatched == T0 + 31 * MINUTE


def test_what_is_closed_while_its_alarm_is_open_stays_closed_once_that_clears(play: Play):
    order = opened(play)
    play.command(T0 + MINUTE, order, "close", reason="seen from the car")
    play.hear(T0 + 5 * MINUTE, well(LAMP, T0 + 5 * MINUTE))
    play.hear(T0 + 32 * MINUTE)
    assert not play.hear(T0 + 26 * HOUR).orders
    assert not any(outcome.outbox for outcome in play.outcomes[-3:])


def test_what_is_closed_while_nobody_can_tell_comes_back_after_a_day(play: Play):
    order = opened(play)
    play.hear(T0 + 1, looks(LAMP, T0 + 1, is_wrong=None))
    play.command(T0 + MINUTE, order, "close", reason="seen from the car")
    assert not play.hear(T0 + 23 * HOUR).outbox
    assert play.hear(T0 + 24 * HOUR + MINUTE).orders[0].state is OrderState.DISPATCHED


def test_a_closed_order_is_looked_at_again_after_a_restart(play: Play):
    order = opened(play)
    closed = play.command(T0 + MINUTE, order, "close", reason="seen from the car").orders[0]
    again = Play(engine=play.engine)
    again.judge.load(Saved(2, T0 + MINUTE, alarms=play.outcomes[0].alarms, orders=(closed,)))
    assert again.hear(T0 + 31 * MINUTE).orders[0].state is OrderState.DISPATCHED


def test_a_desk_that_does_not_believe_it_sends_the_crew_again(play: Play):
    order = opened(play, rule="leak")
    play.reply(T0 + 2 * MINUTE, "lamps-w2", order, "done")
    outcome = play.reply(T0 + 3 * MINUTE, "desk", order, "decline", reason="still 30 mA")
    assert sent(outcome) == [("desk", "clear"), ("lamps-w2", "dispatched"), ("desk", "ok")]
    assert outcome.orders[0].reworks == 1


def test_a_second_alarm_of_the_same_cause_opens_no_second_order(play: Play):
    order = opened(play)
    play.reply(T0 + MINUTE, "lamps-w", order, "accept")
    play.hear(T0 + 2 * MINUTE, well(LAMP, T0 + 2 * MINUTE))
    outcome = play.hear(T0 + 3 * MINUTE, wrong(LAMP, T0 + 3 * MINUTE))
    (attached,) = outcome.orders
    assert attached.id == order
    assert len(attached.alarms) == 2
    assert not attached.recovered
    play.reply(T0 + 4 * MINUTE, "lamps-w", order, "done")
    assert play.outcomes[-1].orders[0].state is OrderState.DONE


def test_a_condition_that_is_back_within_half_an_hour_reopens_its_order(play: Play):
    order = opened(play)
    play.reply(T0 + MINUTE, "lamps-w", order, "done")
    play.hear(T0 + 2 * MINUTE, well(LAMP, T0 + 2 * MINUTE))
    outcome = play.hear(T0 + 20 * MINUTE, wrong(LAMP, T0 + 20 * MINUTE))
    assert (outcome.orders[0].id, outcome.orders[0].reworks, outcome.orders[0].crew) == (order, 1, "lamps-w")
    play.hear(T0 + 21 * MINUTE, well(LAMP, T0 + 21 * MINUTE))
    later = play.hear(T0 + 60 * MINUTE, wrong(LAMP, T0 + 60 * MINUTE))
    assert later.orders[0].id != order


def test_what_nobody_accepts_goes_to_the_desk_as_well_once_and_the_desk_may_take_it_over(play: Play):
    order = opened(play)
    assert not play.hear(T0 + 15 * MINUTE - 1).orders
    late = play.hear(T0 + 15 * MINUTE)
    assert sent(late) == [("lamps-w", "dispatched"), ("desk", "dispatched")]
    assert not play.hear(T0 + 30 * MINUTE).orders
    taken = play.reply(T0 + 31 * MINUTE, "desk", order, "accept")
    assert sent(taken) == [("lamps-w", "clear"), ("desk", "accepted"), ("desk", "ok")]
    assert sent(play.reply(T0 + 32 * MINUTE, "lamps-w", order, "accept")) == [("lamps-w", "refused")]


def test_the_desk_is_told_once_of_what_is_not_finished_in_time(play: Play):
    order = opened(play)
    play.reply(T0 + MINUTE, "lamps-w", order, "accept")
    late = play.hear(T0 + 2 * HOUR)
    assert sent(late) == [("lamps-w", "accepted"), ("desk", "accepted")]
    assert late.history[0][2].step == "overdue"
    assert not play.hear(T0 + 3 * HOUR).orders
    assert order


def test_a_declined_order_goes_to_the_next_crew_and_keeps_its_finish_limit(play: Play):
    order = opened(play)
    outcome = play.reply(T0 + 5 * MINUTE, "lamps-w", order, "decline", reason="not ours")
    assert sent(outcome) == [("lamps-w", "clear"), ("lamps-w2", "dispatched"), ("lamps-w", "ok")]
    assert outcome.orders[0].limits.finish == T0 + 2 * HOUR
    assert outcome.orders[0].limits.accept == T0 + 20 * MINUTE
    neighbour = play.reply(T0 + 6 * MINUTE, "lamps-w2", order, "decline", reason="no van")
    assert neighbour.orders[0].crew == "lamps-e"
    desk = play.reply(T0 + 7 * MINUTE, "lamps-e", order, "decline", reason="too far")
    assert desk.orders[0].crew == "desk"
    assert sent(play.reply(T0 + 8 * MINUTE, "desk", order, "decline", reason="no")) == [("desk", "refused")]


def test_the_clock_stands_while_an_order_is_on_hold(play: Play):
    order = opened(play)
    play.reply(T0 + 30 * MINUTE, "lamps-w", order, "hold", reason="no spare part")
    assert not play.hear(T0 + 5 * HOUR).orders
    outcome = play.reply(T0 + 5 * HOUR, "lamps-w", order, "resume")
    assert outcome.orders[0].state is OrderState.ACCEPTED
    assert outcome.orders[0].limits.finish == T0 + 2 * HOUR + 4 * HOUR + 30 * MINUTE


def test_more_time_is_asked_for_and_granted_by_the_desk_up_to_twice_the_limit(play: Play):
    order = opened(play)
    play.reply(T0 + MINUTE, "lamps-w", order, "accept")
    asked = play.reply(T0 + HOUR, "lamps-w", order, "extend", reason="the pole is bent").orders[0]
    assert asked.limits.finish == T0 + 2 * HOUR, "nothing changes until somebody decides"
    assert asked.asked is not None
    assert asked.asked.until == T0 + 4 * HOUR
    assert play.reply(T0 + HOUR, "lamps-w", order, "grant").orders == (), "not one's own"
    granted = play.reply(T0 + HOUR, "desk", order, "grant").orders[0]
    assert (granted.limits.finish, granted.extensions, granted.asked) == (T0 + 4 * HOUR, 1, None)
    play.reply(T0 + 2 * HOUR, "lamps-w", order, "extend", reason="again")
    refused = play.command(T0 + 2 * HOUR, order, "refuse", reason="go on").orders[0]
    assert (refused.limits.finish, refused.asked) == (T0 + 4 * HOUR, None)
    too_long = play.command(T0 + 2 * HOUR, order, "grant", until=T0 + 7 * HOUR, reason="a week would be nice")
    assert not too_long.orders
    assert play.command(T0 + 3 * HOUR, order, "grant", until=T0 + 6 * HOUR, reason="no more").orders


def test_with_nobody_on_shift_the_desk_has_it():
    play = Play()
    evening = T0 + 7 * HOUR  # 15:00: neither the early nor the night shift
    outcome = play.hear(evening, wrong(LAMP, evening))
    assert outcome.orders[0].crew == "desk"
    assert not play.hear(evening + HOUR).orders  # nobody stands behind the desk


def test_a_gateway_is_a_place_too():
    play = Play()
    outcome = play.hear(T0, wrong("gw-1", T0))
    assert (outcome.orders[0].zone, outcome.orders[0].crew) == ("west", "lamps-w")


def test_a_key_node_is_more_urgent():
    assert Play().hear(T0, wrong("lamp-2", T0)).orders[0].priority == "P2"


def test_an_alarm_without_a_plan_is_kept_and_opens_nothing(play: Play):
    outcome = play.hear(T0, wrong(LAMP, T0, rule="watched"))
    assert outcome.changed
    assert len(outcome.alarms) == 1
    assert not outcome.orders


def test_a_full_crew_is_passed_over(play: Play):
    for number, facility in enumerate(("lamp-1", "lamp-2", "gw-1", "feeder-1")):
        play.hear(T0 + number, wrong(facility, T0 + number))
    assert [o.orders[0].crew for o in play.outcomes] == ["lamps-w", "lamps-w", "lamps-w", "lamps-w2"]


def test_operators_close_reassign_and_note(play: Play):
    order = opened(play)
    noted = play.command(T0 + MINUTE, order, "note", reason="called them")
    assert (noted.outbox, noted.history[0][2].why, noted.results[0].ok) == ((), "called them", True)
    given = play.command(T0 + 2 * MINUTE, order, "reassign", reason="nearer", crew="lamps-e")
    assert sent(given) == [("lamps-w", "clear"), ("lamps-e", "dispatched")]
    away = play.command(T0 + 3 * MINUTE, order, "reassign", reason="busy", crew="nobody")
    assert (away.results[0].ok, away.orders) == (False, ())
    closed = play.command(T0 + 4 * MINUTE, order, "close", reason="false alarm")
    assert closed.orders[0].closed_by == "li"
    assert "closed" in play.command(T0 + 5 * MINUTE, order, "close", reason="x").results[0].why


def test_the_load_of_crews_is_what_their_orders_say(play: Play):
    """A crew takes up to its capacity, whatever became of its orders in between."""
    lamp, leak = opened(play), opened(play, rule="leak")
    play.reply(T0 + MINUTE, "lamps-w", lamp, "decline", reason="van")
    play.command(T0 + 2 * MINUTE, leak, "reassign", reason="van", crew="lamps-w")
    play.reply(T0 + 3 * MINUTE, "lamps-w", leak, "hold", reason="no part")
    play.reply(T0 + 4 * MINUTE, "lamps-w", leak, "resume")
    for minute, facility in enumerate(("lamp-2", "lamp-3", "bin-1"), 5):
        play.hear(T0 + minute * MINUTE, wrong(facility, T0 + minute * MINUTE, rule="lamp-out"))
    newest = {o.id: o for outcome in play.outcomes for o in outcome.orders}.values()
    at_work = Counter(o.crew for o in newest if o.state in AT_WORK)
    assert at_work["lamps-w"] == 3
    full = play.hear(T0 + 9 * MINUTE, wrong("feeder-1", T0 + 9 * MINUTE)).orders[0]
    assert full.crew == "lamps-w2"


def resumed(play: Play, engine: Engine, **changed: object) -> Play:
    """The same books, taken up by another judge."""
    orders = {o.id: o for outcome in play.outcomes for o in outcome.orders}
    alarms = {a.id: a for outcome in play.outcomes for a in outcome.alarms}
    again = Play(engine=engine, **changed)
    again.row = play.row
    again.judge.load(
        Saved(play.row, play.outcomes[-1].at, alarms=tuple(alarms.values()), orders=tuple(orders.values()))
    )
    return again


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"rules": {}}, "its rule is no more"),
        ({"site": coast(facilities={})}, "its facility is no more"),
        ({}, "its rule was changed"),
    ],
)
def test_an_alarm_whose_rule_or_facility_was_taken_away_is_cleared_at_the_next_start(
    play: Play, changed: dict[str, Any], why: str
):
    opened(play)
    again = resumed(play, Engine(), **changed)
    outcome = again.hear(T0 + MINUTE)
    assert (outcome.alarms[0].state, outcome.alarms[0].cleared_why) == (AlarmState.CLEARED, {"reason": why})
    assert outcome.alarms[0].until == T0 + MINUTE
    assert (outcome.orders[0].state, sent(outcome)) == (OrderState.WITHDRAWN, [("lamps-w", "clear")])
    assert outcome.orders[0].history[-1].why.endswith(f"cleared: {why}")
    assert not again.hear(T0 + 2 * MINUTE).changed


def test_a_crew_at_work_on_what_was_taken_away_is_told_and_may_finish(play: Play):
    order = opened(play)
    play.reply(T0 + MINUTE, "lamps-w", order, "accept")
    again = resumed(play, Engine(), rules={})
    assert again.hear(T0 + 2 * MINUTE).orders[0].recovered
    assert again.reply(T0 + 3 * MINUTE, "lamps-w", order, "done").orders[0].state is OrderState.CLOSED


def test_a_restart_clears_no_alarm_that_the_engine_knows(play: Play):
    opened(play)
    assert not resumed(play, play.engine).hear(T0 + MINUTE).changed
