"""A rule as an operator wrote it, checked: what to watch, when it is wrong, and what order it asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.naming import Element, Kind, Matter, Priority
from domain.site import Name


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """The work that an alarm of this rule asks for. Times are natural seconds counted from dispatch."""

    element: Element
    trade: str  # what a crew must know: lighting, power, structures, collection, patrol, cleaning, plumbing, lots …
    priority: Priority
    key_node_priority: Priority | None  # where the facility's grade is key_node; None: the same
    accept_s: int
    arrive_s: int  # 0: no limit
    finish_s: int
    verify_s: int  # after "done", how long telemetry may take to show the repair; then it is rework (返工)
    safety: bool  # never withdrawn and never closed by telemetry: a person confirms (R05, R06, R10)
    counted: bool  # False for orders about our own instruments (R19): left out of scores and of the demo's counts
    title: Name
    do: Name  # what to do, one line
    caution: Name | None
    materials: Name | None = None  # what to bring (所需物料), one line
    matter: Matter | None = None  # component or event; None: by element and kind (services/dispatch/who.py)


@dataclass(frozen=True, slots=True)
class Clause:
    """One way of being wrong. Any clause of a rule raises its alarm."""

    when: str
    for_s: int = 0
    repeat: int = 1  # distinct event times that must show it; 1 = the first does


@dataclass(frozen=True, slots=True)
class Level:
    """One severity of a rule, with its own way of being wrong and of being over. Worse ones stand after milder ones."""

    name: str  # yellow
    clause: Clause
    clear: str = ""  # "" = the clause does not hold
    clear_for_s: int = 0
    clear_repeat: int = 1
    priority: Priority | None = None  # of the order, from this level on; None: as the milder ones have it


@dataclass(frozen=True, slots=True)
class Choice:
    """A number, which may be another in some seasons (`season_…` of the context, by the part after the `_`)."""

    number: float
    seasons: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Param:
    """A number that a rule's conditions call by name, and that is not the same everywhere. The closest one counts: a
    facility's own, else its grade's, else its zone's, else the default.
    """

    name: str
    unit: str | None  # as of quantities; None: goes with anything
    default: Choice
    zone: Mapping[str, Choice] = field(default_factory=dict)
    grade: Mapping[str, Choice] = field(default_factory=dict)
    facility: Mapping[str, Choice] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quorum:
    """A group over topology: so many of its members must be at fault, by `member`, `alarms` or `silence`."""

    over: str  # feeder | cabinet | gateway | section | zone
    member: str  # expression over a member's quantities; "" = none
    share: float  # 0–1 of the members heard within three intervals, plus those silent because of the group
    least: int
    within_s: int  # they must have become so within this time of one another
    clear_share: float  # share of members that must be well again; 0: so many that they make no quorum any more
    gather_s: int = 0  # after the moment that made it, how long members may join before the alarm is raised
    kind: Kind | None = None  # of the members; None: lights of a feeder, any device behind a gateway
    alarms: tuple[str, ...] = ()  # rules: a member of which one has an alarm open is at fault
    silence: bool = True  # a member of which nothing is heard is at fault


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Durations are in seconds; expressions are text in the checked subset (rules/core/expression.py).

    It is exactly one of: a rule with clauses; one with levels, whose clauses these are; an absence rule
    (`absent_intervals`, and one clause without a condition that carries its `for_s`); a group (`quorum`), whose
    clauses, if any, are over the hub's own quantities.
    """

    id: str  # R01
    name: str  # lamp-out; part of every alarm id, so it never changes meaning
    version: str  # content hash
    kind: Kind | None  # None: every kind (absence alone)
    subject: str  # facility | device | feeder | cabinet | gateway | section | zone
    title: Name
    clauses: tuple[Clause, ...]
    given: str = ""  # context gate; "" = always
    clear: str = ""  # "" = no clause holds
    clear_for_s: int = 0
    clear_repeat: int = 1  # distinct event times that must show it
    clear_given: str = ""  # context in which clearing may be judged
    wait_s: int = 0  # how long a settled judgement, or a timer, waits for what is on its way
    settled: bool = False  # judged in order of event time, after the wait, also where nothing else asks for that
    levels: tuple[Level, ...] = ()
    params: tuple[Param, ...] = ()
    holds: tuple[str, ...] = ()  # of a device: quantities of it that count for nothing while the alarm is open
    reopen_s: int = 0  # the condition is back within it: the same alarm again
    absent_intervals: float = 0.0  # 0 = not an absence rule
    quorum: Quorum | None = None
    inhibited_by: tuple[str, ...] = ()  # groups whose alarm, where it covers the subject, holds this one
    spin_off_s: int = 0  # after the inhibitor clears, how long what is still wrong must go on being wrong
    order: OrderPlan | None = None
    on_edit: str = "keep"  # keep | reset: what becomes of its state when the rule is edited
