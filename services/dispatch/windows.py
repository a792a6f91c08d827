"""When work may be done: the site's windows (low tide, not in a crowd, hours), and approved stops of work.

Outside, an order is held and its clock stands; the service looks again when it may be otherwise.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from domain.clocks import Window
from domain.readings import Millis
from domain.site import Site
from services.dispatch.clocks import Circumstances, fits
from services.dispatch.orders import Pause
from services.dispatch.when import local

Known = Mapping[str, bool | float]  # what surrounds a place (rules.core.vocabulary.CONTEXT); what is unknown is missing
DAY_MINUTES: Final = 1440
MINUTE_MS: Final = 60_000


class Stop(msgspec.Struct, frozen=True):
    """An approved stop of work in a zone (停工)."""

    zone: str
    because: str  # tide | wind
    since: Millis
    until: Millis
    by: str
    why: str

    def holds(self, order: Circumstances, at: Millis, *, safety: bool) -> bool:
        """Whether it holds an order: tide on low decks, wind everywhere; safety orders go on."""
        there = order.zone == self.zone and self.since <= at < self.until
        return there and not safety and (self.because == "wind" or order.deck)


class Shut(NamedTuple):
    """Why an order may not be worked on now, and when to look again."""

    pause: Pause
    why: str
    until: Millis


def shut(
    site: Site, order: Circumstances, at: Millis, known: Known, stops: Mapping[str, Stop], *, safety: bool
) -> Shut | None:
    """Why not now; None where it may be done."""
    stop = stops.get(order.zone)
    if stop is not None and stop.holds(order, at, safety=safety):
        return Shut(Pause.STOP, f"work stopped because of {stop.because}: {stop.why}", stop.until)
    if safety:
        return None
    for window in site.clocks.windows:
        if fits(window.fits, order) and (found := _outside(window, site, at, known)) is not None:
            return found
    return None


def _outside(window: Window, site: Site, at: Millis, known: Known) -> Shut | None:
    why = _in_the_way(window, known)
    if why:
        return Shut(Pause.WINDOW, why, at + window.look_s * 1000)
    if window.hours is None:
        return None
    clock = local(at, site.timezone)
    minute, (opens, closes) = clock.hour * 60 + clock.minute, window.hours
    if opens <= minute < closes or opens <= minute + DAY_MINUTES < closes:
        return None
    wait = (opens - minute) % DAY_MINUTES
    begins = at - at % MINUTE_MS + wait * MINUTE_MS
    return Shut(Pause.WINDOW, f"work begins at {opens // 60:02d}:{opens % 60:02d}", begins)


def _in_the_way(window: Window, known: Known) -> str:
    tide, wind, crowd = known.get("tide_level"), known.get("wind_gust"), known.get("crowd_level")
    if window.tide_below is not None and tide is not None and tide >= window.tide_below:
        return f"the tide stands at {tide:.0f} cm, work is below {window.tide_below:.0f} cm"
    if window.wind_below is not None and wind is not None and wind >= window.wind_below:
        return f"gusts of {wind:.1f} m/s, work is below {window.wind_below:.1f} m/s"
    if window.crowd_below is not None and crowd is not None and crowd >= window.crowd_below:
        return f"crowd level {crowd:.0f}, work is below {window.crowd_below}"
    return ""
