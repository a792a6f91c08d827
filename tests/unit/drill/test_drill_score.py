"""Scores of drills, against small numbers that were worked out by hand. Times are minutes."""

from dataclasses import replace

from services.dispatch.orders import NO_LIMITS, Change, Limits, Order, OrderState, Step
from services.drill.score import CrewScore, scored, turns_of
from tests.unit.dispatch.coast import MINUTE, T0, Play, wrong

END = 180
Line = tuple[int, Step, str, str]  # at, what, who, whose it is then


def at(minutes: int) -> int:
    return T0 + minutes * MINUTE


def an_order(name: str, *lines: Line, closed: int | None = None) -> Order:
    made = Play().hear(T0, wrong("lamp-1", T0)).orders[0]
    state = OrderState.DISPATCHED
    history = tuple(Change(at(when), who, step, "", state, state, crew) for when, step, who, crew in lines)
    return replace(made, id=name, history=history, closed=None if closed is None else at(closed))


def limits(accept: int, finish: int, arrive: int | None = None) -> Limits:
    return Limits(at(accept), None if arrive is None else at(arrive), at(finish))


def the_drill() -> dict[str, CrewScore]:
    done_twice = an_order(
        "o1",
        (0, Step.FILE, "rules", ""),
        (0, Step.DISPATCH, "rules", "a"),
        (5, Step.ACCEPT, "a", "a"),
        (20, Step.ARRIVE, "a", "a"),
        (50, Step.DONE, "a", "a"),
        (80, Step.REWORK, "telemetry", "a"),
        (80, Step.DISPATCH, "rules", "a"),
        (95, Step.ESCALATE, "rules", "a"),
        (100, Step.ACCEPT, "a", "a"),
        (130, Step.DONE, "a", "a"),
        (160, Step.CLOSE, "telemetry", "a"),
        closed=160,
    )
    given_back_and_unheard = an_order(
        "o2",
        (0, Step.DISPATCH, "rules", "a"),
        (10, Step.DECLINE, "a", "a"),
        (10, Step.DISPATCH, "rules", "b"),
        (25, Step.ESCALATE, "rules", "b"),
        (70, Step.OVERDUE, "rules", "b"),
    )
    still_running = an_order("o3", (160, Step.DISPATCH, "rules", "b"), (170, Step.ACCEPT, "b", "b"))
    known = {
        ("o1", at(0)): limits(15, 60),
        ("o1", at(80)): limits(95, 140, arrive=120),
        ("o2", at(0)): limits(15, 60),
        ("o2", at(10)): limits(25, 70),
        ("o3", at(160)): limits(175, 260),
    }
    turns = [turn for o in (done_twice, given_back_and_unheard, still_running) for turn in turns_of(o, known, at(END))]
    return {one.crew: one for one in scored(turns)}


def told(score: CrewScore, step: str) -> tuple[int, int, float | None, float | None]:
    one = score.steps[step]
    return one.judged, one.in_time, one.share, one.median_minutes


def test_a_crew_that_does_its_work_twice_and_gives_one_back():
    a = the_drill()["a"]
    assert a.turns == 3
    assert told(a, "accepted") == (2, 1, 0.5, 12.5)  # after 5 and after 20, of 15; given back before its limit
    assert told(a, "arrived") == (1, 0, 0.0, 35.0)  # after 20, without a limit; with the second done, after 50 of 40
    assert told(a, "done") == (2, 2, 1.0, 50.0)
    assert (a.escalations, a.returns, a.reworks, a.missed) == (1, 1, 1, 0)


def test_a_crew_that_never_answers_has_missed_it_and_what_still_runs_counts_only_as_far_as_it_is_known():
    b = the_drill()["b"]
    assert b.turns == 2
    assert told(b, "accepted") == (2, 1, 0.5, 10.0)
    assert told(b, "arrived") == (0, 0, None, None)
    assert told(b, "done") == (1, 0, 0.0, None)
    assert (b.escalations, b.returns, b.reworks, b.missed) == (2, 0, 0, 1)


def test_all_together_is_over_all_turns_and_no_mean_of_means():
    everybody = the_drill()[""]
    assert everybody.turns == 5
    assert told(everybody, "accepted") == (4, 2, 0.5, 10.0)
    assert told(everybody, "done") == (3, 2, 0.667, 50.0)
    assert (everybody.escalations, everybody.returns, everybody.reworks, everybody.missed) == (3, 1, 1, 1)


def test_whoever_takes_it_over_has_it_from_then_on():
    order = an_order(
        "o1", (0, Step.DISPATCH, "rules", "a"), (15, Step.ESCALATE, "rules", "a"), (30, Step.ACCEPT, "lead", "lead")
    )
    first, second = turns_of(order, {("o1", at(0)): limits(15, 60)}, at(END))
    assert (first.crew, first.until, first.in_time("accepted")) == ("a", at(30), False)
    assert (second.crew, second.since, second.in_time("done")) == ("lead", at(30), False)


def test_without_known_limits_nothing_is_judged():
    (turn,) = turns_of(an_order("o1", (0, Step.DISPATCH, "rules", "a"), (5, Step.ACCEPT, "a", "a")), {}, at(END))
    assert turn.limits == NO_LIMITS
    assert [turn.in_time(step) for step in ("accepted", "arrived", "done")] == [None, None, None]
    assert turn.taken("accepted") == at(5)
