"""Who is, or was, or will be at work where: crews that have arrived, and work that was planned."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from domain.readings import Millis
from rules.context.tracks import EVER, HOUR, MINUTE
from rules.core.surroundings import Surroundings

GRACE: Final[Millis] = 30 * MINUTE  # bleach smells on, a lamp warms up: after "done" it still counts as being worked on
LONGEST: Final[Millis] = 8 * HOUR  # a shift: who has not said "done" by then has forgotten to
REMEMBERED: Final[Millis] = 48 * HOUR  # after its end


class Stint(NamedTuple):
    """A crew's work on one facility: from, and until, or still."""

    who: str
    since: Millis
    until: Millis | None

    @property
    def ended(self) -> Millis:
        """When it ended, or ends by itself."""
        return self.since + LONGEST if self.until is None else self.until

    @property
    def over(self) -> Millis:
        """When it no longer counts."""
        return self.ended if self.until is None else self.until + GRACE


class Plan(NamedTuple):
    """Work that was announced: on a facility, or on everything in a zone."""

    id: str
    facility: str
    zone: str
    since: Millis
    until: Millis


class Stints:
    """The work on one facility."""

    def __init__(self, stints: Iterable[Stint] = ()) -> None:
        self.stints = list(stints)

    @property
    def ended(self) -> Millis:
        """When the last of it ended; 0 where there is none."""
        return max((stint.ended for stint in self.stints), default=0)

    def work(self, who: str, since: Millis | None, until: Millis | None) -> bool:
        """Somebody's work begins, or ends, or (both None) never was. Whether anything is other than before."""
        before = list(self.stints)
        open_ = next((n for n, stint in enumerate(self.stints) if stint.who == who and stint.until is None), None)
        if since is None and until is None:
            self.stints = [stint for stint in self.stints if stint.who != who]
        elif until is None and since is not None:
            if open_ is None:
                self.stints.append(Stint(who, since, None))
        elif until is not None and open_ is not None:
            began = self.stints[open_].since
            self.stints[open_] = Stint(who, began, max(began, min(until, self.stints[open_].ended)))
        elif until is not None and since is not None:
            self.stints.append(Stint(who, since, max(since, until)))
        newest = max((stint.since for stint in self.stints), default=0)
        self.stints = sorted(stint for stint in self.stints if stint.ended > newest - REMEMBERED)
        return self.stints != before

    def at(self, when: Millis, *, minutely: bool = True) -> Surroundings:
        """`at_work`, and `since_work` where somebody was there lately. `minutely`: say that minute by minute."""
        edges = [edge for s in self.stints for edge in (s.since, s.ended, s.over, s.ended + REMEMBERED)]
        since = max((edge for edge in edges if edge <= when), default=0)
        until = min((edge for edge in edges if edge > when), default=EVER)
        values: dict[str, bool | float] = {"at_work": any(s.since <= when < s.over for s in self.stints)}
        if any(s.since <= when < s.ended for s in self.stints):
            values["since_work"] = 0.0
            return Surroundings(since, until, values)
        ended = max((s.ended for s in self.stints if s.ended <= when < s.ended + REMEMBERED), default=None)
        if ended is not None and minutely:
            minutes = (when - ended) // MINUTE
            values["since_work"] = minutes * 60.0
            since, until = max(since, ended + minutes * MINUTE), min(until, ended + (minutes + 1) * MINUTE)
        return Surroundings(since, until, values)


def planned(plans: Iterable[Plan], zone: str, facility: str, when: Millis) -> Surroundings:
    """`maintenance` on a facility or its zone; "" as facility: on the zone alone."""
    mine = [p for p in plans if (p.facility and p.facility == facility) or (p.zone and p.zone == zone)]
    edges = [edge for plan in mine for edge in (plan.since, plan.until)]
    since = max((edge for edge in edges if edge <= when), default=0)
    until = min((edge for edge in edges if edge > when), default=EVER)
    return Surroundings(since, until, {"maintenance": any(p.since <= when < p.until for p in mine)})
