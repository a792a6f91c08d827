"""What the core remembers of one rule and one subject: small, and the same after a round trip through JSON."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from domain.alarms import AlarmState
from domain.readings import Millis, Value


class Holding(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """A condition that has been seen to hold, without a break."""

    since: Millis  # event time that first showed it
    newest: Millis  # event time that last showed it
    times: int  # distinct event times that showed it
    reached: Millis | None  # event time at which they were enough; None: not yet
    values: dict[str, Value]  # what the newest showed
    waits: Millis | None = None  # since when it has waited for a second witness


class Opened(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """An alarm that is open."""

    cause: Millis
    since: Millis
    at: Millis
    version: str  # of the rule that opened it
    why: dict[str, Value]
    members: tuple[str, ...] = ()
    level: int = 0  # of a rule with levels, from 1
    again: int = 0  # how often it was over, and came back within the cool-down


class Closed(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """An alarm that was over at `at`, and may come back."""

    cause: Millis
    since: Millis
    at: Millis
    again: int = 0


class Sample(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """The part of a reading that settled clauses want: waiting to be judged, or still inside a window.

    An absence rule's samples carry `said`: False for silence, with the time last heard among the values.
    """

    at: Millis
    device: str
    values: dict[str, Value]
    said: bool = True


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule, one subject. `QUIET` is the state of whoever was never in trouble, and is not kept."""

    holds: tuple[Holding | None, ...] = ()  # one per clause; () = none of them
    open: Opened | None = None
    clearing: Holding | None = None
    wrong: bool | None = None  # while open: did a clause hold when last judged; None: cannot be told now
    samples: tuple[Sample, ...] = ()  # in order of (at, device)
    judged: Millis = -1  # settled judgement has come so far; what is older comes too late
    closed: Closed | None = None  # within the cool-down
    parts: tuple["State", ...] = ()  # of a rule with levels: one each


QUIET = State()


class Change(NamedTuple):
    """What was decided of a subject; the runner adds whose rule it is and the alarm's id."""

    state: AlarmState
    cause: Millis
    since: Millis
    at: Millis
    version: str
    members: tuple[str, ...]
    why: Mapping[str, Value]
    level: int = 0


class Cover(NamedTuple):
    """An inhibitor over a subject: from when, and until when (None: it still is)."""

    since: Millis
    until: Millis | None
