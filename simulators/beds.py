"""Green beds 绿地: the sun dries them, a valve waters them at dawn, and sometimes it does not."""

# ruff: noqa: D102 - what these promise is said once, in simulators.thing

from typing import Final

from domain.readings import Millis, Value
from domain.site import Facility
from simulators.almanac import DAY, HOUR, MINUTE
from simulators.chance import Dice
from simulators.faults import Incident
from simulators.thing import Scene, Thing

DRIED: Final = 0.51  # share of holding capacity: from here on noise (±0.4 %) can read below half
MOIST: Final = 0.49  # … and from here on, where rain has fallen on a dry bed, above it
_WATERED_TO: Final = 0.80
_WATER_BELOW: Final = 0.66
_VALVE: Final = 25 * MINUTE
_WATERING: Final = 6.0  # L/min
_SALTED: Final = 4.8  # dS/m: what spray and a salted path bring
_PIECE: Final = 15 * MINUTE


class Bed(Thing):
    """One bed with its soil sensor and irrigation valve."""

    def __init__(self, facility: Facility, scene: Scene, start: Millis) -> None:
        super().__init__(facility, scene, start)
        self.holds = self.trait("holding_capacity", 32.0)
        self.share = self.dice.between(0.66, 0.80)  # of holding capacity
        self.salt = self.dice.between(0.6, 2.2)
        self.thirst = self.dice.between(0.8, 1.2)
        self.stagger = round(self.dice.between(0.0, 40.0) * MINUTE)
        self.valve_until: Millis = start

    def wake(self, at: Millis) -> None:
        self.scene.stage.call(self._dawn(at), f"water {self.id}", self._morning)

    def advance(self, at: Millis) -> None:
        while self.seen < at:
            piece = self.seen // _PIECE * _PIECE
            until = min(at, piece + _PIECE)
            sun = self.scene.almanac.daylight(self.zone, piece + _PIECE // 2)
            gain = 0.004 * self.scene.weather.rain(piece + _PIECE // 2)
            change = gain - self.thirst * (0.0008 + 0.008 * sun)
            self.share = min(1.0, max(0.2, self.share + (until - self.seen) / HOUR * change))
            self.seen = until
        self.note("moist", at, holds="dry_bed" in self.ongoing and self.share >= MOIST)
        if self.share < DRIED and not {"dry_bed", "soil_low"} & self.ongoing.keys():
            self.scene.stage.arose("dried", self.id, at)

    def values(self, at: Millis, dice: Dice) -> dict[str, Value]:
        share = self.share
        if low := self.ongoing.get("soil_low"):
            share = 0.53 + 0.06 * low.strength
        return {
            "soil_moisture": round(self.holds * (share + dice.around(0.004)), 2),
            "soil_temp": round(0.7 * self.scene.weather.air(at) + 5.0 + dice.around(0.3), 1),
            "soil_ec": round(max(0.1, (_SALTED if "salted" in self.ongoing else self.salt) + dice.around(0.05)), 2),
            "valve_open_pct": 100.0 if at < self.valve_until else 0.0,
            "water_flow": self._flow(at),
        }

    def _flow(self, at: Millis) -> float:
        """What runs through its pipe, L/min."""
        burst = self.ongoing.get("pipe_burst")
        return round((_WATERING if at < self.valve_until else 0.0) + (1.0 + 4.0 * burst.strength if burst else 0.0), 2)

    def begin(self, incident: Incident, at: Millis) -> None:
        super().begin(incident, at)
        if incident.what == "dry_bed":  # its valve has been failing for days, and now the probe stands in dry soil
            self.share = 0.36 + 0.09 * incident.strength

    def mend(self, at: Millis) -> None:
        super().mend(at)
        self.water(at)
        self.report(at + 10 * MINUTE, times=3, every_s=600.0)

    def water(self, at: Millis) -> None:
        """Give it what it can hold."""
        self.advance(at)
        self.share = max(self.share, self.chance("water").between(_WATERED_TO - 0.04, _WATERED_TO + 0.04))
        self.valve_until = at + _VALVE
        self.scene.stage.passed("dried", self.id, at)
        self.scene.stage.arose("watered", self.id, at)
        self.scene.stage.call(self.valve_until, f"valve {self.id}", self._shut)

    def _shut(self, at: Millis) -> None:
        if at >= self.valve_until:  # unless it was watered again meanwhile
            self.scene.stage.passed("watered", self.id, at)

    def _morning(self, at: Millis) -> None:
        self.advance(at)
        if self.share < _WATER_BELOW and "dry_bed" not in self.ongoing and self.scene.weather.rain(at) <= 0:
            self.water(at)
            self.report(at)
        self.scene.stage.call(self._dawn(at), f"water {self.id}", self._morning)

    def _dawn(self, at: Millis) -> Millis:
        almanac = self.scene.almanac
        due = almanac.moment(almanac.local(at).day, 5 * 60) + self.stagger
        return due if due > at else due + DAY
