"""The shape of each thing in the site's files. A field's description is what a person reads after "expected"."""

import re
from datetime import date
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from domain.naming import ATTRIBUTES, Element
from domain.naming import Kind as FacilityKind
from domain.site import Contact, Grade, Hours, Name
from services.site import notation
from services.site.faults import one_of

# What a crew can know. Rules ask for a trade by these words, and no others.
TRADES: Final = (
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
)
LEVELS: Final = ("district", "subdistrict", "community", "city", "company")
LANGUAGES: Final = ("zh", "en")
CHANNELS: Final = ("wecom", "dingtalk", "feishu", "email", "webhook", "apprise", "drill")
# Where the address lets whoever has it speak: a site file may only say in which variable it stands.
SECRET_ADDRESSES: Final = frozenset({"wecom", "dingtalk", "feishu", "apprise"})
LONGEST_S: Final = 3_660 * 86_400  # ten years: of a recording of single messages nobody falls silent

ID_PATTERN: Final = r"^[a-z0-9-]+$"
ID_EXPECTED: Final = "an id of a-z, 0-9 and -"


def _time_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, OSError) as wrong:  # unknown; a folder of the database
        raise ValueError(name) from wrong


Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Degrees = Annotated[float, Field(ge=-180, le=180)]  # the site's box says the rest, and sees when the two are swapped
Point = tuple[Latitude, Longitude]
Span = Annotated[tuple[int, int], BeforeValidator(lambda text: notation.span(str(text)))]
Chainage = Annotated[float, BeforeValidator(lambda text: notation.chainage(str(text)))]
OpenHours = Annotated[tuple[Hours, ...], BeforeValidator(lambda text: notation.hours(str(text)))]
Eui = Annotated[str, BeforeValidator(lambda text: notation.eui(str(text)))]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
# Many ids, or the one word `all`.
Ids = Annotated[list[Id] | None, BeforeValidator(lambda given: None if given == "all" else given)]

NAME_EXPECTED: Final = "a name in both tongues, {en: …, zh: …}"
CONTACTS_EXPECTED: Final = "a list of {channel: …, to: …}: how they are reached beside MQTT, the first one first"
POINT_EXPECTED: Final = "a WGS-84 position, [latitude, longitude] in degrees"


class Shape(BaseModel):
    """Strict about what is there: an unknown key is a fault, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class NameShape(Shape):
    """What people call it."""

    en: Text = Field(description="the English name")
    zh: Text = Field(description="the Chinese name")

    def name(self) -> Name:
        """As the domain has it."""
        return Name(self.en, self.zh)


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


class FacilityRow(Shape):
    """One row of facilities.csv, its attributes apart. Empty cells are not there."""

    id: Id = Field(description=ID_EXPECTED)
    kind: FacilityKind = Field(description=one_of(FacilityKind))
    en: Text = Field(description="the English name")
    zh: Text = Field(description="the Chinese name")
    zone: Id = Field(description="the id of a zone")
    lat: Degrees = Field(description="degrees of latitude, WGS-84")
    lon: Degrees = Field(description="degrees of longitude, WGS-84")
    section: str = Field("", description="the id of a section of trail")
    chainage: Chainage | None = Field(None, description=notation.CHAINAGE_EXPECTED)
    pole: str = Field("", description="the lamp-post number (灯杆号)")
    part_code: str = Field(
        "", pattern=r"^\d{16}$", description="16 digits: county (6), component class (4), serial (6)"
    )
    feeder: str = Field("", description="the facility id of a feeder")
    cabinet: str = Field("", description="the facility id of a cabinet")
    gateway: str = Field("", description="the id of a gateway")
    grade: Grade | None = Field(None, description=one_of(Grade))
    element: Element | None = Field(None, description=one_of(Element))
    owner: str = Field("", description="the id of a party")
    supervisor: str = Field("", description="the id of a party")
    maintainer: str = Field("", description="the id of a party")
    hours: OpenHours = Field((), description=notation.HOURS_EXPECTED)
    note: str = Field("", description="free words for people, not loaded")


class DeviceRow(Shape):
    """One row of devices.csv: the devices of a facility listed there replace the one it would have by its kind."""

    id: Id = Field(description=ID_EXPECTED)
    facility: Id = Field(description="the id of a facility")
    profile: str = Field("", description="native, or VENDOR/MODEL of a device profile")
    gateway: str = Field("", description="the id of a gateway")
    interval_s: int | None = Field(None, gt=0, le=LONGEST_S, description="seconds between two readings, 1 or more")
    lit_interval_s: int | None = Field(
        None, ge=0, le=LONGEST_S, description="the same between sunset and sunrise; 0: no other"
    )
    played: bool = Field(True, description="true or false: whether the simulators play it")  # noqa: FBT003
    eui: Eui = Field("", description=notation.EUI_EXPECTED)


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

FACILITY_COLUMNS: Final = (*FacilityRow.model_fields, *ATTRIBUTES)
FACILITY_NEEDED: Final = tuple(name for name, field in FacilityRow.model_fields.items() if field.is_required())
DEVICE_COLUMNS: Final = tuple(DeviceRow.model_fields)
DEVICE_NEEDED: Final = tuple(name for name, field in DeviceRow.model_fields.items() if field.is_required())

# What a kind cannot be judged or simulated without.
NEEDED_ATTRIBUTES: Final[dict[FacilityKind, tuple[str, ...]]] = {
    FacilityKind.LIGHT: ("rated_power",),
    FacilityKind.TOILET: ("stalls",),
    FacilityKind.GREEN: ("holding_capacity",),
    FacilityKind.CROWD: ("capacity",),
}
# What some of a kind can be judged without, and why that is told all the same.
WANTED_ATTRIBUTES: Final[dict[FacilityKind, tuple[str, str]]] = {
    FacilityKind.BIN: ("depth_mm", "a sensor that measures a distance cannot tell how full it is"),
    FacilityKind.PARKING: ("capacity", "nothing tells free places that cannot be true"),
}
# Which trades the work on a kind asks for; `instruments` looks after the devices of all of them.
TRADES_FOR: Final[dict[FacilityKind, tuple[str, ...]]] = {
    FacilityKind.LIGHT: ("lighting", "power", "structures", "instruments"),
    FacilityKind.FEEDER: ("power", "instruments"),
    FacilityKind.CABINET: ("power", "instruments"),
    FacilityKind.BIN: ("collection", "patrol", "instruments"),
    FacilityKind.TOILET: ("cleaning", "plumbing", "instruments"),
    FacilityKind.PARKING: ("lots", "patrol", "instruments"),
    FacilityKind.GREEN: ("gardening", "plumbing", "instruments"),
    FacilityKind.CROWD: ("patrol", "instruments"),
    FacilityKind.COAST: ("patrol", "power", "instruments"),
}
