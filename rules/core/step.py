"""The rule machine: what one subject's state becomes when something is seen, and when it will change by itself.

`step` first does what fell due before what is seen, at the time it fell due. Immediate clauses are judged on the
reading that shows them. Settled ones wait `rule.wait_s`, and are then judged in order of event time, so that any order
of arrival within the wait gives the same. A timer (`for`, `clear_for`) always leaves the wait to a reading that is on
its way; a reading at the very moment of a timer is heard first. While a gate is closed nothing is judged, and what held
must begin again once it opens.
"""

from bisect import insort
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from domain.alarms import AlarmState
from domain.readings import Millis, Quality, Reading, Value
from rules.core import levels
from rules.core.expression import Condition, Get
from rules.core.gates import is_open, unbroken
from rules.core.grammar import Window
from rules.core.levels import reopened, within
from rules.core.params import key_of
from rules.core.program import Program
from rules.core.state import QUIET, Change, Closed, Cover, Holding, Opened, Sample, State
from rules.core.surroundings import Context, Place, Silent, Tick
from rules.core.trust import wakes
from rules.core.windows import aggregate

UNFIT: Final = int(Quality.BACKFILL | Quality.TIME_UNKNOWN)  # readings that neither raise nor clear anything
_NEITHER = (False, True)  # both streams: immediate, settled


class Late(NamedTuple):
    """A reading older than the newest of its device: only settled clauses still judge it, within their wait."""

    reading: Reading


Seen = Reading | Late | Silent | Tick


def step(
    program: Program, state: State, seen: Seen, place: Place, context: Context, cover: Cover | None = None
) -> tuple[State, tuple[Change, ...]]:
    """What becomes of the state, and what was decided on the way, in order. Pure: the same in gives the same out."""
    if program.parts:
        return levels.step(
            lambda part, one: _step(part, one, seen, place, context, cover), program, state, _now(program, seen)
        )
    return _step(program, state, seen, place, context, cover)


def _now(program: Program, seen: Seen) -> Millis:
    """Up to when everything is done, once this has been seen."""
    match seen:
        case Tick(at):
            return at - program.wait
        case Reading() if not program.parts[0].waits:
            return seen.at
    return -1


def _step(
    program: Program, state: State, seen: Seen, place: Place, context: Context, cover: Cover | None
) -> tuple[State, tuple[Change, ...]]:
    turn = _Turn(program, state, place, context, cover)
    match seen:
        case Tick(at):
            turn.settle(at - program.wait)
        case Silent(at, device, heard):
            turn.put(Sample(at, device, {"last_heard": float(heard)}, said=False))
        case Late(reading):
            if program.waits and not reading.quality & UNFIT and reading.received - reading.at <= program.wait:
                turn.put(sampled(program, reading))
        case Reading():
            if not seen.quality & UNFIT:
                turn.hear(seen)
    return turn.state(), tuple(turn.changes)


def due(program: Program, state: State, cover: Cover | None = None) -> Millis | None:
    """The Tick that will change this state by itself; None where only a reading can."""
    if program.parts:
        return levels.due(lambda part, one: due(part, one, cover), program, state)
    ready = [sample.at for sample in state.samples if sample.at > state.judged][:1]
    if (coming := _coming(program, state.holds, state.open, state.clearing, cover, _NEITHER)) is not None:
        ready.append(coming[0])
    if state.closed is not None and not within(state.closed, program.rule.reopen_s, state.holds):
        ready.append(state.closed.at + program.rule.reopen_s * 1000 + 1)
    return min(ready) + program.wait if ready else None


def sampled(program: Program, reading: Reading) -> Sample:
    """What settled clauses want of a reading."""
    values = reading.values
    return Sample(reading.at, reading.device, {q: values[q] for q in program.wanted if q in values})


def _coming(
    program: Program,
    holds: Sequence[Holding | None],
    opened: Opened | None,
    clearing: Holding | None,
    cover: Cover | None,
    streams: tuple[bool, ...],
) -> tuple[Millis, int] | None:
    """The next moment at which a holding ripens, and which (-1: the clearing), among the streams asked for."""
    rule = program.rule
    if opened is not None:
        if clearing is None or clearing.reached is None or program.clear_settled not in streams:
            return None
        return max(clearing.since + rule.clear_for_s * 1000, clearing.reached, opened.at), -1
    found = []
    for i, hold in enumerate(holds):
        if hold is None or hold.reached is None or program.settled[i] not in streams:
            continue
        moment = max(hold.since + rule.clauses[i].for_s * 1000, hold.reached)
        if cover is not None and moment >= cover.since:
            if cover.until is None:
                continue
            if hold.since < cover.until:
                moment = max(moment, cover.until + rule.spin_off_s * 1000)
        found.append((moment, i))
    return min(found, default=None)


class _Turn:
    """One call of `step`: the state taken apart, to be put together again at its end."""

    def __init__(self, program: Program, state: State, place: Place, context: Context, cover: Cover | None) -> None:
        self.program, self.place, self.context, self.cover = program, place, context, cover
        self.rule = program.rule
        self.holds = list(state.holds) or [None] * len(program.clauses)
        self.open, self.clearing, self.wrong = state.open, state.clearing, state.wrong
        self.samples, self.judged, self.closed = state.samples, state.judged, state.closed
        self.changes: list[Change] = []

    def state(self) -> State:
        """Put together; whoever has nothing left to remember is QUIET."""
        holds = tuple(self.holds) if any(self.holds) else ()
        if not (holds or self.open or self.samples or self.closed):
            return QUIET
        return State(holds, self.open, self.clearing, self.wrong, self.samples, self.judged, self.closed)

    def hear(self, reading: Reading) -> None:
        """A reading, in its device's own order."""
        program = self.program
        if not all(program.settled) or not program.clear_settled:
            self._ripen((False,), reading.at - 1)
            self._judge(settled=False, sample=Sample(reading.at, reading.device, dict(reading.values)))
            self._ripen((False,), reading.at)
            self._forget(reading.at)
        if program.waits:
            self.put(sampled(program, reading))

    def put(self, sample: Sample) -> None:
        """Keep a sample until it is judged. What another of the same device and time said too, is one."""
        if sample.at <= self.judged or not (sample.values or self.rule.absent_intervals):
            return
        samples = list(self.samples)
        for i, other in enumerate(samples):
            if (other.at, other.device) == (sample.at, sample.device):
                samples[i] = Sample(sample.at, sample.device, other.values | sample.values, sample.said)
                break
        else:
            insort(samples, sample, key=lambda s: (s.at, s.device))
        self.samples = tuple(samples)

    def settle(self, horizon: Millis) -> None:
        """Judge everything up to the horizon, timers and samples, each at its own time."""
        for sample in self.samples:
            if self.judged < sample.at <= horizon:
                self._ripen(_NEITHER, sample.at - 1)
                self._judge(settled=True, sample=sample)
        self._ripen(_NEITHER, horizon)
        self._forget(horizon)
        judged = max((sample.at for sample in self.samples if sample.at <= horizon), default=self.judged)
        self.judged = max(self.judged, judged)
        since = self._kept_from()
        self.samples = tuple(sample for sample in self.samples if sample.at > since)

    def _kept_from(self) -> Millis:
        """A window reaches back from the newest sample judged; without one, only what waits is kept. What made
        something hold, or opened an alarm just now, is kept for what may come late of it (rules/core/hindsight.py).
        """
        span, since = self.program.span, [self.judged]
        if span:
            since += [hold.since for hold in self.holds if hold is not None]
            if self.open is not None and self.judged <= self.open.at + span:
                since.append(self.open.cause)
        return min(since) - span

    def _forget(self, now: Millis) -> None:
        """Let go of an alarm that cannot come back any more."""
        closed, reopen = self.closed, self.rule.reopen_s
        if closed is not None and now > closed.at + reopen * 1000 and not within(closed, reopen, self.holds):
            self.closed = None

    def _ripen(self, streams: tuple[bool, ...], until: Millis) -> None:
        """Do what falls due up to a moment, in order."""
        while coming := _coming(self.program, self.holds, self.open, self.clearing, self.cover, streams):
            moment, which = coming
            if moment > until:
                return
            if which < 0:
                self._clear(moment)
            else:
                self._raise(which, moment)

    def _raise(self, which: int, moment: Millis) -> None:
        hold = self.holds[which]
        assert hold is not None  # noqa: S101
        ripe = moment if hold.waits is None else hold.waits  # what waits for a witness was judged before it waited
        if not unbroken(self.program.given, self.place, self.context, hold.since, ripe):
            self.holds[which] = None
            return
        if (dawn := self._witness_at(moment)) is not None:
            waits = hold.waits if hold.waits is not None else moment
            self.holds[which] = msgspec.structs.replace(hold, reached=dawn, waits=waits)
            return
        why = dict(hold.values)
        if self.place.doubted and wakes(self.rule):
            why["bad_record"] = float(self.place.doubted)
        if hold.waits is not None:
            why["waited_for_a_witness_s"] = (moment - hold.waits) / 1000
        self.open = reopened(
            self.closed, self.rule.reopen_s, Opened(hold.since, hold.since, moment, self.rule.version, why)
        )
        self.closed = None
        self.holds, self.clearing, self.wrong = [None] * len(self.holds), None, True
        if self.program.settled[which]:
            self.judged = max(self.judged, moment)
        self._say(AlarmState.OPEN, self.open, moment, self.open.why)

    def _witness_at(self, moment: Millis) -> Millis | None:
        """Where nobody is to be woken by instruments with a bad record: when it is to be asked again."""
        if not self.place.doubted or not wakes(self.rule):
            return None
        around = self.context.at(self.place, moment)
        return around.until if around.values.get("daylight") is False else None

    def _clear(self, moment: Millis) -> None:
        assert self.open is not None  # noqa: S101
        assert self.clearing is not None  # noqa: S101
        if not unbroken(self._clear_gate(), self.place, self.context, self.clearing.since, moment):
            self.clearing = None
            return
        self._say(AlarmState.CLEARED, self.open, moment, self.clearing.values)
        if self.rule.reopen_s:
            self.closed = Closed(self.open.cause, self.open.since, moment, self.open.again)
        self.open = self.clearing = self.wrong = None
        if self.program.clear_settled:
            self.judged = max(self.judged, moment)

    def _say(self, state: AlarmState, opened: Opened, at: Millis, why: dict[str, Value]) -> None:
        self.changes.append(
            Change(state, opened.cause, opened.since, at, opened.version, opened.members, dict(why)),
        )

    def _clear_gate(self) -> Condition | None:
        return self.program.clear_given or (self.program.given if self.program.clear is None else None)

    def _judge(self, *, settled: bool, sample: Sample) -> None:
        """Ask the clauses of one stream about one sample, and remember what held."""
        program = self.program
        around = self.context.at(self.place, sample.at).values.get
        open_gate = is_open(program.given, self.place, around)
        mine = [i for i, other in enumerate(program.settled) if other is settled]
        truths = {i: self._truth(program.clauses[i], sample, around) if open_gate else None for i in mine}
        if self.open is None:
            for i, truth in truths.items():
                if truth is False:
                    self.holds[i] = None
                elif truth:
                    self.holds[i] = self._held(
                        self.holds[i], sample, self.rule.clauses[i].repeat, program.given, around
                    )
            return
        if True in truths.values():
            self.wrong = True
        elif truths and settled == any(program.settled):
            self.wrong = None if not open_gate else False if None not in truths.values() else self.wrong
        if program.clear_settled is settled and sample.at >= self.open.at:
            self._judge_clear(sample, around)

    def _judge_clear(self, sample: Sample, around: Get) -> None:
        clear_gate = self._clear_gate()
        if not is_open(clear_gate, self.place, around):
            return
        if self.program.clear is not None:
            truth = self._truth(self.program.clear, sample, around)
        else:
            truths = [self._truth(clause, sample, around) for clause in self.program.clauses]
            truth = False if True in truths else None if None in truths else True
        if truth is False:
            self.clearing = None
        elif truth:
            self.clearing = self._held(self.clearing, sample, self.rule.clear_repeat, clear_gate, around)

    def _truth(self, clause: Condition | None, sample: Sample, around: Get) -> bool | None:
        if clause is None:
            return not sample.said
        windows = tuple(self._aggregate(window, sample.at) for window in clause.windows)
        return clause.verdict(sample.values.get, self.place.attributes.get, around, windows)

    def _aggregate(self, window: Window, at: Millis) -> float | None:
        return aggregate(window.function, window.quantity, self.samples, at - window.span, at)

    def _held(self, hold: Holding | None, sample: Sample, repeat: int, given: Condition | None, around: Get) -> Holding:
        at = sample.at
        if hold is not None and at < hold.newest:
            return hold
        if hold is None or not unbroken(given, self.place, self.context, hold.newest, at):
            return Holding(at, at, 1, at if repeat <= 1 else None, self._shown(sample, around))
        times = hold.times + (at > hold.newest)
        reached = hold.reached if hold.reached is not None else at if times >= repeat else None
        return Holding(hold.since, at, times, reached, self._shown(sample, around), hold.waits)

    def _shown(self, sample: Sample, around: Get) -> dict[str, Value]:
        """What people are shown of it: the values the rule names, its windows, its context."""
        program = self.program
        shown = {q: sample.values[q] for q in (*program.wanted, "last_heard") if q in sample.values}
        for window in program.windows:
            if (value := self._aggregate(window, sample.at)) is not None:
                shown[f"{window.quantity} {window.function} {window.span // 1000}s"] = round(value, 4)
        asked = [c for c in (*program.clauses, program.clear, program.given, program.clear_given) if c is not None]
        for name in dict.fromkeys(name for c in asked for name in c.context):
            if (said := around(name)) is not None:
                shown[name] = said
        for param in self.rule.params:
            if (number := self.place.attributes.get(key_of(self.rule.name, param.name))) is not None:
                shown[param.name] = number
        return shown
