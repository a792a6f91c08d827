"""Approved stops of work (停工): an operator says that a zone stops because of tide or wind, and until when.

A stop is refused where what is measured does not bear it out; where nothing is measured, the operator is believed.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from domain.errors import ConflictError, NotFoundError
from domain.naming import StopAction
from domain.readings import Millis
from domain.site import Site
from ingest.codecs.replies import Stopped
from services.dispatch.windows import Known, Stop

STOPS: Final = "stops"  # what `Stops.save` gives, among what the judge notes
_stops = msgspec.json.Decoder(list[Stop])
_MEASURED: Final[Mapping[str, tuple[str, str]]] = {"tide": ("tide_level", "cm"), "wind": ("wind_gust", "m/s")}


def stops_of(text: bytes) -> tuple[Stop, ...]:
    """What `Stops.save` gave, by zone."""
    return tuple(sorted(_stops.decode(text or b"[]"), key=lambda one: one.zone))


class Stops:
    """Those in force, one a zone: a newer one stands in place of the one before."""

    def __init__(self, site: Site, around: Callable[[str, Millis], Known]) -> None:
        self._site, self._around = site, around
        self.by_zone: dict[str, Stop] = {}

    def load(self, text: bytes) -> None:
        """Start from what was committed."""
        self.by_zone = {one.zone: one for one in stops_of(text)}

    def save(self) -> bytes:
        """Those in force, for `load`."""
        return msgspec.json.encode(list(self.by_zone.values()))

    def hear(self, said: Stopped, at: Millis) -> str:
        """Take an operator at their word; the zone. Raises ConflictError, NotFoundError."""
        self.by_zone = {zone: stop for zone, stop in self.by_zone.items() if stop.until > at}
        if said.zone not in self._site.zones:
            raise NotFoundError(f"there is no zone {said.zone}")
        if said.action is StopAction.GO:
            if self.by_zone.pop(said.zone, None) is None:
                raise ConflictError(f"no stop of work is in force in {said.zone}")
            return said.zone
        self.by_zone[said.zone] = self._approved(said, at)
        return said.zone

    def _approved(self, said: Stopped, at: Millis) -> Stop:
        clocks = self._site.clocks
        if not said.because or not said.why:
            raise ConflictError("say why: because of tide or wind, and a reason")
        if said.until is None or not at < said.until <= at + clocks.stop_most_s * 1000:
            raise ConflictError(f"say until when: at most {clocks.stop_most_s / 3600:g} hours from now")
        name, unit = _MEASURED[said.because]
        least = clocks.stop_tide if said.because == "tide" else clocks.stop_wind
        measured = self._around(said.zone, at).get(name)
        if least is not None and measured is not None and measured < least:
            raise ConflictError(f"{said.because} is {measured:g} {unit}; work stops from {least:g} {unit}")
        return Stop(said.zone, said.because, at, said.until, said.by, said.why)
