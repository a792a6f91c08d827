"""What the calendar and the sun say of the coast: local time, holidays, sunrise and sunset, how busy it is."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from astral import Observer
from astral.sun import sun

from domain.readings import Millis
from domain.site import Grade, Position, Site, Zone
from simulators.chance import Dice
from simulators.spells import Spells

MINUTE: Millis = 60_000
HOUR: Millis = 60 * MINUTE
DAY: Millis = 24 * HOUR

# The share of a busy afternoon's people that are about at each hour of the day, by the kind of day.
_WORKDAY = (3, 2, 1, 1, 2, 10, 22, 28, 26, 28, 32, 34, 32, 30, 34, 38, 42, 48, 56, 60, 50, 34, 18, 8)
_WEEKEND = (5, 3, 2, 1, 3, 12, 24, 34, 46, 60, 72, 76, 70, 74, 82, 88, 88, 84, 86, 84, 68, 46, 24, 11)
_HOLIDAY = (8, 4, 2, 2, 5, 16, 30, 46, 66, 84, 98, 102, 94, 100, 112, 120, 120, 116, 118, 112, 90, 60, 32, 15)
_FIXED_HOLIDAYS = (
    (1, 1, 1),
    (5, 1, 5),
    (10, 1, 7),
)  # month, first day, last day; those that keep to the solar calendar
_SHINAN = Position(36.06, 120.35)


class Local(NamedTuple):
    """A moment on the site's own clock."""

    day: date
    weekday: int  # Monday 0
    minute: float  # of the day


def stamp(at: Millis) -> str:
    """RFC 3339 in UTC with milliseconds and Z."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


class Almanac:
    """Look-ups by time and zone. Sun times cost 150 µs a day and place, so they are kept."""

    def __init__(self, site: Site, seed: int, spells: Spells | None = None) -> None:
        self._spells = spells or Spells()
        self._timezone = ZoneInfo(site.timezone)
        self._offsets: dict[int, int] = {}
        self._sun: dict[tuple[str, date], tuple[Millis, Millis]] = {}
        self._places = {zone.id: _middle(zone) for zone in site.zones.values()}
        self._pull = {
            zone.id: (0.95 if zone.grade is Grade.ORDINARY else 1.08) * Dice(seed, "pull", zone.id).between(0.9, 1.1)
            for zone in site.zones.values()
        }
        self._anywhere = next(iter(self._places.values()), _SHINAN)

    def local(self, at: Millis) -> Local:
        """The site's own clock at a moment."""
        shifted = at + self._offset(at)
        days, rest = divmod(shifted, DAY)
        return Local(date.fromordinal(719_163 + days), (days + 3) % 7, rest / MINUTE)

    def moment(self, day: date, minute: float) -> Millis:
        """The moment at which the site's clock shows this minute of this day (past 1440: the next day)."""
        guess = (day.toordinal() - 719_163) * DAY + round(minute * MINUTE)
        return guess - self._offset(guess - self._offset(guess))

    def sun(self, zone: str, day: date) -> tuple[Millis, Millis]:
        """Sunrise and sunset of a local day."""
        known = self._sun.get((zone, day))
        if known is None:
            place = self._places.get(zone, self._anywhere)
            times = sun(Observer(place.lat, place.lon), date=day, tzinfo=self._timezone)
            known = (int(times["sunrise"].timestamp() * 1000), int(times["sunset"].timestamp() * 1000))
            self._sun[(zone, day)] = known
        return known

    def daylight(self, zone: str, at: Millis) -> float:
        """How high the sun stands: 0 at night, 1 at noon."""
        rise, fall = self.sun(zone, self.local(at).day)
        if not rise < at < fall:
            return 0.0
        part = (at - rise) / (fall - rise)
        return 4.0 * part * (1.0 - part)

    def busy(self, zone: str, at: Millis) -> float:
        """How many people are about, about 1.2 on a holiday afternoon, 0.6 on a working evening."""
        now = self.local(at)
        curve = _HOLIDAY if holiday(now.day) else _WEEKEND if now.weekday >= 5 else _WORKDAY
        hour, part = divmod(now.minute / 60.0, 1.0)
        here = int(hour)
        usual = self._pull.get(zone, 1.0) * (curve[here] * (1.0 - part) + curve[(here + 1) % 24] * part) / 100.0
        return usual * self._spells.swayed("people", 1.0, at)

    def _offset(self, at: Millis) -> int:
        block = at // (15 * MINUTE)
        known = self._offsets.get(block)
        if known is None:
            if len(self._offsets) > 4096:
                self._offsets.clear()
            gone = datetime.fromtimestamp(block * 900, UTC).astimezone(self._timezone).utcoffset() or timedelta()
            known = self._offsets[block] = int(gone.total_seconds() * 1000)
        return known


def holiday(day: date) -> bool:
    """Whether a public holiday with fixed solar dates (New Year, Labour Day, National Day week) falls on it."""
    return any(day.month == month and first <= day.day <= last for month, first, last in _FIXED_HOLIDAYS)


def _middle(zone: Zone) -> Position:
    points = zone.outline or tuple(node.position for node in zone.nodes)
    if not points:
        return _SHINAN
    return Position(sum(p.lat for p in points) / len(points), sum(p.lon for p in points) / len(points))
