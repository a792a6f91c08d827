"""A small coast for the tests of rules: a feeder with lamps, a bin, a toilet, a lot, and their readings."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from domain.alarms import AlarmChange
from domain.naming import Element, Kind
from domain.readings import Millis, Reading, Value
from domain.site import Device, Facility, Gateway, Grade, Name, Position, Site, Zone
from rules.book import RuleBook, read_rules
from rules.context.sun import sun_over
from rules.runners.live import Live

NIGHT: Millis = 1_790_852_400_000  # 2026-10-01T19:00+08:00; the sun set at 17:43
MINUTE, HOUR = 60_000, 3_600_000
HERE = Position(36.0608, 120.3146)
LIBRARY = Path(__file__).parents[3] / "rules" / "library"


def facility(name: str, kind: Kind, feeder: str = "", **attributes: float) -> Facility:
    return Facility(
        id=name, kind=kind, element=Element.MUNICIPAL, name=Name(name, name), zone="bay", position=HERE,
        feeder=feeder, attributes=attributes,
    )  # fmt: skip


def site_of(facilities: Iterable[Facility], devices: Iterable[Device]) -> Site:
    gateways = {d.gateway: Gateway(d.gateway, "bay", HERE) for d in devices if d.gateway}
    return Site(
        id="small", name=Name("small", "小"), timezone="Asia/Shanghai", simulated=True, parties={},
        zones={"bay": Zone("bay", Name("bay", "湾"), Grade.ORDINARY, (), (), (), "", "")}, sections={},
        gateways=gateways, facilities={f.id: f for f in facilities}, devices={d.id: d for d in devices},
        shifts={}, crews={}, desk="",
    )  # fmt: skip


def small_coast(lamps: int = 6, interval_s: int = 600) -> Site:
    """A feeder with lamps behind one gateway, a bin, a toilet with two sensors, a lot."""
    facilities = [
        facility("feeder-1", Kind.FEEDER),
        *[facility(f"lamp-{n}", Kind.LIGHT, "feeder-1", rated_power=100.0) for n in range(lamps)],
        facility("bin-1", Kind.BIN),
        facility("toilet-1", Kind.TOILET, stalls=6.0),
        facility("lot-1", Kind.PARKING, capacity=100.0),
    ]
    devices = [Device(f.id, f.id, gateway="gw-1", interval_s=interval_s) for f in facilities]
    return site_of(facilities, [*devices, Device("toilet-1b", "toilet-1", interval_s=interval_s)])


def said(site: Site, device: str, at: Millis, values: dict[str, Value], **more: int) -> Reading:
    of = site.facilities[site.devices[device].facility]
    received = more.get("received", at)
    return Reading(of.id, device, of.kind.value, of.zone, at, values, more.get("quality", 0), -1, received)


def live_on(book: RuleBook, site: Site, start: Millis | None = NIGHT) -> Live:
    live = Live(book, site, sun_over(site))
    if start is not None:
        live.listening_from(start)
    return live


def play(live: Live, rows: Sequence[tuple[Millis, Sequence[Reading]]]) -> list[AlarmChange]:
    return [change for at, readings in rows for change in live.hear(readings, at)]


def lines(changes: Iterable[AlarmChange]) -> list[tuple[str, str, str, Millis, Millis, Millis, tuple[str, ...]]]:
    return sorted((c.rule, c.subject, c.state.value, c.cause, c.since, c.at, c.members) for c in changes)


ORDER = """
order:
  element: municipal
  trade: patrol
  priority: P3
  accept: 1h
  finish: 8h
  verify: 1h
  do: {en: Look, zh: 查看}
"""


def rule_text(name: str, body: str, number: int = 1) -> str:
    return f"id: T{number:02}\nname: {name}\ntitle: {{en: {name}, zh: 试}}\n{body.strip()}\n{ORDER.strip()}\n"


def book_of(**bodies: str) -> RuleBook:
    """A book of rules given by name (with _ for -) and body."""
    named = [(name.replace("_", "-"), body) for name, body in bodies.items()]
    return read_rules({f"{name}.yaml": rule_text(name, body, n) for n, (name, body) in enumerate(named, 1)})
