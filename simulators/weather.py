"""Tide, wind and weather of the make-believe coast: functions of time and seed alone."""

import math

from domain.readings import Millis
from simulators.almanac import DAY, HOUR, MINUTE, Almanac
from simulators.chance import Dice
from simulators.spells import Spells

# Regular semidiurnal tide with a mean range of 2.8 m and springs above 4 m: (amplitude cm, period h, phase h).
_TIDE = ((138.0, 12.4206, 4.1), (46.0, 12.0, 1.3), (27.0, 23.9345, 7.9), (21.0, 25.8193, 15.2), (22.0, 12.6583, 9.4))
_MEAN_LEVEL_CM = 240.0
_SHOWER = 5 * MINUTE


class Weather:
    """The same at every call with the same moment. It changes smoothly between knots drawn by the hour or the day."""

    def __init__(self, seed: int, almanac: Almanac, spells: Spells | None = None) -> None:
        self._spells = spells or Spells()
        self._seed = seed
        self._almanac = almanac
        self._knots: dict[tuple[str, int], float] = {}

    def tide_cm(self, at: Millis) -> float:
        """Height of the sea above the tide gauge's datum."""
        hours = at / HOUR
        tide = sum(a * math.cos(2.0 * math.pi * (hours - phase) / period) for a, period, phase in _TIDE)
        surge = self._spells.swayed("surge", 12.0 * (self._slow("surge", at, 6 * HOUR) - 0.5), at)
        return _MEAN_LEVEL_CM + tide + surge

    def wind(self, at: Millis) -> float:
        """Mean wind in m/s: calm to fresh, a gale on few days."""
        day = self._slow("wind-day", at, DAY)
        return self._spells.swayed("wind", 1.0 + 9.0 * day**2 + 3.5 * self._slow("wind", at, HOUR), at)

    def gust(self, at: Millis) -> float:
        """Gusts in m/s."""
        return self.wind(at) * (1.25 + 0.35 * self._slow("gust", at, HOUR // 6))

    def wave_m(self, at: Millis) -> float:
        """Significant wave height in m, grown by the wind of the last hours."""
        blow = (self.wind(at) + self.wind(at - 2 * HOUR) + self.wind(at - 4 * HOUR)) / 3.0
        return 0.15 + 0.018 * blow**2

    def rain(self, at: Millis) -> float:
        """Rain in mm/h: one day in eight has showers."""
        wet = self._slow("wet", at, DAY) >= 0.8
        return self._spells.swayed("rain", max(0.0, 14.0 * (self._slow("shower", at, HOUR) - 0.6)) if wet else 0.0, at)

    def lately_wet(self, at: Millis) -> bool:
        """Whether it rains, or did within as long as a station's last word counts."""
        return any(self.rain(at - n * _SHOWER) > 0.0 for n in range(8))

    def visibility_m(self, at: Millis) -> float:
        """How far one sees, in m; sea fog in April to July."""
        foggy = 4 <= self._almanac.local(at).day.month <= 7 and self._slow("fog", at, DAY // 2) > 0.7
        clear = 9_000.0 + 21_000.0 * self._slow("clear", at, 6 * HOUR)
        seen = (250.0 + 1_500.0 * self._slow("fog-bank", at, HOUR)) if foggy else clear - 600.0 * self.rain(at)
        return self._spells.swayed("visibility", seen, at)

    def air(self, at: Millis) -> float:
        """Air temperature in °C by season and hour, tempered by the sea."""
        now = self._almanac.local(at)
        day = now.day.timetuple().tm_yday + now.minute / 1440.0
        season = 13.0 - 12.5 * math.cos(2.0 * math.pi * (day - 28.0) / 365.25)
        daily = 3.2 * math.cos(2.0 * math.pi * (now.minute / 60.0 - 14.5) / 24.0)
        return self._spells.swayed("air", season + daily + 6.0 * (self._slow("warm", at, DAY) - 0.5), at)

    def _slow(self, name: str, at: Millis, span: Millis) -> float:
        knot, rest = divmod(at, span)
        part = rest / span
        ease = part * part * (3.0 - 2.0 * part)
        return self._knot(name, knot) * (1.0 - ease) + self._knot(name, knot + 1) * ease

    def _knot(self, name: str, number: int) -> float:
        known = self._knots.get((name, number))
        if known is None:
            if len(self._knots) > 8192:
                self._knots.clear()
            known = self._knots[(name, number)] = Dice(self._seed, "weather", name, number).roll()
        return known
