"""The rules on history: the same engine, and what it found; and what another version of the rules would have found.

A store keeps event times and no receive times, so its readings are heard in order of event time, each as if it came at
that moment: nothing is late, and a settled judgement still waits its `wait`. What came in between two Ticks, and where
rows were cut, makes no difference to what is decided.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from domain.alarms import AlarmChange, AlarmState
from domain.naming import Kind
from domain.readings import Millis, Reading
from domain.site import Site
from rules.book import RuleBook
from rules.core import absence
from rules.core.surroundings import Context, Listening
from rules.runners.live import Live

ROW: Final = 2_000  # readings heard between two Ticks
_DAY_S: Final = 86_400


class Found(NamedTuple):
    """One alarm, from its first word to its last; `until` is None where it was open at the end."""

    alarm: str
    rule: str
    version: str
    subject: str
    facility: str
    cause: Millis
    since: Millis
    opened: Millis
    until: Millis | None
    members: tuple[str, ...] = ()


class Past(Live):
    """The engine of a running service that remembers what it said: `found`, by alarm id, in the order of opening."""

    def __init__(self, rules: RuleBook, site: Site, context: Context) -> None:
        super().__init__(rules, site, context)
        self.rules = rules
        self.found: dict[str, Found] = {}

    def hear(self, readings: Sequence[Reading], at: Millis, *, deaf: bool = False) -> list[AlarmChange]:
        """As `Live.hear`."""
        changes = super().hear(readings, at, deaf=deaf)
        for change in changes:
            self.found[change.alarm] = _told(self.found.get(change.alarm), change)
        return changes


def listening(rules: RuleBook, site: Site, context: Context, since: Millis) -> Past:
    """An engine that hears from `since` on, and knows of nothing before."""
    past = Past(rules, site, context)
    past.listening_from(since)
    return past


def rows(batches: Iterable[Sequence[Reading]], most: int = ROW) -> Iterator[tuple[Sequence[Reading], Millis]]:
    """Readings in order of event time, cut into rows, each with its Tick: the time of its last reading."""
    for batch in batches:
        for first in range(0, len(batch), most):
            row = batch[first : first + most]
            yield row, row[-1].at


def reach(rules: RuleBook, site: Site) -> Millis:
    """How long after the start all that the rules remember is known: the longest window, wait, timer, run of readings,
    cool-down and silence. From then on a cause that is new is found as it was live. (What was open before the start,
    and what it holds back, stays unknown until it clears; of a device that reports less than daily, silence is exact
    only after as many of its own intervals.)
    """
    spans = [0]
    for program in rules.programs.values():
        rule = program.rule
        pace = _slowest(site, rule.kind)
        held = max((max(clause.for_s, (clause.repeat - 1) * pace) for clause in rule.clauses), default=0)
        grouped = rule.quorum.within_s + rule.quorum.gather_s if rule.quorum else 0
        after = rule.clear_for_s + rule.spin_off_s + rule.reopen_s
        spans.append(program.span + program.wait + 1000 * (held + grouped + after))
    return max(spans) + round(rules.intervals * _slowest(site) * 1000) + absence.WAIT


def _slowest(site: Site, kind: Kind | None = None) -> int:
    """The longest interval of devices on facilities of a kind (None: of any) that report daily at least, in seconds."""
    paces = (
        max(device.interval_s, device.lit_interval_s)
        for device in site.devices.values()
        if kind is None or ((facility := site.facilities.get(device.facility)) and facility.kind is kind)
    )
    return max((pace for pace in paces if pace <= _DAY_S), default=0)


def wanted(books: Iterable[RuleBook], contexts: Iterable[Context]) -> Callable[[str], frozenset[str] | None]:
    """Of each kind, the quantities that any rule asks for; None: all of them. What nobody asks for need not be read."""
    asked = frozenset(name for book in books for program in book.programs.values() for name in program.quantities)
    heard = {str(kind) for context in contexts if isinstance(context, Listening) for kind in context.kinds}
    return lambda kind: None if kind in heard else asked


class Moved(NamedTuple):
    """The same trouble, found by both versions, but not at the same time or by the same cause."""

    before: Found
    after: Found


@dataclass(frozen=True, slots=True)
class Difference:
    """What another version would have done."""

    appeared: tuple[Found, ...]
    vanished: tuple[Found, ...]
    moved: tuple[Moved, ...]
    same: int


def difference(before: Mapping[str, Found], after: Mapping[str, Found]) -> Difference:
    """From one version's findings to another's. Two alarms of one rule and subject that were open at one time are the
    same trouble; which alarm of several belongs to which is decided in the order of their opening.
    """
    same, moved, vanished = 0, list[Moved](), list[Found]()
    left: dict[tuple[str, str], list[Found]] = defaultdict(list)
    for one in sorted(after.values(), key=_in_time):
        if one.alarm not in before:
            left[one.rule, one.subject].append(one)
    for one in sorted(before.values(), key=_in_time):
        twin = after.get(one.alarm)
        if twin is None:
            twin = next((other for other in left[one.rule, one.subject] if _together(one, other)), None)
            if twin is not None:
                left[one.rule, one.subject].remove(twin)
        if twin is None:
            vanished.append(one)
        elif (one.alarm, one.opened, one.until) == (twin.alarm, twin.opened, twin.until):
            same += 1
        else:
            moved.append(Moved(one, twin))
    appeared = sorted((one for ones in left.values() for one in ones), key=_in_time)
    return Difference(tuple(appeared), tuple(vanished), tuple(moved), same)


def _told(known: Found | None, change: AlarmChange) -> Found:
    until = change.at if change.state is AlarmState.CLEARED else None
    if known is None:
        return Found(
            change.alarm,
            change.rule,
            change.version,
            change.subject,
            change.facility,
            change.cause,
            change.since,
            change.at,
            until,
            change.members,
        )
    return known._replace(since=change.since, until=until, members=change.members)


def _together(one: Found, other: Found) -> bool:
    return (other.until is None or one.cause <= other.until) and (one.until is None or other.cause <= one.until)


def _in_time(found: Found) -> tuple[Millis, str, str]:
    return found.opened, found.rule, found.subject
