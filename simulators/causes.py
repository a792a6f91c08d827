"""What there was to be found on the coast: every fault, near-miss and natural cause, from when until when."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from domain.readings import Millis
from simulators.almanac import stamp
from simulators.chance import token

# What belongs to the course of a day: worth knowing, and nothing is broken; something may break there all the same.
COURSE: Final = frozenset(
    {
        "due",
        "filling",
        "used",
        "queue",
        "crowded",
        "lot_full",
        "frost",
        "gale",
        "high_tide",
        "over_deck",
        "watered",
        "moist",
    }
)


class Cause(NamedTuple):
    """One cause. Told when it begins (`until` None where it must be mended) and again when it ends."""

    id: str
    what: str
    facility: str
    since: Millis
    until: Millis | None
    sort: str  # fault | natural | near_miss
    members: tuple[str, ...] = ()
    device: str = ""

    def told(self) -> Mapping[str, Any]:
        """As a line of the ledger."""
        line: dict[str, Any] = {
            "id": self.id,
            "what": self.what,
            "facility": self.facility,
            "from": stamp(self.since),
            "until": None if self.until is None else stamp(self.until),
            "class": self.sort,
        }
        if self.members:
            line["members"] = list(self.members)
        if self.device:
            line["device"] = self.device
        return line


class Causes:
    """Those that are open, and what has not been told yet."""

    def __init__(self) -> None:
        self._open: dict[str, dict[str, Cause]] = {}  # by facility, then by what
        self._untold: list[Cause] = []

    def open_at(self, facility: str) -> Mapping[str, Cause]:
        """What is wrong, or nearly, with a facility now, by name."""
        return self._open.get(facility, {})

    def troubled(self, facility: str) -> bool:
        """Whether something is wrong with it, or nearly, that is not of the day's course."""
        return any(what not in COURSE for what in self._open.get(facility, {}))

    def arose(self, cause: Cause) -> None:
        """A cause begins; the same name at the same facility is one until it ends."""
        here = self._open.setdefault(cause.facility, {})
        if cause.what not in here:
            here[cause.what] = cause
            self._untold.append(cause)

    def passed(self, what: str, facility: str, at: Millis) -> None:
        """It is no more. Nothing where there was none."""
        cause = self._open.get(facility, {}).pop(what, None)
        if cause is not None and cause.until is None:
            self._untold.append(cause._replace(until=at))

    def take(self) -> list[Cause]:
        """What has been learnt since the last call, in order."""
        told, self._untold = self._untold, []
        return told


def natural(what: str, facility: str, since: Millis) -> Cause:
    """A cause that nobody planned: filled, used up, dried."""
    return Cause(token("natural", what, facility, since), what, facility, since, None, "natural")
