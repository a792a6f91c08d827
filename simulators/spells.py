"""Spells: for a while the surroundings are what somebody wants them to be, and not what chance made of them."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from domain.readings import Millis

EASES: Final = 1 / 6  # of a spell's length, at either end, in which it comes and goes
SORTS: Final = {
    "surge": "cm that the sea stands above its tide",
    "wind": "m/s of mean wind; gusts and waves follow",
    "rain": "mm/h",
    "visibility": "m; fog is below 1000",
    "air": "°C",
    "people": "times as many people as there would be",
}


class Spell(NamedTuple):
    """One of `SORTS`, from when to when, and what it comes to between its easing ends."""

    what: str
    since: Millis
    until: Millis
    value: float


class Spells:
    """All spells of a run."""

    def __init__(self, spells: Sequence[Spell] = ()) -> None:
        self._of = {what: [one for one in spells if one.what == what] for what in SORTS}

    def swayed(self, what: str, natural: float, at: Millis) -> float:
        """What would be so much by nature, as it is under the spells."""
        for one in self._of[what]:
            if one.since < at < one.until:
                ease = (one.until - one.since) * EASES
                part = min(1.0, (at - one.since) / ease, (one.until - at) / ease)
                natural += (one.value - natural) * part
        return natural
