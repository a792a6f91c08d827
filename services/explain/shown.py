"""What is explained, as JSON: the same from the API and from `tidewalk rules explain --json`. The keys are stable."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from rules.runners.explained import Alarm, ClauseTold, Explained, Gate, Standing, Told
from rules.runners.explained import Pending as PendingTold
from services.api.shown import AlarmShown, Time, alarm_shown
from services.dispatch.when import rfc3339
from services.explain.explaining import Answer
from services.explain.foremost import foremost
from services.explain.telling import Telling

EXAMPLE: Final[dict[str, Any]] = {
    "place": "bin-hand",
    "at": "2026-10-01T08:20:00.000Z",
    "looked_back_to": "2026-10-01T06:20:00.000Z",
    "headline": {
        "en": "bin-full: did not fire: fill_level 93 % is 2 below 95, since 16:04",
        "zh": "bin-full：未触发：满溢度 93 %，比 95 低 2，自 16:04 起",
    },
    "rules": [],
    "alarm": None,
}


class Said(BaseModel):
    """In both languages, with times on the site's clocks."""

    en: str
    zh: str


class ComparisonShown(BaseModel):
    """One comparison or flag. `off` is how far apart both sides are; `unknown` names what was not said."""

    text: str
    truth: bool | None
    wanted: bool
    left: float | bool | str | None
    right: float | bool | str | None
    unit: str
    off: float | None
    unknown: tuple[str, ...]


class ConditionShown(BaseModel):
    """A condition on the newest reading that can tell. `since` is when it began to be so; where `whole` is false, at
    least since then.
    """

    text: str
    truth: bool | None
    at: Time | None
    since: Time | None
    whole: bool
    comparisons: tuple[ComparisonShown, ...]


class PendingShown(BaseModel):
    """What holds, for how long and how often it must, and when that is reached by itself."""

    since: Time
    for_s: int
    times: int
    repeat: int
    fires: Time | None
    waits: Time | None = Field(description="Since when it has waited for a second witness")
    values: Mapping[str, Any]


class ClauseShown(BaseModel):
    """One way of being wrong."""

    condition: ConditionShown
    for_s: int
    repeat: int
    pending: PendingShown | None


class GateShown(BaseModel):
    """The surroundings in which anything is judged."""

    condition: ConditionShown
    until: Time | None


class HeldShown(BaseModel):
    """A group's alarm that holds this one back; `until` is null while it does."""

    rule: str
    subject: str
    since: Time
    until: Time | None


class DistrustedShown(BaseModel):
    """Quantities of a device that count for nothing while a rule about it has an alarm open."""

    rule: str
    device: str
    quantities: tuple[str, ...]
    since: Time


class OpenShown(BaseModel):
    """An open alarm: what opened it, and what ends it."""

    cause: Time
    since: Time
    at: Time
    version: str
    why: Mapping[str, Any]
    members: tuple[str, ...]
    came_back: int
    clear: ConditionShown
    clear_gate: GateShown | None
    clearing: PendingShown | None


class ParamShown(BaseModel):
    """A parameter as it is at this facility, and whose word that is."""

    name: str
    number: float
    unit: str
    because: str


class SilenceShown(BaseModel):
    """Of a rule about silence."""

    device: str
    heard: Time | None
    limit: Time
    silent: Time | None


class GroupShown(BaseModel):
    """Of a rule about many: who is at fault, of how many that count, and how many it takes."""

    at_fault: tuple[str, ...]
    counted: int
    needed: int
    opens: Time | None
    clears: Time | None


class ExplainedShown(BaseModel):
    """One rule and one subject."""

    rule: str
    id: str
    version: str
    subject: str
    standing: Standing
    headline: Said
    gate: GateShown | None
    clauses: tuple[ClauseShown, ...]
    held: tuple[HeldShown, ...]
    distrusted: tuple[DistrustedShown, ...]
    alarm: OpenShown | None
    params: tuple[ParamShown, ...]
    next_look: Time | None
    level: str
    levels: tuple["ExplainedShown", ...]
    silence: SilenceShown | None
    group: GroupShown | None


class AnswerShown(BaseModel):
    """Why, and why not, of one place: each rule that fits it. `alarm` is the one that was asked about, with what was
    pinned when it opened.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    place: str
    at: Time
    looked_back_to: Time | None = Field(description="How far back readings were looked for")
    headline: Said
    rules: tuple[ExplainedShown, ...]
    alarm: AlarmShown | None = None


def answer_shown(answer: Answer) -> AnswerShown:
    """The whole of it."""
    tellings = [Telling(answer.site, answer.rules, answer.at, lang) for lang in ("en", "zh")]
    first = foremost(answer.found)
    signs = (": ", "：")
    heads = [
        f"{first.rule}{sign}{telling.headline(first)}" if first is not None else ""
        for telling, sign in zip(tellings, signs, strict=True)
    ]
    alarm = answer.meant.alarm
    return AnswerShown(
        place=answer.meant.place,
        at=answer.at,
        looked_back_to=answer.looked_back,
        headline=Said(en=heads[0], zh=heads[1]),
        rules=tuple(_explained(one, tellings) for one in answer.found),
        alarm=None if alarm is None else alarm_shown(alarm),
    )


def _explained(one: Explained, tellings: list[Telling]) -> ExplainedShown:
    silence, group = one.silence, one.group
    return ExplainedShown(
        rule=one.rule,
        id=one.id,
        version=one.version,
        subject=one.subject,
        standing=one.standing,
        headline=Said(en=tellings[0].headline(one), zh=tellings[1].headline(one)),
        gate=_gate(one.gate),
        clauses=tuple(_clause(clause) for clause in one.clauses),
        held=tuple(HeldShown(rule=h.rule, subject=h.subject, since=h.since, until=h.until) for h in one.held),
        distrusted=tuple(
            DistrustedShown(rule=d.rule, device=d.device, quantities=d.quantities, since=d.since)
            for d in one.distrusted
        ),
        alarm=None if one.alarm is None else _open(one.alarm),
        params=tuple(
            ParamShown(name=p.name, number=p.number, unit=p.unit or "", because=p.because) for p in one.params
        ),
        next_look=one.next_look,
        level=one.level,
        levels=tuple(_explained(level, tellings) for level in one.levels),
        silence=None
        if silence is None
        else SilenceShown(device=silence.device, heard=silence.heard, limit=silence.limit, silent=silence.silent),
        group=None
        if group is None
        else GroupShown(
            at_fault=group.at_fault,
            counted=group.counted,
            needed=group.needed,
            opens=group.opens,
            clears=group.clears,
        ),
    )


def _clause(clause: ClauseTold) -> ClauseShown:
    return ClauseShown(
        condition=_condition(clause.told),
        for_s=clause.for_s,
        repeat=clause.repeat,
        pending=_pending(clause.pending),
    )


def _condition(told: Told) -> ConditionShown:
    names = ("text", "truth", "wanted", "left", "right", "unit", "off", "unknown")
    return ConditionShown(
        text=told.text,
        truth=told.truth,
        at=told.at,
        since=told.since,
        whole=told.whole,
        comparisons=tuple(ComparisonShown(**{name: getattr(one, name) for name in names}) for one in told.comparisons),
    )


def _pending(pending: PendingTold | None) -> PendingShown | None:
    names = ("since", "for_s", "times", "repeat", "fires", "waits", "values")
    return None if pending is None else PendingShown(**{name: getattr(pending, name) for name in names})


def _gate(gate: Gate | None) -> GateShown | None:
    return None if gate is None else GateShown(condition=_condition(gate.told), until=_known(gate.until))


def _known(at: int) -> int | None:
    """A moment that a calendar has."""
    try:
        rfc3339(at)
    except OverflowError:
        return None
    return at


def _open(alarm: Alarm) -> OpenShown:
    return OpenShown(
        cause=alarm.cause,
        since=alarm.since,
        at=alarm.at,
        version=alarm.version,
        why=alarm.why,
        members=alarm.members,
        came_back=alarm.again,
        clear=_condition(alarm.clear),
        clear_gate=_gate(alarm.clear_gate),
        clearing=_pending(alarm.clearing),
    )
