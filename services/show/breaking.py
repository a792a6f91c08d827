"""Breaking the coast by hand, from the page: one thing of a sort, each time another."""

from typing import Final

from domain.naming import Kind
from services.show.stage import Show

# What the page calls it → the fault, and where it can strike.
_FAULTS: Final = {
    "feeder": ("feeder_trip", Kind.FEEDER),
    "bin": ("bin_overfull", Kind.BIN),
    "toilet": ("toilet_foul", Kind.TOILET),
    "lamp": ("lamp_dark", Kind.LIGHT),
    "gate": ("gate_fault", Kind.PARKING),
}
_STRIDE: Final = 7  # so that the next one is somewhere else


class Breaking:
    """What a visitor may break."""

    def __init__(self, stage: Show) -> None:
        self._stage, self._turn = stage, 0

    async def __call__(self, what: str) -> str | None:
        """Break the next one of that sort: its facility id, or None where none can be broken now."""
        fault, kind = _FAULTS[what]
        able = sorted(f.id for f in self._stage.service.site.facilities.values() if f.kind is kind)
        stride = _STRIDE if len(able) % _STRIDE else _STRIDE + 4
        for _ in able:
            self._turn += stride
            facility = able[self._turn % len(able)]
            if self._stage.world.inject(fault, facility):
                return facility
        return None
