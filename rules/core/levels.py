"""Severities: one alarm that goes up and down.

Each level is a rule of its own, with its own `for`, `clear` and `clear_for`; the alarm is as bad as the worst level
that is on, and over when none is. So a value that falls slowly takes the alarm down step by step, each with its own
hysteresis, and a jump from nothing to the worst is one alarm, opened at the worst.
"""

from collections.abc import Callable, Sequence
from itertools import groupby

import msgspec

from domain.alarms import AlarmState
from domain.readings import Millis, Value
from rules.core.program import Program
from rules.core.state import QUIET, Change, Closed, Holding, Opened, State

Machine = Callable[[Program, State], tuple[State, tuple[Change, ...]]]


def step(machine: Machine, program: Program, state: State, now: Millis) -> tuple[State, tuple[Change, ...]]:
    """What becomes of a state with levels: each steps for itself by `machine`, then the alarm follows.
    `now`: up to when what fell due is done, for the cool-down to end.
    """
    before = state.parts or (QUIET,) * len(program.parts)
    stepped = [machine(part, one) for part, one in zip(program.parts, before, strict=True)]
    turn = _Turn(program, state, [one.open is not None for one in before])
    told = sorted(
        ((change.at, number, change) for number, (_, changes) in enumerate(stepped, 1) for change in changes),
        key=lambda one: one[:2],
    )
    for at, changes in groupby(told, key=lambda one: one[0]):
        turn.follow(at, [(number, change) for _, number, change in changes])
    parts = tuple(one for one, _ in stepped)
    closed = turn.closed
    if closed is not None and now > closed.at + program.rule.reopen_s * 1000:
        closed = closed if within(closed, program.rule.reopen_s, _holds(parts)) else None
    if turn.open is None and closed is None and all(part is QUIET for part in parts):
        return QUIET, tuple(turn.changes)
    wrong = None if turn.open is None else _wrong(parts)
    return State(open=turn.open, wrong=wrong, judged=turn.told, closed=closed, parts=parts), tuple(turn.changes)


def due(of: Callable[[Program, State], Millis | None], program: Program, state: State) -> Millis | None:
    """The Tick that will change any level by itself, or end the cool-down."""
    ready = [when for part, one in zip(program.parts, state.parts, strict=False) if (when := of(part, one)) is not None]
    if state.closed is not None and not within(state.closed, program.rule.reopen_s, _holds(state.parts)):
        ready.append(state.closed.at + program.rule.reopen_s * 1000 + 1 + program.wait)
    return min(ready, default=None)


def within(closed: Closed, reopen_s: int, holds: Sequence[Holding | None]) -> bool:
    """Whether something that holds began within the cool-down of an alarm."""
    return any(hold is not None and hold.since <= closed.at + reopen_s * 1000 for hold in holds)


def reopened(closed: Closed | None, reopen_s: int, opened: Opened) -> Opened:
    """The alarm that opens: the one that was over, where it is back within the cool-down."""
    if closed is None or opened.since > closed.at + reopen_s * 1000:
        return opened
    why: dict[str, Value] = {**opened.why, "came_back": float(closed.again + 1)}
    return msgspec.structs.replace(opened, cause=closed.cause, since=closed.since, why=why, again=closed.again + 1)


def _holds(parts: Sequence[State]) -> tuple[Holding | None, ...]:
    return tuple(hold for part in parts for hold in part.holds)


def _wrong(parts: Sequence[State]) -> bool | None:
    told = [part.wrong for part in parts if part.open is not None]
    return True if True in told else None if None in told else False


class _Turn:
    """The alarm, following its levels."""

    def __init__(self, program: Program, state: State, on: list[bool]) -> None:
        self.rule, self.on = program.rule, on
        self.open, self.closed, self.told = state.open, state.closed, state.judged
        self.changes: list[Change] = []

    def follow(self, at: Millis, changes: Sequence[tuple[int, Change]]) -> None:
        """What the levels decided at one moment; what is late to be decided counts from what was said last."""
        for number, change in changes:
            self.on[number - 1] = change.state is AlarmState.OPEN
        level = max((number for number, on in enumerate(self.on, 1) if on), default=0)
        was = 0 if self.open is None else self.open.level
        if level == was:
            return
        moment, why = max(at, self.told), {**changes[-1][1].why}
        if level:
            why["level"] = self.rule.levels[level - 1].name
        if self.open is None:
            since = min(change.since for _, change in changes)
            fresh = Opened(since, since, moment, self.rule.version, why, level=level)
            self.open, self.closed = reopened(self.closed, self.rule.reopen_s, fresh), None
            self._say(AlarmState.OPEN, self.open, moment, self.open.why, level)
        elif level:
            self.open = msgspec.structs.replace(self.open, why=why, level=level)
            self._say(AlarmState.OPEN, self.open, moment, why, level)
        else:
            opened, self.open = self.open, None
            if self.rule.reopen_s:
                self.closed = Closed(opened.cause, opened.since, moment, opened.again)
            self._say(AlarmState.CLEARED, opened, moment, why, 0)

    def _say(self, state: AlarmState, opened: Opened, at: Millis, why: dict[str, Value], level: int) -> None:
        self.told = at
        self.changes.append(
            Change(state, opened.cause, opened.since, at, opened.version, opened.members, dict(why), level)
        )
