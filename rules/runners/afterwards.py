"""What comes too late to be judged, put by for a minute and then judged in hindsight (rules/core/hindsight.py).

A back-log is sent in pieces; a minute after the first of them all that has come of a facility is judged together, so
that nothing depends on how it was cut.
"""

from collections.abc import Iterable
from typing import Final

from domain.alarms import Correction
from domain.ids import alarm_id
from domain.readings import Millis, Reading
from domain.site import Site
from rules.core.hindsight import findings
from rules.core.surroundings import Context
from rules.runners.fusion import Watch
from rules.runners.records import Belated, Spot

GATHER: Final[Millis] = 60_000
MOST: Final = 2_000  # readings of one facility; more of them are not judged in hindsight


class Afterwards:
    """The piles of a site, and what was found in those that were gone through."""

    def __init__(self, site: Site, context: Context, wait: Millis) -> None:
        """`wait`: the longest that a rule waits for what may still be judged in time."""
        self._site, self._context, self._gather = site, context, max(GATHER, 2 * wait)
        self._piles: dict[str, Spot] = {}
        self._found: list[Correction] = []
        self._next: Millis | None = None

    def put(self, spot: Spot, reading: Reading) -> bool:
        """Put a reading by. Whether there was room."""
        if len(spot.late) >= MOST:
            return False
        spot.late += (Belated(reading.at, reading.device, dict(reading.values), reading.received),)
        self._piles[spot.key] = spot
        due = self._due(spot)
        self._next = due if self._next is None or due < self._next else self._next
        return True

    def take_up(self, spots: Iterable[Spot]) -> None:
        """Know again the piles that were there."""
        self._piles = {spot.key: spot for spot in spots if spot.late}
        self._look_ahead()

    def due(self) -> Millis | None:
        """When the next pile is to be gone through."""
        return self._next

    def ripen(self, at: Millis) -> list[Spot]:
        """Go through the piles that are due; whose they were."""
        ripe = sorted((due, spot.order, spot.key) for spot in self._piles.values() if (due := self._due(spot)) <= at)
        gone = [self._piles.pop(key) for _, _, key in ripe]
        for spot in gone:
            self._judge(spot)
            spot.late = ()
        self._look_ahead()
        return gone

    def said(self) -> tuple[Correction, ...]:
        """What was found since the last call."""
        found, self._found = self._found, []
        return tuple(found)

    def _look_ahead(self) -> None:
        self._next = min((self._due(spot) for spot in self._piles.values()), default=None)

    def _due(self, spot: Spot) -> Millis:
        return spot.late[0].heard + self._gather

    def _judge(self, spot: Spot) -> None:
        once: dict[tuple[Millis, str], Belated] = {}
        for one in spot.late:
            once.setdefault((one.at, one.device), one)
        late = [once[key] for key in sorted(once)]
        for watch, key in spot.keys:
            mine = [one for one in late if watch.key(one.device) == key]
            state = spot.states.get(key) or spot.woken(watch, key)
            if watch.absence or watch.holds or not (state.open is not None or self._interesting(spot, watch, mine)):
                continue
            readings = [_reading(spot, one) for one in mine]
            for found in findings(watch.program, state, spot.past.get(key), readings, spot.place, self._context):
                rule, subject, last = watch.program.rule, spot.subject(key), mine[-1]
                alarm = alarm_id(self._site.id, rule.name, subject, found.cause)
                about = (alarm, rule.name, rule.version, subject, spot.facility.id)
                self._found.append(
                    Correction(*about, found.what, found.cause, found.at, last.device, last.heard, found.why)
                )

    def _interesting(self, spot: Spot, watch: Watch, late: Iterable[Belated]) -> bool:
        at, attribute = self._context.at, spot.place.attributes.get
        return any(watch.interest(one.values.get, attribute, at(spot.place, one.at).values.get, {}) for one in late)


def _reading(spot: Spot, one: Belated) -> Reading:
    kind, zone = spot.facility.kind.value, spot.facility.zone
    return Reading(spot.facility.id, one.device, kind, zone, one.at, one.values, 0, -1, one.at)
