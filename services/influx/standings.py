"""How each facility stands, for the map: by its open alarms, its orders, and when it was last heard."""

import math
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from domain.alarms import AlarmState
from domain.readings import Millis, Reading
from domain.series import FACILITY, FACILITY_STATES, HOUR
from domain.site import Facility, Node, Site
from services.dispatch.orders import Alarm, Order
from services.influx.happened import Event, at_ns
from services.live.standing import standing_of

_SILENT_AFTER: Final = 3  # intervals of its slowest device without a word
_DAY_S: Final = 86_400

Kept = TypeVar("Kept", Alarm, Order)


class Standings:
    """What is known of every facility of a site. Told of alarms, orders and readings; `points` says what is new."""

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
        self._said: dict[str, Mapping[str, float | int | bool | str]] = {}
        self._hour: Millis = 0

    def heard(self, readings: Iterable[Reading]) -> None:
        """These were measured."""
        heard = self._heard
        for reading in readings:
            if reading.at > heard.get(reading.device, 0):
                heard[reading.device] = reading.at

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

    def points(self, now: Millis) -> list[Event]:
        """Of every facility in the first call of an hour, at that hour; else of those that stand otherwise now."""
        hour = now // HOUR * HOUR
        whole, self._hour = hour > self._hour, hour
        found = []
        for facility in self._site.facilities.values():
            said = self._fields(facility, now)
            if whole or said != self._said.get(facility.id):
                self._said[facility.id] = said
                found.append(Event(FACILITY.name, self._tags(facility), said, at_ns(now)))
        return found

    def _tags(self, facility: Facility) -> dict[str, str]:
        return {
            "site": self._site.id,
            "zone": facility.zone,
            "node": self._nodes[facility.id],
            "element": str(facility.element),
            "kind": str(facility.kind),
            "facility": facility.id,
        }

    def _fields(self, facility: Facility, now: Millis) -> dict[str, float | int | bool | str]:
        alarms = _there(self._alarms, self._alarms_of.get(facility.id))
        orders = _there(self._orders, self._orders_of.get(facility.id))
        devices = self._site.devices_of.get(facility.id, ())
        heard = any(device in self._heard for device in devices)
        late = not self.live(facility.id, now)
        stands, _ = standing_of(alarms, orders, self._orders, heard=heard, late=late)
        urgent = min(orders, key=lambda one: (str(one.priority), one.opened, one.id), default=None)
        newest = max(alarms, key=lambda one: (one.opened, one.id), default=None)
        zone = self._site.zones.get(facility.zone)
        fields: dict[str, float | int | bool | str] = {
            "name_en": facility.name.en,
            "name_zh": facility.name.zh,
            "zone_en": zone.name.en if zone else "",
            "zone_zh": zone.name.zh if zone else "",
            "lat": float(facility.position.lat),
            "lon": float(facility.position.lon),
            "state": str(stands),
            "rank": FACILITY_STATES.index(str(stands)),
            "open_alarms": len(alarms),
            "open_orders": len(orders),
            "order": urgent.id if urgent else "",
            "case": urgent.case if urgent else "",
            "step": str(urgent.state) if urgent else "",
            "crew": urgent.crew if urgent else "",
            "priority": str(urgent.priority) if urgent else "",
            "rule": newest.rule if newest else "",
        }
        if urgent is not None:
            fields["order_opened"] = urgent.opened
            if urgent.limits.finish is not None:
                fields["order_due"] = urgent.limits.finish
        return fields


def _there(known: Mapping[str, Kept], ids: dict[str, None] | None) -> list[Kept]:
    """Those that are still open; the others are forgotten."""
    if not ids:
        return []
    for one in [one for one in ids if one not in known]:
        del ids[one]
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
