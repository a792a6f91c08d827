"""The coast that is looked after: zones, facilities, devices, crews, and who answers for what.

Read from site files by `services.site`; nothing here reads or checks anything. Every `id` is unique in its kind, lower
case, `[a-z0-9-]`; names come in Chinese (`zh`) and English (`en`). Positions are WGS-84.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from domain.clocks import AS_THE_RULES_SAY, Clocks
from domain.naming import Element, Kind


class Position(NamedTuple):
    """WGS-84, degrees. Chinese map apps want GCJ-02: convert only when building a link."""

    lat: float
    lon: float


class Name(NamedTuple):
    """What people call it."""

    en: str
    zh: str


class Grade(StrEnum):
    """How closely a place is kept."""

    ORDINARY = "ordinary"
    KEY_NODE = "key_node"  # 重要节点
    DEMONSTRATION = "demonstration"  # 景区化管理示范区


class Contact(NamedTuple):
    """One way to reach somebody beside MQTT. An address, or `env:NAME` where the environment has it."""

    channel: str  # wecom | dingtalk | feishu | email | webhook | apprise | drill
    to: str
    secret: str = ""  # what messages are signed with, where the channel signs; always `env:NAME`


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who answers for something: an office, a subdistrict, a community, a contractor."""

    id: str
    name: Name
    level: str  # district 区 | subdistrict 街道 | community 社区 | city 市 | company
    contacts: tuple[Contact, ...] = ()  # in order: the next one where the one before fails
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A named place of a zone (重要节点)."""

    id: str
    name: Name
    position: Position
    grade: Grade


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of trail: a polyline, and its chainage 桩号 in metres at both ends."""

    id: str
    zone: str
    line: tuple[Position, ...]
    from_m: float
    to_m: float
    grade: Grade


@dataclass(frozen=True, slots=True)
class Zone:
    """A bay of the coast (片区), with who holds it: territorial 属地 and terminal 末端."""

    id: str
    name: Name
    grade: Grade
    outline: tuple[Position, ...]
    nodes: tuple[Node, ...]
    neighbours: tuple[str, ...]  # zone ids, nearest first
    subdistrict: str  # party id, 属地
    community: str  # party id, 末端


@dataclass(frozen=True, slots=True)
class Hours:
    """Open from `opens` to `closes` (minutes of the local day; past 1440 is after midnight) between two days of the
    year (month, day), both inclusive; the season may wrap round the new year.
    """

    from_day: tuple[int, int]
    to_day: tuple[int, int]
    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class Facility:
    """A thing on the coast: a lamp, a feeder, a bin, a toilet, a lot, a bed.

    `attributes` holds the numbers of `naming.ATTRIBUTES` that it has (rated_power, depth_mm, stalls, capacity …).
    """

    id: str
    kind: Kind
    element: Element
    name: Name
    zone: str
    position: Position
    grade: Grade = Grade.ORDINARY
    section: str = ""
    chainage_m: float | None = None  # 桩号
    pole: str = ""  # 灯杆号, the coast's address
    part_code: str = ""  # GB/T 30428.2 component code
    feeder: str = ""  # facility id of its feeder
    cabinet: str = ""  # facility id of its cabinet
    owner: str = ""  # party id, 权属
    supervisor: str = ""  # party id, 属事 (department)
    maintainer: str = ""  # party id, 养护
    attributes: Mapping[str, float] = field(default_factory=dict)
    hours: tuple[Hours, ...] = ()  # opening hours; a lot's share window; empty = always


@dataclass(frozen=True, slots=True)
class Device:
    """A sensor on a facility. `interval_s` is how often it is expected to speak; absence is judged by it.

    `lit_interval_s`, where not 0, replaces it between sunset and sunrise (lamps speak more often when lit).
    """

    id: str
    facility: str
    profile: str = "native"
    gateway: str = ""
    interval_s: int = 900
    lit_interval_s: int = 0
    played: bool = True  # False: no simulator plays it (the sample's `bin-hand`)
    eui: str = ""  # 16 lower-case hex digits: who it is to a LoRaWAN network server; "" where it speaks for itself


@dataclass(frozen=True, slots=True)
class Gateway:
    """What relays devices behind one connection."""

    id: str
    zone: str
    position: Position


@dataclass(frozen=True, slots=True)
class Shift:
    """Hours of work, in minutes of the local day; `ends` past 1440 is after midnight."""

    id: str
    name: Name
    starts: int
    ends: int


@dataclass(frozen=True, slots=True)
class Duty:
    """How a crew works while a roster is in force. None: as otherwise."""

    shifts: tuple[str, ...] | None = None  # empty: off
    capacity: int | None = None


@dataclass(frozen=True, slots=True)
class Roster:
    """Who works how on some days (节假日值班表). The first one in force that names a crew counts."""

    id: str
    on: tuple[str, ...]  # kinds of day: holiday, golden_week, working_weekend, workday; any of them
    days: tuple[tuple[str, str], ...]  # spans of days, YYYY-MM-DD, both ends included
    crews: Mapping[str, Duty]


@dataclass(frozen=True, slots=True)
class Crew:
    """People who are sent. `base` is where they wait. The duty desk (兜底) is the crew named by `Site.desk`."""

    id: str
    name: Name
    trades: tuple[str, ...]
    zones: tuple[str, ...]
    shifts: tuple[str, ...]
    capacity: int  # open orders at one time
    base: Position
    party: str  # who employs them
    language: str = "zh"
    lead: bool = False  # speaks for its party (街道值班): is asked where no crew can go, and told what is late
    deputy: str = ""  # crew id: has its orders while it is off
    contract: tuple[str, str] = ("", "")  # of a contractor (外包): from day to day, YYYY-MM-DD, both included; "": open
    contacts: tuple[Contact, ...] = ()  # in order: the next one where the one before fails; MQTT always, beside them
    phone: str = ""


@dataclass(frozen=True)
class Site:
    """All of it, with the look-ups that everybody needs. Made once at load, never changed."""

    id: str
    name: Name
    timezone: str
    simulated: bool
    parties: Mapping[str, Party]
    zones: Mapping[str, Zone]
    sections: Mapping[str, Section]
    gateways: Mapping[str, Gateway]
    facilities: Mapping[str, Facility]
    devices: Mapping[str, Device]
    shifts: Mapping[str, Shift]
    crews: Mapping[str, Crew]
    desk: str  # crew id of the duty desk: the last to be asked, and never refuses
    hash: str = ""  # content hash of the files it was read from
    case_prefix: str = ""  # what every 案号 begins with; "": the first two letters of the id
    clocks: Clocks = AS_THE_RULES_SAY
    rosters: Mapping[str, Roster] = field(default_factory=dict)

    @cached_property
    def case_letters(self) -> str:
        """What every 案号 of the site begins with."""
        return self.case_prefix or "".join(c for c in self.id if c.isalpha())[:2].upper()

    @cached_property
    def lead_of(self) -> Mapping[str, str]:
        """Crew id of whoever speaks for a party, by party."""
        return {c.party: c.id for c in sorted(self.crews.values(), key=lambda c: c.id, reverse=True) if c.lead}

    @cached_property
    def devices_of(self) -> Mapping[str, tuple[str, ...]]:
        """Device ids by facility, sorted."""
        return _grouped((d.facility, d.id) for d in self.devices.values())

    @cached_property
    def device_by_eui(self) -> Mapping[str, str]:
        """Device id by EUI."""
        return {d.eui: d.id for d in self.devices.values() if d.eui}

    @cached_property
    def lamps_of(self) -> Mapping[str, tuple[str, ...]]:
        """Facility ids of the lights on each feeder, sorted."""
        return _grouped((f.feeder, f.id) for f in self.facilities.values() if f.kind is Kind.LIGHT and f.feeder)

    @cached_property
    def devices_behind(self) -> Mapping[str, tuple[str, ...]]:
        """Device ids behind each gateway, sorted."""
        return _grouped((d.gateway, d.id) for d in self.devices.values() if d.gateway)


def _grouped(pairs: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for key, one in pairs:
        found.setdefault(key, []).append(one)
    return {key: tuple(sorted(ones)) for key, ones in found.items()}
