"""The shape of each thing in site.yaml. A field's description is what a person reads after "expected"."""

import re
from datetime import date
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from domain.naming import TRADES, Element
from domain.site import Contact, Grade
from services.site import notation
from services.site.faults import one_of
from services.site.values import (
    ID_EXPECTED,
    LONGEST_S,
    NAME_EXPECTED,
    POINT_EXPECTED,
    Chainage,
    Id,
    Ids,
    Latitude,
    Longitude,
    NameShape,
    Point,
    Shape,
    Span,
    Text,
    TimeZone,
)

LEVELS: Final = ("district", "subdistrict", "community", "city", "company")
LANGUAGES: Final = ("zh", "en")
CHANNELS: Final = ("wecom", "dingtalk", "feishu", "email", "webhook", "apprise", "drill")
# Where the address lets whoever has it speak: a site file may only say in which variable it stands.
SECRET_ADDRESSES: Final = frozenset({"wecom", "dingtalk", "feishu", "apprise"})
CONTACTS_EXPECTED: Final = "a list of {channel: …, to: …}: how they are reached beside MQTT, the first one first"


class Box(Shape):
    """The smallest and largest position that makes sense."""

    south: Latitude = Field(description="degrees of latitude, WGS-84")
    west: Longitude = Field(description="degrees of longitude, WGS-84")
    north: Latitude = Field(description="degrees of latitude, WGS-84")
    east: Longitude = Field(description="degrees of longitude, WGS-84")

    def holds(self, lat: float, lon: float) -> bool:
        """Whether a position lies in it."""
        return self.south <= lat <= self.north and self.west <= lon <= self.east

    def text(self) -> str:
        """What a position was expected to be."""
        return f"latitude {self.south} to {self.north} and longitude {self.west} to {self.east} (WGS-84)"


class Head(Shape):
    """The single values at the top of site.yaml."""

    id: Id = Field(description=ID_EXPECTED)
    name: NameShape = Field(description=NAME_EXPECTED)
    timezone: TimeZone = Field(description="an IANA time zone, as Asia/Shanghai")
    simulated: bool = Field(description="true for a make-believe coast, false for a real one")
    region: Annotated[str, StringConstraints(pattern=r"^\d{6}$")] = Field(
        description="the six digits of the county (区划代码), with which every part code begins"
    )
    box: Box = Field(description="the box that holds every position, {south: …, west: …, north: …, east: …}")
    desk: Id = Field(description="the crew id of the duty desk (兜底): the last to be asked, never refuses")
    case_prefix: Annotated[str, StringConstraints(pattern=r"^([A-Z][A-Z0-9]{0,7})?$")] = Field(
        "", description="what case numbers (案号) begin with, one to eight of A-Z and 0-9, as SN"
    )


class ContactShape(Shape):
    """One way to reach somebody beside MQTT."""

    channel: Annotated[str, StringConstraints(pattern=f"^({'|'.join(CHANNELS)})$")] = Field(
        description=one_of(CHANNELS)
    )
    to: Text = Field(description=notation.ADDRESS_EXPECTED)
    secret: Annotated[str, StringConstraints(pattern=f"^({notation.VARIABLE})?$")] = Field(
        "", description="env:TIDEWALK_… alone: secrets are never in site files"
    )

    def contact(self) -> Contact:
        """As the domain has it."""
        return Contact(self.channel, self.to, self.secret)

    @field_validator("to")
    @classmethod
    def _kept_out(cls, said: str, others: ValidationInfo) -> str:
        named = re.fullmatch(notation.VARIABLE, said) is not None
        if not named and (others.data.get("channel") in SECRET_ADDRESSES or said.startswith("env:")):
            raise ValueError(notation.ADDRESS_EXPECTED)
        return said


class PartyShape(Shape):
    """Somebody who answers for something."""

    name: NameShape = Field(description=NAME_EXPECTED)
    level: Annotated[str, StringConstraints(pattern=f"^({'|'.join(LEVELS)})$")] = Field(description=one_of(LEVELS))
    contacts: list[ContactShape] = Field(default_factory=list, description=CONTACTS_EXPECTED)
    phone: str = Field("", max_length=40, description="a telephone number, for people")


class NodeShape(Shape):
    """A named place (重要节点)."""

    name: NameShape = Field(description=NAME_EXPECTED)
    position: Point = Field(description=POINT_EXPECTED)
    grade: Grade = Field(Grade.ORDINARY, description=one_of(Grade))


class ZoneShape(Shape):
    """A bay (片区)."""

    name: NameShape = Field(description=NAME_EXPECTED)
    grade: Grade = Field(Grade.ORDINARY, description=one_of(Grade))
    subdistrict: Id = Field(description="the party that holds the territory (属地)")
    community: Id = Field(description="the party that carries out at the end of the line (末端)")
    neighbours: list[Id] = Field(description="the ids of neighbouring zones, nearest first")
    outline: list[Point] = Field(min_length=3, description="three or more positions [latitude, longitude]")
    nodes: dict[Id, NodeShape] = Field(default_factory=dict, description="named places by id")


class SectionShape(Shape):
    """A stretch of trail between two chainages (桩号)."""

    zone: Id = Field(description="the id of the zone it lies in")
    start: Chainage = Field(alias="from", description=notation.CHAINAGE_EXPECTED)
    end: Chainage = Field(alias="to", description=notation.CHAINAGE_EXPECTED)
    line: list[Point] = Field(min_length=2, description="two or more positions [latitude, longitude] along the trail")
    grade: Grade | None = Field(None, description=one_of(Grade))


class GatewayShape(Shape):
    """What relays devices."""

    zone: Id = Field(description="the id of the zone it stands in")
    position: Point = Field(description=POINT_EXPECTED)


class KindShape(Shape):
    """What every facility of a kind has unless its row says otherwise."""

    element: Element = Field(description=one_of(Element))
    owner: Id = Field(description="the party that owns it (权属)")
    supervisor: Id = Field(description="the department that supervises it (属事)")
    maintainer: Id = Field(description="the party that maintains it (养护)")
    parts: list[Annotated[str, StringConstraints(pattern=r"^\d{4}$")]] = Field(
        default_factory=list, description="four-digit component classes (部件 大类 + 小类), as ['0118']"
    )
    interval_s: int = Field(gt=0, le=LONGEST_S, description="seconds between two readings of its device, 1 or more")
    lit_interval_s: int = Field(0, ge=0, le=LONGEST_S, description="the same between sunset and sunrise; 0: no other")
    profile: Text = Field("native", description="the name of a device profile")


class ShiftShape(Shape):
    """Hours of work (班次)."""

    name: NameShape = Field(description=NAME_EXPECTED)
    hours: Span = Field(description=notation.SPAN_EXPECTED)


def _day_of_contract(text: str) -> str:
    return date.fromisoformat(text).isoformat() if text else ""


ContractDay = Annotated[str, AfterValidator(_day_of_contract)]


class ContractShape(Shape):
    """Between which days a contractor works for the site, both included."""

    since: ContractDay = Field("", alias="from", description="a day as 2026-01-31")
    until: ContractDay = Field("", alias="to", description="a day as 2026-12-31")


class CrewShape(Shape):
    """People who are sent."""

    name: NameShape = Field(description=NAME_EXPECTED)
    trades: Ids = Field(description=f"`all`, or a list out of {', '.join(TRADES)}")
    zones: Ids = Field(description="`all`, or a list of zone ids")
    shifts: Ids = Field(description="`all`, or a list of shift ids")
    capacity: int = Field(gt=0, description="how many open orders it takes at one time, 1 or more")
    base: Point = Field(description=POINT_EXPECTED)
    party: Id = Field(description="the party that employs it")
    language: Annotated[str, StringConstraints(pattern=f"^({'|'.join(LANGUAGES)})$")] = Field(
        "zh", description=one_of(LANGUAGES)
    )
    lead: bool = Field(default=False, description="true where it speaks for its party, false")
    deputy: str = Field("", description="the id of a crew that has its orders while it is off")
    contract: ContractShape = Field(
        default_factory=lambda: ContractShape.model_validate({}), description="{from: 2026-01-01, to: 2026-12-31}"
    )
    contacts: list[ContactShape] = Field(default_factory=list, description=CONTACTS_EXPECTED)
    phone: str = Field("", max_length=40, description="a telephone number, for people")


# The sections of site.yaml: each is a mapping from id to one of these.
SECTIONS: Final[dict[str, type[Shape]]] = {
    "parties": PartyShape,
    "zones": ZoneShape,
    "sections": SectionShape,
    "gateways": GatewayShape,
    "kinds": KindShape,
    "shifts": ShiftShape,
    "crews": CrewShape,
}
OPTIONAL_SECTIONS: Final = ("sections", "gateways")
