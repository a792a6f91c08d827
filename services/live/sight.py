"""What somebody with some zones alone is shown of what changes: theirs, with counters of their own."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from domain.naming import Element
from domain.readings import Millis
from domain.site import Site
from services.live.changes import Body, Change, Snapshot, What
from services.live.standing import Standing

DAY: Final = 86_400_000


class Sight:
    """Of one listener. Begin with `of`, then give it every batch; `now` is domain time, for what ended within a day."""

    def __init__(self, site: Site, zones: frozenset[str], now: Callable[[], Millis]) -> None:
        self._site, self._zones, self._now = site, zones, now
        self._places = {one.id: one.zone for one in site.facilities.values()}
        self._places |= {one.id: one.zone for one in site.gateways.values()}
        self._places |= {one.id: one.zone for one in site.sections.values()} | {zone: zone for zone in site.zones}
        self._stands: dict[str, str] = {}
        self._counts: Counter[tuple[Element, str]] = Counter()
        self._orders: dict[str, Body] = {}
        self._alarms: set[str] = set()
        self._elements: Mapping[str, Body] = {}

    def of(self, snapshot: Snapshot) -> Snapshot:
        """What is theirs of everything."""
        self._stands, self._counts = {}, Counter()
        facilities = {one: body for one, body in snapshot.facilities.items() if self._is_mine(one)}
        for one, body in facilities.items():
            self._stand(one, body)
        alarms = {one: body for one, body in snapshot.alarms.items() if self._is_mine(str(body["facility"]))}
        self._alarms = set(alarms)
        self._orders = {one: body for one, body in snapshot.orders.items() if body["zone"] in self._zones}
        self._elements = self._counted()
        return replace(
            snapshot, facilities=facilities, alarms=alarms, orders=dict(self._orders), elements=self._elements
        )

    def changes(self, changes: Sequence[Change]) -> tuple[Change, ...]:
        """What is theirs of a batch, under the same numbers."""
        theirs = [one for one in changes if self._shows(one)]
        if any(one.what is not What.ELEMENT for one in changes) or theirs:
            theirs += self._recounted(changes[-1].number)
        return tuple(theirs)

    def _shows(self, change: Change) -> bool:
        one, body = change.id, change.body
        match change.what:
            case What.FACILITY:
                if (mine := self._is_mine(one)) and body is not None:
                    self._stand(one, body)
                return mine
            case What.ALARM:
                if body is None:
                    return _took(self._alarms, one)
                if mine := self._is_mine(str(body["facility"])):
                    self._alarms.add(one)
                return mine
            case What.ORDER:
                if body is None or body["zone"] not in self._zones:
                    return self._orders.pop(one, None) is not None and body is None
                self._orders[one] = body
                return True
            case What.STATUS:
                return True
            case What.ELEMENT:
                return False

    def _is_mine(self, place: str) -> bool:
        return self._places.get(place) in self._zones

    def _stand(self, facility: str, body: Body) -> None:
        element, stands = self._site.facilities[facility].element, str(body["standing"])
        if (before := self._stands.get(facility)) is not None:
            self._counts[element, before] -= 1
        self._stands[facility] = stands
        self._counts[element, stands] += 1

    def _recounted(self, number: int) -> Iterator[Change]:
        before, self._elements = self._elements, self._counted()
        for element, body in self._elements.items():
            if before.get(element) != body:
                yield Change(number, What.ELEMENT, element, body)

    def _counted(self) -> dict[str, Body]:
        since = self._now() - DAY
        still, ended = Counter[str](), Counter[str]()
        for body in self._orders.values():
            if body["closed"] is None:
                still[body["element"]] += 1
            elif body["closed"] >= since:
                ended[body["element"]] += 1
        found: dict[str, Body] = {}
        for element in Element:
            stands = {one: self._counts[element, one] for one in Standing}
            found[element] = {
                "facilities": sum(stands.values()),
                "standing": stands,
                "orders": still[element],
                "ended": ended[element],
            }
        return found


def _took(kept: set[str], one: str) -> bool:
    there = one in kept
    kept.discard(one)
    return there
