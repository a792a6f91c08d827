"""What a rule file may say. Durations are written as people write them: `90s`, `15m`, `1h30m`, `2d`."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from domain.naming import Element, Kind, Priority
from domain.site import Name
from rules.core.rule import Clause, OrderPlan, Quorum, Rule

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")

LONGEST = 366 * 86_400  # seconds
WAIT_TIMER, WAIT_GROUP, WAIT_WINDOW = 1, 5, 60  # seconds, where a rule does not say


def seconds(text: object) -> int:
    """A duration in seconds. Raises ValueError."""
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None or not any(match.groups()):
        raise ValueError(f"{text!r} is no duration such as 90s, 15m, 1h30m or 2d")
    return sum(int(n) * unit for n, unit in zip(match.groups(), _UNITS.values(), strict=True) if n)


def limit(text: object) -> int:
    """A duration that something waits for, in seconds. Raises ValueError where it would run out at once, or never."""
    found = seconds(text)
    if not 1 <= found <= LONGEST:
        raise ValueError("at least 1s, and at most 366d: a limit has to run out, and not at once")
    return found


def _share(text: object) -> float:
    match = _PERCENT.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None or not 0 < float(match[1]) <= 100:
        raise ValueError(f"{text!r} is no share such as 60%")
    return float(match[1]) / 100


def _clauses(said: object) -> object:
    return [{"if": said}] if isinstance(said, str) else said


Seconds = Annotated[int, BeforeValidator(seconds)]
Limit = Annotated[int, BeforeValidator(limit)]
Share = Annotated[float, BeforeValidator(_share)]
Text = Annotated[str, Field(min_length=1)]
Trade = Literal[
    "lighting",
    "power",
    "structures",
    "collection",
    "patrol",
    "cleaning",
    "plumbing",
    "lots",
    "gardening",
    "instruments",
]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NameSaid(_Said):
    """What people call it, in both languages."""

    en: Text
    zh: Text

    def made(self) -> Name:
        """As the domain has it."""
        return Name(self.en, self.zh)


class ClauseSaid(_Said):
    """One way of being wrong."""

    when: Text = Field(alias="if")
    hold: Seconds = Field(0, alias="for")
    repeat: int = Field(1, ge=1, le=100)


class QuorumSaid(_Said):
    """A group over topology."""

    over: Literal["feeder", "gateway"]
    member: str = ""
    share: Share
    least: int = Field(ge=2)
    within: Seconds
    clear_share: Share
    gather: Seconds = 0


class OrderSaid(_Said):
    """The work that is asked for."""

    element: Element
    trade: Trade
    priority: Priority
    key_node_priority: Priority | None = None
    accept: Limit
    arrive: Seconds = 0
    finish: Limit
    verify: Limit
    safety: bool = False
    counted: bool = True
    title: NameSaid | None = None
    do: NameSaid
    caution: NameSaid | None = None


class RuleSaid(_Said):
    """A rule file."""

    id: str = Field(pattern=r"^[A-Z][0-9]{2,3}[a-z]?$")
    name: str = Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
    title: NameSaid
    kind: Kind | None = None
    subject: Literal["facility", "device"] = "facility"
    when: Annotated[list[ClauseSaid], BeforeValidator(_clauses)] = []
    hold: Seconds = Field(0, alias="for")
    repeat: int = Field(1, ge=1, le=100)
    given: str = ""
    absent: float = Field(0, ge=0, le=100)
    quorum: QuorumSaid | None = None
    clear: str = ""
    clear_for: Seconds = 0
    clear_repeat: int = Field(1, ge=1, le=100)
    clear_given: str = ""
    wait: Seconds | None = None
    inhibited_by: list[str] = []
    spin_off: Seconds = 0
    order: OrderSaid | None = None

    def faults(self) -> list[tuple[str, str, str]]:
        """What does not go together: (where, what, what would)."""
        found: list[tuple[str, str, str]] = []
        shapes = [self.quorum is not None, self.absent > 0, bool(self.when) and self.quorum is None]
        if sum(shapes) != 1:
            found.append(("when", "a rule is one thing", "exactly one of: when, absent, quorum (a group may add when)"))
        if self.absent and (self.subject != "device" or self.clear or self.given):
            found.append(("absent", "absence is of a device, and ends when it speaks", "subject: device, and no clear"))
        if not self.absent and self.quorum is None and self.kind is None:
            found.append(("kind", "a rule about readings is about one kind", f"kind: {' | '.join(Kind)}"))
        if len(self.when) > 1 and (self.hold or self.repeat > 1):
            found.append(("for", "`for` and `repeat` of several conditions", "them beside each `if`"))
        if self.quorum is not None and self.inhibited_by and self.quorum.over == "feeder":
            found.append(("inhibited_by", "a feeder stands above everything", "no inhibited_by"))
        if self.quorum is not None and (self.hold or self.repeat > 1 or self.given or self.clear or len(self.when) > 1):
            found.append(("quorum", "a group has its own ways", "gather, clear_share, and one `when` of its hub"))
        if (self.quorum is not None or self.absent) and self.wait is not None and self.wait < WAIT_GROUP:
            found.append(("wait", f"{self.wait}s: silence is known {WAIT_GROUP} s late", f"at least {WAIT_GROUP}s"))
        if self.quorum is not None and self.when and (self.quorum.over, self.kind) != ("feeder", Kind.FEEDER):
            found.append(("when", "a condition of the hub", "quorum over feeder and kind: feeder"))
        if self.quorum is not None and self.quorum.over == "gateway" and self.quorum.member:
            found.append(("quorum", "devices behind a gateway have nothing in common but silence", "no member"))
        return found

    def made(self, version: str) -> Rule:
        """As the core has it."""
        clauses = tuple(Clause(c.when, c.hold or self.hold, max(c.repeat, self.repeat)) for c in self.when) or (
            (Clause("", self.hold),) if self.absent else ()
        )
        quorum = self.quorum
        return Rule(
            id=self.id,
            name=self.name,
            version=version,
            kind=self.kind,
            subject=quorum.over if quorum is not None else self.subject,
            title=self.title.made(),
            clauses=clauses,
            given=self.given,
            clear=self.clear,
            clear_for_s=self.clear_for,
            clear_repeat=self.clear_repeat,
            clear_given=self.clear_given,
            wait_s=self.wait if self.wait is not None else self._wait(),
            absent_intervals=self.absent,
            quorum=_quorum(quorum) if quorum is not None else None,
            inhibited_by=tuple(self.inhibited_by),
            spin_off_s=self.spin_off,
            order=_plan(self.order, self.title) if self.order is not None else None,
        )

    def _wait(self) -> int:
        if self.quorum is not None or self.absent or self.inhibited_by:
            return WAIT_GROUP
        windowed = re.search(r"\b(seconds|minutes|hours)\s*=", " ".join([*(c.when for c in self.when), self.clear]))
        return WAIT_WINDOW if windowed else WAIT_TIMER


def _quorum(said: QuorumSaid) -> Quorum:
    return Quorum(said.over, said.member, said.share, said.least, said.within, said.clear_share, said.gather)


def _plan(said: OrderSaid, title: NameSaid) -> OrderPlan:
    return OrderPlan(
        element=said.element,
        trade=said.trade,
        priority=said.priority,
        key_node_priority=said.key_node_priority,
        accept_s=said.accept,
        arrive_s=said.arrive,
        finish_s=said.finish,
        verify_s=said.verify,
        safety=said.safety,
        counted=said.counted,
        title=(said.title or title).made(),
        do=said.do.made(),
        caution=said.caution.made() if said.caution is not None else None,
    )
