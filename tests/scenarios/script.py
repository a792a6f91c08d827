"""A scenario as it is written: a stretch of the sample coast, what happens on it and when, and what must come of it."""

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from domain.naming import CrewAction, Kind, OperatorAction, Priority
from domain.readings import Millis

MINUTE: Final = 60_000
_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def span(text: object) -> Millis:
    """A length of time such as 1h20m, in ms."""
    parts = _SPAN.fullmatch(str(text))
    if parts is None or not str(text):
        raise ValueError(f"{text!r} is no length of time; write 90s, 15m, 1h30m")
    d, h, m, s = (int(part or 0) for part in parts.groups())
    return (((d * 24 + h) * 60 + m) * 60 + s) * 1000


def _moment(text: object) -> Millis:
    return round(datetime.fromisoformat(str(text)).timestamp() * 1000)


def _several(told: object) -> object:
    return [told] if isinstance(told, str) else told


def _value(text: object) -> object:
    """A number, a flag or a word."""
    try:
        return float(str(text))
    except ValueError:
        return {"true": True, "false": False}.get(str(text), text)


Measured = Annotated[float | bool | str, BeforeValidator(_value)]
Span = Annotated[Millis, BeforeValidator(span)]
Several = Annotated[list[str], BeforeValidator(_several)]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(_Said):
    """Which facilities of the sample: of these zones and kinds, and named like this. Lamps bring their circuits."""

    zones: Several = []
    kinds: list[Kind] = []
    facilities: Several = []
    behind: str = ""  # all devices that have a gateway are behind this one
    every: dict[Kind, Span] = {}  # how often devices of a kind report, instead


class Spell(_Said):
    """Weather, tide or crowd by wish: `simulators.spells`."""

    what: str
    since: Span = Field(alias="from")
    until: Span
    value: float


class About(_Said):
    """One order."""

    rule: str
    facility: str


class Earlier(_Said):
    """Readings that a device kept: one `every` so long, the oldest `back` ago."""

    back: Span
    every: Span
    values: dict[str, Measured]


class Act(_Said):
    """One thing that happens, or that somebody does."""

    at: Span
    needs: str = ""  # what must be there for it to be done: "issue 6: …"
    fault: str = ""
    mend: Several = []
    sensors: bool = False  # the sensors are mended, not the thing
    on: Several = []
    lasts: Span | None = None
    crew: str = ""
    says: CrewAction | None = None
    operator: OperatorAction | Literal["maintain", ""] = ""
    about: About | None = None
    to: str = ""  # crew
    facility: str = ""
    zone: str = ""
    until: Span | None = None
    reason: str = ""
    service: Literal["killed", "stopped", "started", ""] = ""
    broker: Literal["lost", "back", ""] = ""
    lying: int = 0  # so many retained messages lie on the broker when it is back
    send: str = ""  # a device says this, beside its regular reports
    values: dict[str, Measured] = {}
    history: Earlier | None = None

    @property
    def verbs(self) -> tuple[str, ...]:
        """What kind of act it is; exactly one."""
        kinds = ("fault", "mend", "crew", "operator", "service", "broker", "send")
        return tuple(name for name in kinds if getattr(self, name))


class AlarmSaid(_Said):
    """An alarm that must be there; what is not said may be anything. Times are from the start of the scenario."""

    rule: str
    facility: str  # or a pattern: then `count` of them
    count: int = 1
    needs: str = ""
    opens: Span | None = None
    clears: Span | Literal["never"] | None = None
    within: Span = 90_000
    members: int | None = None
    level: int | None = None


class OrderSaid(_Said):
    """An order that must be there."""

    rule: str
    facility: str
    count: int = 1
    needs: str = ""
    sent: Span | None = None  # when it was first given to somebody
    within: Span = 90_000
    priority: Priority | None = None
    crew: str = ""  # who had it first
    desk: bool | None = None  # whether the desk has it too, at the end
    members: int | None = None
    alarms: int | None = None
    reworks: int | None = None
    course: Several = []  # steps that were taken, in this order, whatever was between
    ends: str = ""  # a state, or "closed by telemetry", or "open": not ended


class Most(_Said):
    """So many of a rule and no more, none being right as well."""

    rule: str
    alarms: int = 0
    orders: int = 0


class Expected(_Said):
    """What must come of it; what is not named must not happen at all."""

    alarms: list[AlarmSaid] = []
    orders: list[OrderSaid] = []
    most: list[Most] = []
    besides: list[str] = []  # rules that this scenario is not about
    waited: int = 0  # messages at least that the broker kept at one time
    kept_aside: dict[str, int] = {}  # words of a reason, and how many values or messages at least


class Story(_Said):
    """The file."""

    id: str
    title: str
    shows: str
    part: Part
    start: Annotated[Millis, BeforeValidator(_moment)]
    lasts: Span = Field(alias="for")
    seed: int = 7
    soak: bool = False  # it takes longer than `make test` allows
    crews: Literal["away", "at hand"] = "away"  # at hand: the simulated crews go and mend
    needs: list[str] = []  # rules that are not in the library yet, or "issue 6: …"
    surroundings: list[Spell] = []
    timeline: list[Act] = []
    expect: Expected

    @property
    def waits(self) -> list[str]:
        """All that it waits for: rules that are not in the library yet, and features of later issues."""
        told: list[Any] = [*self.timeline, *self.expect.alarms, *self.expect.orders]
        return list(dict.fromkeys([*self.needs, *(one.needs for one in told if one.needs)]))
