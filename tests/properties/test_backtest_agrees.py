"""Whatever runs the core decides the same: the live engine, a backtest over stores, a dictionary of JSON texts, and an
oracle that reads all history at every second.
"""

from collections.abc import Sequence
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.readings import Millis, Reading, Value
from rules.context.sun import sun_over
from rules.core.state import QUIET, State
from rules.core.step import due, step
from rules.core.surroundings import Place, Tick
from rules.runners.backtest import listening, reach, rows
from tests.properties.test_rules_anywhere import BOOK, SITE, Heard, fresh, heard
from tests.properties.test_rules_oracle import TIMELINE, Said, oracle
from tests.unit.rules.coast import NIGHT, book_of, lines, said

END: Millis = 3_600_000


def backtested(readings: Sequence[Reading], size: int, until: Millis) -> list[tuple[object, ...]]:
    past = listening(BOOK, SITE, sun_over(SITE), NIGHT)
    changes = [change for row, at in rows([readings], size) for change in past.hear(row, at)]
    return lines(changes + past.hear([], until))


def as_stored(arrived: Sequence[Heard]) -> list[Reading]:
    """In order of event time, with no receive time but that; one of each device and moment."""
    last = {(reading.device, reading.at): reading for _, reading in arrived}
    stored = sorted(last.values(), key=lambda reading: reading.at)
    return [reading._replace(received=reading.at) for reading in stored]


@settings(max_examples=100, deadline=None)
@given(heard(slow=0), st.integers(1, 30))
def test_a_backtest_decides_what_the_live_engine_decided_when_nothing_was_late(arrived: list[Heard], size: int):
    stored = as_stored(arrived)
    live = fresh()
    until = stored[-1].at + END
    changes = [change for reading in stored for change in live.hear([reading], reading.at)]
    assert backtested(stored, size, until) == lines(changes + live.hear([], until))


AGES = {
    "dark": "kind: light\nwhen: active_power < 10\nfor: 40s\nrepeat: 2\nclear: active_power > 60\nclear_for: 30s\n",
    "leaning": "kind: light\nwhen: median(tilt_deg, minutes=4) > 5\nfor: 20s\nclear: max(tilt_deg, minutes=2) < 3\n",
    "odour": "kind: toilet\nwhen: mean(nh3_ppm, minutes=3) >= 1.4\nfor: 30s\nclear: mean(nh3_ppm, minutes=2) < 1\n",
    "full": "kind: bin\nwhen: fill_level >= 95\nclear: fill_level <= 30\nreopen_within: 2m\n",
    "silent": "subject: device\nabsent: 3\nfor: 20s\nclear_repeat: 2\n",
}


@pytest.mark.parametrize("seed", range(8))
def test_a_backtest_that_begins_later_gives_what_begins_after_its_reach_the_ids_that_it_had_live(seed: int):
    dice, book = Random(seed), book_of(**AGES)
    since, until = NIGHT + 30 * 60_000, NIGHT + 100 * 60_000 + END
    known = since + reach(book, SITE)
    calm = range(since - 20 * 60_000, known)  # what is open at the beginning stays unknown until it clears
    spoken = sorted(
        (NIGHT + minute * 60_000 + dice.randrange(20_000), device)
        for minute in range(100)
        for device in SITE.devices
        if 10 <= minute < 45 or dice.random() < 0.9
    )
    stored = [said(SITE, device, at, whim(dice, device, calm=at in calm)) for at, device in spoken]
    live, past = (listening(book, SITE, sun_over(SITE), begun) for begun in (NIGHT, since))
    lived = [change for reading in stored for change in live.hear([reading], reading.at)] + live.hear([], until)
    late = [reading for reading in stored if reading.at >= since]
    again = [one for row, at in rows([late], 50) for one in past.hear(row, at)] + past.hear([], until)
    wanted = {change.alarm for change in lived if change.cause > known}
    assert len(wanted) > 10
    assert {change.alarm for change in again if change.cause > known} == wanted


def whim(dice: Random, device: str, *, calm: bool) -> dict[str, Value]:
    """What it might say; nothing that is the matter, where all is calm."""
    moves = dice.random()
    match SITE.facilities[SITE.devices[device].facility].kind:
        case "light":
            lit = 80.0 if calm or moves < 0.7 else 1.0
            return {"active_power": lit, "tilt_deg": 1.0 + moves if calm else 12 * moves}
        case "bin":
            return {"fill_level": 20.0 if calm else 100 * moves}
        case "toilet":
            return {"nh3_ppm": 0.2 if calm else 3 * moves}
        case "feeder":
            return {"breaker_tripped": not calm and moves < 0.02}
        case _:
            return {"gate_state": "up"}


@settings(max_examples=120, deadline=None)
@given(TIMELINE, st.integers(0, 12), st.integers(1, 3), st.integers(0, 12), st.integers(1, 3), st.integers(1, 9))
def test_backtest_live_a_dictionary_of_json_and_the_oracle_agree(
    gaps: list[Said], hold: int, repeat: int, cold: int, cold_repeat: int, size: int
):
    book = book_of(
        hot=f"""
kind: bin
when: bin_temperature >= 60
for: {hold}s
repeat: {repeat}
clear: bin_temperature < 45
clear_for: {cold}s
clear_repeat: {cold_repeat}"""
    )
    second, timeline = 0, list[Said]()
    for gap, value in gaps:
        second += gap
        timeline.append((second, value))
    told = [
        said(SITE, "bin-1", NIGHT + when * 1000, {} if value is None else {"bin_temperature": value})
        for when, value in timeline
    ]
    until = told[-1].at + END

    past = listening(book, SITE, sun_over(SITE), NIGHT)
    mine = [change for row, at in rows([told], size) for change in past.hear(row, at)] + past.hear([], until)
    live = listening(book, SITE, sun_over(SITE), NIGHT)
    lively = [change for reading in told for change in live.hear([reading], reading.at)] + live.hear([], until)

    program, states = book.programs["hot"], dict[str, bytes]()
    place, around = Place("bay", {}), sun_over(SITE)
    keyed = []

    def stepped(seen: Reading | Tick) -> None:
        state = msgspec.json.decode(states.get("bin-1", msgspec.json.encode(QUIET)), type=State)
        state, changes = step(program, state, seen, place, around)
        states["bin-1"] = msgspec.json.encode(state)
        keyed.extend(changes)

    for reading in told:
        stepped(reading)
    while (tick := due(program, msgspec.json.decode(states["bin-1"], type=State))) is not None:
        stepped(Tick(tick))

    expected = [(what, NIGHT + at * 1000) for what, at in oracle(timeline, hold, repeat, cold, cold_repeat)]
    assert [(change.state.value, change.at) for change in mine] == expected
    assert [(change.state.value, change.at) for change in lively] == expected
    assert [(change.state.value, change.at) for change in keyed] == expected
