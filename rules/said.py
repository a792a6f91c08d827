"""What the parts of a rule file may say: names, clauses, levels, parameters, groups, orders."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from domain.naming import Element, Kind, Matter, Priority, Trade
from domain.site import Grade, Name
from rules.core.params import SEASONS
from rules.core.rule import Choice, OrderPlan, Param, Quorum
from rules.written import Limit, Seconds, Share, Text, as_names, as_seasons

STRICT = ConfigDict(extra="forbid", frozen=True)


class _Said(BaseModel):
    model_config = STRICT


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


Many = Annotated[SeasonsSaid, BeforeValidator(as_seasons)]


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
    alarm: Annotated[list[str], BeforeValidator(as_names)] = []
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

    def made(self) -> Quorum:
        """As the core has it."""
        return Quorum(
            over=self.over,
            member=self.member,
            share=self.share or 0.0,
            least=self.least,
            within_s=self.within,
            clear_share=self.clear_share or 0.0,
            gather_s=self.gather,
            kind=self.kind,
            alarms=tuple(self.alarm),
            silence=self.counts_silence,
        )


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

    def made(self, title: NameSaid) -> OrderPlan:
        """As the core has it; `title` is the rule's own."""
        return OrderPlan(
            element=self.element,
            trade=self.trade,
            priority=self.priority,
            key_node_priority=self.key_node_priority,
            accept_s=self.accept,
            arrive_s=self.arrive,
            finish_s=self.finish,
            verify_s=self.verify,
            safety=self.safety,
            counted=self.counted,
            title=(self.title or title).made(),
            do=self.do.made(),
            caution=self.caution.made() if self.caution is not None else None,
            materials=self.materials.made() if self.materials is not None else None,
            matter=self.matter,
        )
