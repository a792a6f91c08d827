"""What surrounds a reading, as the core sees it: values that hold between two moments."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from domain.readings import Millis


class Surroundings(NamedTuple):
    """The context of a zone, unchanged for since ≤ t < until. `values` by the names of `vocabulary.CONTEXT`."""

    since: Millis
    until: Millis
    values: Mapping[str, bool]


class Context(Protocol):
    """Where values come from; the same question has the same answer for ever, so that a replay hears the same."""

    def at(self, zone: str, when: Millis) -> Surroundings:
        """The surroundings of a zone at a moment."""
        ...


class Place(NamedTuple):
    """What a condition may know of the facility, beside what was measured."""

    zone: str
    attributes: Mapping[str, float]


class Tick(NamedTuple):
    """For this subject, act as if nothing older than `at` were still to come."""

    at: Millis


class Silent(NamedTuple):
    """A device has not been heard for its whole limit, which ended at `at`."""

    at: Millis
    device: str
    heard: Millis  # last heard, or the start of listening
