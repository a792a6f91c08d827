"""Service levels of each zone and element over one window (domain.md §5.6): pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from domain.naming import Kind
from domain.readings import Millis
from domain.series import HOUR, KPI, LAST, MEAN, MINUTE
from domain.site import Site
from rules.core.rule import Rule
from services.dispatch.orders import Alarm, Order, OrderState, Step
from services.grafana.facts import numbers_of
from services.influx.happened import Event, at_ns, in_limit
from services.influx.rolled import Rolled

HOLDS: Final[Millis] = 2 * HOUR  # so long a bin stands as it was last heard
ODOUR: Final = "toilet-odour"
# What a day's value is the sum of.
ADDED: Final = (
    "lamp_hours_due",
    "lamp_hours_lit",
    "bin_minutes",
    "overflow_minutes",
    "toilet_minutes",
    "odour_minutes",
)


Place = tuple[str, str]  # zone, element
Numbers = dict[str, float]


@dataclass(frozen=True, slots=True)
class Bounds:
    """From where on something is wrong: what the rules say, else the library's numbers."""

    full: float = 95.0  # %: a bin overflows
    lit: float = 0.1  # of its rated power: below it a lamp that should shine does not


def bounds_of(rules: Mapping[str, Rule]) -> Bounds:
    """Those of the rules in force."""
    said = numbers_of({name: rules[name] for name in ("bin-full", "lamp-out") if name in rules})
    full, lit = said.get("bin-full.fill_level"), said.get("lamp-out.active_power/rated_power")
    return Bounds(Bounds().full if full is None else full, Bounds().lit if lit is None else lit)


@dataclass(frozen=True, slots=True)
class Scene:
    """What the values of the window `begin` ≤ time < `end` are counted from. `live` tells how many of a zone's
    facilities of an element are heard; `orders` come with their history.
    """

    site: Site
    begin: Millis
    end: Millis
    alarms: Sequence[Alarm]
    orders: Sequence[Order]
    live: Callable[[str], bool]
    measured: Mapping[Place, Numbers] = field(default_factory=dict)


def measured(
    site: Site, begin: Millis, end: Millis, points: Iterable[Rolled], alarms: Sequence[Alarm], bounds: Bounds
) -> dict[Place, Numbers]:
    """What readings tell of a window: `points` are those of 5 minutes from HOLDS before it on, of lights, bins and
    toilets.
    """
    of: dict[str, list[Rolled]] = defaultdict(list)
    for point in points:
        of[point.whose.facility].append(point)
    found: dict[Place, Numbers] = defaultdict(lambda: defaultdict(float))
    for facility_id, ones in of.items():
        facility = site.facilities.get(facility_id)
        if facility is None:
            continue
        into = found[facility.zone, str(facility.element)]
        within = [one for one in ones if begin <= one.at < end]
        match facility.kind:
            case Kind.LIGHT:
                least = bounds.lit * facility.attributes.get("rated_power", 0.0)
                _lamp(within, least, (end - begin) / HOUR, into)
            case Kind.BIN:
                _bin(sorted(ones, key=lambda one: one.at), begin, end, bounds.full, into)
            case Kind.TOILET if within:
                into["toilet_minutes"] += (end - begin) / MINUTE
                smells = [one for one in alarms if one.rule == ODOUR and one.facility == facility_id]
                into["odour_minutes"] += sum(_overlap(one, begin, end) for one in smells) / MINUTE
            case _:
                pass
    return {place: dict(numbers) for place, numbers in found.items()}


def points(scene: Scene, every: str) -> list[Event]:
    """One for each zone and element that has facilities."""
    places: dict[Place, list[str]] = defaultdict(list)
    for facility in scene.site.facilities.values():
        if scene.site.devices_of.get(facility.id):
            places[facility.zone, str(facility.element)].append(facility.id)
    found = []
    for (zone, element), facilities in sorted(places.items()):
        tags = {"site": scene.site.id, "zone": zone, "element": element, "every": every}
        numbers = scene.measured.get((zone, element), {})
        fields: dict[str, float | int] = {name: float(numbers[name]) for name in ADDED if name in numbers}
        _share(fields, "lit_share", "lamp_hours_lit", "lamp_hours_due")
        _share(fields, "overflow_share", "overflow_minutes", "bin_minutes")
        if fields.get("toilet_minutes"):
            fields["odour_ok_share"] = 1.0 - fields["odour_minutes"] / fields["toilet_minutes"]
        live = sum(scene.live(one) for one in facilities)
        fields |= {"facilities": len(facilities), "live": live, "live_share": live / len(facilities)}
        fields |= _of_alarms([one for one in scene.alarms if one.facility in set(facilities)], scene)
        fields |= _of_orders([one for one in scene.orders if (one.zone, str(one.element)) == (zone, element)], scene)
        found.append(Event(KPI.name, tags, fields, at_ns(scene.begin)))
    return found


def _lamp(within: Sequence[Rolled], least: float, hours: float, into: Numbers) -> None:
    level, power = f"commanded_level_{MEAN}", f"active_power_{MEAN}"
    told = [one.fields for one in within if level in one.fields and power in one.fields]
    due = [float(one[power]) for one in told if float(one[level]) > 0]
    if told:
        into["lamp_hours_due"] += hours * len(due) / len(told)
        into["lamp_hours_lit"] += hours * sum(watts > 0 and watts >= least for watts in due) / len(told)


def _bin(points: Sequence[Rolled], begin: Millis, end: Millis, full: float, into: Numbers) -> None:
    told = [(one.at, float(one.fields[f"fill_level_{LAST}"])) for one in points if f"fill_level_{LAST}" in one.fields]
    for (at, level), after in zip(told, [*(at for at, _ in told[1:]), end], strict=True):
        minutes = max(0, min(after, at + HOLDS, end) - max(at, begin)) / MINUTE
        into["bin_minutes"] += minutes
        into["overflow_minutes"] += minutes if level >= full else 0.0


def _of_alarms(alarms: Sequence[Alarm], scene: Scene) -> dict[str, int]:
    opened = sum(scene.begin <= one.opened < scene.end for one in alarms)
    still = sum(one.opened < scene.end and (one.until is None or one.until >= scene.end) for one in alarms)
    return {"alarms_opened": opened, "alarms_open": still}


def _of_orders(orders: Sequence[Order], scene: Scene) -> dict[str, float | int]:
    ours = [one for one in orders if one.counted and one.opened < scene.end]
    ended = [one for one in ours if one.ended and one.closed is not None and scene.begin <= one.closed < scene.end]
    done = [one for one in ended if one.state is OrderState.CLOSED]
    still = [one for one in ours if one.closed is None or one.closed >= scene.end]
    reworked = sum(
        line.step is Step.REWORK and scene.begin <= line.at < scene.end for one in ours for line in one.history
    )
    fields: dict[str, float | int] = {
        "orders_opened": sum(scene.begin <= one.opened for one in ours),
        "orders_ended": len(ended),
        "orders_in_limit": sum(in_limit(one) for one in ended),
        "orders_reworked": reworked,
        "orders_open": len(still),
        "orders_overdue": sum(one.limits.finish is not None and one.limits.finish < scene.end for one in still),
        "orders_on_hold": sum(one.state is OrderState.ON_HOLD for one in still),
        **{f"open_p{n}": sum(str(one.priority) == f"P{n}" for one in still) for n in range(5)},
    }
    if ended:
        fields["in_limit_share"] = fields["orders_in_limit"] / len(ended)
    if done:
        fields["rework_share"] = min(1.0, reworked / len(done))
        fields["done_mean_s"] = sum((one.closed or 0) - one.opened for one in done) / len(done) / 1000
    ages = [(scene.end - one.opened) / 1000 for one in still]
    if ages:
        fields |= {"age_mean_s": sum(ages) / len(ages), "age_oldest_s": max(ages)}
    return fields


def _share(fields: dict[str, float | int], name: str, part: str, whole: str) -> None:
    if fields.get(whole):
        fields[name] = fields.get(part, 0.0) / fields[whole]


def _overlap(alarm: Alarm, begin: Millis, end: Millis) -> Millis:
    return max(0, min(end, end if alarm.until is None else alarm.until) - max(begin, alarm.opened))
