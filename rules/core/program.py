"""A rule, compiled: its text made into conditions, and what the runner must know to ask only where it matters."""

from dataclasses import dataclass, replace
from functools import cached_property

from domain.naming import Kind
from rules.core.expression import Condition, condition, gate
from rules.core.grammar import Window
from rules.core.rule import Level, Quorum, Rule


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
    parts: tuple["Program", ...] = ()  # of a rule with levels: each level as a rule of its own

    @cached_property
    def wait(self) -> int:
        """How long what is on its way is waited for, in ms; never 0, because a Tick leaves its own moment open."""
        return max(1, self.rule.wait_s * 1000)

    @cached_property
    def waits(self) -> bool:
        """Whether any part of it is settled."""
        return any(self.settled) or self.clear_settled or any(part.waits for part in self.parts)

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        """Every window that it asks for."""
        asked = (w for c in (*self.clauses, self.clear) if c is not None for w in c.windows)
        return tuple(dict.fromkeys((*asked, *(w for part in self.parts for w in part.windows))))

    @cached_property
    def span(self) -> int:
        """The longest window, in ms; 0 without one."""
        return max((window.span for window in self.windows), default=0)

    @cached_property
    def wanted(self) -> tuple[str, ...]:
        """All that it looks up of a reading: quantities, what was said before and by others, the instrument's own."""
        asked = [c for c in (*self.clauses, self.clear, self.member) if c is not None]
        made = [f"{q} {which}" for c in asked for q in c.compared for which in ("before", "near")]
        named = (*self.quantities, *made, *(name for c in asked for name in c.instrument))
        return tuple(dict.fromkeys((*named, *(name for part in self.parts for name in part.wanted))))

    @cached_property
    def quantities(self) -> tuple[str, ...]:
        """What it wants to know of a reading."""
        named = (q for c in (*self.clauses, self.clear, self.member) if c is not None for q in c.quantities)
        return tuple(dict.fromkeys((*named, *(q for part in self.parts for q in part.quantities))))


def compiled(rule: Rule) -> Program:
    """Check and compile a rule. Raises ExpressionError."""
    params = {param.name: param for param in rule.params}

    def made(text: str, kind: Kind | None = rule.kind) -> Condition | None:
        return condition(text, kind, params, rule.name) if text else None

    settles = rule.settled or bool(rule.inhibited_by) or rule.quorum is not None or rule.absent_intervals > 0
    clauses = tuple(made(c.when) for c in rule.clauses)
    settled = tuple(settles or (c is not None and bool(c.windows)) for c in clauses)
    clear = made(rule.clear)
    return Program(
        rule=rule,
        clauses=clauses,
        settled=settled,
        given=gate(rule.given, params, rule.name) if rule.given else None,
        clear=clear,
        clear_settled=settles or (any(settled) if clear is None else bool(clear.windows)),
        clear_given=gate(rule.clear_given, params, rule.name) if rule.clear_given else None,
        member=made(rule.quorum.member, member_kind(rule.quorum)) if rule.quorum is not None else None,
        parts=tuple(compiled(_as_rule(rule, level)) for level in rule.levels),
    )


def _as_rule(rule: Rule, level: Level) -> Rule:
    """A level as a rule of its own: one way of being wrong, one of being over. What is settled of one is of all, so
    that they are judged in one order.
    """
    settled = rule.settled or any(
        condition(text, rule.kind, {p.name: p for p in rule.params}, rule.name).windows
        for one in rule.levels
        for text in (one.clause.when, one.clear)
        if text
    )
    return replace(
        rule,
        clauses=(level.clause,),
        levels=(),
        clear=level.clear,
        clear_for_s=level.clear_for_s,
        clear_repeat=level.clear_repeat,
        settled=settled,
        reopen_s=0,
    )


def member_kind(quorum: Quorum) -> Kind | None:
    """What the members of a group are; None: devices, whatever they are on."""
    return quorum.kind or (Kind.LIGHT if quorum.over == "feeder" else None)
