"""What there was to be found, and what the network took away: as the make-believe coast tells it."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from domain.readings import Millis
from domain.site import Site

SLACK: Final[Millis] = 5_000  # a report follows what it reports within three seconds, and is on its way for a moment


class Truth(NamedTuple):
    """One thing that was there to be found, or that only looked like it; `until` is None where it lasted to the end."""

    what: str
    facility: str  # or gateway
    members: frozenset[str]
    sort: str  # fault | natural | near_miss
    since: Millis
    until: Millis | None
    onset: Millis = 0  # at most so long until it is as bad as it must be to count
    device: str = ""

    def spans(self, at: Millis) -> bool:
        """Whether it was there at that time, give or take the slack."""
        return self.since - SLACK <= at and (self.until is None or at <= self.until + SLACK)


class Lost(NamedTuple):
    """What the make-believe network took away: of each device when."""

    reports: Mapping[str, Sequence[Millis]]

    def of(self, site: Site, facility: str, since: Millis, until: Millis) -> int:
        """How many reports of a facility went astray in a span; each may cost one interval."""
        devices = site.devices_of.get(facility, ())
        return sum(since <= at <= until for device in devices for at in self.reports.get(device, ()))
