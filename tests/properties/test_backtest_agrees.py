"""Whatever runs the core decides the same: the live engine, a backtest over stores, a dictionary of JSON texts, and an
oracle that reads all history at every second.
"""

from collections.abc import Sequence

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.readings import Millis, Reading
from rules.context.sun import sun_over
from rules.core.state import QUIET, State
from rules.core.step import due, step
from rules.core.surroundings import Place, Tick
from rules.runners.backtest import listening, rows
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
