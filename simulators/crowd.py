"""Crowd counters 客流计: people pass a line, in and out."""

# ruff: noqa: D102 - what these promise is said once, in simulators.thing

from typing import Final

from domain.readings import Millis, Value
from domain.site import Facility
from simulators.almanac import HOUR
from simulators.chance import Dice
from simulators.thing import PACE, Scene, Thing

_CROWDED: Final = 0.8  # of what it is made for
_EASED: Final = 0.7
_FOLLOWS: Final = 4.0  # an hour: half of what is amiss comes or goes in ten minutes
_PACE_H: Final = PACE / HOUR


class CrowdPoint(Thing):
    """One counter and the place behind it."""

    def __init__(self, facility: Facility, scene: Scene, start: Millis) -> None:
        super().__init__(facility, scene, start)
        self.most = self.trait("capacity", 2_000.0)
        self.custom = self.dice.between(0.45, 0.62)
        self.now = int(self._wanted(start))
        self.outs = int(self.dice.between(10_000, 900_000))
        self.ins = self.outs + self.now

    def _wanted(self, at: Millis) -> float:
        return self.most * self.custom * self.scene.almanac.busy(self.zone, at)

    def advance(self, at: Millis) -> None:
        for end in self.paces(at):
            self._walk(end)

    def _walk(self, at: Millis) -> None:
        dice = self.chance_at("walk", at)
        drift = self._wanted(at) - self.now
        passing = 1.5 * max(self.now, 5.0) * _PACE_H
        leaves = min(self.now, dice.count(passing + max(0.0, -drift) * _FOLLOWS * _PACE_H))
        comes = dice.count(passing + max(0.0, drift) * _FOLLOWS * _PACE_H)
        self.ins += comes
        self.outs += leaves
        self.now += comes - leaves
        self.note("crowded", at, holds=self.now >= _CROWDED * self.most, over=self.now < _EASED * self.most)

    def values(self, at: Millis, dice: Dice) -> dict[str, Value]:  # noqa: ARG002 - a counter has no noise
        return {"people_in": float(self.ins), "people_out": float(self.outs), "people_now": float(self.now)}
