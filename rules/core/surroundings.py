"""What surrounds a reading, as the core sees it: values that hold between two moments."""

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol, runtime_checkable

from domain.naming import Kind
from domain.readings import Millis, Reading


class Place(NamedTuple):
    """Where something is judged. `facility` is "" where a zone is meant: then what its facilities share is known."""

    zone: str
    attributes: Mapping[str, float]
    facility: str = ""
    doubted: int = 0  # marks on all of its instruments' records; 0: at least one is believed (rules/core/trust.py)


class Surroundings(NamedTuple):
    """The context of a place, unchanged for since ≤ t < until. `values` by the names of `vocabulary.CONTEXT`, each a
    flag or a number as it says there; what is not known is not among them.
    """

    since: Millis
    until: Millis
    values: Mapping[str, bool | float]


class Context(Protocol):
    """Where values come from; the same question after the same journal rows has the same answer for ever, so that a
    replay hears the same.
    """

    def at(self, place: Place, when: Millis) -> Surroundings:
        """The surroundings of a place at a moment."""
        ...


@runtime_checkable
class Listening(Context, Protocol):
    """A context that learns from the journal. The runner tells it everything in the order of the journal, each thing
    after all that fell due before it, and asks `at` anew after whatever said that answers may have changed.
    """

    @property
    def kinds(self) -> frozenset[Kind]:
        """Whose readings it wants to hear."""
        ...

    @property
    def apart(self) -> Collection[str]:
        """The facilities that may be surrounded by something else than all others of their zone. Who is among them
        changes with `work`, `plan` and `load` alone.
        """
        ...

    def hear(self, reading: Reading) -> bool:
        """A reading of one of `kinds`, back-filled and doubtful ones as well. Whether any answer may now be another."""
        ...

    def work(self, facility: str, who: str, since: Millis | None, until: Millis | None) -> bool:
        """A crew is at work on a facility from `since`, and until `until` where that is known (None: still there). With
        `until` alone, what it had begun ends; with neither, nobody came after all. Whether any answer may be another.
        """
        ...

    def plan(self, plan: str, facility: str, zone: str, since: Millis, until: Millis) -> bool:
        """Work is planned on a facility, or (that being "") in a zone; the same plan again is a change of it, and one
        that ends as it begins is taken back. Whether any answer may now be another.
        """
        ...

    def save(self) -> bytes:
        """All that it has learnt, for `load`."""
        ...

    def load(self, text: bytes) -> None:
        """Take up what `save` gave."""
        ...


class Tick(NamedTuple):
    """For this subject, act as if nothing older than `at` were still to come."""

    at: Millis


class Silent(NamedTuple):
    """A device has not been heard for its whole limit, which ended at `at`."""

    at: Millis
    device: str
    heard: Millis  # last heard, or the start of listening
