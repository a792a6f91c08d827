"""Rules tried on timelines: `lamp-out.test.yaml` beside `lamp-out.yaml` shows it fire, not fire, and clear.

    rule: bin-full
    cases:
      - name: a full bin is reported at once, and clears when it is emptied
        start: 2026-10-01T08:00+08:00
        facilities: {bin-1: {kind: bin, interval: 30m}}
        timeline:
          - {at: 0m, bin-1: {fill_level: 97}}
          - {at: 30m, bin-1: {fill_level: 5}}
        expect:
          - {at: 0m, open: bin-1}
          - {at: 30m, clear: bin-1}

`lamp-[1..42]` stands for 42 facilities. A step may be repeated: `every: 15m, until: 3h`. `end` lets time run on. Each
facility has one device of its own name, and may have `zone`, `section`, `cabinet`, `feeder`, `gateway`, `grade` and
`hours` (`06:00-22:00`). The surroundings are those of the service: a facility of kind `coast` tells the weather,
`arrive: bin-1` and `done: bin-1` are a crew's, `maintain: bin-1, until: 3h` is planned work. A group that opens may be
amended when more members join: `amend`, with `members` to count them. All rules of the folder run; the changes of
`rule`, and of those under `also`, are compared, the whole list of them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from domain.alarms import AlarmChange, AlarmState
from domain.naming import ATTRIBUTES, QUANTITIES, Element, Kind
from domain.readings import Millis, Quality, Reading, Value
from domain.site import Device, Facility, Gateway, Grade, Hours, Name, Position, Section, Site, Zone
from rules.book import RuleBook
from rules.context.all import surroundings
from rules.marked import Marked
from rules.runners.live import Live
from rules.written import Seconds

_RANGE = re.compile(r"^(.*)\[(\d+)\.\.(\d+)\](.*)$")
_HOURS = re.compile(r"^(\d\d):(\d\d)-(\d\d):(\d\d)$")
_HERE = Position(36.0608, 120.3146)  # 栈桥
_CREW = "crew"


def _instant(text: object) -> Millis:
    moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"{text!r} is no time such as 2026-10-01T18:00+08:00")
    return round(moment.timestamp() * 1000)


def _hours(text: object) -> Hours | None:
    match = _HOURS.match(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} are no hours such as 06:00-22:00")
    opens, closes = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    return Hours((1, 1), (12, 31), opens, closes if closes > opens else closes + 1440)


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _FacilitySaid(_Said):
    kind: Kind
    interval: Seconds = 900
    lit_interval: Seconds = 0
    feeder: str = ""
    cabinet: str = ""
    gateway: str = ""
    section: str = ""
    zone: str = "zone"
    grade: Grade = Grade.ORDINARY
    hours: Annotated[Hours | None, BeforeValidator(_hours)] = None
    attributes: dict[str, float] = {}


class _StepSaid(BaseModel):
    """Beside `at`, what each facility says."""

    model_config = ConfigDict(extra="allow", frozen=True)
    at: Seconds
    every: Seconds = 0
    until: Seconds = 0
    quality: str = ""  # backfill | time_unknown
    heard_after: Seconds = 0
    arrive: str = ""
    done: str = ""
    maintain: str = ""


class _ExpectSaid(_Said):
    at: Seconds
    open: str = ""
    amend: str = ""
    clear: str = ""
    rule: str = ""
    members: int | None = None


class _CaseSaid(_Said):
    name: str
    start: Annotated[Millis, BeforeValidator(_instant)]
    end: Seconds = 0
    facilities: dict[str, _FacilitySaid]
    timeline: list[_StepSaid] = Field(min_length=1)
    also: list[str] = []
    expect: list[_ExpectSaid] = []


class _TrialSaid(_Said):
    rule: str
    cases: list[_CaseSaid] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one case went; `differences` is empty where everything came as expected."""

    file: str
    rule: str
    case: str
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """A test file, read."""

    file: str
    rule: str
    cases: tuple[_CaseSaid, ...]

    def missing(self) -> tuple[str, ...]:
        """What its cases do not show of the rule: fires, does not fire, clears."""
        mine = [[e for e in case.expect if e.rule in ("", self.rule)] for case in self.cases]
        shown = {
            "fires": any(e.open for expected in mine for e in expected),
            "does not fire": any(not expected for expected in mine),
            "clears": any(e.clear for expected in mine for e in expected),
        }
        return tuple(what for what, is_shown in shown.items() if not is_shown)


def read_trial(file: Path) -> Trial:
    """Read a `*.test.yaml`. Raises FaultyFileError."""
    marked = Marked(str(file), file.read_text("utf-8", "replace"))
    try:
        said = _TrialSaid.model_validate(marked.content)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        raise marked.fault(first["loc"], ".".join(map(str, first["loc"])), first["msg"]) from wrong
    for number, case in enumerate(said.cases):
        for index, step in enumerate(case.timeline):
            for word in ("arrive", "done", "maintain"):
                if (named := getattr(step, word)) and named not in _facilities(case):
                    path = ("cases", number, "timeline", index, word)
                    raise marked.fault(path, f"{named!r} is not there", "a facility of this case")
            for names, values in (step.model_extra or {}).items():
                path = ("cases", number, "timeline", index, names)
                if not isinstance(values, dict) or not set(_spread(names)) <= _facilities(case).keys():
                    raise marked.fault(path, f"{names!r} says nothing", "a facility of this case: {quantity: value}")
                if unknown := [q for q in values if q not in QUANTITIES]:
                    raise marked.fault(
                        (*path, unknown[0]), f"unknown quantity {unknown[0]!r}", "one of domain/naming.py"
                    )
    return Trial(str(file), said.rule, tuple(said.cases))


def run_trial(trial: Trial, rules: RuleBook) -> Iterator[Outcome]:
    """Play every case; nothing is sent anywhere."""
    for case in trial.cases:
        compared = {trial.rule, *case.also}
        found = [line for c, line in _lines(_played(case, rules), case.start) if c.rule in compared]
        wanted = [line for expected in case.expect for line in _expected(expected, trial.rule)]
        differences = [f"missing: {line}" for line in wanted if line not in found]
        differences += [f"not expected: {line}" for line in found if line not in wanted]
        if not differences and sorted(found) != sorted(wanted):
            differences = [f"{len(found)} changes, expected {len(wanted)}"]
        yield Outcome(trial.file, trial.rule, case.name, tuple(differences))


def _played(case: _CaseSaid, rules: RuleBook) -> list[AlarmChange]:
    site = _site(case)
    live = Live(rules, site, surroundings(site, rules))
    live.listening_from(case.start)
    changes: list[AlarmChange] = []
    rows: dict[Millis, list[Reading]] = {}
    for at, reading in _readings(case, site):
        rows.setdefault(at, []).append(reading)
    steps = {case.start + step.at * 1000: step for step in case.timeline if step.arrive or step.done or step.maintain}
    end = case.start + case.end * 1000
    for at in sorted({*rows, *steps, max(end, *rows)}):
        while (due := live.due()) is not None and due < at:
            changes += live.hear((), due)
        if at in steps:
            _work(live, steps[at], at, case.start)
        changes += live.hear(rows.get(at, ()), at)
    return changes


def _work(live: Live, step: _StepSaid, at: Millis, start: Millis) -> None:
    """What crews and operators say, before what is heard at the same moment."""
    if step.arrive:
        live.work(step.arrive, _CREW, at, None)
    if step.done:
        live.work(step.done, _CREW, None, at)
    if step.maintain:
        live.plan(f"plan-{step.maintain}", step.maintain, "", at, start + step.until * 1000)


def _readings(case: _CaseSaid, site: Site) -> Iterator[tuple[Millis, Reading]]:
    for step in case.timeline:
        quality = int(Quality[step.quality.upper()]) if step.quality else 0
        for after in range(step.at, max(step.until, step.at) + 1, step.every or step.at + step.until + 1):
            at = case.start + after * 1000
            for names, said in (step.model_extra or {}).items():
                values = {q: _value(q, text) for q, text in said.items()}
                for name in _spread(names):
                    heard = at + step.heard_after * 1000
                    facility = site.facilities[name]
                    yield heard, Reading(name, name, facility.kind, facility.zone, at, values, quality, -1, heard)


def _value(quantity: str, text: str) -> Value:
    kind = QUANTITIES[quantity].type
    return float(text) if kind == "float" else text == "true" if kind == "bool" else text


def _facilities(case: _CaseSaid) -> dict[str, _FacilitySaid]:
    return {name: said for names, said in case.facilities.items() for name in _spread(names)}


def _spread(names: str) -> list[str]:
    match = _RANGE.match(names)
    if match is None:
        return [names]
    before, first, last, after = match.groups()
    return [f"{before}{number}{after}" for number in range(int(first), int(last) + 1)]


def _expected(said: _ExpectSaid, rule: str) -> list[str]:
    state = "open" if said.open else "amend" if said.amend else "clear"
    members = f" of {said.members}" if said.members is not None else ""
    names = _spread(said.open or said.amend or said.clear)
    return [f"{said.rule or rule} {state} {name} at {_clock(said.at)}{members}" for name in names]


def _lines(changes: Iterable[AlarmChange], start: Millis) -> Iterator[tuple[AlarmChange, str]]:
    """Each change with its line. What is said of an alarm that has been opened already amends it."""
    opened: set[str] = set()
    for change in changes:
        open_ = change.state is AlarmState.OPEN
        yield change, _line(change, "clear" if not open_ else "amend" if change.alarm in opened else "open", start)
        opened.add(change.alarm)


def _line(change: AlarmChange, state: str, start: Millis) -> str:
    grouped = not change.subject.startswith(("facility:", "device:")) and change.state is AlarmState.OPEN
    members = f" of {len(change.members)}" if grouped else ""
    name = change.subject.partition(":")[2]
    return f"{change.rule} {state} {name} at {_clock((change.at - start) / 1000)}{members}"


def _clock(seconds: float) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    return f"{int(hours)}h{int(minutes):02}m" + (f"{left:g}s" if left else "")


def _site(case: _CaseSaid) -> Site:
    said = _facilities(case)
    facilities = {
        name: Facility(
            id=name,
            kind=one.kind,
            element=Element.MUNICIPAL,
            name=Name(name, name),
            zone=one.zone,
            position=_HERE,
            grade=one.grade,
            section=one.section,
            feeder=one.feeder,
            cabinet=one.cabinet,
            hours=(one.hours,) if one.hours is not None else (),
            attributes={a: v for a, v in one.attributes.items() if a in ATTRIBUTES},
        )
        for name, one in said.items()
    }
    devices = {
        name: Device(name, name, gateway=one.gateway, interval_s=one.interval, lit_interval_s=one.lit_interval)
        for name, one in said.items()
    }
    gateways = {one.gateway: Gateway(one.gateway, one.zone, _HERE) for one in said.values() if one.gateway}
    zones = {
        one.zone: Zone(one.zone, Name(one.zone, "片区"), Grade.ORDINARY, (), (), (), "", "") for one in said.values()
    }
    sections = {
        one.section: Section(one.section, one.zone, (_HERE,), 0.0, 1000.0, one.grade)
        for one in said.values()
        if one.section
    }
    return Site(
        id="trial",
        name=Name("trial", "试验"),
        timezone="Asia/Shanghai",
        simulated=True,
        parties={},
        zones=zones,
        sections=sections,
        gateways=gateways,
        facilities=facilities,
        devices=devices,
        shifts={},
        crews={},
        desk="",
    )
