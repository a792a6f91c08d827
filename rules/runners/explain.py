"""Why an alarm is there, and why it is not: one rule and one subject, laid open. Pure, and decides nothing.

The truth of conditions is the core's; timers are asked of the core with one thing pending at a time. What was measured
is given as the recent readings of the subject, in order of event time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from domain.readings import Millis, Value
from rules.core import groups
from rules.core.expression import Condition
from rules.core.grammar import Window
from rules.core.groups import Group
from rules.core.params import Resolved
from rules.core.program import Program
from rules.core.rule import Quorum
from rules.core.state import QUIET, Cover, Holding, Opened, Sample, State
from rules.core.step import due
from rules.core.surroundings import Context, Place
from rules.core.windows import aggregate
from rules.runners.explained import (
    Alarm,
    ClauseTold,
    Distrusted,
    Explained,
    Gate,
    GroupTold,
    Held,
    Pending,
    Silence,
    Standing,
    Told,
)
from rules.runners.weighing import Asked, Get, Weighed, weigh

LOOKED_BACK: Final = 500  # readings; since when something is so is not followed farther


@dataclass(frozen=True, slots=True)
class Scene:
    """What surrounds the question: where, when, and what was measured lately."""

    subject: str
    place: Place
    context: Context
    now: Millis
    readings: Sequence[Sample] = ()
    held: tuple[Held, ...] = ()
    cover: Cover | None = None
    distrusted: tuple[Distrusted, ...] = ()
    params: tuple[Resolved, ...] = ()


def explain(program: Program, state: State, scene: Scene) -> Explained:
    """Why the rule has, or has not, an alarm of this subject."""
    if program.parts:
        return _leveled(program, state, scene)
    rule = program.rule
    clauses = tuple(_clause(program, state, scene, number) for number in range(len(program.clauses)))
    gate = _gate(program.given, program, scene)
    alarm = _alarm(program, state, scene) if state.open is not None else None
    return Explained(
        rule.name,
        rule.id,
        rule.version,
        scene.subject,
        _standing(clauses, gate, alarm, scene),
        clauses,
        gate,
        scene.held,
        scene.distrusted,
        alarm,
        scene.params,
        due(program, state, scene.cover),
    )


def explain_silence(program: Program, state: State, scene: Scene, silence: Silence) -> Explained:
    """The same of an absence rule, whose clause has no text."""
    rule, hold = program.rule, (state.holds or (None,))[0]
    told = Told("", silence.silent is not None, at=scene.now, since=silence.silent or silence.heard, whole=True)
    pending = _pending(program, hold, 0, scene.cover) if hold is not None else None
    alarm = _alarm(program, state, scene) if state.open is not None else None
    standing = Standing.OPEN if alarm else Standing.PENDING if pending else Standing.QUIET
    if standing is Standing.PENDING and scene.cover is not None and scene.cover.until is None:
        standing = Standing.INHIBITED
    clause = ClauseTold(told, rule.clauses[0].for_s, 1, pending)
    return Explained(
        rule.name,
        rule.id,
        rule.version,
        scene.subject,
        standing,
        (clause,),
        held=scene.held,
        alarm=alarm,
        params=scene.params,
        next_look=due(program, state, scene.cover) or silence.limit,
        silence=silence,
    )


def explain_group(program: Program, group: Group, scene: Scene, members: int, covered: frozenset[str]) -> Explained:
    """The same of a group rule and one feeder or gateway; those `covered` are spoken for by another group."""
    rule, quorum = program.rule, program.rule.quorum
    assert quorum is not None  # noqa: S101
    at = scene.now if group.open is None else group.open.cause
    at = at if group.pending is None else group.pending.at
    since = at - quorum.within_s * 1000
    fresh = tuple(who for who, fault in group.faults.items() if fault.since > since and who not in covered)
    lost = {who for who, fault in group.faults.items() if fault.silent is not None and fault.since <= since}
    counted = members - len(lost | covered)
    opens = group.pending.at + quorum.gather_s * 1000 if group.pending is not None else None
    clears = group.clearing + rule.clear_for_s * 1000 if group.clearing is not None and group.open else None
    told = GroupTold(members, counted, fresh, needed(quorum, counted), group.hub, opens, clears)
    alarm = None
    if group.open is not None:
        alarm = _opened(group.open, None, Told("", clears is not None), None, None)
    pending = Standing.PENDING if opens is not None else Standing.QUIET
    standing = pending if alarm is None else Standing.OPEN if clears is None else Standing.CLEARING
    look = groups.due(program, group)
    return Explained(rule.name, rule.id, rule.version, scene.subject, standing, alarm=alarm, next_look=look, group=told)


def needed(quorum: Quorum, counted: int) -> int:
    """How many of those that count make the group be at fault."""
    return max(quorum.least, ceil(quorum.share * counted - 1e-9))


def _leveled(program: Program, state: State, scene: Scene) -> Explained:
    rule, states = program.rule, state.parts or (QUIET,) * len(program.parts)
    levels = tuple(
        _named(explain(part, one, scene), level.name)
        for part, one, level in zip(program.parts, states, rule.levels, strict=True)
    )
    worst = next((one for one in reversed(levels) if one.standing in _IN_HAND), None)
    nearest = worst or levels[0]
    alarm = None
    if state.open is not None:
        part = levels[state.open.level - 1] if state.open.level else nearest
        if (own := part.alarm) is not None:
            alarm = _opened(state.open, state.wrong, own.clear, own.clear_gate, own.clearing)
        else:
            alarm = _opened(state.open, state.wrong, Told("", None), None, None)
    return Explained(
        rule.name,
        rule.id,
        rule.version,
        scene.subject,
        nearest.standing if alarm is None or nearest.standing is Standing.CLEARING else Standing.OPEN,
        nearest.clauses,
        nearest.gate,
        scene.held,
        scene.distrusted,
        alarm,
        scene.params,
        due(program, state, scene.cover),
        nearest.level,
        levels,
    )


def _named(one: Explained, level: str) -> Explained:
    names = (name for name in Explained.__slots__ if name != "level")
    return Explained(**{name: getattr(one, name) for name in names}, level=level)


_IN_HAND: Final = frozenset({Standing.OPEN, Standing.CLEARING, Standing.PENDING, Standing.INHIBITED})


def _standing(clauses: tuple[ClauseTold, ...], gate: Gate | None, alarm: Alarm | None, scene: Scene) -> Standing:
    if alarm is not None:
        return Standing.CLEARING if alarm.clearing is not None else Standing.OPEN
    if gate is not None and gate.told.truth is not True:
        return Standing.GATED
    covered = scene.cover is not None and scene.cover.until is None
    if any(clause.pending for clause in clauses):
        return Standing.INHIBITED if covered else Standing.PENDING
    truths = [clause.told.truth for clause in clauses]
    if True in truths:
        return Standing.INHIBITED if covered else Standing.PENDING
    return Standing.UNKNOWN if None in truths else Standing.QUIET


def _clause(program: Program, state: State, scene: Scene, number: int) -> ClauseTold:
    clause, condition = program.rule.clauses[number], program.clauses[number]
    assert condition is not None  # noqa: S101
    hold = state.holds[number] if state.holds else None
    told = _told(condition, program, scene, state)
    pending = _pending(program, hold, number, scene.cover) if hold is not None else None
    return ClauseTold(told, clause.for_s, clause.repeat, pending)


def _pending(program: Program, hold: Holding, number: int, cover: Cover | None) -> Pending:
    """When it ripens is what the core would say, had it nothing else to think of."""
    alone = tuple(hold if i == number else None for i in range(len(program.clauses)))
    tick = due(program, State(holds=alone), cover)
    clause = program.rule.clauses[number]
    fires = None if tick is None else tick - program.wait
    return Pending(hold.since, clause.for_s, hold.times, clause.repeat, fires, hold.values, hold.waits)


def _alarm(program: Program, state: State, scene: Scene) -> Alarm:
    opened, rule = state.open, program.rule
    assert opened is not None  # noqa: S101
    clearing = None
    if (hold := state.clearing) is not None:
        tick = due(program, State(open=opened, clearing=hold))
        fires = None if tick is None else tick - program.wait
        clearing = Pending(hold.since, rule.clear_for_s, hold.times, rule.clear_repeat, fires, hold.values)
    gate = program.clear_given or (program.given if program.clear is None else None)
    if program.clear is not None:
        told = _told(program.clear, program, scene, state)
    elif None in program.clauses:
        told = Told("", clearing is not None)
    else:
        told = _none_of([_told(c, program, scene, state) for c in program.clauses if c is not None])
    return _opened(opened, state.wrong, told, _gate(gate, program, scene), clearing)


def _opened(opened: Opened, wrong: bool | None, told: Told, gate: Gate | None, clearing: Pending | None) -> Alarm:  # noqa: FBT001
    return Alarm(
        opened.cause,
        opened.since,
        opened.at,
        opened.version,
        opened.why,
        opened.members,
        opened.level,
        opened.again,
        wrong,
        told,
        gate,
        clearing,
    )


def _none_of(clauses: Sequence[Told]) -> Told:
    """What ends an alarm whose rule says nothing of it: no clause holds."""
    truths = [one.truth for one in clauses]
    truth = False if True in truths else None if None in truths else True
    comparisons = tuple(one for told in clauses for one in told.comparisons)
    in_the_way = tuple(one for told in clauses if told.truth is not False for one in told.comparisons)
    text = " and ".join(f"not ({one.text})" for one in clauses)
    newest = max((one.at for one in clauses if one.at is not None), default=None)
    return Told(text, truth, comparisons, in_the_way, newest)


def _gate(condition: Condition | None, program: Program, scene: Scene) -> Gate | None:
    if condition is None:
        return None
    around = scene.context.at(scene.place, scene.now)
    asked = _asked(program, scene, _nothing, _nowhere, scene.now)
    found = weigh(condition, asked)
    told = Told(condition.text, found.truth, found.comparisons, found.in_the_way, scene.now, whole=True)
    return Gate(told, around.until)


def _told(condition: Condition, program: Program, scene: Scene, state: State) -> Told:
    """The condition on the newest reading that can tell; where none can, on the newest that says anything of it."""
    if not condition.quantities and not condition.windows:
        found = weigh(condition, _asked(program, scene, _nothing, _nowhere, scene.now))
        return Told(condition.text, found.truth, found.comparisons, found.in_the_way, scene.now)
    mine = [one for one in scene.readings if any(q in one.values for q in condition.quantities)][-LOOKED_BACK:]
    reach = _reach(scene.readings, state.samples)
    newest: tuple[Sample, Weighed] | None = None
    since, whole = None, False
    for sample in reversed(mine):
        found = _weighed(condition, program, scene, sample, reach)
        if newest is None or (newest[1].truth is None and found.truth is not None):
            newest, since = (sample, found), sample.at
        elif found.truth is newest[1].truth:
            since = sample.at
        elif found.truth is not None:
            whole = True
            break
    if newest is None:
        empty = weigh(condition, _asked(program, scene, _nothing, _nowhere, scene.now))
        return Told(condition.text, empty.truth, empty.comparisons, empty.in_the_way)
    sample, found = newest
    return Told(condition.text, found.truth, found.comparisons, found.in_the_way, sample.at, since, whole)


def _weighed(condition: Condition, program: Program, scene: Scene, sample: Sample, reach: Sequence[Sample]) -> Weighed:
    def window(one: Window) -> float | None:
        return aggregate(one.function, one.quantity, reach, sample.at - one.span, sample.at)

    return weigh(condition, _asked(program, scene, sample.values.get, window, sample.at))


def _asked(program: Program, scene: Scene, values: Get, window: Callable[[Window], float | None], at: Millis) -> Asked:
    rule = program.rule
    around = scene.context.at(scene.place, at).values.get
    params = {param.name: param for param in rule.params}
    return Asked(values, scene.place.attributes.get, around, window, rule.kind, rule.name, params)


def _nothing(_: str) -> Value | None:
    return None


def _nowhere(_: Window) -> float | None:
    return None


def _reach(readings: Sequence[Sample], kept: Sequence[Sample]) -> Sequence[Sample]:
    """What windows may reach back to, each (at, device) once."""
    found = {(one.at, one.device): one for one in (*kept, *readings)}
    return [found[key] for key in sorted(found)]
