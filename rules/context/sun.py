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
from rules.context.anchors import anchors
from rules.core.surroundings import Place, Surroundings

MARGIN: Final[Millis] = 15 * 60_000  # domain.md §4.2 R01: sunset + 15 min … sunrise − 15 min
_DAY: Final[Millis] = 86_400_000
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
        self._days: dict[tuple[str, date], list[Surroundings]] = {}
        self._found: dict[tuple[str, int], tuple[list[Millis], list[Surroundings]]] = {}

    def at(self, place: Place, when: Millis) -> Surroundings:
        """The surroundings of a place at a moment, unchanged from `since` until `until`."""
        zone = place.zone
        spans = self._found.get((zone, when // _DAY))
        if spans is None:
            spans = self._found[zone, when // _DAY] = self._found_for(zone, when // _DAY)
        starts, around = spans
        return around[bisect_right(starts, when) - 1]

    def _found_for(self, zone: str, day: int) -> tuple[list[Millis], list[Surroundings]]:
        """The spans of the local days that a day of UTC touches: looked up by a plain number on the hot path."""
        ends = (datetime.fromtimestamp(moment / 1000, self._zone).date() for moment in (day * _DAY, (day + 1) * _DAY))
        spans = [span for local in dict.fromkeys(ends) for span in self._spans(zone, local)]
        return [span.since for span in spans], spans

    def _spans(self, zone: str, day: date) -> list[Surroundings]:
        """The five spans of a local day: night, dawn, day, dusk, night."""
        if (zone, day) in self._days:
            return self._days[zone, day]
        observer = self._observers[zone]
        rises = _millis(sunrise(observer, day, tzinfo=self._zone))
        sets = _millis(sunset(observer, day, tzinfo=self._zone))
        begins = _millis(datetime(day.year, day.month, day.day, tzinfo=self._zone))
        after = day + timedelta(days=1)
        ends = _millis(datetime(after.year, after.month, after.day, tzinfo=self._zone))
        edges = [begins, rises - MARGIN, rises, sets, sets + MARGIN, ends]
        states = (_NIGHT, _DUSK, _LIGHT, _DUSK, _NIGHT)
        spans = [Surroundings(a, b, s) for a, b, s in zip(edges, edges[1:], states, strict=False)]
        self._days[zone, day] = spans
        return spans


def sun_over(site: Site) -> Sun:
    """The sun over every zone of a site."""
    return Sun(anchors(site), site.timezone)


def _millis(moment: datetime) -> Millis:
    return round(moment.astimezone(UTC).timestamp() * 1000)
