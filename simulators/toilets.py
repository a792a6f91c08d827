"""Public toilets 公厕: people use them, cleaners come round, and sometimes a drain blocks and the air turns foul."""

# ruff: noqa: D102 - what these promise is said once, in simulators.thing

import math
from typing import Final

from domain.readings import Millis, Value
from domain.site import Facility, Grade
from simulators.almanac import HOUR, MINUTE
from simulators.chance import Dice
from simulators.faults import Incident
from simulators.hours import is_open
from simulators.thing import PACE, Scene, Thing

FOULED: Final = (
    1.3  # ppm of ammonia: from here on noise (3 %) and a long stay of bad air can reach the 1.44 of GB/T 17217
)
DEMONSTRATED: Final = 0.3  # a demonstration area (示范区) is kept to 0.43 ppm: what is near there is less
LOW: Final = 20.0  # % of paper or soap: what is left is not much
USED: Final = 50  # visitors since it was cleaned, from which on it may be due
FREEZING: Final = 1.2  # °C outside: inside, noise can reach 2 °C
SENTINEL: Final = 655.35  # what GS301 sensors decode to when they have nothing to say
_CALM_PPM: Final = 0.07
_STAY: Final = 4  # minutes
_FADES: Final = math.exp(-PACE / (400.0 * MINUTE))
_PER_STALL_HOUR: Final = 9.0
_CLEANING: Final = 2 * HOUR


class Toilet(Thing):
    """One toilet with odour sensor, counters and consumables."""

    def __init__(self, facility: Facility, scene: Scene, start: Millis) -> None:
        super().__init__(facility, scene, start)
        self.stalls = int(self.trait("stalls", 8))
        self.custom = self.dice.between(0.6, 1.15)
        self.strictness = DEMONSTRATED if facility.grade is Grade.DEMONSTRATION else 1.0
        self.stagger = round(self.dice.between(0.0, 120.0) * MINUTE)
        self.people = int(self.dice.between(5, 60))
        self.grime = self.people * 0.001
        self.paper = self.dice.between(45.0, 98.0)
        self.soap = self.dice.between(50.0, 98.0)
        self.came = (0,) * _STAY  # in the last steps of time: they are still inside
        self.cleared: tuple[Millis, float] | None = None  # when foul air was let out, and how much of it there was

    def wake(self, at: Millis) -> None:
        self.scene.stage.call(self._next_cleaning(at), f"clean {self.id}", self._routine)

    def advance(self, at: Millis) -> None:
        for end in self.paces(at):
            self._use(end)

    def _use(self, at: Millis) -> None:
        custom = self.custom * self.stalls * _PER_STALL_HOUR * self.scene.almanac.busy(self.zone, at)
        uses = self.chance_at("use", at).count(custom * PACE / HOUR) if self._open(at) else 0
        self.came = (*self.came[1:], uses)
        self.people += uses
        self.grime = (self.grime + 0.0011 * uses) * _FADES
        self.paper = max(0.0, self.paper - 0.06 * uses)
        self.soap = max(0.0, self.soap - 0.035 * uses)
        if _CALM_PPM + self.grime >= FOULED * self.strictness:
            self.scene.stage.arose("fouled", self.id, at)
        if self.paper <= LOW or self.soap <= LOW:
            self.scene.stage.arose("used_up", self.id, at)
        if self.people >= USED:
            self.scene.stage.arose("used", self.id, at)
        self.note("frost", at, holds=self.scene.weather.air(at) <= FREEZING)

    def ammonia(self, at: Millis) -> float:
        """NH₃ in the air, ppm, without noise: kept toilets have 0.1–0.4."""
        base = _CALM_PPM + self.grime
        if foul := self.ongoing.get("toilet_foul"):
            return base + (1.9 + 1.4 * foul.strength) * (1.0 - math.exp(-self.minutes_since(foul, at) / 4.0))
        if bleach := self.ongoing.get("bleach"):  # what cleans reacts with what is cleaned, and the sensor with both
            return base + 2.2 + 1.5 * bleach.strength
        if raised := self.ongoing.get("nh3_raised"):
            return (0.85 + 0.3 * raised.strength) * self.strictness
        if self.cleared:
            since, much = self.cleared
            return base + much * math.exp(-(at - since) / (4.0 * MINUTE))
        return base

    def values(self, at: Millis, dice: Dice) -> dict[str, Value]:
        nh3 = self.ammonia(at) * (1.0 + dice.around(0.03))
        if {"nh3_sentinel", "probe_gone"} & self.ongoing.keys():
            nh3 = SENTINEL
        elif spike := self.ongoing.get("nh3_spike"):
            nh3 = 2.0 + 2.0 * spike.strength
        inside = min(self.stalls, sum(self.came))
        self.note("queue", at, holds=inside >= self.stalls)
        return {
            "stalls_free": float(self.stalls - inside),
            "people_since_clean": float(self.people),
            "nh3_ppm": round(nh3, 2),
            "h2s_ppm": round(max(0.0, 0.004 + 0.01 * self.ammonia(at) + dice.around(0.003)), 3),
            "temperature": round(self.scene.weather.air(at) + 1.5 + dice.around(0.4), 1),
            "humidity": round(68.0 + dice.around(9.0), 1),
            "water_flow": round(sum(self.came) / _STAY * 7.0 * (1.0 + dice.around(0.2)) + self._running(), 2),
            "paper_level": round(self.paper, 1),
            "soap_level": round(self.soap, 1),
            "floor_wet": "floor_flooded" in self.ongoing,
            "sos": "sos_pressed" in self.ongoing,
            "smoke": False,
        }

    def _running(self) -> float:
        """What runs through a cistern that does not close, L/min."""
        runs = self.ongoing.get("water_runs")
        return 0.6 + 2.4 * runs.strength if runs else 0.0

    def begin(self, incident: Incident, at: Millis) -> None:
        self.advance(at)
        self.ongoing[incident.what] = incident
        if incident.what == "nh3_spike":
            for seconds in (0, 60, 120, 180):  # the sensor itself looks again, and finds nothing
                self.scene.stage.speak(self.id, at + 500 + seconds * 1000)
        elif incident.what in ("toilet_foul", "bleach"):
            self.report(at + 5 * MINUTE, times=4, every_s=300.0)
        else:
            self.report(at)

    def mend(self, at: Millis) -> None:
        self.advance(at)
        if "toilet_foul" in self.ongoing:
            self.cleared = (at, self.ammonia(at))
            self.report(at + 5 * MINUTE, times=4, every_s=300.0)
        super().mend(at)
        self.clean(at)

    def clean(self, at: Millis) -> None:
        """Clean and refill. What a blocked drain brings up stays until the drain is mended."""
        self.advance(at)
        self.people = 0
        self.grime *= 0.15
        if self.paper < 45.0:
            self.paper = 100.0
        if self.soap < 45.0:
            self.soap = 100.0
        for what in ("fouled", "used_up", "used"):
            self.scene.stage.passed(what, self.id, at)
        self.report(at)

    def _routine(self, at: Millis) -> None:
        if self._open(at):
            self.clean(at)
        self.scene.stage.call(self._next_cleaning(at), f"clean {self.id}", self._routine)

    def _next_cleaning(self, at: Millis) -> Millis:
        return at + _CLEANING - (at - self.stagger) % _CLEANING

    def _open(self, at: Millis) -> bool:
        return is_open(self.facility, self.scene.almanac.local(at))
