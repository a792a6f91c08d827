"""A rule, compiled: its text made into conditions, and what the runner must know to ask only where it matters."""

from dataclasses import dataclass
from functools import cached_property

from domain.naming import Kind
from rules.core.expression import Condition, condition, gate
from rules.core.grammar import Window
from rules.core.rule import Rule


@dataclass(frozen=True)
class Program:
    """A rule ready to run."""

    rule: Rule
    clauses: tuple[Condition | None, ...]  # None: an absence rule's clause
    settled: tuple[bool, ...]  # per clause: judged after the wait, in order of event time
    given: Condition | None
    clear: Condition | None
    clear_settled: bool
    clear_given: Condition | None
    member: Condition | None

    @cached_property
    def wait(self) -> int:
        """How long what is on its way is waited for, in ms; never 0, because a Tick leaves its own moment open."""
        return max(1, self.rule.wait_s * 1000)

    @cached_property
    def waits(self) -> bool:
        """Whether any part of it is settled."""
        return any(self.settled) or self.clear_settled

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        """Every window that it asks for."""
        asked = (w for c in (*self.clauses, self.clear) if c is not None for w in c.windows)
        return tuple(dict.fromkeys(asked))

    @cached_property
    def span(self) -> int:
        """The longest window, in ms; 0 without one."""
        return max((window.span for window in self.windows), default=0)

    @cached_property
    def quantities(self) -> tuple[str, ...]:
        """What it wants to know of a reading."""
        named = (q for c in (*self.clauses, self.clear, self.member) if c is not None for q in c.quantities)
        return tuple(dict.fromkeys(named))


def compiled(rule: Rule) -> Program:
    """Check and compile a rule. Raises ExpressionError."""
    settles = bool(rule.inhibited_by) or rule.quorum is not None or rule.absent_intervals > 0
    clauses = tuple(condition(c.when, rule.kind) if c.when else None for c in rule.clauses)
    settled = tuple(settles or (c is not None and bool(c.windows)) for c in clauses)
    clear = condition(rule.clear, rule.kind) if rule.clear else None
    return Program(
        rule=rule,
        clauses=clauses,
        settled=settled,
        given=gate(rule.given) if rule.given else None,
        clear=clear,
        clear_settled=settles or (any(settled) if clear is None else bool(clear.windows)),
        clear_given=gate(rule.clear_given) if rule.clear_given else None,
        member=condition(rule.quorum.member, _member_kind(rule)) if rule.quorum and rule.quorum.member else None,
    )


def _member_kind(rule: Rule) -> Kind | None:
    return Kind.LIGHT if rule.quorum and rule.quorum.over == "feeder" else None
