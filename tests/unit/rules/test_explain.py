"""Why, and why not: one rule and one subject on states made by hand."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.naming import Kind
from domain.readings import Millis, Value
from rules.core.expression import condition
from rules.core.groups import Fault, Group
from rules.core.state import QUIET, Cover, Holding, Opened, Sample, State
from rules.core.surroundings import Place, Surroundings
from rules.runners.explain import Scene, explain, explain_group, explain_silence
from rules.runners.explained import Held, Silence, Standing
from rules.runners.weighing import Asked, weigh
from tests.unit.rules.coast import MINUTE, NIGHT, book_of

PLACE = Place("bay", {"rated_power": 100.0}, "lamp-1")


class Fixed:
    """Surroundings that stay as they are."""

    def __init__(self, **values: bool | float) -> None:
        self._values = values

    def at(self, place: Place, when: Millis) -> Surroundings:
        del place, when
        return Surroundings(0, 1 << 60, self._values)


def scene(readings: Sequence[tuple[int, Mapping[str, Value]]] = (), now: int = 60, **more: object) -> Scene:
    """`readings`: minutes after dusk, and what was said then."""
    samples = tuple(Sample(NIGHT + after * MINUTE, "d", dict(values)) for after, values in readings)
    facts = {"context": Fixed(lit=True), "readings": samples} | more
    return Scene("facility:it", PLACE, now=NIGHT + now * MINUTE, **facts)  # type: ignore[arg-type]  # made by hand


def program(**bodies: str):
    (found,) = book_of(**bodies).programs.values()
    return found


BIN = "kind: bin\nwhen: fill_level >= 95\nclear: fill_level <= 30\nclear_for: 10m"
LAMP = "kind: light\nwhen: commanded_level > 0 and active_power < 0.1 * rated_power\nfor: 20m\nrepeat: 2\ngiven: lit"
DARK = {"commanded_level": 100.0, "active_power": 2.0}


def test_what_did_not_fire_says_how_far_off_it_is_and_since_when():
    said = [(n * 15, {"fill_level": level}) for n, level in enumerate([96.0, 93.0, 93.0])]
    told = explain(program(full=BIN), QUIET, scene(said))
    (clause,) = told.clauses
    (near,) = clause.told.in_the_way
    assert told.standing is Standing.QUIET
    assert (near.left, near.right, near.off, near.unit, near.truth) == (93.0, 95.0, 2.0, "%", False)
    assert (clause.told.since, clause.told.whole) == (NIGHT + 15 * MINUTE, True)


def test_what_holds_says_for_how_long_and_when_it_fires():
    hold = Holding(NIGHT, NIGHT + 10 * MINUTE, 2, NIGHT + 10 * MINUTE, dict(DARK))
    told = explain(program(dark=LAMP), State(holds=(hold,)), scene([(0, DARK), (10, DARK)], now=14))
    (clause,) = told.clauses
    assert told.standing is Standing.PENDING
    assert clause.pending is not None
    assert (clause.pending.since, clause.pending.for_s, clause.pending.fires) == (NIGHT, 1200, NIGHT + 20 * MINUTE)
    assert told.next_look is not None
    assert told.next_look > NIGHT + 20 * MINUTE


def test_what_was_not_shown_often_enough_fires_only_with_another_reading():
    hold = Holding(NIGHT, NIGHT, 1, None, dict(DARK))
    told = explain(program(dark=LAMP), State(holds=(hold,)), scene([(0, DARK)], now=14))
    assert told.clauses[0].pending is not None
    assert (told.clauses[0].pending.times, told.clauses[0].pending.repeat, told.clauses[0].pending.fires) == (
        1,
        2,
        None,
    )


def test_unknown_names_what_was_not_said():
    told = explain(program(dark=LAMP), QUIET, scene([(0, {"commanded_level": 100.0})]))
    assert told.standing is Standing.UNKNOWN
    assert [one.unknown for one in told.clauses[0].told.in_the_way] == [("active_power",)]
    never = explain(program(dark=LAMP), QUIET, scene())
    assert (never.standing, never.clauses[0].told.at) == (Standing.UNKNOWN, None)


def test_a_closed_gate_is_said_and_what_it_is_made_of():
    told = explain(program(dark=LAMP), QUIET, scene([(0, DARK)], context=Fixed(lit=False)))
    assert told.standing is Standing.GATED
    assert told.gate is not None
    assert [one.text for one in told.gate.told.in_the_way] == ["lit"]


def test_an_inhibitor_that_holds_keeps_the_timer_from_running():
    hold = Holding(NIGHT, NIGHT + 30 * MINUTE, 3, NIGHT + 15 * MINUTE, dict(DARK))
    held = (Held("outage", "feeder:f", NIGHT, None),)
    told = explain(
        program(dark=LAMP), State(holds=(hold,)), scene([(30, DARK)], held=held, cover=Cover(NIGHT - 1, None))
    )
    assert told.standing is Standing.INHIBITED
    assert told.held == held
    assert told.clauses[0].pending is not None
    assert told.clauses[0].pending.fires is None


def test_an_open_alarm_says_what_ends_it_and_how_far_that_is():
    opened = Opened(NIGHT, NIGHT, NIGHT, "v", {"fill_level": 97.0})
    told = explain(
        program(full=BIN),
        State(open=opened, wrong=False),
        scene([(0, {"fill_level": 97.0}), (15, {"fill_level": 60.0})]),
    )
    assert told.standing is Standing.OPEN
    assert told.alarm is not None
    assert [(one.left, one.off) for one in told.alarm.clear.in_the_way] == [(60.0, 30.0)]
    assert (told.alarm.why, told.alarm.clearing) == ({"fill_level": 97.0}, None)


def test_an_alarm_that_is_ending_says_when():
    opened, at = Opened(NIGHT, NIGHT, NIGHT, "v", {}), NIGHT + 30 * MINUTE
    state = State(open=opened, clearing=Holding(at, at, 1, at, {"fill_level": 5.0}))
    told = explain(program(full=BIN), state, scene([(30, {"fill_level": 5.0})], now=35))
    assert told.standing is Standing.CLEARING
    assert told.alarm is not None
    assert told.alarm.clearing is not None
    assert told.alarm.clearing.fires == at + 10 * MINUTE


def test_without_words_of_its_own_an_alarm_ends_when_no_clause_holds():
    opened = Opened(NIGHT, NIGHT, NIGHT, "v", {})
    told = explain(
        program(hot="kind: bin\nwhen: bin_temperature >= 60"),
        State(open=opened),
        scene([(0, {"bin_temperature": 70.0})]),
    )
    assert told.alarm is not None
    assert (told.alarm.clear.truth, told.alarm.clear.text) == (False, "not (bin_temperature >= 60)")


def test_a_window_is_weighed_over_what_was_measured_in_it():
    nose = program(odour="kind: toilet\nwhen: mean(nh3_ppm, minutes=10) >= 1.44")
    told = explain(nose, QUIET, scene([(0, {"nh3_ppm": 9.0}), (50, {"nh3_ppm": 1.0}), (55, {"nh3_ppm": 1.4})]))
    (near,) = told.clauses[0].told.in_the_way
    assert (near.left, near.off) == (1.2, pytest.approx(0.24))


def test_a_silent_device_and_one_that_is_not_yet():
    rule = program(silent="subject: device\nabsent: 3")
    silence = Silence("d", NIGHT, NIGHT, NIGHT + 45 * MINUTE, None)
    told = explain_silence(rule, QUIET, scene(now=31), silence)
    assert (told.standing, told.next_look) == (Standing.QUIET, NIGHT + 45 * MINUTE)


def test_a_group_says_how_many_it_takes():
    rule = program(
        outage="quorum: {over: feeder, member: said(supply_loss), share: 60%, least: 5, within: 10m, clear_share: 90%}"
    )
    group = Group(faults={f"lamp-{n}": Fault(NIGHT + 55 * MINUTE) for n in range(3)})
    told = explain_group(rule, group, scene(), 10, frozenset())
    assert told.standing is Standing.QUIET
    assert told.group is not None
    assert (len(told.group.at_fault), told.group.counted, told.group.needed) == (3, 10, 6)


def test_levels_are_told_each_and_the_worst_that_is_on_speaks():
    rule = program(
        tide="kind: coast\nlevels:\n  - {name: yellow, if: tide_level >= 400}\n  - {name: red, if: tide_level >= 500}"
    )
    hold = Opened(NIGHT, NIGHT, NIGHT, "v", {"tide_level": 450.0}, level=1)
    state = State(open=hold, parts=(State(open=hold), QUIET))
    told = explain(rule, state, scene([(0, {"tide_level": 450.0})]))
    assert (told.standing, told.level) == (Standing.OPEN, "yellow")
    assert [(one.level, one.standing) for one in told.levels] == [("yellow", Standing.OPEN), ("red", Standing.QUIET)]
    assert told.levels[1].clauses[0].told.in_the_way[0].off == 50.0


_leaf = st.sampled_from(["active_power < 10", "commanded_level > 0", "said(lamp_failure)", "lit", "lamp_failure"])
_text = st.recursive(
    _leaf,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        inner.map(lambda one: f"(not {one})"),
    ),
    max_leaves=6,
)


@given(
    _text,
    st.fixed_dictionaries(
        {},
        optional={
            "active_power": st.sampled_from([5.0, 50.0]),
            "commanded_level": st.sampled_from([0.0, 100.0]),
            "lamp_failure": st.booleans(),
        },
    ),
    st.sampled_from([True, False, None]),
)
def test_what_stands_in_the_way_is_there_exactly_where_a_condition_does_not_hold(
    text: str, values: dict[str, Value], lit: bool | None
):
    found = condition(text, Kind.LIGHT)
    around: dict[str, Value] = {} if lit is None else {"lit": lit}
    asked = Asked(values.get, {}.get, around.get, lambda _: None, Kind.LIGHT, "r", {})
    weighed = weigh(found, asked)
    assert bool(weighed.in_the_way) is (weighed.truth is not True)
    for one in weighed.in_the_way:
        assert one.truth is not one.wanted
