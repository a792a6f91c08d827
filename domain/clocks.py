"""How long an order may take, when its clock counts, and who hears of it when it is late: data of a site, with sources.

Every list is read from its top: of entries that fit equally closely the first counts. What a site does not say is as
the rule of the order says, in natural hours, with the duty desk behind every limit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from domain.site import Hours


class Fits(NamedTuple):
    """Which orders an entry is about: those of which everything said here is true. Empty: not asked."""

    priority: tuple[str, ...] = ()
    element: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    trade: tuple[str, ...] = ()
    zone: tuple[str, ...] = ()
    grade: tuple[str, ...] = ()  # of the place
    season: tuple[str, ...] = ()  # spring, summer, autumn, winter
    holiday: bool | None = None
    crowd: int = 0  # the zone's crowd level, at least: 1 yellow, 2 orange, 3 red
    deck: bool | None = None  # the facility stands on a low deck (its `deck_level_cm` is known)


ANY = Fits()


class Span(NamedTuple):
    """So long: seconds, and whole days beside them; in working hours a day is a working day."""

    seconds: int = 0
    days: int = 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """How long an order may take at most. One that names a rule stands in place of what the rule says; another one
    counts where it is shorter. `working`: counted in working hours (工作时, 工作日); None: not said.
    """

    fits: Fits
    accept: Span | None = None
    arrive: Span | None = None
    finish: Span | None = None
    working: bool | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Factor:
    """Makes limits shorter. Where several fit, the smallest counts, and they are not multiplied."""

    fits: Fits
    times: float
    of: tuple[str, ...] = ("accept", "arrive", "finish")
    source: str = ""


@dataclass(frozen=True, slots=True)
class Tell:
    """Whom to tell next, so long after the limit ran out; `between`, where said, in minutes of the local day alone:
    else the next one is told at once.
    """

    level: str  # community | subdistrict | district | owner
    after_s: int = 0
    between: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """Who hears that an order is late (升级), one after the other."""

    fits: Fits
    limit: str  # accept | finish
    tell: tuple[Tell, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """When work may be done; outside, the order is held and its clock stands. What is not known stands in nobody's
    way.
    """

    fits: Fits
    tide_below: float | None = None  # cm, above the gauge's datum
    wind_below: float | None = None  # m/s, gusts
    crowd_below: int | None = None  # level
    hours: tuple[int, int] | None = None  # minutes of the local day
    look_s: int = 1800  # how long until it is looked at again
    source: str = ""


@dataclass(frozen=True, slots=True)
class Clocks:
    """All of it. `stop_tide` and `stop_wind` are what a stop of work may be approved for: tide (cm) and gusts (m/s) of
    at least so much; None: whatever is measured.
    """

    limits: tuple[Allowance, ...] = ()
    factors: tuple[Factor, ...] = ()
    working: "tuple[Hours, ...]" = ()  # working hours of working days (计时方案), by season
    chains: tuple[Chain, ...] = ()
    windows: tuple[Window, ...] = ()
    stop_tide: float | None = None
    stop_wind: float | None = None
    stop_most_s: int = 12 * 3600
    extend_most: float = 2.0  # all extensions together, in finish limits: 5 working days and 10 more (12345, S32)
    hold_usual_s: int = 24 * 3600  # where nobody says until when
    hold_most_s: int = 30 * 86_400
    returns: int = 3  # given back so often, the desk has it as well (推诿)

    @property
    def asks_around(self) -> bool:
        """Whether tide, wind or crowds matter to any entry."""
        asking = (*(one.fits for one in self.limits), *(one.fits for one in self.factors))
        crowded = any(one.crowd for one in asking)
        return bool(crowded or self.windows or self.stop_tide is not None or self.stop_wind is not None)


AS_THE_RULES_SAY = Clocks()
