"""The shape of a site's clocks and rosters: how long orders may take, who hears that they are late, who is off."""

import re
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from domain import clocks as domain
from domain.clocks import Clocks, Fits
from domain.naming import Element, Kind, Priority
from domain.site import Duty, Grade, Hours, Roster
from services.site import notation
from services.site.values import Id, Shape, Span, Text

_DURATION: Final = re.compile(r"(\d+)([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
DURATION_EXPECTED: Final = "a length of time as 90s, 15m, 4h or 3d (in working hours 1d is a working day)"
SEASONS: Final = ("spring", "summer", "autumn", "winter")
LEVELS_TOLD: Final = ("community", "subdistrict", "district", "owner", "supervisor")
DAYS: Final = ("holiday", "golden_week", "working_weekend", "workday")


def _duration(text: object) -> domain.Span:
    found = _DURATION.fullmatch(str(text).strip())
    if not found:
        raise ValueError(DURATION_EXPECTED)
    number, unit = int(found[1]), found[2]
    return domain.Span(0, number) if unit == "d" else domain.Span(number * _SECONDS[unit])


def _seconds(text: object) -> int:
    span = _duration(text)
    return span.seconds + span.days * 86_400


def _several(given: object) -> Any:
    return [given] if isinstance(given, str) else given


def _days(given: object) -> tuple[str, str]:
    first, _, last = str(given).partition("..")
    since, until = date.fromisoformat(first.strip()), date.fromisoformat((last or first).strip())
    if until < since:
        raise ValueError("it ends before it begins")
    return since.isoformat(), until.isoformat()


def _plans(given: object) -> tuple[Hours, ...]:
    return notation.hours(str(given))


Duration = Annotated[domain.Span, BeforeValidator(_duration)]
Seconds = Annotated[int, BeforeValidator(_seconds), Field(ge=0, le=366 * 86_400)]
Plan = Annotated[tuple[Hours, ...], BeforeValidator(_plans)]
Season = Literal["spring", "summer", "autumn", "winter"]
Few = BeforeValidator(_several)
Dates = Annotated[tuple[str, str], BeforeValidator(_days)]
Limit = Literal["accept", "arrive", "finish"]


class FitsShape(Shape):
    """Which orders an entry is about; one word or a list of each."""

    priority: Annotated[list[Priority], Few] = Field(default=[], description="P0 to P4")
    element: Annotated[list[Element], Few] = Field(default=[], description="elements")
    kind: Annotated[list[Kind], Few] = Field(default=[], description="kinds of facility")
    rule: Annotated[list[Text], Few] = Field(default=[], description="names of rules")
    trade: Annotated[list[Text], Few] = Field(default=[], description="trades")
    zone: Annotated[list[Id], Few] = Field(default=[], description="zone ids")
    grade: Annotated[list[Grade], Few] = Field(default=[], description="grades of the place")
    season: Annotated[list[Season], Few] = Field(default=[], description=f"one or more of {', '.join(SEASONS)}")
    holiday: bool | None = Field(default=None, description="true or false")
    crowd: int = Field(default=0, ge=0, le=3, description="crowd level, at least: 1 yellow, 2 orange, 3 red")
    deck: bool | None = Field(default=None, description="true or false: whether the facility has a deck_level_cm")

    def made(self) -> Fits:
        """As the domain has it."""
        return Fits(
            priority=tuple(map(str, self.priority)),
            element=tuple(map(str, self.element)),
            kind=tuple(map(str, self.kind)),
            rule=tuple(self.rule),
            trade=tuple(self.trade),
            zone=tuple(self.zone),
            grade=tuple(map(str, self.grade)),
            season=tuple(self.season),
            holiday=self.holiday,
            crowd=self.crowd,
            deck=self.deck,
        )


class _Entry(Shape):
    about: FitsShape = Field(default=FitsShape(), alias="if", description="{priority: …, element: …, grade: … …}")
    source: str = Field(default="", description="where the figure comes from")


class AllowanceShape(_Entry):
    """How long an order may take."""

    accept: Duration | None = Field(default=None, description=DURATION_EXPECTED)
    arrive: Duration | None = Field(default=None, description=DURATION_EXPECTED)
    finish: Duration | None = Field(default=None, description=DURATION_EXPECTED)
    counted: Literal["natural", "working"] | None = Field(default=None, alias="in", description="natural or working")

    def made(self) -> domain.Allowance:
        """As the domain has it."""
        working = None if self.counted is None else self.counted == "working"
        return domain.Allowance(self.about.made(), self.accept, self.arrive, self.finish, working, self.source)


class FactorShape(_Entry):
    """What makes limits shorter."""

    times: float = Field(gt=0, le=1, description="a share of the limit, above 0 and up to 1")
    of: Annotated[list[Limit], Few] = Field(
        default=["accept", "arrive", "finish"], description="accept, arrive, finish"
    )


class TellShape(Shape):
    """Whom to tell."""

    level: Literal["community", "subdistrict", "district", "owner", "supervisor"] = Field(
        description=f"one of {', '.join(LEVELS_TOLD)}"
    )
    after: Seconds = Field(default=0, description=DURATION_EXPECTED)
    between: Span | None = Field(default=None, description=notation.SPAN_EXPECTED)


class ChainShape(_Entry):
    """Who hears that an order is late."""

    of: Literal["accept", "finish"] = Field(description="accept or finish")
    tell: list[TellShape] = Field(min_length=1, description="one or more of {level: …, after: …}")


class WindowShape(_Entry):
    """When work may be done."""

    tide_below: float | None = Field(default=None, description="cm above the gauge's datum")
    wind_below: float | None = Field(default=None, gt=0, description="gusts in m/s")
    crowd_below: int | None = Field(default=None, ge=1, le=3, description="crowd level: 1 yellow, 2 orange, 3 red")
    hours: Span | None = Field(default=None, description=notation.SPAN_EXPECTED)
    look: Seconds = Field(default=1800, ge=60, description="how long until it is looked at again, 1m or more")


class StopShape(Shape):
    """What work may be stopped for."""

    tide: float | None = Field(default=None, description="cm above the gauge's datum, from which on")
    wind: float | None = Field(default=None, gt=0, description="gusts in m/s, from which on")
    longest: Seconds = Field(default=12 * 3600, ge=60, description=DURATION_EXPECTED)


class HoldShape(Shape):
    """How long an order is held."""

    usual: Seconds = Field(default=24 * 3600, ge=60, description=DURATION_EXPECTED)
    longest: Seconds = Field(default=30 * 86_400, ge=60, description=DURATION_EXPECTED)


class ClocksShape(Shape):
    """All of it."""

    working: Plan = Field(default=(), description=notation.HOURS_EXPECTED)
    limits: list[AllowanceShape] = Field(default=[], description="a list of {if: …, accept: …, finish: …, source: …}")
    factors: list[FactorShape] = Field(default=[], description="a list of {if: …, times: 0.5, of: [finish]}")
    escalation: list[ChainShape] = Field(default=[], description="a list of {if: …, of: accept, tell: [{level: …}]}")
    windows: list[WindowShape] = Field(default=[], description="a list of {if: …, tide_below: …}")
    stops: StopShape = Field(default=StopShape(), description="{tide: …, wind: …, longest: 12h}")
    hold: HoldShape = Field(default=HoldShape(), description="{usual: 24h, longest: 30d}")
    extend: float = Field(default=2.0, ge=0, le=10, description="all extensions together, in finish limits")
    returns: int = Field(default=3, ge=1, description="given back so often, the desk has it as well")

    def made(self) -> Clocks:
        """As the domain has it."""
        return Clocks(
            limits=tuple(one.made() for one in self.limits),
            factors=tuple(
                domain.Factor(one.about.made(), one.times, tuple(one.of), one.source) for one in self.factors
            ),
            working=self.working,
            chains=tuple(
                domain.Chain(
                    one.about.made(),
                    one.of,
                    tuple(domain.Tell(told.level, told.after, told.between) for told in one.tell),
                )
                for one in self.escalation
            ),
            windows=tuple(
                domain.Window(
                    one.about.made(), one.tide_below, one.wind_below, one.crowd_below, one.hours, one.look, one.source
                )
                for one in self.windows
            ),
            stop_tide=self.stops.tide,
            stop_wind=self.stops.wind,
            stop_most_s=self.stops.longest,
            extend_most=self.extend,
            hold_usual_s=self.hold.usual,
            hold_most_s=self.hold.longest,
            returns=self.returns,
        )


class DutyShape(Shape):
    """How a crew works while a roster is in force."""

    shifts: list[Id] | None = Field(default=None, description="a list of shift ids; [] for a day off")
    capacity: int | None = Field(default=None, gt=0, description="how many open orders it takes, 1 or more")


def _known_day(kind: str) -> str:
    if kind not in DAYS:
        raise ValueError(kind)
    return kind


class RosterShape(Shape):
    """Who works how on some days."""

    on: Annotated[list[Annotated[str, AfterValidator(_known_day)]], Few] = Field(
        default=[], description=f"kinds of day: {', '.join(DAYS)}"
    )
    days: Annotated[list[Dates], Few] = Field(default=[], description="days as 2026-10-01 or 2026-10-01..2026-10-07")
    crews: dict[Id, DutyShape] = Field(min_length=1, description="crew ids, each with {shifts: […], capacity: …}")

    def made(self, key: str) -> Roster:
        """As the domain has it."""
        crews = {
            crew: Duty(None if one.shifts is None else tuple(one.shifts), one.capacity)
            for crew, one in self.crews.items()
        }
        return Roster(key, tuple(self.on), tuple(self.days), crews)
