"""On a simulated site the outcome does not depend on how a step was cut into rows."""

from collections.abc import Sequence
from itertools import permutations

from domain.alarms import AlarmChange
from domain.naming import replies_topic
from domain.readings import Millis, Reading
from tests.unit.dispatch.coast import MINUTE, T0, Engine, Play, coast, note, well, wrong


def history(play: Play) -> list[tuple[str, str, str]]:
    return [(order, str(c.step), c.crew) for o in play.outcomes for order, _, c in o.history]


def test_rows_of_a_step_may_come_in_any_cut_and_order():
    def told(order: tuple[int, ...], *, together: bool) -> list[tuple[str, str, str]]:
        play = Play(coast(simulated=True))
        play.clock(T0, 1, T0, wrong("lamp-1", T0))
        first = play.outcomes[0].orders[0].id
        heard = [
            wrong("lamp-3", T0 + 30_000),
            wrong("gw-1", T0 + 10_000),
            wrong("lamp-2", T0 + 20_000),
            wrong("feeder-1", T0 + 15_000),
        ]
        body = {"id": "r", "order": first, "action": "hold", "reason": "x", "at": T0 + 12_000}
        reply = note(replies_topic("shinan", "lamps-w"), body)
        if together:
            play.hear(T0, *(heard[i] for i in order), notes=[reply])
        else:
            for index in order:
                play.hear(T0, heard[index])
            play.hear(T0, notes=[reply])
        play.clock(T0, 2, T0 + MINUTE)
        return history(play)

    every = {tuple(told(order, together=cut)) for order in permutations(range(4)) for cut in (True, False)}
    assert len(every) == 1
    assert len(every.pop()) == 11


def test_a_step_is_reported_with_the_row_that_judges_it():
    play = Play(coast(simulated=True))
    outcome = play.clock(T0, 7, T0 + MINUTE, wrong("lamp-1", T0 + 30_000))
    assert outcome.steps == (7,)
    assert outcome.at == T0 + MINUTE
    assert outcome.orders[0].dispatched == T0 + 30_000
    assert play.clock(T0 + MINUTE, 8, T0 + 2 * MINUTE).steps == (8,)


def test_a_reading_ahead_of_the_tick_waits_for_it_and_survives_in_the_meta():
    play = Play(coast(simulated=True))
    play.clock(T0, 1, T0)
    early = play.hear(T0, wrong("lamp-1", T0 + 1000))
    assert (early.orders, early.changed) == ((), True)
    assert b"lamp-1" in early.meta["waiting"]
    assert play.clock(T0, 2, T0 + MINUTE).orders


def test_on_a_real_site_an_order_does_not_wait_for_a_fast_clock():
    play = Play()
    assert play.hear(T0, wrong("lamp-1", T0 + 1000)).orders[0].dispatched == T0


def test_a_real_site_listens_to_no_clock():
    play = Play()
    outcome = play.clock(T0, 1, T0 + MINUTE)
    assert (outcome.steps, outcome.at) == ((), T0)


def test_an_alarm_out_of_the_back_log_is_dispatched_now():
    play = Play()
    play.hear(T0 + 60 * MINUTE)
    outcome = play.hear(T0 + 60 * MINUTE + 1000, wrong("lamp-1", T0), well("lamp-2", T0))
    assert outcome.orders[0].dispatched == T0 + 60 * MINUTE
    assert outcome.orders[0].since == T0


def test_the_readings_of_a_step_are_heard_in_the_order_in_which_they_were_taken_and_at_that_time():
    class Listens(Engine):
        def hear(self, readings: Sequence[Reading], at: Millis, *, deaf: bool = False) -> list[AlarmChange]:
            heard.extend((one.facility, one.received - T0) for one in readings)
            return super().hear(readings, at, deaf=deaf)

    heard: list[tuple[str, int]] = []
    play = Play(coast(simulated=True), Listens())
    taken = [("lamp-2", 20_000), ("lamp-1", 10_000), ("lamp-3", -5_000), ("bin-1", 10_000)]
    end = T0 + MINUTE
    play.clock(T0, 1, T0)
    play.clock(end, 2, end, *(wrong(name, T0 + at)._replace(received=end) for name, at in taken))
    assert heard == [("lamp-3", 0), ("bin-1", 10_000), ("lamp-1", 10_000), ("lamp-2", 20_000)]
