"""What one instrument said of one quantity, by event time: steps that hold until the next, or until they are stale.

When a reading counts from: its event time, if it was heard within `SETTLED` of it; else `SETTLED` before it was heard.
So within `SETTLED` any order of arrival gives the same, and what comes later than that changes nothing that was before.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import ClassVar, Final, NamedTuple

from domain.readings import Millis

SETTLED: Final[Millis] = 60_000  # no rule waits longer for what is on its way
MINUTE: Final[Millis] = 60_000
HOUR: Final[Millis] = 60 * MINUTE
EVER: Final[Millis] = 2**48


class Step(NamedTuple):
    """A value from `since` on. It was measured at `at`, the last time; equal ones of a long dry spell are one step."""

    since: Millis
    at: Millis
    value: float


class Told(NamedTuple):
    """What is known at a moment, unchanged for since ≤ t < until. None: nothing is."""

    since: Millis
    until: Millis
    value: float | None


class Track:
    """The steps of one quantity of one device, for as far back as anybody asks."""

    OLDEST: ClassVar[Millis] = 0  # how far before the moment that is asked about it looks

    def __init__(self, patience: Millis, reach: Millis, steps: Sequence[Step] = ()) -> None:
        self.patience, self.reach = patience, reach + self.OLDEST
        self.steps = list(steps)

    def hear(self, at: Millis, received: Millis, value: float) -> bool:
        """A measurement. Whether it counts: one that is late, and older than the newest, never does."""
        late = received - at > SETTLED
        steps = self.steps
        if late and steps and at <= steps[-1].at:
            return False
        step = Step(received - SETTLED if late else at, at, value)
        place = bisect_left(steps, (step.since,))
        if place < len(steps) and steps[place].since == step.since:
            steps[place] = step
        else:
            steps.insert(place, step)
        self._forget(steps[-1].since)
        return True

    def told(self, when: Millis) -> Told:
        """What is known at a moment."""
        here = bisect_right(self.steps, (when, EVER))
        until = self.steps[here].since if here < len(self.steps) else EVER
        if here == 0:
            return Told(0, until, None)
        step = self.steps[here - 1]
        stale = step.at + self.patience
        if when >= stale:
            return Told(max(stale, step.since), until, None)
        return Told(step.since, min(until, stale), self.made(here - 1))

    def made(self, number: int) -> float | None:
        """What a step comes to: what was measured."""
        return self.steps[number].value

    def _forget(self, newest: Millis) -> None:
        """Drop what nobody asks about any more; the step that held then is still asked about."""
        old = bisect_right(self.steps, (newest - self.reach, EVER)) - 1
        if old > 0:
            del self.steps[:old]


class Peak(Track):
    """The highest of the last ten minutes."""

    OLDEST = 10 * MINUTE

    def made(self, number: int) -> float | None:
        """The highest that was measured in the ten minutes up to a step."""
        since = self.steps[number].since
        first = bisect_right(self.steps, (since - self.OLDEST, EVER))
        return max(step.value for step in self.steps[first : number + 1])


class Rise(Track):
    """1 where it stands higher than half an hour before, 0 where it does not."""

    SPAN: Final[Millis] = 30 * MINUTE
    OLDEST = 90 * MINUTE

    def made(self, number: int) -> float | None:
        """Compared with what held half an hour before; unknown where nothing newer than an hour and a half is."""
        since = self.steps[number].since
        then = bisect_right(self.steps, (since - self.SPAN, EVER)) - 1
        if then < 0 or self.steps[then].since < since - self.OLDEST:
            return None
        return float(self.steps[number].value > self.steps[then].value)


class Fallen(Track):
    """What fell in twelve hours, of a rate per hour, told every ten minutes."""

    OLDEST = 12 * HOUR
    GRID: Final[Millis] = 10 * MINUTE
    LEAST: Final[Millis] = HOUR

    def hear(self, at: Millis, received: Millis, value: float) -> bool:
        """A measurement of the rate; what is equal and settled is put together, so that a dry day is one step."""
        heard = super().hear(at, received, value)
        steps = self.steps
        for here in range(len(steps) - 1, 0, -1):
            one, other = steps[here - 1], steps[here]
            if other.at <= received - SETTLED and one.value == other.value and other.since <= one.at + self.patience:
                steps[here - 1 : here + 1] = [Step(one.since, other.at, one.value)]
        return heard

    def told(self, when: Millis) -> Told:
        """The sum of the twelve hours before the last full ten minutes; unknown before an hour of them was heard of,
        and where the rate itself is stale.
        """
        rate = super().told(when)
        then = when // self.GRID * self.GRID
        since, until = max(rate.since, then), min(rate.until, then + self.GRID)
        if rate.value is None:
            return rate
        fallen, known = 0.0, 0
        for number, step in enumerate(self.steps):
            after = self.steps[number + 1].since if number + 1 < len(self.steps) else EVER
            first = max(step.since, then - self.OLDEST)
            last = min(after, step.at + self.patience, then)
            if last > first:
                known += last - first
                fallen += step.value * (last - first) / HOUR
        return Told(since, until, round(fallen, 3) if known >= self.LEAST else None)
