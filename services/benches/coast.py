"""A generated coast of any size, and what its devices say: mostly that nothing is the matter."""

from datetime import UTC, datetime
from math import gcd
from typing import Final

import msgspec

from domain.naming import Element, Kind, up_topic
from domain.readings import Millis, Value
from domain.site import Crew, Device, Facility, Gateway, Grade, Name, Position, Site, Zone

ENDS: Final[Millis] = 1_790_953_200_000  # 2026-10-02T23:00+08:00: lamps are lit, and were for five hours
INTERVAL: Final[Millis] = 900_000
LONGEST: Final[Millis] = 4 * 3_600_000  # the whole run in event time: all of it in the dark
_HERE: Final = Position(36.0608, 120.3146)
_ZONES: Final = 5
_BEHIND_A_GATEWAY: Final = 100
# Of 40 devices; the 24 lamps hang on the one feeder among them.
_MIX: Final = (
    *[Kind.FEEDER],
    *[Kind.LIGHT] * 24,
    *[Kind.BIN] * 9,
    *[Kind.TOILET] * 2,
    *[Kind.PARKING] * 2,
    *[Kind.GREEN] * 2,
)
_ATTRIBUTES: Final[dict[Kind, dict[str, float]]] = {
    Kind.LIGHT: {"rated_power": 100.0},
    Kind.BIN: {"depth_mm": 900.0},
    Kind.TOILET: {"stalls": 8.0},
    Kind.PARKING: {"capacity": 100.0},
    Kind.GREEN: {"holding_capacity": 40.0},
}
_TRADES: Final = ("lighting", "power", "collection", "patrol", "cleaning", "lots", "gardening", "instruments")
# One device in a thousand is in trouble, for two reports: an alarm opens with one message in 2,000, and clears.
_TROUBLED: Final = 997
_STORMY: Final = 50
_TROUBLE: Final[dict[Kind, dict[str, Value]]] = {
    Kind.FEEDER: {},
    Kind.LIGHT: {"lamp_failure": True, "active_power": 2.0},
    Kind.BIN: {"fill_level": 97.0},
    Kind.TOILET: {"nh3_ppm": 3.5},
    Kind.PARKING: {"gate_state": "fault"},
    Kind.GREEN: {"soil_moisture": 12.0},
}
_SENTINELS: Final = 4_999  # one value in so many messages is a sensor's sentinel: it goes to quarantine
_BROKEN: Final = 20_011  # one message in so many is cut short
_encode = msgspec.json.Encoder().encode


def coast(devices: int) -> Site:
    """A site with so many devices, one on each facility. Not simulated: no clock of the coast leads the service."""
    zones = [f"zone-{n}" for n in range(_ZONES)]
    facilities = {f.id: f for f in (_facility(n, zones) for n in range(devices))}
    gateways = [f"gw-{n}" for n in range(-(-devices // _BEHIND_A_GATEWAY))]
    listening = {
        f.id: Device(f.id, f.id, gateway=gateways[n // _BEHIND_A_GATEWAY], interval_s=INTERVAL // 1000)
        for n, f in enumerate(facilities.values())
    }
    return Site(
        id="bench",
        name=Name("bench", "基准"),
        timezone="Asia/Shanghai",
        simulated=False,
        parties={},
        zones={z: Zone(z, Name(z, z), Grade.ORDINARY, (), (), tuple(zones), "", "") for z in zones},
        sections={},
        gateways={g: Gateway(g, zones[0], _HERE) for g in gateways},
        facilities=facilities,
        devices=listening,
        shifts={},
        crews={c.id: c for c in (_crew(trade, zones) for trade in (*_TRADES, "desk"))},
        desk="desk",
    )


class Speech:
    """What the devices of a coast say, by the number of the message: each device in turn, in a mixed order.

    Number n is its `seq`. Reports of a device are 15 minutes apart in event time, less where the run would not fit
    into one night; the last one is at ENDS. Those numbered in `storm` come from a coast on which one device in 50 is in
    trouble.
    """

    def __init__(self, site: Site, messages: int, storm: range = range(0)) -> None:
        devices = list(site.devices)
        self.devices, self._messages, self._storm = len(devices), messages, storm
        self._gap = min(INTERVAL / len(devices), LONGEST / max(messages, 1))
        stride = next(s for s in range(7919, 7919 + len(devices) + 1) if gcd(s, len(devices)) == 1)
        self._turns = [devices[n * stride % len(devices)] for n in range(len(devices))]
        self._kinds = [site.facilities[site.devices[d].facility].kind for d in self._turns]
        zones = [site.facilities[site.devices[d].facility].zone for d in self._turns]
        named = zip(zones, self._kinds, self._turns, strict=True)
        self._topics = [up_topic(site.id, zone, kind, device).encode() for zone, kind, device in named]

    def topic(self, number: int) -> bytes:
        """Where it is said."""
        return self._topics[number % self.devices]

    def payload(self, number: int) -> bytes:
        """What is said."""
        kind = self._kinds[number % self.devices]
        values = _quiet(kind, number)
        if self.troubled(number):
            values |= _TROUBLE[kind]
        if number % _SENTINELS == _SENTINELS - 1:
            values["battery"] = 655.35
        at = datetime.fromtimestamp(self.at(number) / 1000, UTC)
        said = {"at": at.isoformat(timespec="milliseconds"), "seq": number, "values": values}
        text = _encode(said)
        return text[:-9] if self.broken(number) else text

    def at(self, number: int) -> Millis:
        """When it is said, in event time; of different messages of one device never the same."""
        return ENDS - round((self._messages - number) * self._gap)

    def troubled(self, number: int) -> bool:
        """Whether something is the matter: with each device for two reports, and then for long not again."""
        mixed = number % self.devices * 2_654_435_761 + number // (2 * self.devices) * 40_503
        return mixed % (_STORMY if number in self._storm else _TROUBLED) == 0

    def full(self, number: int) -> str:
        """The bin of which it says that it is full; "" where it says anything else."""
        turn = number % self.devices
        return self._turns[turn] if self._kinds[turn] is Kind.BIN and self.troubled(number) else ""

    def broken(self, number: int) -> bool:
        """Whether it cannot be read, and is to be quarantined."""
        return number % _BROKEN == _BROKEN - 1


def _facility(number: int, zones: list[str]) -> Facility:
    block, place = divmod(number, len(_MIX))
    kind = _MIX[place]
    name = f"{kind}-{number:05}"
    return Facility(
        id=name,
        kind=kind,
        element=Element.MUNICIPAL,
        name=Name(name, name),
        zone=zones[block % len(zones)],
        position=_HERE,
        feeder=f"{Kind.FEEDER}-{block * len(_MIX):05}" if kind is Kind.LIGHT else "",
        attributes=_ATTRIBUTES.get(kind, {}),
    )


def _crew(trade: str, zones: list[str]) -> Crew:
    return Crew(trade, Name(trade, trade), (trade,), tuple(zones), (), 1_000_000, _HERE, "")


def _quiet(kind: Kind, number: int) -> dict[str, Value]:
    """What is in no rule's interest; the figures move a little, as figures do."""
    little = number * 37 % 41 / 10
    match kind:
        case Kind.LIGHT:
            return {
                "commanded_level": 80.0,
                "active_power": round(76.0 + little, 1),
                "supply_voltage": round(228.0 + little, 1),
                "leakage_current": 1.2,
                "tilt_deg": 0.6,
                "lamp_failure": False,
                "supply_loss": False,
            }
        case Kind.FEEDER:
            return {
                "total_active_power": round(1900.0 + little, 1),
                "supply_voltage": 230.1,
                "breaker_tripped": False,
                "supply_loss": False,
            }
        case Kind.BIN:
            level = round(20.0 + little, 1)
            return {"fill_level": level, "bin_temperature": 21.0, "tipped": False, "battery": 88.0}
        case Kind.TOILET:
            return {"nh3_ppm": round(0.1 * little, 2), "h2s_ppm": 0.01, "stalls_free": 5.0, "paper_level": 60.0}
        case Kind.PARKING:
            return {"occupied_spots": 60.0, "available_spots": 40.0, "gate_state": "down"}
        case _:
            return {"soil_moisture": round(26.0 + little, 1), "soil_temp": 17.0, "soil_ec": 0.8}
