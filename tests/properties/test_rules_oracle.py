"""The rule machine against slow, obvious oracles that share no code with it."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.naming import Kind
from domain.readings import Reading
from rules.core.program import Program, compiled
from rules.core.rule import Clause, Level, Rule
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
    parts = {"kind": Kind.BIN, **parts}
    rule = Rule(id="T01", name="test", version="1", subject="facility", title=title, **parts)  # type: ignore[arg-type]
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


def grown(said: Sequence[tuple[int, float]]) -> float:
    """How much a counter counted: what it grew by, or all that it shows where it has become less."""
    return sum(b - a if b >= a else b for (_, a), (_, b) in pairwise(said))


def window_value(function: str, within: Sequence[tuple[int, str, float]]) -> float | None:
    """What a window comes to, each function spelled out. `within` is in order of time."""
    values = [value for _, _, value in within]
    by_device = [[(at, v) for at, who, v in within if who == device] for device in ("a", "b")]
    long_enough = [said for said in by_device if len(said) > 1]
    match function:
        case "mean":
            return sum(values) / len(values)
        case "median":
            ordered, half = sorted(values), len(values) // 2
            return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2
        case "min" | "max":
            return sorted(values)[0 if function == "min" else -1]
        case "sum":
            return sum(values)
        case "count":
            return float(len(values))
        case "last":
            return values[-1]
        case "delta":
            return sum(grown(said) for said in long_enough) if long_enough else None
        case "rate":
            rates = [grown(said) * 3600 / (said[-1][0] - said[0][0]) for said in long_enough]
            return sum(rates) if rates else None
    raise AssertionError(function)


def window_oracle(
    samples: Sequence[tuple[int, str, float]], function: str, span: int, hold: int, limit: float
) -> list[int]:
    """Seconds at which the window over the last `span` seconds, asked at each sample, has been ≥ limit for `hold`."""
    since = None
    ordered = sorted(samples)
    for second, _, _ in ordered:
        if since is not None and second > since + hold:
            return [since + hold]
        within = [one for one in ordered if second - span < one[0] <= second]
        value = window_value(function, within)
        if value is not None:
            since = (second if since is None else since) if value >= limit - 1e-9 else None
    return [] if since is None else [since + hold]


LIMITS = {"sum": 95.0, "count": 2.0, "delta": 30.0, "rate": 20_000.0}


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["mean", "median", "min", "max", "sum", "count", "last", "delta", "rate"]),
    st.lists(st.tuples(st.integers(1, 60), st.sampled_from("ab"), st.sampled_from([20.0, 61.0, 90.0])), min_size=1,
             max_size=14, unique_by=lambda s: (s[0], s[1])),
    st.integers(1, 20), st.integers(0, 12), st.data(),
)  # fmt: skip
def test_any_order_of_arrival_within_the_wait_gives_what_sorting_first_gives(
    function: str, samples: list[tuple[int, str, float]], span: int, hold: int, data: st.DataObject
):
    wait, limit = 8, LIMITS.get(function, 60.0)
    tried = program(
        kind=Kind.CROWD,
        clauses=(Clause(f"{function}(people_in, seconds={span}) >= {limit - 1e-9}", hold),),
        clear="people_in < 0",
        wait_s=wait,
    )
    delays = [data.draw(st.integers(0, wait - 1)) for _ in samples]
    arrivals = sorted((s[0] + delay, s) for s, delay in zip(samples, delays, strict=True))
    state, found, newest = QUIET, [], {}
    for arrives, (second, device, value) in arrivals:
        if data.draw(st.booleans()):
            state, changes = step(tried, again(state), Tick(arrives * 1000), PLACE, Unchanging())
            found += changes
        one = reading(second, {"people_in": value}, device, arrives * 1000)
        in_order = second >= newest.get(device, 0)
        newest[device] = max(second, newest.get(device, 0))
        state, changes = step(tried, again(state), one if in_order else Late(one), PLACE, Unchanging())
        found += changes
    while (tick := due(tried, state)) is not None:
        state, changes = step(tried, again(state), Tick(tick), PLACE, Unchanging())
        found += changes
    assert [change.at // 1000 for change in found] == window_oracle(samples, function, span, hold, limit)


LEVELS = [(60.0, 50.0), (70.0, 60.0), (80.0, 75.0)]  # on from, off below


def run_of(said: Sequence[tuple[int, float]], after: int, now: int, good: Callable[[float], bool]) -> list[int]:
    """The seconds, up to now, of the unbroken run of what is good."""
    run: list[int] = []
    for second, value in said:
        if after < second <= now:
            run = [*run, second] if good(value) else []
    return run


def levels_oracle(
    said: Sequence[tuple[int, float]], hold: int, clear_hold: int, reopen: int
) -> list[tuple[int, int, int]]:
    """Second by second: each level is switched by its own runs in all that was said; (second, worst level, cause)."""
    on, since, told = [False] * 3, [-1] * 3, []
    cause, ended = -1, -(10**6)
    for now in range(said[-1][0] + 2 * (hold + clear_hold) + 10):
        before, begun = on.copy(), []
        for n, (high, low) in enumerate(LEVELS):
            for _ in range(2):
                good = (lambda v, low=low: v < low) if on[n] else (lambda v, high=high: v >= high)
                run = run_of(said, since[n], now, good)
                if run and now >= run[0] + (clear_hold if on[n] else hold):
                    begun += [] if on[n] else [run[0]]
                    on[n], since[n] = not on[n], now
        was, worst = (max((n + 1 for n in range(3) if which[n]), default=0) for which in (before, on))
        if was == 0 and worst and min(begun) > ended + reopen:
            cause = min(begun)
        if was != worst:
            told.append((now, worst, cause))
            ended = now if worst == 0 else ended
    return told


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.sampled_from([40.0, 55.0, 65.0, 72.0, 78.0, 90.0])), min_size=1, max_size=30
    ),
    st.integers(0, 8), st.integers(1, 8), st.sampled_from([0, 5, 15]),
)  # fmt: skip
def test_levels_and_the_cool_down_are_what_reading_all_history_says(
    gaps: list[tuple[int, float]], hold: int, cold: int, reopen: int
):
    levels = tuple(
        Level(f"l{n}", Clause(f"bin_temperature >= {high}", hold), f"bin_temperature < {low}", cold)
        for n, (high, low) in enumerate(LEVELS)
    )
    tried = program(clauses=tuple(one.clause for one in levels), levels=levels, wait_s=1, reopen_s=reopen)
    second, said = 0, []
    for gap, value in gaps:
        second += gap
        said.append((second, value))
    state, found = QUIET, []
    for second, value in said:
        while (tick := due(tried, state)) is not None and tick <= second * 1000:
            state, changes = step(tried, again(state), Tick(tick), PLACE, Unchanging())
            found += changes
        state, changes = step(tried, again(state), reading(second, {"bin_temperature": value}), PLACE, Unchanging())
        found += changes
    while (tick := due(tried, state)) is not None:
        state, changes = step(tried, again(state), Tick(tick), PLACE, Unchanging())
        found += changes
    assert state is QUIET or state.open is not None
    assert [(c.at // 1000, c.level, c.cause // 1000) for c in found] == levels_oracle(said, hold, cold, reopen)


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
