"""Feeders 照明回路 and cabinets 配电箱: what hangs on a breaker goes down with it, and all at once."""

# ruff: noqa: D102 - what these promise is said once, in simulators.thing

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from domain.readings import Millis, Value
from domain.site import Device, Facility
from simulators.chance import Dice
from simulators.faults import Incident
from simulators.thing import Scene, Thing

if TYPE_CHECKING:
    from simulators.lights import Lamp

TRIPPED_INTERVAL_S: Final = 300.0
_UNHEARD: Final = 0.02  # share of last gasps that nobody hears


class Feeder(Thing):
    """One circuit and its monitor in the cabinet, which has a supply of its own."""

    def __init__(self, facility: Facility, scene: Scene, start: Millis) -> None:
        super().__init__(facility, scene, start)
        self.lamps: list[Lamp] = []
        self.tripped_at: Millis | None = None
        self.leak = self.dice.between(6.0, 22.0)

    def interval_s(self, device: Device, at: Millis) -> float:  # noqa: ARG002 - the seam's signature
        return device.interval_s if self.tripped_at is None else min(device.interval_s, TRIPPED_INTERVAL_S)

    def power(self, at: Millis) -> float:
        """What all its lamps draw together, in W."""
        return sum(lamp.power(at) for lamp in self.lamps)

    def members(self) -> Sequence[str]:
        return tuple(sorted(lamp.id for lamp in self.lamps))

    def begin(self, incident: Incident, at: Millis) -> None:
        for lamp in self.lamps:
            lamp.advance(at)
        self.tripped_at = at
        super().begin(incident, at)
        self.scene.stage.rephase(self.id, at)
        for lamp in self.lamps:
            dice = Dice(self.scene.seed, "gasp", lamp.id, at)
            if dice.roll() >= _UNHEARD:
                self.scene.stage.speak(lamp.id, at + 200 + int(4_300 * dice.roll()))

    def mend(self, at: Millis) -> None:
        for lamp in self.lamps:
            lamp.advance(at)
        was = self.tripped_at
        self.tripped_at = None
        super().mend(at)
        if was is None:
            return
        for lamp in self.lamps:
            self.scene.stage.speak(
                lamp.id, at + 5_000 + int(55_000 * Dice(self.scene.seed, "boot", lamp.id, at).roll())
            )

    def values(self, at: Millis, dice: Dice) -> dict[str, Value]:
        tripped = self.tripped_at is not None
        return {
            "total_active_power": round(self.power(at) * (1.0 + dice.around(0.01)), 1),
            "supply_voltage": round(224.0 + dice.around(3.0), 1),
            "leakage_current": 0.0 if tripped else round(self.leak + dice.around(1.5), 1),
            "breaker_tripped": tripped,
            "supply_loss": False,
        }


class Cabinet(Thing):
    """The box itself: door, water, and what flows through it."""

    def __init__(self, facility: Facility, scene: Scene, start: Millis) -> None:
        super().__init__(facility, scene, start)
        self.feeders: list[Feeder] = []
        self.leak = self.dice.between(10.0, 40.0)

    def values(self, at: Millis, dice: Dice) -> dict[str, Value]:
        return {
            "total_active_power": round(
                sum(feeder.power(at) for feeder in self.feeders) * (1.0 + dice.around(0.01)), 1
            ),
            "supply_voltage": round(226.0 + dice.around(3.0), 1),
            "leakage_current": round(self.leak + dice.around(2.0), 1),
            "door_open": False,
            "water_immersion": False,
        }
