"""What crews and operators say of who works where reaches the engine, before the same row is judged."""

from collections.abc import Sequence

import pytest

from domain.alarms import AlarmChange
from domain.naming import COMMAND, replies_topic
from domain.readings import Millis, Reading
from services.judge import Judge, Saved
from services.judge.afield import planned_work
from tests.unit.dispatch.coast import HOUR, MINUTE, RULES, T0, Engine, Play, coast, note, wrong

LAMP, CREW = "lamp-1", "lamps-w"
DAY = 24 * HOUR


@pytest.fixture
def play() -> Play:
    play = Play()
    play.hear(T0, wrong(LAMP, T0))
    play.reply(T0 + MINUTE, CREW, order_of(play), "accept")
    return play


def order_of(play: Play) -> str:
    return play.outcomes[0].orders[0].id


def works(play: Play) -> list[tuple[str, Millis | None, Millis | None]]:
    """What the engine was told, in minutes after the start."""
    return [
        (who, *(None if at is None else (at - T0) // MINUTE for at in (since, until)))
        for who, _, since, until in play.engine.works
    ]


def test_a_crew_arrives_and_is_done(play: Play):
    play.reply(T0 + 10 * MINUTE, CREW, order_of(play), "arrive")
    play.reply(T0 + 30 * MINUTE, CREW, order_of(play), "done")
    assert works(play) == [(LAMP, 10, None), (LAMP, 30, 30)]
    assert {who for _, who, _, _ in play.engine.works} == {f"{order_of(play)}/{CREW}"}


@pytest.mark.parametrize("action", ["decline", "hold"])
def test_a_crew_that_gives_up_or_waits_leaves(play: Play, action: str):
    play.reply(T0 + 10 * MINUTE, CREW, order_of(play), action, reason="no part")
    assert works(play) == [(LAMP, None, 10)]


def test_accepting_and_asking_for_time_tell_nothing(play: Play):
    play.reply(T0 + 10 * MINUTE, CREW, order_of(play), "extend", reason="rain")
    assert works(play) == []


def test_it_is_told_when_it_was_but_no_more_than_a_minute_before_it_was_heard(play: Play):
    order = order_of(play)
    for name, at, heard in (("a", 10, 10.5), ("b", 20, 50)):
        body = {"id": name, "order": order, "action": "arrive", "at": T0 + at * MINUTE}
        play.hear(T0 + round(heard * MINUTE), notes=[note(replies_topic("shinan", CREW), body)])
    assert works(play) == [(LAMP, 10, None), (LAMP, 49, None)]


def test_the_same_answer_again_is_no_news(play: Play):
    order = order_of(play)
    arrive, done = ({"id": name, "order": order, "action": name} for name in ("arrive", "done"))
    topic = replies_topic("shinan", CREW)
    play.hear(T0 + 10 * MINUTE, notes=[note(topic, body) for body in (arrive, arrive, done, arrive)])
    play.hear(T0 + 11 * MINUTE, notes=[note(topic, arrive)])
    assert works(play) == [(LAMP, 10, None), (LAMP, 10, 10)]


def test_nobody_is_at_work_who_never_had_the_order(play: Play):
    play.reply(T0 + 10 * MINUTE, "bins", order_of(play), "arrive")
    play.reply(T0 + 10 * MINUTE, CREW, "no-order", "arrive")
    assert works(play) == []


def test_whoever_arrives_at_what_is_closed_already_is_there(play: Play):
    play.command(T0 + 5 * MINUTE, order_of(play), "close", reason="seen on the camera")
    play.reply(T0 + 10 * MINUTE, CREW, order_of(play), "arrive")
    assert works(play) == [(LAMP, None, 5), (LAMP, 10, None)]


@pytest.mark.parametrize("action", ["close", "reassign"])
def test_what_an_operator_takes_away_is_left(play: Play, action: str):
    play.command(T0 + 10 * MINUTE, order_of(play), action, reason="night shift")
    play.command(T0 + 11 * MINUTE, order_of(play), "note", reason="seen")
    assert works(play) == [(LAMP, None, 10)]


def test_the_engine_knows_before_it_judges_the_same_row():
    class Listens(Engine):
        def hear(self, readings: Sequence[Reading], at: Millis, *, deaf: bool = False) -> list[AlarmChange]:
            told.extend(("heard", len(self.works), len(self.plans)) for _ in readings)
            return super().hear(readings, at, deaf=deaf)

    told: list[tuple[str, int, int]] = []
    play = Play(engine=Listens())
    play.hear(T0, wrong(LAMP, T0))
    arrive = {"id": "r", "order": order_of(play), "action": "arrive"}
    plan = maintain(facility="lamp-2")
    notes = [note(replies_topic("shinan", CREW), arrive), note(COMMAND, plan)]
    play.hear(T0 + MINUTE, wrong("lamp-2", T0 + MINUTE), notes=notes)
    assert told == [("heard", 0, 0), ("heard", 1, 1)]


def test_in_lock_step_it_is_told_in_the_row_although_the_order_waits_for_the_tick():
    play = Play(coast(simulated=True))
    play.clock(T0, 1, T0, wrong(LAMP, T0))
    arrive = {"id": "r", "order": order_of(play), "action": "arrive", "at": T0 + 30_000}
    play.hear(T0, notes=[note(replies_topic("shinan", CREW), arrive)])
    play.hear(T0, notes=[note(replies_topic("shinan", CREW), arrive)])
    assert [(who, since) for who, _, since, _ in play.engine.works] == [(LAMP, T0 + 30_000)]


def maintain(given: str = "p1", since: float = 10, until: float = 20, **more: str) -> dict[str, object]:
    times = {"from": T0 + round(since * MINUTE), "until": T0 + round(until * MINUTE)}
    return {"id": given, "action": "maintain", "by": "li", "reason": "repainting", **times, **more}


def end(plan: str, given: str = "e1") -> dict[str, object]:
    return {"id": given, "action": "end_maintenance", "by": "li", "reason": "rain", "plan": plan}


def say(play: Play, minutes: float, body: dict[str, object]) -> str:
    """What it came to: "" where it was done."""
    (result,) = play.hear(T0 + round(minutes * MINUTE), notes=[note(COMMAND, body)]).results
    assert (result.source, result.id, result.action) == (COMMAND, body["id"], body["action"])
    return result.why


def test_work_is_planned_on_a_facility_or_in_a_zone_and_ended_early():
    play = Play()
    assert say(play, 1, maintain(facility=LAMP)) == ""
    assert say(play, 2, maintain("p2", zone="west")) == ""
    assert say(play, 15, end("p1")) == ""
    assert play.engine.plans == [
        ("p1", LAMP, "", T0 + 10 * MINUTE, T0 + 20 * MINUTE),
        ("p2", "", "west", T0 + 10 * MINUTE, T0 + 20 * MINUTE),
        ("p1", LAMP, "", T0 + 10 * MINUTE, T0 + 15 * MINUTE),
    ]
    kept = planned_work(play.outcomes[-1].meta["planned"])
    assert [(one.id, one.by, one.why, one.until) for one in kept] == [
        ("p1", "li", "repainting", T0 + 15 * MINUTE),
        ("p2", "li", "repainting", T0 + 20 * MINUTE),
    ]


def test_what_had_not_begun_is_taken_back():
    play = Play()
    say(play, 1, maintain(facility=LAMP))
    assert say(play, 5, end("p1")) == ""
    assert play.engine.plans[-1] == ("p1", LAMP, "", T0 + 10 * MINUTE, T0 + 10 * MINUTE)
    assert planned_work(play.outcomes[-1].meta["planned"]) == ()


def test_it_never_begins_before_it_was_said():
    play = Play()
    assert say(play, 15, maintain(facility=LAMP)) == ""
    assert play.engine.plans == [("p1", LAMP, "", T0 + 15 * MINUTE, T0 + 20 * MINUTE)]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (maintain(), "name a facility or a zone"),
        (maintain(facility=LAMP, zone="west"), "name a facility or a zone"),
        (maintain(facility="lamp-99"), "there is no facility lamp-99"),
        (maintain(zone="north"), "there is no zone north"),
        (maintain(facility=LAMP, until=0.5), "still to come"),
        (maintain(facility=LAMP, since=30), "ends after it begins"),
        (maintain(facility=LAMP, until=31 * 1440), "within thirty days"),
        (maintain(facility=LAMP, reason=" "), "needs a reason"),
        (end("p9"), "no work is planned as p9"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason_and_nobody_is_told(body: dict[str, object], why: str):
    play = Play()
    assert why in say(play, 1, body)
    assert play.engine.plans == []


def test_what_is_over_cannot_be_ended_and_is_forgotten_in_time():
    play = Play()
    say(play, 1, maintain(facility=LAMP))
    assert say(play, 25, end("p1")) == "it is over"
    play.hear(T0 + 3 * DAY)
    say(play, 3 * 1440 + 1, maintain("p2", 3 * 1440 + 10, 3 * 1440 + 20, facility=LAMP))
    assert [one.id for one in planned_work(play.outcomes[-1].meta["planned"])] == ["p2"]


def test_the_same_command_twice_is_one():
    play = Play()
    say(play, 1, maintain(facility=LAMP))
    assert play.hear(T0 + 2 * MINUTE, notes=[note(COMMAND, maintain(facility=LAMP))]).results == ()
    assert len(play.engine.plans) == 1


def test_a_restart_knows_what_is_planned():
    play = Play()
    say(play, 1, maintain(facility=LAMP))
    again = Play()
    again.judge = Judge(again.site, RULES, again.engine)
    again.judge.load(Saved(row=1, at=T0 + MINUTE, meta=play.outcomes[-1].meta))
    again.row = 1
    assert say(again, 15, end("p1")) == ""
    assert again.engine.plans == [("p1", LAMP, "", T0 + 10 * MINUTE, T0 + 15 * MINUTE)]


def test_a_plan_that_cannot_be_read_is_refused():
    play = Play()
    body = {"id": "p1", "action": "maintain", "by": "li", "facility": 7}
    (result,) = play.hear(T0 + MINUTE, notes=[note(COMMAND, body)]).results
    assert not result.ok
    assert "unreadable command" in result.why
