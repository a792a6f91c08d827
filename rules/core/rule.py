"""A rule as an operator wrote it, checked: what to watch, when it is wrong, and what order it asks for."""

from dataclasses import dataclass

from domain.naming import Element, Kind, Priority
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


@dataclass(frozen=True, slots=True)
class Quorum:
    """A group over topology: so many of its members must be at fault."""

    over: str  # feeder | gateway
    member: str  # expression over a member's quantities; silence counts as at fault
    share: float  # 0–1 of the members heard within three intervals, plus those silent because of the group
    least: int
    within_s: int
    clear_share: float  # share of members that must be well again


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Durations are in seconds; expressions are text in the checked subset (rules/core/expression.py)."""

    id: str  # R01
    name: str  # lamp-out; part of every alarm id, so it never changes meaning
    version: str  # content hash
    kind: Kind
    subject: str  # facility | device | feeder | gateway
    title: Name
    when: str  # "" for a rule that is absence or quorum alone
    given: str  # context gate; "" = always
    for_s: int
    repeat: int  # distinct event times that must show it; 1 = the first does
    clear: str  # "" = not `when`
    clear_for_s: int
    clear_given: str  # context in which clearing may be judged
    settled: bool
    wait_s: int
    absent_intervals: float  # 0 = not an absence rule
    quorum: Quorum | None
    inhibited_by: tuple[str, ...]  # rule names whose alarm, where it covers the subject, holds this one
    spin_off_s: int  # after the inhibitor clears, how long what is still wrong must go on being wrong
    order: OrderPlan | None
