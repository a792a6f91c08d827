"""Parking lots 停车场: cars come and go by weekday and hour; gates rise, fall and fail."""

# ruff: noqa: D102 - what these promise is said once, in simulators.thing

from typing import Final

from domain.readings import Millis, Value
from domain.site import Facility
from simulators.almanac import HOUR
from simulators.chance import Dice
from simulators.hours import is_open
from simulators.thing import PACE, Scene, Thing

_TURNOVER_PER_HOUR: Final = 0.45  # share of those inside that leave within an hour
_FULL: Final = 0.945
_PACE_H: Final = PACE / HOUR


class Lot(Thing):
    """One lot: a count kept at the gate."""

    def __init__(self, facility: Facility, scene: Scene, start: Millis) -> None:
        super().__init__(facility, scene, start)
        self.spots = max(1, int(self.trait("capacity", 80)))
        self.custom = self.dice.between(0.6, 0.95)
        self.occupied = int(self.spots * self._wanted(start))
        self.outs = int(self.dice.between(2_000, 60_000))
        self.ins = self.outs + self.occupied

    def _wanted(self, at: Millis) -> float:
        return min(0.96, 0.06 + self.custom * 0.75 * self.scene.almanac.busy(self.zone, at))

    def advance(self, at: Millis) -> None:
        for end in self.paces(at):
            if not {"gate_fault", "lot_blocked"} & self.ongoing.keys():
                self._pass(end)

    def _pass(self, at: Millis) -> None:
        dice = self.chance_at("traffic", at)
        drift = self.spots * self._wanted(at) - self.occupied
        steady = _TURNOVER_PER_HOUR * max(self.occupied, 0.1 * self.spots)
        leaves = dice.count((steady + max(0.0, -drift)) * _PACE_H)
        comes = dice.count((steady + max(0.0, drift)) * _PACE_H) if self._open(at) else 0
        leaves = min(leaves, self.occupied)
        comes = min(comes, self.spots - self.occupied + leaves)
        self.ins += comes
        self.outs += leaves
        self.occupied += comes - leaves
        self.note("lot_full", at, holds=self.occupied >= _FULL * self.spots)

    def values(self, at: Millis, dice: Dice) -> dict[str, Value]:
        return {
            "total_spots": float(self.spots),
            "occupied_spots": float(self.occupied),
            "available_spots": float(self.spots - self.occupied),
            "vehicles_in": float(self.ins),
            "vehicles_out": float(self.outs),
            "gate_state": self._gate(dice),
            "lot_status": "closed" if not self._open(at) else "full" if self.occupied >= self.spots else "open",
        }

    def _gate(self, dice: Dice) -> str:
        if "gate_fault" in self.ongoing:
            return "fault"
        return "up" if "gate_up" in self.ongoing or dice.roll() < 0.1 else "down"

    def _open(self, at: Millis) -> bool:
        return "stays_closed" not in self.ongoing and is_open(self.facility, self.scene.almanac.local(at))
