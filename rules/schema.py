"""What a rule file may say. Durations are written as people write them: `90s`, `15m`, `1h30m`, `2d`."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from domain.naming import ATTRIBUTES, QUANTITIES, Element, Kind, Matter, Priority
from domain.site import Grade, Name
from rules.core.params import SEASONS
from rules.core.rule import Choice, Clause, Level, OrderPlan, Param, Quorum, Rule
from rules.core.trust import EVERYTHING
from rules.core.vocabulary import CONTEXT, INSTRUMENT, quantities_of

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")

LONGEST = 366 * 86_400  # seconds
LONGEST_REOPEN = 86_400  # seconds: a closed order is remembered for twice as long
HUBS = (("feeder", Kind.FEEDER), ("cabinet", Kind.CABINET))
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


def _names(said: object) -> object:
    return [said] if isinstance(said, str) else said


def _seasons(said: object) -> object:
    return said if isinstance(said, dict) else {"else": said}


def _params(said: object) -> object:
    if not isinstance(said, dict):
        return said
    return {name: one if isinstance(one, dict) else {"default": one} for name, one in said.items()}


Seconds = Annotated[int, BeforeValidator(seconds)]
Limit = Annotated[int, BeforeValidator(limit)]
Share = Annotated[float, BeforeValidator(_share)]
Text = Annotated[str, Field(min_length=1)]
ParamName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
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


class LevelSaid(_Said):
    """One severity."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    when: Text = Field(alias="if")
    hold: Seconds | None = Field(None, alias="for")
    repeat: int = Field(1, ge=1, le=100)
    clear: str = ""
    clear_for: Seconds | None = None
    clear_repeat: int = Field(1, ge=1, le=100)
    priority: Priority | None = None


class SeasonsSaid(_Said):
    """A number that is another in some seasons."""

    always: float = Field(alias="else")
    spring: float | None = None
    summer: float | None = None
    autumn: float | None = None
    winter: float | None = None

    def made(self) -> Choice:
        """As the core has it."""
        said = {season: getattr(self, season) for season in SEASONS}
        return Choice(self.always, {season: number for season, number in said.items() if number is not None})


Many = Annotated[SeasonsSaid, BeforeValidator(_seasons)]


class ParamSaid(_Said):
    """A number that is not the same everywhere."""

    default: Many
    unit: str | None = None
    zone: dict[str, Many] = {}
    grade: dict[Grade, Many] = {}
    facility: dict[str, Many] = {}

    def made(self, name: str) -> Param:
        """As the core has it."""
        return Param(
            name=name,
            unit=self.unit,
            default=self.default.made(),
            zone={zone: said.made() for zone, said in self.zone.items()},
            grade={grade.value: said.made() for grade, said in self.grade.items()},
            facility={facility: said.made() for facility, said in self.facility.items()},
        )


class QuorumSaid(_Said):
    """A group over topology."""

    over: Literal["feeder", "cabinet", "gateway", "section", "zone"]
    kind: Kind | None = None
    member: str = ""
    alarm: Annotated[list[str], BeforeValidator(_names)] = []
    silence: bool | None = None
    share: Share | None = None
    least: int = Field(ge=2)
    within: Seconds
    clear_share: Share | None = None
    gather: Seconds = 0

    def faults(self) -> list[tuple[str, str]]:
        """What does not go together: (what, what would)."""
        found: list[tuple[str, str]] = []
        if self.over == "gateway" and (self.member or self.alarm or self.kind):
            found.append(("devices behind a gateway have nothing in common but silence", "no member, alarm or kind"))
        if self.over in ("cabinet", "section", "zone") and self.kind is None:
            found.append((f"a {self.over} has members of many kinds", f"kind: {' | '.join(Kind)}"))
        if self.over == "feeder" and self.kind not in (None, Kind.LIGHT):
            found.append(("the members of a feeder are its lights", "no kind"))
        if self.alarm and (self.member or self.silence):
            found.append(("alarms are counted, or readings", "`alarm` without member and silence"))
        if not self.counts_silence and not self.member and not self.alarm:
            found.append(("nothing makes a member at fault", "member, alarm or silence"))
        return found

    @property
    def counts_silence(self) -> bool:
        """Whether a silent member is at fault: where nothing is said, unless it is about alarms."""
        return self.silence if self.silence is not None else not self.alarm


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
    materials: NameSaid | None = None
    matter: Matter | None = None


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
    settled: bool = False
    levels: list[LevelSaid] = []
    params: Annotated[dict[ParamName, ParamSaid], BeforeValidator(_params)] = {}
    reopen_within: Seconds = 0
    holds: Annotated[list[str], BeforeValidator(_names)] = []
    inhibited_by: list[str] = []
    spin_off: Seconds = 0
    order: OrderSaid | None = None
    on_edit: Literal["keep", "reset"] = "keep"

    def faults(self) -> list[tuple[str, str, str]]:
        """What does not go together: (where, what, what would)."""
        found: list[tuple[str, str, str]] = []
        single = bool(self.when) and self.quorum is None
        shapes = [self.quorum is not None, self.absent > 0, single, bool(self.levels)]
        if sum(shapes) != 1:
            fits = "exactly one of: when, levels, absent, quorum (a group may add when)"
            found.append(("when", "a rule is one thing", fits))
        found += [*self._faults_of_levels(), *self._faults_of_names()]
        if self.absent and (self.subject != "device" or self.clear or self.given):
            found.append(("absent", "absence is of a device, and ends when it speaks", "subject: device, and no clear"))
        if not self.absent and self.quorum is None and self.kind is None and self.subject != "device":
            found.append(("kind", "a rule about readings is about one kind", f"kind: {' | '.join(Kind)}"))
        if len(self.when) > 1 and (self.hold or self.repeat > 1):
            found.append(("for", "`for` and `repeat` of several conditions", "them beside each `if`"))
        if self.quorum is not None and (self.hold or self.repeat > 1 or self.given or self.clear or len(self.when) > 1):
            found.append(("quorum", "a group has its own ways", "gather, clear_share, and one `when` of its hub"))
        if (self.quorum is not None or self.absent) and self.wait is not None and self.wait < WAIT_GROUP:
            found.append(("wait", f"{self.wait}s: silence is known {WAIT_GROUP} s late", f"at least {WAIT_GROUP}s"))
        if self.quorum is not None:
            found += [("quorum", what, expected) for what, expected in self.quorum.faults()]
            if self.when and (self.quorum.over, self.kind) not in HUBS:
                found.append(("when", "a condition of the hub", "quorum over feeder or cabinet, and that kind"))
            if self.params and not (self.when or self.quorum.member):
                found.append(("params", "a group without conditions asks for none", "no params"))
        return found

    def _faults_of_levels(self) -> list[tuple[str, str, str]]:
        if not self.levels:
            return []
        found: list[tuple[str, str, str]] = []
        if self.clear or self.repeat > 1 or self.clear_repeat > 1:
            found.append(("levels", "`clear` and `repeat` of several levels", "them in each level"))
        if len({level.name for level in self.levels}) < len(self.levels):
            found.append(("levels", "two levels of one name", "names that differ"))
        ranks = [level.priority for level in self.levels if level.priority is not None]
        if self.order is not None:
            ranks.insert(0, self.order.priority)
        if ranks != sorted(ranks, reverse=True):
            found.append(("levels", "a worse level is less urgent", "the mildest first, priorities from P4 towards P0"))
        if any(level.priority for level in self.levels) and self.order is None:
            found.append(("levels", "a priority without an order", "an order"))
        return found

    def _faults_of_names(self) -> list[tuple[str, str, str]]:
        taken = {*QUANTITIES, *ATTRIBUTES, *CONTEXT, *INSTRUMENT}
        found = [
            ("params", f"{name} is the name of something else", "a name of the rule's own")
            for name in self.params
            if name in taken
        ]
        known = quantities_of(self.kind)
        found += [
            ("holds", f"{name} is not of {self.kind or 'every kind'}", f"{EVERYTHING}, or of {', '.join(known)}")
            for name in self.holds
            if name not in (*known, EVERYTHING)
        ]
        if self.holds and (self.subject != "device" or self.absent):
            found.append(("holds", "only what is known of a device holds what it says", "subject: device, and `when`"))
        if self.reopen_within > LONGEST_REOPEN:
            found.append(("reopen_within", "orders are remembered for two days", "at most 24h"))
        return found

    def made(self, version: str) -> Rule:
        """As the core has it."""
        levels = tuple(self._level(level) for level in self.levels)
        clauses = (
            tuple(level.clause for level in levels)
            or tuple(Clause(c.when, c.hold or self.hold, max(c.repeat, self.repeat)) for c in self.when)
            or ((Clause("", self.hold),) if self.absent else ())
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
            settled=self.settled,
            levels=levels,
            params=tuple(said.made(name) for name, said in self.params.items()),
            holds=tuple(self.holds),
            reopen_s=self.reopen_within,
            absent_intervals=self.absent,
            quorum=_quorum(quorum) if quorum is not None else None,
            inhibited_by=tuple(self.inhibited_by),
            spin_off_s=self.spin_off,
            order=_plan(self.order, self.title) if self.order is not None else None,
            on_edit=self.on_edit,
        )

    def _level(self, said: LevelSaid) -> Level:
        hold = self.hold if said.hold is None else said.hold
        clear_for = self.clear_for if said.clear_for is None else said.clear_for
        clause = Clause(said.when, hold, said.repeat)
        return Level(said.name, clause, said.clear, clear_for, said.clear_repeat, said.priority)

    def _wait(self) -> int:
        if self.quorum is not None or self.absent or self.inhibited_by:
            return WAIT_GROUP
        texts = [*(c.when for c in self.when), *(t for one in self.levels for t in (one.when, one.clear)), self.clear]
        windowed = re.search(r"\b(seconds|minutes|hours)\s*=", " ".join(texts))
        return WAIT_WINDOW if windowed or self.settled else WAIT_TIMER


def _quorum(said: QuorumSaid) -> Quorum:
    return Quorum(
        over=said.over,
        member=said.member,
        share=said.share or 0.0,
        least=said.least,
        within_s=said.within,
        clear_share=said.clear_share or 0.0,
        gather_s=said.gather,
        kind=said.kind,
        alarms=tuple(said.alarm),
        silence=said.counts_silence,
    )


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
        materials=said.materials.made() if said.materials is not None else None,
        matter=said.matter,
    )
