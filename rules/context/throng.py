"""How full a zone is: its people counters against their capacity, with a level that is quick to rise and slow to fall.

Yellow, orange and red from 80, 90 and 100 %. A level is left when the share has been more than ten points below where
it begins for a quarter of an hour (domain.md §4.2 R23). It is unknown while the counters that are heard stand for less
than half of the zone's capacity.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from domain.readings import Millis
from rules.context.tracks import EVER, MINUTE, SETTLED

FROM: Final = (0.0, 80.0, 90.0, 100.0)  # % at which each level begins
BACK: Final = 10.0  # points below which it ends
CALM: Final[Millis] = 15 * MINUTE  # … after so long


class Count(NamedTuple):
    """People at one counter, from `since` on, as it said at `at`."""

    since: Millis
    facility: str
    at: Millis
    people: float


class Standing(NamedTuple):
    """How a zone stands after a count. `calm_to`: the level that it falls to once it has been calm for long enough."""

    counts: Mapping[str, tuple[Millis, float]] = {}
    share: float = 0.0
    level: int = 0
    calm_since: Millis | None = None
    calm_to: int = 0
    stale: Millis = 0  # nobody knows from then on


class Throng:
    """The counters of one zone: facility → how many people it is made for, and how long its word counts."""

    def __init__(
        self,
        capacity: Mapping[str, float],
        patience: Mapping[str, Millis],
        reach: Millis,
        counts: Sequence[Count] = (),
        before: Standing | None = None,
    ) -> None:
        self._capacity, self._patience, self._reach = capacity, patience, reach
        self.before = before or Standing()  # what came of all that is forgotten
        self.counts = list(counts)
        self._standings: list[Standing] = []
        self._fold(0)

    def hear(self, facility: str, at: Millis, received: Millis, people: float) -> bool:
        """A count. Whether it counts: one that is late, and older than the newest of its counter, never does."""
        late = received - at > SETTLED
        forgotten = self.before.counts.get(facility, (-1, 0.0))[0]
        newest = max((c.at for c in self.counts if c.facility == facility), default=forgotten)
        if late and at <= newest:
            return False
        count = Count(received - SETTLED if late else at, facility, at, people)
        place = bisect_left(self.counts, count[:2])
        same = place < len(self.counts) and self.counts[place][:2] == count[:2]
        self.counts[place : place + same] = [count]
        self._fold(place)
        self._forget(self.counts[-1].since)
        return True

    def at(self, when: Millis) -> tuple[Millis, Millis, tuple[int, float] | None]:
        """Since when, until when, and level and share; None: nobody knows."""
        here = bisect_right(self.counts, (when, "\U0010ffff"))
        until = self.counts[here].since if here < len(self.counts) else EVER
        since = self.counts[here - 1].since if here else 0
        now = self._standings[here - 1] if here else self.before
        if when >= now.stale:
            return max(since, now.stale), until, None
        calm = now.calm_since + CALM if now.calm_since is not None else EVER
        if when >= calm:
            return max(since, calm), min(until, now.stale), (now.calm_to, now.share)
        return since, min(until, now.stale, calm), (now.level, now.share)

    def _fold(self, first: int) -> None:
        """Say anew how it stands from one count on. Counts of one moment are judged together."""
        del self._standings[first:]
        for number in range(first, len(self.counts)):
            count = self.counts[number]
            said = self._standings[number - 1].counts if number else self.before.counts
            base = number
            while base and self.counts[base - 1].since == count.since:
                base -= 1
            before = self._standings[base - 1] if base else self.before
            self._standings.append(self._after(before._replace(counts=said), count))

    def _after(self, before: Standing, count: Count) -> Standing:
        at, patience = count.since, self._patience
        counts = {who: said for who, said in before.counts.items() if said[0] + patience.get(who, 0) > at}
        if count.facility in self._capacity:
            counts[count.facility] = (count.at, count.people)
        stale = max((said + patience.get(who, 0) for who, (said, _) in counts.items()), default=0)
        room = sum(self._capacity.get(who, 0.0) for who in counts)
        if 2 * room < sum(self._capacity.values()):
            return Standing(counts)
        share = round(100.0 * sum(people for _, people in counts.values()) / room, 3) if room else 0.0
        level, calm_since, calm_to = before.level, before.calm_since, before.calm_to
        if at >= before.stale:
            level, calm_since = 0, None
        elif calm_since is not None and at >= calm_since + CALM:
            level, calm_since = calm_to, None
        reached = max(n for n, begins in enumerate(FROM) if share >= begins)
        held = max(n for n, begins in enumerate(FROM[: level + 1]) if n == 0 or share >= begins - BACK)
        if reached >= level or held == level:
            return Standing(counts, share, max(level, reached), None, 0, stale)
        low = held if calm_since is None else max(calm_to, held)
        return Standing(counts, share, level, at if calm_since is None else calm_since, low, stale)

    def _forget(self, newest: Millis) -> None:
        old = bisect_right(self.counts, (newest - self._reach, "\U0010ffff")) - 1
        while old > 0 and self.counts[old - 1].since == self.counts[old].since:
            old -= 1  # those of one moment stay together
        if old > 0:
            self.before = self._standings[old - 1]
            del self.counts[:old], self._standings[:old]
