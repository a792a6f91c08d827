"""How each facility stands, for the map: by its open alarms, its orders, and when it was last heard."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeVar

from domain.alarms import AlarmState
from domain.readings import Millis, Reading
from domain.series import FACILITY, FACILITY_STATES, HOUR
from domain.site import Facility, Node, Site
from services.dispatch.orders import Alarm, Order
from services.influx.happened import Event, at_ns
from services.live.standing import standing_of

_SILENT_AFTER: Final = 3  # intervals of its slowest device without a word
_DAY_S: Final = 86_400
_AT_ONCE: Final = 1_000  # points

Kept = TypeVar("Kept", Alarm, Order)


class _Stands(NamedTuple):
    """What may change of a facility; "" and None where nothing is open."""

    state: str
    open_alarms: int = 0
    open_orders: int = 0
    order: str = ""
    case: str = ""
    step: str = ""
    crew: str = ""
    priority: str = ""
    rule: str = ""
    order_opened: Millis | None = None
    order_due: Millis | None = None


class Standings:
    """What is known of every facility of a site. Told of alarms, orders and readings; `points` says what is new.

    Between two hours only those are looked at of which something is open, or a device began or ceased to be heard.
    """

    def __init__(self, site: Site, began: Millis) -> None:
        """`began`: since when it is told of readings."""
        self._site, self._began = site, began
        self._alarms: dict[str, Alarm] = {}
        self._orders: dict[str, Order] = {}
        self._alarms_of: dict[str, dict[str, None]] = {}
        self._orders_of: dict[str, dict[str, None]] = {}
        self._heard: dict[str, Millis] = {}  # by device
        self._nodes = {facility.id: _node(site, facility) for facility in site.facilities.values()}
        self._patience = {device.id: _SILENT_AFTER * _interval_ms(site, device.id) for device in site.devices.values()}
        self._said: dict[str, _Stands] = {}
        self._quiet = {state: _Stands(state) for state in FACILITY_STATES}  # shared by all with nothing open
        self._late: set[str] = set()  # devices, at the last look
        self._stirred: dict[str, None] = {}  # facilities that may stand otherwise than was said
        self._hour: Millis = 0

    def heard(self, readings: Iterable[Reading]) -> None:
        """These were measured."""
        heard = self._heard
        for facility, device, _, _, at, _, _, _, _ in readings:
            before = heard.get(device)
            if before is None:
                self._stirred[facility] = None
                heard[device] = at
            elif at > before:
                heard[device] = at

    def changed(self, alarms: Iterable[Alarm], orders: Iterable[Order]) -> None:
        """These are now so."""
        for alarm in alarms:
            self._alarms[alarm.id] = alarm
            for place in {alarm.facility, *alarm.members}:
                self._alarms_of.setdefault(place, {})[alarm.id] = None
            if alarm.state is not AlarmState.OPEN:
                del self._alarms[alarm.id]
        for order in orders:
            self._orders[order.id] = order
            for place in {order.facility, *order.members}:
                self._orders_of.setdefault(place, {})[order.id] = None
            if order.ended:
                del self._orders[order.id]

    def blind(self, now: Millis) -> int:
        """How many devices have said nothing for too long; none before we have listened for so long ourselves."""
        heard, began = self._heard, self._began
        return sum(now - heard.get(device, began) > patience for device, patience in self._patience.items())

    def live(self, facility: str, now: Millis) -> bool:
        """Whether some device of it is heard."""
        devices = self._site.devices_of.get(facility, ())
        return any(now - self._heard.get(device, 0) <= self._patience[device] for device in devices)

    def points(self, now: Millis) -> Iterator[list[Event]]:
        """Of every facility in the first call of an hour, at that hour; else of those that stand otherwise now. Some at
        a time: who asks for the next ones has written these, and what was not asked for is said again the next time.
        """
        hour = now // HOUR * HOUR
        whole = hour > self._hour
        self._look(now)
        known = self._site.facilities
        places = list(known) if whole else [place for place in self._stirred if place in known]
        for start in range(0, len(places), _AT_ONCE):
            some = {place: self._stands(place, now) for place in places[start : start + _AT_ONCE]}
            found = [
                self._point(place, stands, now) for place, stands in some.items() if whole or self._new(place, stands)
            ]
            if found:
                yield found
            for place, stands in some.items():
                self._said[place] = stands
                self._stirred.pop(place, None)
        self._hour = hour

    def _look(self, now: Millis) -> None:
        """Find those that may stand otherwise than at the last look."""
        heard = self._heard
        late = {device for device, patience in self._patience.items() if now - heard.get(device, 0) > patience}
        for device in late ^ self._late:
            self._stirred[self._site.devices[device].facility] = None
        self._late = late
        self._stirred.update(dict.fromkeys((*self._alarms_of, *self._orders_of)))

    def _new(self, place: str, stands: _Stands) -> bool:
        return self._said.get(place) != stands

    def _tags(self, facility: Facility) -> dict[str, str]:
        return {
            "site": self._site.id,
            "zone": facility.zone,
            "node": self._nodes[facility.id],
            "element": str(facility.element),
            "kind": str(facility.kind),
            "facility": facility.id,
        }

    def _stands(self, place: str, now: Millis) -> _Stands:
        alarms = _there(self._alarms, self._alarms_of, place)
        orders = _there(self._orders, self._orders_of, place)
        heard = any(device in self._heard for device in self._site.devices_of.get(place, ()))
        late = not self.live(place, now)
        stands, _ = standing_of(alarms, orders, self._orders, heard=heard, late=late)
        if not alarms and not orders:
            return self._quiet[str(stands)]
        urgent = min(orders, key=lambda one: (str(one.priority), one.opened, one.id), default=None)
        newest = max(alarms, key=lambda one: (one.opened, one.id), default=None)
        found = _Stands(str(stands), len(alarms), len(orders), rule=newest.rule if newest else "")
        if urgent is None:
            return found
        return found._replace(
            order=urgent.id,
            case=urgent.case,
            step=str(urgent.state),
            crew=urgent.crew,
            priority=str(urgent.priority),
            order_opened=urgent.opened,
            order_due=urgent.limits.finish,
        )

    def _point(self, place: str, stands: _Stands, now: Millis) -> Event:
        facility = self._site.facilities[place]
        zone = self._site.zones.get(facility.zone)
        fields: dict[str, float | int | bool | str] = {
            "name_en": facility.name.en,
            "name_zh": facility.name.zh,
            "zone_en": zone.name.en if zone else "",
            "zone_zh": zone.name.zh if zone else "",
            "lat": float(facility.position.lat),
            "lon": float(facility.position.lon),
            "rank": FACILITY_STATES.index(stands.state),
            **{name: value for name, value in stands._asdict().items() if value is not None},
        }
        return Event(FACILITY.name, self._tags(facility), fields, at_ns(now))


def _there(known: Mapping[str, Kept], ids_of: dict[str, dict[str, None]], place: str) -> list[Kept]:
    """Those that are still open; the others are forgotten."""
    ids = ids_of.get(place)
    if not ids:
        return []
    for one in [one for one in ids if one not in known]:
        del ids[one]
    if not ids:
        del ids_of[place]
    return [known[one] for one in ids]


def _interval_ms(site: Site, device: str) -> Millis:
    one = site.devices[device]
    return 1000 * (max(one.interval_s, one.lit_interval_s) or _DAY_S)


def _node(site: Site, facility: Facility) -> str:
    """The nearest named place of its zone."""
    zone, here = site.zones.get(facility.zone), facility.position
    if zone is None or not zone.nodes:
        return ""
    across = math.cos(math.radians(here.lat))

    def away(node: Node) -> float:
        return math.hypot(node.position.lat - here.lat, (node.position.lon - here.lon) * across)

    return min(zone.nodes, key=away).id
