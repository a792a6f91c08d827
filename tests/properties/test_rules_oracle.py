"""The rule machine against slow, obvious oracles that share no code with it."""

from collections.abc import Sequence

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.naming import Kind
from domain.readings import Reading
from rules.core.program import Program, compiled
from rules.core.rule import Clause, Rule
from rules.core.state import QUIET, State
from rules.core.step import Late, due, step
from rules.core.surroundings import Place, Surroundings, Tick
from tests.unit.rules.coast import Name

FOREVER = Surroundings(0, 10**15, {"lit": True, "daylight": False})
PLACE = Place("bay", {})


class Unchanging:
    """A context in which it is always night."""

    def at(self, place: Place, when: int) -> Surroundings:  # noqa: ARG002
        return FOREVER


def program(**parts: object) -> Program:
    title = Name("test", "试")
    rule = Rule(id="T01", name="test", version="1", kind=Kind.BIN, subject="facility", title=title, **parts)  # type: ignore[arg-type]
    return compiled(rule)


def reading(second: int, values: dict[str, float], device: str = "bin-1", received: int | None = None) -> Reading:
    return Reading("bin-1", device, "bin", "bay", second * 1000, values, 0, -1, received or second * 1000)


def again(state: State) -> State:
    """The same state, after a round trip through JSON."""
    back = msgspec.json.decode(msgspec.json.encode(state), type=State)
    assert back == state
    return back


Said = tuple[int, float | None]  # second, temperature (None: the reading does not carry it)
TIMELINE = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from([70.0, 70.0, 50.0, 20.0, 20.0, None])), min_size=1, max_size=30
)


def oracle(said: Sequence[Said], hold: int, repeat: int, clear_hold: int, clear_repeat: int) -> list[tuple[str, int]]:
    """Second by second, each time reading the whole history again: hot is ≥ 60, cool is < 45."""
    changes: list[tuple[str, int]] = []
    since_change, is_open = -1, False
    for now in range(said[-1][0] + hold + clear_hold + 10):
        while True:
            run: list[int] = []
            for second, value in said:
                if since_change < second <= now and value is not None:
                    good = value < 45 if is_open else value >= 60
                    run = [*run, second] if good else []
            need, times = (clear_hold, clear_repeat) if is_open else (hold, repeat)
            if len(run) < times or now < run[0] + need:
                break
            is_open, since_change = not is_open, now
            changes.append(("open" if is_open else "cleared", now))
    return changes


@settings(max_examples=150, deadline=None)
@given(TIMELINE, st.integers(0, 12), st.integers(1, 3), st.integers(0, 12), st.integers(1, 3))
def test_for_repeat_clear_for_and_clear_repeat_are_what_reading_all_history_says(
    gaps: list[Said], hold: int, repeat: int, cold: int, cold_repeat: int
):
    tried = program(
        clauses=(Clause("bin_temperature >= 60", hold, repeat),),
        clear="bin_temperature < 45",
        clear_for_s=cold,
        clear_repeat=cold_repeat,
        wait_s=1,
    )
    second, said = 0, []
    for gap, value in gaps:
        second += gap
        said.append((second, value))
    state, found = QUIET, []
    for second, value in said:
        values = {} if value is None else {"bin_temperature": value}
        state, changes = step(tried, again(state), reading(second, values), PLACE, Unchanging())
        found += changes
    while (tick := due(tried, state)) is not None:
        state, changes = step(tried, again(state), Tick(tick), PLACE, Unchanging())
        found += changes
    expected = oracle(said, hold, repeat, cold, cold_repeat)
    assert [(change.state.value, change.at) for change in found] == [(what, at * 1000) for what, at in expected]


def window_oracle(samples: Sequence[tuple[int, str, float]], span: int, hold: int) -> list[int]:
    """Seconds at which the mean over the last `span` seconds, asked at each sample, has been ≥ 60 for `hold`."""
    raised, since = [], None
    ordered = sorted(samples)
    for number, (second, _, _) in enumerate(ordered):
        if since is not None and not raised and second > since + hold:
            raised.append(since + hold)
        within = [value for other, _, value in ordered[: number + 1] if other > second - span]
        hot = sum(within) / len(within) >= 60
        since = (second if since is None else since) if hot else None
    if since is not None and not raised:
        raised.append(since + hold)
    return raised[:1]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 60), st.sampled_from("ab"), st.sampled_from([20.0, 61.0, 90.0])), min_size=1,
             max_size=14, unique_by=lambda s: (s[0], s[1])),
    st.integers(1, 20), st.integers(0, 12), st.data(),
)  # fmt: skip
def test_any_order_of_arrival_within_the_wait_gives_what_sorting_first_gives(
    samples: list[tuple[int, str, float]], span: int, hold: int, data: st.DataObject
):
    wait = 8
    tried = program(
        clauses=(Clause(f"mean(bin_temperature, seconds={span}) >= 60", hold),),
        clear="bin_temperature < 0",
        wait_s=wait,
    )
    delays = [data.draw(st.integers(0, wait - 1)) for _ in samples]
    arrivals = sorted((s[0] + delay, s) for s, delay in zip(samples, delays, strict=True))
    state, found, newest = QUIET, [], {}
    for arrives, (second, device, value) in arrivals:
        if data.draw(st.booleans()):
            state, changes = step(tried, again(state), Tick(arrives * 1000), PLACE, Unchanging())
            found += changes
        one = reading(second, {"bin_temperature": value}, device, arrives * 1000)
        in_order = second >= newest.get(device, 0)
        newest[device] = max(second, newest.get(device, 0))
        state, changes = step(tried, again(state), one if in_order else Late(one), PLACE, Unchanging())
        found += changes
    while (tick := due(tried, state)) is not None:
        state, changes = step(tried, again(state), Tick(tick), PLACE, Unchanging())
        found += changes
    assert [change.at // 1000 for change in found] == window_oracle(samples, span, hold)


@settings(max_examples=100, deadline=None)
@given(TIMELINE)
def test_a_tick_that_comes_too_early_leaves_the_state_as_it_is(gaps: list[Said]):
    tried = program(clauses=(Clause("bin_temperature >= 60", 30),), clear="bin_temperature < 45", wait_s=1)
    second, state = 0, QUIET
    for gap, value in gaps:
        second += gap
        state, _ = step(
            tried, state, reading(second, {} if value is None else {"bin_temperature": value}), PLACE, Unchanging()
        )
        coming = due(tried, state)
        early = second * 1000 if coming is None else min(second * 1000, coming - 1)
        assert step(tried, state, Tick(early), PLACE, Unchanging()) == (state, ())
