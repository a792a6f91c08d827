"""What a rule file may say, and what of it does not go together."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from domain.naming import ATTRIBUTES, QUANTITIES, Kind
from rules.core.rule import Clause, Level, Rule
from rules.core.trust import EVERYTHING
from rules.core.vocabulary import CONTEXT, INSTRUMENT, quantities_of
from rules.said import STRICT, ClauseSaid, LevelSaid, NameSaid, OrderSaid, ParamSaid, QuorumSaid
from rules.written import Seconds, as_clauses, as_names, as_params

LONGEST_REOPEN = 86_400  # seconds: a closed order is remembered for twice as long
HUBS = (("feeder", Kind.FEEDER), ("cabinet", Kind.CABINET))
WAIT_TIMER, WAIT_GROUP, WAIT_WINDOW = 1, 5, 60  # seconds, where a rule does not say

ParamName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class RuleSaid(BaseModel):
    """A rule file."""

    model_config = STRICT

    id: str = Field(pattern=r"^[A-Z][0-9]{2,3}[a-z]?$")
    name: str = Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
    title: NameSaid
    kind: Kind | None = None
    subject: Literal["facility", "device"] = "facility"
    when: Annotated[list[ClauseSaid], BeforeValidator(as_clauses)] = []
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
    params: Annotated[dict[ParamName, ParamSaid], BeforeValidator(as_params)] = {}
    reopen_within: Seconds = 0
    holds: Annotated[list[str], BeforeValidator(as_names)] = []
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
            quorum=quorum.made() if quorum is not None else None,
            inhibited_by=tuple(self.inhibited_by),
            spin_off_s=self.spin_off,
            order=self.order.made(self.title) if self.order is not None else None,
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
