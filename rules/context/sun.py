"""The sun over each zone: when lamps must be on, and when it is day. Astral is asked once per zone and local day."""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from astral import Observer
from astral.sun import sunrise, sunset

from domain.readings import Millis
from domain.site import Position, Site
from rules.core.surroundings import Surroundings

MARGIN: Final[Millis] = 15 * 60_000  # domain.md §4.2 R01: sunset + 15 min … sunrise − 15 min
_NIGHT: Final = {"lit": True, "daylight": False}
_DUSK: Final = {"lit": False, "daylight": False}
_LIGHT: Final = {"lit": False, "daylight": True}


class Sun:
    """`lit` from 15 min after sunset to 15 min before sunrise; `daylight` from sunrise to sunset.

    A pure function of place and time, but for what it remembers of days already asked for.
    """

    def __init__(self, positions: Mapping[str, Position], timezone: str) -> None:
        self._observers = {zone: Observer(place.lat, place.lon) for zone, place in positions.items()}
        self._zone = ZoneInfo(timezone)
        self._days: dict[tuple[str, date], tuple[list[Millis], list[Surroundings]]] = {}

    def at(self, zone: str, when: Millis) -> Surroundings:
        """The surroundings of a zone at a moment, unchanged from `since` until `until`."""
        day = datetime.fromtimestamp(when / 1000, self._zone).date()
        spans = self._days.get((zone, day))
        if spans is None:
            spans = self._days[zone, day] = self._spans(zone, day)
        starts, around = spans
        return around[max(0, bisect_right(starts, when) - 1)]

    def _spans(self, zone: str, day: date) -> tuple[list[Millis], list[Surroundings]]:
        """The five spans of a local day: night, dawn, day, dusk, night."""
        observer = self._observers[zone]
        rises = _millis(sunrise(observer, day, tzinfo=self._zone))
        sets = _millis(sunset(observer, day, tzinfo=self._zone))
        begins = _millis(datetime(day.year, day.month, day.day, tzinfo=self._zone))
        after = day + timedelta(days=1)
        ends = _millis(datetime(after.year, after.month, after.day, tzinfo=self._zone))
        edges = [begins, rises - MARGIN, rises, sets, sets + MARGIN, ends]
        states = (_NIGHT, _DUSK, _LIGHT, _DUSK, _NIGHT)
        around = [Surroundings(a, b, s) for a, b, s in zip(edges, edges[1:], states, strict=False)]
        return edges[:-1], around


def sun_over(site: Site) -> Sun:
    """The sun over every zone of a site, at the zone's first node, or where its first facility stands."""
    positions: dict[str, Position] = {}
    for facility in sorted(site.facilities.values(), key=lambda f: f.id):
        positions.setdefault(facility.zone, facility.position)
    for gateway in sorted(site.gateways.values(), key=lambda g: g.id):
        positions.setdefault(gateway.zone, gateway.position)
    for zone in site.zones.values():
        if zone.nodes:
            positions[zone.id] = zone.nodes[0].position
    return Sun(positions, site.timezone)


def _millis(moment: datetime) -> Millis:
    return round(moment.astimezone(UTC).timestamp() * 1000)
