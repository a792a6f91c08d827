"""What is held comes back by itself; what hangs together is merged or followed up; what was filed in error is void."""

from dataclasses import replace

import pytest

from domain.clocks import Allowance, Clocks, Fits, Span, Window
from domain.naming import COMMAND
from domain.site import Hours
from services.dispatch.orders import OrderState, Pause, Step
from services.judge import Judge, Saved
from tests.unit.dispatch.coast import HOUR, MINUTE, RULES, T0, Engine, Play, coast, looks, note, well, wrong

LAMP, BIN = "lamp-1", "bin-1"
DECK = Window(Fits(kind=("light",)), tide_below=300.0, look_s=600)


@pytest.fixture
def play() -> Play:
    return Play()


def opened(play: Play, facility: str = LAMP, at: int = T0, rule: str = "lamp-out") -> str:
    return play.hear(at, wrong(facility, at, rule=rule)).orders[0].id


def stopped(play: Play, at: int, **more: object) -> object:
    body = {"id": f"s{at}", "action": "stop_work", "by": "li", "zone": "west", "reason": "gale", **more}
    return play.hear(at, notes=[note(COMMAND, body, at)])


def test_what_a_crew_parks_comes_back_at_the_time_it_said_with_the_time_that_was_left(play: Play):
    order = opened(play)
    held = play.reply(T0 + HOUR, "lamps-w", order, "hold", reason="no part", until=T0 + 5 * HOUR).orders[0]
    assert (held.state, held.held_for, held.held_until) == (OrderState.ON_HOLD, Pause.PARKED, T0 + 5 * HOUR)
    assert not play.hear(T0 + 4 * HOUR).orders
    back = play.hear(T0 + 5 * HOUR).orders[0]
    assert (back.state, back.limits.finish, back.stood) == (OrderState.ACCEPTED, T0 + 6 * HOUR, 4 * HOUR)


def test_without_a_time_it_is_held_for_a_day_and_never_for_more_than_a_month(play: Play):
    order = opened(play)
    held = play.reply(T0 + MINUTE, "lamps-w", order, "hold", reason="no part").orders[0]
    assert held.held_until == T0 + MINUTE + 24 * HOUR
    play.command(T0 + 2 * MINUTE, order, "resume")
    assert not play.command(T0 + HOUR, order, "hold", reason="x", until=T0 + 40 * 24 * HOUR).orders
    assert play.command(T0 + HOUR, order, "hold", reason="x", until=T0 + 20 * 24 * HOUR).orders


def test_what_is_done_while_it_is_held_is_done(play: Play):
    order = opened(play)
    stopped(play, T0 + MINUTE, because="wind", until=T0 + 2 * HOUR)
    assert not play.reply(T0 + 2 * MINUTE, "lamps-w", order, "accept").orders
    done = play.reply(T0 + HOUR, "lamps-w", order, "done").orders[0]
    assert (done.state, done.limits.finish) == (OrderState.DONE, T0 + HOUR + 2 * HOUR - MINUTE)


def test_a_hold_of_the_desk_accepts_nothing_for_the_crew(play: Play):
    order = opened(play)
    play.command(T0 + MINUTE, order, "hold", reason="road works", until=T0 + HOUR)
    back = play.hear(T0 + HOUR).orders[0]
    assert (back.state, back.accepted) == (OrderState.DISPATCHED, None)
    assert play.hear(T0 + 80 * MINUTE).orders[0].escalated, "nobody has accepted it yet"


def test_what_becomes_urgent_while_it_is_held_has_no_more_time_left_than_that():
    urgent = Allowance(Fits(priority=("P2",)), finish=Span(1800))
    play = Play(coast(clocks=Clocks(limits=(urgent,))))
    lamp, node = opened(play), opened(play, "lamp-2")
    play.reply(T0 + MINUTE, "lamps-w", lamp, "hold", reason="no part", until=T0 + 5 * HOUR)
    play.command(T0 + 2 * MINUTE, node, "merge", into=lamp, reason="one cable")
    assert play.hear(T0 + 5 * HOUR).orders[0].limits.finish == T0 + 5 * HOUR + 30 * MINUTE


def test_an_order_held_over_the_night_and_handed_on_has_the_working_time_that_was_left():
    hours = (Hours((1, 1), (12, 31), 510, 1050),)
    limits = (Allowance(Fits(kind=("light",)), finish=Span(7200), working=True),)
    play = Play(coast(clocks=Clocks(limits=limits, working=hours)))
    day = 24 * HOUR
    first = T0 + 11 * day  # a Monday, 08:00
    order = opened(play, LAMP, first + 30 * MINUTE)
    held = play.reply(first + 90 * MINUTE, "lamps-w", order, "hold", reason="no part", until=first + 2 * day).orders[0]
    assert held.limits.finish == first + 150 * MINUTE
    handed = play.command(first + 12 * HOUR, order, "reassign", crew="lamps-w2", reason="nearer").orders[0]
    assert handed.limits.finish == first + day + 90 * MINUTE, "an hour of the next morning, not of the night"


def test_outside_its_window_an_order_is_given_and_held_until_the_tide_falls():
    engine = Engine()
    engine.surroundings["tide_level"] = 350.0
    play = Play(coast(clocks=Clocks(windows=(DECK,))), engine)
    order = play.hear(T0, wrong(LAMP, T0)).orders[0]
    assert (order.crew, order.state, order.held_for) == ("lamps-w", OrderState.ON_HOLD, Pause.WINDOW)
    assert order.held_until == T0 + 10 * MINUTE
    assert not play.reply(T0 + MINUTE, "lamps-w", order.id, "resume").orders, "not theirs to say"
    assert not play.hear(T0 + 10 * MINUTE).outbox, "still high: nobody is told"
    engine.surroundings["tide_level"] = 250.0
    back = play.hear(T0 + 20 * MINUTE).orders[0]
    assert (back.state, back.limits.accept, back.accepted) == (OrderState.DISPATCHED, T0 + 35 * MINUTE, None)


def test_who_has_gone_home_before_the_tide_falls_is_not_waited_for():
    engine = Engine()
    engine.surroundings["tide_level"] = 350.0
    play = Play(coast(clocks=Clocks(windows=(DECK,))), engine)
    opened(play)
    for minutes in range(10, 6 * 60, 10):
        play.hear(T0 + minutes * MINUTE)
    engine.surroundings["tide_level"] = 250.0
    back = play.hear(T0 + 6 * HOUR).orders[0]  # 14:00: the early shift ended at 13:30
    assert (back.crew, back.state) == ("desk", OrderState.DISPATCHED)


def test_a_condition_that_ends_while_nobody_may_work_withdraws_the_order():
    engine = Engine()
    engine.surroundings["tide_level"] = 350.0
    play = Play(coast(clocks=Clocks(windows=(DECK,))), engine)
    play.hear(T0, wrong(LAMP, T0))
    assert play.hear(T0 + MINUTE, well(LAMP, T0 + MINUTE)).orders[0].state is OrderState.WITHDRAWN


def test_an_approved_stop_holds_a_zone_but_no_safety_order_and_ends_by_itself(play: Play):
    lamp, leak = opened(play), opened(play, "lamp-2", T0, "leak")
    outcome = stopped(play, T0 + MINUTE, because="wind", until=T0 + 2 * HOUR)
    assert [(o.id, o.state) for o in outcome.orders] == [(lamp, OrderState.ON_HOLD)]  # type: ignore[attr-defined]  # an outcome
    new = play.hear(T0 + 2 * MINUTE, wrong(BIN, T0 + 2 * MINUTE, rule="bin-full")).orders[0]
    assert (new.state, new.held_for) == (OrderState.ON_HOLD, Pause.STOP)
    back = {o.id: o.state for o in play.hear(T0 + 2 * HOUR).orders}
    assert back[lamp] is back[new.id] is OrderState.DISPATCHED
    assert leak not in {o.id for o in outcome.orders}  # type: ignore[attr-defined]  # an outcome


def test_a_stop_is_refused_where_the_wind_does_not_bear_it_out():
    engine = Engine()
    engine.surroundings["wind_gust"] = 9.0
    play = Play(coast(clocks=Clocks(stop_wind=17.2)), engine)
    opened(play)
    assert not stopped(play, T0 + MINUTE, because="wind", until=T0 + 2 * HOUR).orders  # type: ignore[attr-defined]  # an outcome
    assert "9 m/s" in play.outcomes[-1].results[0].why
    engine.surroundings["wind_gust"] = 20.0
    assert stopped(play, T0 + 2 * MINUTE, because="wind", until=T0 + 2 * HOUR).orders  # type: ignore[attr-defined]  # an outcome


def test_work_may_be_resumed_before_the_stop_ends_and_a_stop_survives_a_restart(play: Play):
    opened(play)
    outcome = stopped(play, T0 + MINUTE, because="tide", until=T0 + 2 * HOUR)
    assert not outcome.orders, "a tide stops low decks alone"  # type: ignore[attr-defined]  # an outcome
    judge = Judge(play.site, RULES, play.engine)
    judge.load(Saved(meta=outcome.meta))  # type: ignore[attr-defined]  # an outcome
    play.judge = judge
    body = {"id": "g", "action": "resume_work", "by": "li", "zone": "west"}
    assert play.hear(T0 + HOUR, notes=[note(COMMAND, body, T0 + HOUR)]).results[0].ok
    again = {**body, "id": "h"}
    assert not play.hear(T0 + HOUR, notes=[note(COMMAND, again, T0 + HOUR)]).results[0].ok


def test_a_void_order_is_looked_at_again_while_the_sensors_show_it(play: Play):
    order = opened(play)
    void = play.command(T0 + MINUTE, order, "void", reason="wrong lamp").orders[0]
    assert (void.state, void.closed_by) == (OrderState.VOID, "li")
    back = play.hear(T0 + 32 * MINUTE).orders[0]
    assert (back.state, back.history[-2].step) == (OrderState.DISPATCHED, Step.REOPEN)


def test_a_merged_order_ends_and_its_alarms_are_the_others(play: Play):
    one, other = opened(play), opened(play, "lamp-2")
    outcome = play.command(T0 + MINUTE, one, "merge", into=other, reason="the same cable")
    ended, into = sorted(outcome.orders, key=lambda o: o.state is not OrderState.MERGED)
    assert (ended.state, ended.merged_into, ended.closed_by) == (OrderState.MERGED, other, "li")
    assert set(ended.alarms) < set(into.alarms)
    assert LAMP in into.members
    assert [a.order for a in outcome.alarms] == [other]
    assert not play.hear(T0 + 40 * MINUTE, looks(LAMP, T0 + 40 * MINUTE, is_wrong=True)).results
    play.hear(T0 + HOUR, well(LAMP, T0 + HOUR))
    again = play.hear(T0 + 62 * MINUTE, wrong(LAMP, T0 + 62 * MINUTE)).orders[0]
    assert again.id == other, "a second alarm of the same cause attaches to where the first one went"


@pytest.mark.parametrize("restarted", [False, True])
def test_what_comes_back_joins_the_order_that_its_own_ended_in_at_last(play: Play, restarted: bool):
    one, other, last = opened(play), opened(play, "lamp-2"), opened(play, BIN, T0, "bin-full")
    play.command(T0 + MINUTE, one, "merge", into=other, reason="the same cable")
    play.command(T0 + 2 * MINUTE, other, "merge", into=last, reason="the same works")
    outcome = play.hear(T0 + 3 * MINUTE, well(LAMP, T0 + 3 * MINUTE))
    if restarted:
        orders = {o.id: o for past in play.outcomes for o in past.orders}
        play.judge = Judge(play.site, RULES, play.engine)
        play.judge.load(Saved(at=T0 + 3 * MINUTE, orders=tuple(orders.values()), meta=outcome.meta))
    back = play.hear(T0 + 5 * MINUTE, wrong(LAMP, T0 + 5 * MINUTE)).orders
    assert [(o.id, o.state) for o in back] == [(last, OrderState.DISPATCHED)]


def test_what_a_person_confirms_is_never_merged_into_what_the_sensors_close(play: Play):
    leak, lamp = opened(play, "lamp-2", T0, "leak"), opened(play)
    assert not play.command(T0 + MINUTE, leak, "merge", into=lamp, reason="same pole").orders
    assert "other way round" in play.outcomes[-1].results[0].why
    assert play.command(T0 + MINUTE, lamp, "merge", into=leak, reason="same pole").orders
    assert not play.command(T0 + MINUTE, leak, "merge", into=leak, reason="x").orders


def test_a_follow_up_is_linked_both_ways_and_a_person_confirms_it(play: Play):
    order = opened(play)
    outcome = play.command(T0 + MINUTE, order, "follow_up", reason="repaint the pole", trade="power", do="Paint it")
    before, after = sorted(outcome.orders, key=lambda o: bool(o.follows))
    assert (before.followed_by, after.follows) == ((after.id,), order)
    assert (after.crew, after.plan.do.en, after.state) == ("lamps-w2", "Paint it", OrderState.DISPATCHED)
    play.reply(T0 + HOUR, "lamps-w2", after.id, "done")
    later = play.hear(T0 + 9 * HOUR).orders
    assert after.id not in {o.id for o in later}, "no sensor shows it: it waits for a person"
    assert play.reply(T0 + 9 * HOUR, "desk", after.id, "confirm").orders[0].state is OrderState.CLOSED


def test_a_closed_order_may_be_followed_up_and_done_work_sent_back(play: Play):
    order = opened(play)
    play.reply(T0 + MINUTE, "lamps-w", order, "done")
    again = play.command(T0 + 2 * MINUTE, order, "rework", reason="seen dark").orders[0]
    assert (again.reworks, again.state) == (1, OrderState.DISPATCHED)
    play.command(T0 + 3 * MINUTE, order, "close", reason="enough")
    assert play.command(T0 + 4 * MINUTE, order, "follow_up", reason="look at the cable").orders
    assert not play.command(T0 + 4 * MINUTE, order, "void", reason="late").orders


def test_given_back_three_times_the_desk_has_it_as_well():
    third = replace(coast().crews["lamps-e"], id="lamps-w3", zones=("west",))
    play = Play(coast(crews={**coast().crews, "lamps-w3": third}))
    order = opened(play)
    for _ in range(3):
        crew = play.judge._book.all.get(order).crew  # type: ignore[union-attr]  # it is there
        last = play.reply(T0 + MINUTE, crew, order, "decline", reason="not ours").orders[0]
    assert (len(last.declined), last.desk) == (3, True)
