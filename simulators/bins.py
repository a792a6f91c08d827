"""Litter bins 果皮箱: people fill them, rounds empty them; they overflow, burn and fall over."""

# ruff: noqa: D102 - what these promise is said once, in simulators.thing

import math
from typing import Final

from domain.readings import Millis, Value
from domain.site import Facility, Grade
from simulators.almanac import DAY, HOUR, MINUTE
from simulators.chance import Dice
from simulators.faults import Incident
from simulators.thing import Scene, Thing

ROUNDS: Final = (6 * 60, 13 * 60 + 30, 20 * 60 + 30)  # minutes of the day at which the collectors set out
DUE: Final = 64.0  # from here on the next round may take it: 80 %, and 65 where it is crowded
SOON: Final = 60.0  # minutes within which it will be full, as it is going now
FILLED: Final = 94.0  # from here on noise (±0.7) can make a sensor say 95
_PERCENT_PER_HOUR: Final = 10.5  # at a bin of ordinary custom when it is as busy as can be
_PIECE: Final = 15 * MINUTE


class Bin(Thing):
    """One bin with its level and temperature sensor."""

    def __init__(self, facility: Facility, scene: Scene, start: Millis) -> None:
        super().__init__(facility, scene, start)
        self.depth = self.trait("depth_mm", 900.0)
        self.custom = self.dice.between(0.45, 1.2) * (1.15 if facility.grade is not Grade.ORDINARY else 1.0)
        self.stagger = round(self.dice.between(0.0, 60.0) * MINUTE)
        self.battery = self.dice.between(55.0, 98.0)
        self.fill = self.dice.between(2.0, 6.0)
        self.burnt_out: tuple[Millis, float] | None = None  # when a fire was put out, and how hot it was then
        self.born = start
        self.seen = self._round(start, after=False)
        self.advance(start)

    def wake(self, at: Millis) -> None:
        self.scene.stage.call(self._round(at, after=True), f"round {self.id}", self._collect)

    def advance(self, at: Millis) -> None:
        while self.seen < at:
            piece = self.seen // _PIECE * _PIECE
            until = min(at, piece + _PIECE)
            before, rate = self.fill, self._rate(piece + _PIECE // 2)
            self.fill = min(100.0, before + rate * (until - self.seen) / HOUR)
            if before < FILLED <= self.fill:
                since = self.seen + int((FILLED - before) / rate * HOUR)
                if "bin_overfull" not in self.ongoing:
                    self.scene.stage.arose("filled", self.id, since)
            self._note(before, rate)
            self.seen = until

    def _note(self, before: float, rate: float) -> None:
        """What the next round should know of it, at the end of a piece of time."""
        if self.fill >= DUE:
            since = self.seen + int(max(0.0, DUE - before) / rate * HOUR) if rate else self.seen
            self.scene.stage.arose("due", self.id, since)
        if self.fill >= 56.0 and (self.fill >= FILLED - 4.0 or self.fill + 1.2 * rate * SOON / 60.0 >= FILLED - 4.0):
            self.scene.stage.arose("filling", self.id, self.seen)

    def _rate(self, at: Millis) -> float:
        if "bin_nearly_full" in self.ongoing or "bin_fire" in self.ongoing:
            return 0.0
        rush = self.ongoing.get("bin_overfull")
        extra = 90.0 + 150.0 * rush.strength if rush else 0.0
        return extra + _PERCENT_PER_HOUR * self.custom * self.scene.almanac.busy(self.zone, at)

    def values(self, at: Millis, dice: Dice) -> dict[str, Value]:
        fill = min(100.0, max(0.0, self.fill + dice.around(0.7)))
        if flaps := self.ongoing.get("bin_flapping"):  # a bag that the wind lifts, now before the eye and now not
            fill = 80.0 + (1.0 if int(self.minutes_since(flaps, at)) % 4 < 2 else -1.0)
        return {
            "fill_level": round(fill, 1),
            "distance": round(max(20.0, self.depth * (1.0 - fill / 100.0))),
            "bin_temperature": round(self.temperature(at) + dice.around(0.6), 1),
            "tipped": "bin_tipped" in self.ongoing,
            "battery": round(self._battery(at), 1),
            "rssi": round(-84.0 + dice.around(14.0)),
        }

    def _battery(self, at: Millis) -> float:
        if low := self.ongoing.get("battery_low"):
            return 4.0 + 5.0 * low.strength
        return max(15.0, self.battery - (at - self.born) / DAY * 0.05)

    def temperature(self, at: Millis) -> float:
        """Inside, in °C: air and sun, or something that should not be."""
        calm = self.scene.weather.air(at) + 9.0 * self.scene.almanac.daylight(self.zone, at)
        if fire := self.ongoing.get("bin_fire"):
            return calm + (71.0 + 18.0 * fire.strength - calm) * (1.0 - math.exp(-self.minutes_since(fire, at) / 3.0))
        if warm := self.ongoing.get("bin_warm"):
            most = max(calm, 46.0 + 7.5 * warm.strength)  # the sun does it, and takes its time
            return calm + (most - calm) * (1.0 - math.exp(-self.minutes_since(warm, at) / 8.0))
        if self.burnt_out:
            since, heat = self.burnt_out
            return calm + max(0.0, heat - calm) * math.exp(-(at - since) / (6.0 * MINUTE))
        return calm

    def begin(self, incident: Incident, at: Millis) -> None:
        self.advance(at)
        self.ongoing[incident.what] = incident
        match incident.what:
            case "bin_fire":
                self.report(at + MINUTE, times=20)
                self.report(at + 25 * MINUTE, times=40, every_s=300.0)
            case "bin_overfull":
                full = at + int(max(0.5, 98.0 - self.fill) / self._rate(at) * HOUR)
                self.report(full, times=2, every_s=300.0)
            case "bin_flapping":
                self.report(at, times=50, every_s=120.0)
            case "bin_nearly_full":
                self.fill = max(min(self.fill, 92.5), 82.0 + 10.0 * incident.strength)
                self.scene.stage.arose("filling", self.id, at)  # for all that anybody can tell
                self.report(at, times=2, every_s=600.0)
            case _:
                self.report(at)

    def mend(self, at: Millis) -> None:
        if "bin_fire" in self.ongoing:
            self.burnt_out = (at, self.temperature(at))
        super().mend(at)
        self.empty(at)
        self.report(at + 5 * MINUTE, times=3, every_s=300.0)

    def empty(self, at: Millis) -> None:
        """Take what is in it."""
        self.advance(at)
        self.fill = self.chance("left").between(1.0, 5.0)
        for what in ("filled", "bin_overfull", "due", "filling"):
            self.ongoing.pop(what, None)
            self.scene.stage.passed(what, self.id, at)

    def _collect(self, at: Millis) -> None:
        if not {"bin_fire", "bin_nearly_full"} & self.ongoing.keys():
            self.empty(at)
            if self.ongoing.pop("bin_tipped", None):
                self.scene.stage.passed("bin_tipped", self.id, at)
            self.report(at + 20_000)
        self.scene.stage.call(self._round(at, after=True), f"round {self.id}", self._collect)

    def _round(self, at: Millis, *, after: bool) -> Millis:
        day = self.scene.almanac.local(at).day
        moments = [
            self.scene.almanac.moment(day, minute + n * 1440) + self.stagger for n in (-1, 0, 1) for minute in ROUNDS
        ]
        return min(m for m in moments if m > at) if after else max(m for m in moments if m <= at)
