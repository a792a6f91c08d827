"""What late data would have changed.

Data that come after their time has been judged raise and clear nothing: nobody is called by the past. But they are
judged here, as if they had come in time, and where an alarm would have been another one that is found out. It is said
of what they show by themselves, and of what is still remembered beside them; nothing is assumed of the time after the
last of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from domain.alarms import AlarmState, Hindsight
from domain.readings import Millis, Reading, Value
from rules.core.program import Program
from rules.core.state import QUIET, Change, State
from rules.core.step import sampled, step
from rules.core.surroundings import Context, Place, Tick


class Finding(NamedTuple):
    """One thing that would have been another. `at`: when it would have been decided, or should not have been."""

    what: Hindsight
    cause: Millis
    at: Millis
    why: dict[str, Value]


class Past(NamedTuple):
    """The last alarm of a state that is over."""

    cause: Millis
    until: Millis


def findings(
    program: Program, state: State, past: Past | None, late: Sequence[Reading], place: Place, context: Context
) -> list[Finding]:
    """What these readings would have changed, in order of event time. `late` are of one subject, sorted by event time,
    each device and moment once, and fit to be judged; `state`, with the samples that are remembered, and `past` are how
    it stands.
    """
    if not late:
        return []
    known = _among(state, late) if program.span else list(late)
    found: list[Finding] = []
    was = None
    for change in _changes(program, QUIET, known, place, context):
        if change.state is AlarmState.OPEN and change.cause != was and not _known(change, state, past):
            was = change.cause
            found.append(Finding(Hindsight.OPENED, was, change.at, dict(change.why)))
    opened = state.open
    if opened is None:
        return found
    if not _still_opens(program, state, late, place, context):
        return [*found, Finding(Hindsight.NEVER_OPENED, opened.cause, opened.at, dict(opened.why))]
    after = [reading for reading in known if reading.at > opened.at]
    if any(reading.at > opened.at for reading in late):
        bare = _bare(program, state, [reading for reading in known if reading.at <= opened.at])
        cleared = [c for c in _changes(program, bare, after, place, context) if c.state is AlarmState.CLEARED]
        found += [Finding(Hindsight.CLEARED, opened.cause, one.at, dict(one.why)) for one in cleared[:1]]
    return found


def _among(state: State, late: Sequence[Reading]) -> list[Reading]:
    """The late readings among what is remembered; what was said in time goes before."""
    like = late[0]
    found = {(reading.at, reading.device): reading for reading in late}
    for sample in state.parts[0].samples if state.parts else state.samples:
        key = (sample.at, sample.device)
        more = found[key].values if key in found else {}
        values = {**more, **sample.values}
        found[key] = like._replace(device=sample.device, at=sample.at, values=values, received=sample.at)
    return [found[key] for key in sorted(found)]


def _changes(
    program: Program, state: State, readings: Sequence[Reading], place: Place, context: Context
) -> list[Change]:
    """Judged from a state on, up to the last of them."""
    found: list[Change] = []
    for reading in readings:
        state, changes = step(program, state, reading, place, context)
        found += changes
    if readings:
        found += step(program, state, Tick(readings[-1].at + program.wait), place, context)[1]
    return found


def _known(change: Change, state: State, past: Past | None) -> bool:
    """Whether an alarm was there at that time already."""
    if state.open is not None and state.open.cause <= change.at:
        return True
    return past is not None and past.cause <= change.at <= past.until


def _bare(program: Program, state: State, before: Sequence[Reading]) -> State:
    """As it is open, with what windows may reach back to, and nothing that waits to be judged."""
    samples = tuple(sampled(program, reading) for reading in before) if program.span else ()
    judged = samples[-1].at if samples else -1
    parts = tuple(
        State(open=part.open, samples=samples, judged=judged) if part.open is not None else QUIET
        for part in state.parts
    )
    return State(open=state.open, samples=() if parts else samples, judged=judged, parts=parts)


def _still_opens(program: Program, state: State, late: Sequence[Reading], place: Place, context: Context) -> bool:
    """Whether the open alarm would have opened with the late data among those that opened it; yes, where these are
    remembered no more.
    """
    opened, first = state.open, state.samples[0].at if state.samples else None
    if opened is None or first is None or not program.span or program.parts:
        return True
    within = [reading for reading in late if opened.cause - program.span < reading.at <= opened.at]
    if not within or first > opened.cause:
        return True
    samples = [sampled(program, reading) for reading in _among(state, late) if reading.at <= opened.at]
    _, changes = step(program, State(samples=tuple(samples)), Tick(opened.at + program.wait), place, context)
    return any(change.state is AlarmState.OPEN for change in changes)
