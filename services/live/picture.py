"""The coast as it stands now: what was heard last of every facility, open alarms and orders, and the newest ended ones.

Pure: told of things, it notes what became different; asked, it shows it. `now` is domain time.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from domain.alarms import AlarmState
from domain.messages import Heard
from domain.naming import Element
from domain.readings import Millis, Quality, Value
from domain.site import Site
from services.dispatch.clocks import running
from services.dispatch.orders import Alarm, Order
from services.live.changes import Body, What
from services.live.standing import Standing, standing_of

DAY: Final = 86_400_000
ENDED_KEPT: Final = 100  # of each: cleared alarms, ended orders
OPEN_KEPT: Final = 2_000  # of each: beyond what anybody looks at
_SILENT_AFTER: Final = 3  # intervals of a device without a word

Key = tuple[What, str]
Kept = TypeVar("Kept", Alarm, Order)


@dataclass(slots=True)
class _Known:
    """What was heard last of a facility."""

    at: Millis = 0
    values: dict[str, Value] = field(default_factory=dict)


class Picture:
    """What is known, within bounds. `dirty` holds what became different since it was last taken, in order."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._known: dict[str, _Known] = {}
        self._patience = {f: _patience(site, f) for f in site.facilities}
        self._alarms: dict[str, Alarm] = {}
        self._orders: dict[str, Order] = {}
        self._touching: dict[str, set[str]] = {}  # open alarms by facility
        self._answering: dict[str, set[str]] = {}  # orders not ended by facility
        self._stands: dict[str, Standing] = dict.fromkeys(site.facilities, Standing.UNKNOWN)
        self._ended: dict[str, tuple[Millis, Element]] = {}  # when each order of the last day ended
        self._elements = {f.id: f.element for f in site.facilities.values()}
        self._counts = Counter((f.element, Standing.UNKNOWN) for f in site.facilities.values())
        self.dirty: dict[Key, None] = {}

    # What it is told.

    def heard(self, heard: Heard) -> None:
        """A row was read. What came late, or from a history, changes no newest value."""
        known, dirty = self._known, self.dirty
        for reading in heard.readings:
            one = known.get(reading.facility)
            if one is None:
                one = known[reading.facility] = _Known()
            if reading.quality & Quality.BACKFILL or reading.at < one.at:
                continue
            one.at = reading.at
            one.values.update(reading.values)
            dirty[What.FACILITY, reading.facility] = None

    def alarms(self, alarms: Iterable[Alarm]) -> None:
        """These are now so."""
        for alarm in alarms:
            before = self._alarms.get(alarm.id)
            if before == alarm:
                continue
            self._alarms[alarm.id] = alarm
            self.dirty[What.ALARM, alarm.id] = None
            for place in {*_places(alarm), *(_places(before) if before else ())}:
                touching = self._touching.setdefault(place, set())
                (touching.add if alarm.state is AlarmState.OPEN else touching.discard)(alarm.id)
                self._moved(place)
        self._forget_alarms()

    def orders(self, orders: Iterable[Order]) -> None:
        """These are now so."""
        for order in orders:
            before = self._orders.get(order.id)
            if before == order:
                continue
            self._orders[order.id] = order
            self.dirty[What.ORDER, order.id] = None
            self.dirty[What.ELEMENT, order.element] = None
            if order.ended:
                self._ended[order.id] = order.closed or 0, order.element
            else:
                self._ended.pop(order.id, None)
            for place in _about(order):
                answering = self._answering.setdefault(place, set())
                (answering.discard if order.ended else answering.add)(order.id)
                self._moved(place)
        self._forget_orders()

    def only(self, these: Collection[str]) -> None:
        """What is open and not among these is not there any more."""
        for alarm in [a for a in self._alarms.values() if a.state is AlarmState.OPEN and a.id not in these]:
            self._drop_alarm(alarm)
        for order in [o for o in self._orders.values() if not o.ended and o.id not in these]:
            self._drop_order(order)

    def open_orders(self) -> frozenset[str]:
        """Orders that have not ended."""
        return frozenset(o.id for o in self._orders.values() if not o.ended)

    def look(self, now: Millis) -> None:
        """Time went by: who has said nothing for too long is silent, and what ended a day ago counts no more."""
        for facility, one in self._known.items():
            stands = self._stands.get(facility)
            late = now - one.at > self._patience.get(facility, DAY)
            if (late and stands is Standing.OK) or (not late and stands is Standing.SILENT):
                self._moved(facility)
        for order in [o for o, (at, _) in self._ended.items() if at < now - DAY]:
            self.dirty[What.ELEMENT, self._ended.pop(order)[1]] = None

    # What it shows.

    def facility(self, facility: str, now: Millis) -> Body | None:
        """How it stands, since when nothing was heard, what it measured last, and the most urgent order about it."""
        if facility not in self._site.facilities:
            return None
        alarms = [self._alarms[a] for a in self._touching.get(facility, ()) if a in self._alarms]
        orders = [self._orders[o] for o in self._answering.get(facility, ()) if o in self._orders]
        one = self._known.get(facility)
        late = one is not None and now - one.at > self._patience[facility]
        stands, order = standing_of(alarms, orders, self._orders, heard=one is not None, late=late)
        if (before := self._stands[facility]) is not stands:
            self._stands[facility], element = stands, self._elements[facility]
            self._counts[element, before] -= 1
            self._counts[element, stands] += 1
            self.dirty[What.ELEMENT, element] = None
        return {
            "standing": stands,
            "priority": order.priority if order else "",
            "order": order.id if order else "",
            "alarms": sorted(alarm.rule for alarm in alarms),
            "at": one.at if one else None,
            "values": dict(one.values) if one else {},
        }

    def alarm(self, alarm: str) -> Body | None:
        """An alarm, without what it was judged by."""
        one = self._alarms.get(alarm)
        if one is None:
            return None
        names = ("rule", "state", "facility", "members", "since", "opened", "until", "order")
        return {name: getattr(one, name) for name in names}

    def order(self, order: str) -> Body | None:
        """An order, without its history."""
        one = self._orders.get(order)
        if one is None:
            return None
        body = {name: getattr(one, name) for name in _ORDER}
        titled = {"title": one.plan.title._asdict(), "limits": one.limits._asdict(), "members": len(one.members)}
        return body | titled | {"clocks": running(one), "stands": one.held_at}

    def element(self, element: str) -> Body:
        """Its facilities by how they stand, its orders not ended, and how many ended in the last day."""
        stands = {one: self._counts[Element(element), one] for one in Standing}
        return {
            "facilities": sum(stands.values()),
            "standing": stands,
            "orders": sum(1 for o in self._orders.values() if o.element == element and not o.ended),
            "ended": sum(1 for _, of in self._ended.values() if of == element),
        }

    def ids(self, what: What) -> tuple[str, ...]:
        """All that is kept of it."""
        match what:
            case What.FACILITY:
                return tuple(self._site.facilities)
            case What.ALARM:
                return tuple(self._alarms)
            case What.ORDER:
                return tuple(self._orders)
            case What.ELEMENT:
                return tuple(Element)
            case What.STATUS:
                return ()

    def _moved(self, place: str) -> None:
        if place in self._stands:
            self.dirty[What.FACILITY, place] = None

    def _forget_alarms(self) -> None:
        still = [a for a in self._alarms.values() if a.state is AlarmState.OPEN]
        cleared = [a for a in self._alarms.values() if a.state is not AlarmState.OPEN]
        for alarm in (*_beyond(still, OPEN_KEPT), *_beyond(cleared, ENDED_KEPT)):
            self._drop_alarm(alarm)

    def _forget_orders(self) -> None:
        still = [o for o in self._orders.values() if not o.ended]
        ended = [o for o in self._orders.values() if o.ended]
        for order in (*_beyond(still, OPEN_KEPT), *_beyond(ended, ENDED_KEPT)):
            self._drop_order(order)

    def _drop_alarm(self, alarm: Alarm) -> None:
        del self._alarms[alarm.id]
        self.dirty[What.ALARM, alarm.id] = None
        for place in _places(alarm):
            self._touching.get(place, set()).discard(alarm.id)
            self._moved(place)

    def _drop_order(self, order: Order) -> None:
        del self._orders[order.id]
        self.dirty[What.ORDER, order.id] = None
        self.dirty[What.ELEMENT, order.element] = None
        for place in _about(order):
            self._answering.get(place, set()).discard(order.id)
            self._moved(place)


_ORDER: Final = (
    "case",
    "state",
    "revision",
    "priority",
    "element",
    "kind",
    "rule",
    "facility",
    "zone",
    "crew",
    "desk",
    "opened",
    "dispatched",
    "accepted",
    "arrived",
    "done",
    "closed",
    "closed_by",
    "recovered",
    "overdue",
    "reworks",
    "safety",
)


def _places(alarm: Alarm) -> tuple[str, ...]:
    return (alarm.facility, *alarm.members)


def _about(order: Order) -> tuple[str, ...]:
    return (order.facility, *order.members)


def _beyond(kept: Sequence[Kept], most: int) -> Sequence[Kept]:
    """The oldest, so that no more than `most` stay."""
    return sorted(kept, key=lambda one: one.opened)[: len(kept) - most] if len(kept) > most else ()


def _patience(site: Site, facility: str) -> Millis:
    intervals = [
        max(site.devices[d].interval_s, site.devices[d].lit_interval_s) for d in site.devices_of.get(facility, ())
    ]
    return _SILENT_AFTER * 1000 * max(intervals, default=DAY // 1000)
