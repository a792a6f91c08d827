"""Trail lights 路灯: switched by the sun, dimmed by the hour, fed by a feeder; they go dark, leak and lean."""

# ruff: noqa: D102 - what these promise is said once, in simulators.thing

import math
from bisect import bisect_right
from datetime import date, timedelta
from typing import Final

from domain.readings import Millis, Value
from domain.site import Device, Facility
from simulators.almanac import HOUR, MINUTE, Almanac
from simulators.chance import Dice
from simulators.faults import Incident
from simulators.feeders import Feeder
from simulators.thing import Scene, Thing

DIMMING: Final = ((22 * 60, 80.0), (24 * 60, 50.0), (29 * 60, 80.0))  # (minute of the evening's day, level %)
GUST_MOST_DEG: Final = 4.5  # what a pole sways in a gust that lasts; a single sample may show 7.5
LAST_GASP_MS: Final = 5_000  # how long a lamp's controller lives on its capacitor


class Switching:
    """When the lamps of one circuit are switched, and to what level: on at dusk, dimmed by night, off at dawn."""

    def __init__(self, almanac: Almanac, zone: str, late: Millis) -> None:
        self._almanac, self._zone, self._late = almanac, zone, late
        self._times: list[Millis] = []
        self._levels: list[float] = []
        self._through: date | None = None

    def level(self, at: Millis) -> float:
        """The level the lamps are told to have, in percent."""
        self._know(at)
        return self._levels[bisect_right(self._times, at) - 1]

    def next_change(self, at: Millis) -> Millis:
        """The first change after `at`."""
        self._know(at)
        return self._times[bisect_right(self._times, at)]

    def _know(self, at: Millis) -> None:
        if self._times and self._times[0] <= at and at + 24 * HOUR < self._times[-1]:
            return
        today = self._almanac.local(at).day
        self._times, self._levels = [], []
        for n in range(-2, 4):
            self._evening(today + timedelta(days=n))

    def _evening(self, day: date) -> None:
        on = self._almanac.sun(self._zone, day)[1] + self._late
        off = self._almanac.sun(self._zone, day + timedelta(days=1))[0] - self._late
        changes = [(on, 100.0)]
        changes += [(self._almanac.moment(day, minute), level) for minute, level in DIMMING]
        self._times += [at for at, _ in changes if on <= at < off] + [off]
        self._levels += [level for at, level in changes if on <= at < off] + [0.0]


class Lamp(Thing):
    """One light on its pole."""

    def __init__(self, facility: Facility, scene: Scene, start: Millis, feeder: Feeder | None) -> None:
        super().__init__(facility, scene, start)
        self.feeder = feeder
        self.rated = self.trait("rated_power", 60.0)
        self.pole_tilt = self.dice.between(0.1, 1.1)
        self.leak = self.dice.between(0.6, 3.5)
        self.deck = self.trait("deck_level_cm", math.inf)
        self.voltage = self.dice.between(219.0, 227.0)
        self.efficiency = self.dice.between(0.95, 1.02)
        self.energy = self.dice.between(150.0, 900.0)
        self.hours = self.energy * 1000.0 / (0.7 * self.rated)
        circuit = Dice(scene.seed, "circuit", feeder.id if feeder else facility.id)
        self.switching = Switching(scene.almanac, facility.zone, round(circuit.between(0.5, 4.0) * MINUTE))
        if feeder:
            feeder.lamps.append(self)

    def wake(self, at: Millis) -> None:
        self.scene.stage.call(self.switching.next_change(at), f"switch {self.id}", self._switch)

    def _switch(self, at: Millis) -> None:
        self.advance(at)
        delay = 1_000 + int(19_000 * Dice(self.scene.seed, "switch", self.id, at).roll())
        self.scene.stage.speak(self.id, at + delay)
        if self.switching.level(at) > 0 and self.switching.level(at - 1) <= 0:
            self.scene.stage.rephase(self.id, at)
        self.scene.stage.call(self.switching.next_change(at), f"switch {self.id}", self._switch)

    def interval_s(self, device: Device, at: Millis) -> float:
        return device.lit_interval_s if device.lit_interval_s and self.switching.level(at) > 0 else device.interval_s

    def advance(self, at: Millis) -> None:
        gone = (at - self.seen) / HOUR
        watts = self.power(self.seen)
        self.energy += watts * gone / 1000.0
        self.hours += gone if watts > 0.1 * self.rated else 0.0
        self.seen = at

    def power(self, at: Millis) -> float:
        """What it draws, in W, without noise."""
        if self.feeder and self.feeder.tripped_at is not None:
            return 0.0
        level = 100.0 if "day_burner" in self.ongoing else self.told(at)
        if level <= 0 or "lamp_dark" in self.ongoing or "lamp_dip" in self.ongoing:
            return 0.01 * self.rated
        return self.rated * self.efficiency * level / 100.0

    def told(self, at: Millis) -> float:
        """The level it is told to have: by the switching of its circuit, or by an electrician who tries it out."""
        return 100.0 if "lamp_test" in self.ongoing else self.switching.level(at)

    def silent(self, at: Millis) -> bool:
        off = self.feeder.tripped_at if self.feeder else None
        return off is not None and at > off + LAST_GASP_MS

    def values(self, at: Millis, dice: Dice) -> dict[str, Value]:
        level = self.told(at)
        if self.feeder and self.feeder.tripped_at is not None:
            return {"commanded_level": level, "active_power": 0.0, "supply_voltage": 0.0, "supply_loss": True}
        watts = self.power(at) * (1.0 + dice.around(0.03))
        lit = watts > 0.1 * self.rated
        found: dict[str, Value] = {
            "commanded_level": level,
            "active_power": round(watts, 1),
            "supply_voltage": round(self.voltage + dice.around(3.0), 1),
            "power_factor": round(0.95 + dice.around(0.02), 3) if lit else 0.4,
            "leakage_current": round(max(0.0, self._leakage(at) + dice.around(0.4)), 1),
            "tilt_deg": round(max(0.0, self._tilt(at, dice)), 2),
            "lamp_temperature": round(self.scene.weather.air(at) + (28.0 * watts / self.rated) + dice.around(1.0), 1),
            "lamp_failure": "lamp_dark" in self.ongoing and level > 0,
            "supply_loss": False,
        }
        if not lit or dice.roll() < 0.25:
            found |= {"active_energy": round(self.energy, 3), "operating_hours": round(self.hours, 2)}
        return found

    def begin(self, incident: Incident, at: Millis) -> None:
        self.advance(at)
        self.ongoing[incident.what] = incident
        match incident.what:
            case "pole_leaning":
                self.report(at, times=15)
            case "pole_gust":
                self.report(at, times=12)
            case "leakage" | "leakage_rise":
                self.report(at, times=4)
            case "lamp_test" | "day_burner":
                self.report(at, times=4, every_s=900.0)
            case _:
                self.report(at)

    def _leakage(self, at: Millis) -> float:
        if one := self.ongoing.get("leakage"):
            return 36.0 + 50.0 * one.strength
        if one := self.ongoing.get("leakage_rise"):
            wet = self.scene.weather.lately_wet(at) or self.scene.weather.tide_cm(at) > self.deck - 10.0
            return 10.0 + 4.0 * one.strength if wet else 16.0 + 8.0 * one.strength  # in the wet, half as much is danger
        return self.leak

    def _tilt(self, at: Millis, dice: Dice) -> float:
        if one := self.ongoing.get("pole_leaning"):
            return 6.5 + 7.5 * one.strength + dice.around(0.3)
        sway = self.pole_tilt + 0.03 * self.scene.weather.gust(at) * abs(dice.around(1.0))
        if one := self.ongoing.get("pole_gust"):
            if one.strength < 0.5:  # a gusty quarter of an hour
                return min(GUST_MOST_DEG, sway + 1.0 + 2.6 * one.strength + abs(dice.around(0.8)))
            if self.minutes_since(one, at) < 0.2:  # one blow, seen by one sample
                return 7.5
        return min(GUST_MOST_DEG, sway)
