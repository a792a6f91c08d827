"""What there is to say of one rule and one subject: facts alone, for people and for JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.readings import Millis, Value
from rules.core.params import Resolved
from rules.runners.weighing import Comparison


class Standing(StrEnum):
    """How a rule stands to a subject."""

    OPEN = "open"  # its alarm is open
    CLEARING = "clearing"  # open, and what ends it holds already, though not for long enough
    PENDING = "pending"  # the condition holds, though not for long or often enough
    INHIBITED = "inhibited"  # it would be judged, but a group's alarm speaks for the subject
    GATED = "gated"  # nothing is judged in these surroundings
    UNKNOWN = "unknown"  # what was said is not enough to tell
    QUIET = "quiet"  # the condition does not hold


@dataclass(frozen=True, slots=True)
class Held:
    """A group rule that holds the subject's alarm back: whose, since when, and until when (None: it still does)."""

    rule: str
    subject: str
    since: Millis
    until: Millis | None


@dataclass(frozen=True, slots=True)
class Distrusted:
    """Quantities of a device that count for nothing, because a rule about it has an alarm open since then."""

    rule: str
    device: str
    quantities: tuple[str, ...]
    since: Millis


@dataclass(frozen=True, slots=True)
class Told:
    """A condition on the newest reading that says anything of it. `since` is when it began to be so, as far as the
    readings reach; `whole` says whether they reach farther than that.
    """

    text: str
    truth: bool | None
    comparisons: tuple[Comparison, ...] = ()
    in_the_way: tuple[Comparison, ...] = ()
    at: Millis | None = None  # of the reading; None: there is none
    since: Millis | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Pending:
    """What holds, and for how long it must. `fires` is when it is long enough by itself; None: a reading must come."""

    since: Millis
    for_s: int
    times: int
    repeat: int
    fires: Millis | None
    values: Mapping[str, Value]
    waits: Millis | None = None  # since when it has waited for a second witness: the instrument has a bad record


@dataclass(frozen=True, slots=True)
class ClauseTold:
    """One way of being wrong."""

    told: Told
    for_s: int
    repeat: int
    pending: Pending | None


@dataclass(frozen=True, slots=True)
class Gate:
    """The surroundings in which anything is judged; `until` they may be others."""

    told: Told
    until: Millis


@dataclass(frozen=True, slots=True)
class Alarm:
    """An open alarm: what opened it, what ends it, and how far that has come."""

    cause: Millis
    since: Millis
    at: Millis
    version: str
    why: Mapping[str, Value]
    members: tuple[str, ...]
    level: int
    again: int
    wrong: bool | None
    clear: Told
    clear_gate: Gate | None
    clearing: Pending | None


@dataclass(frozen=True, slots=True)
class Explained:
    """One rule and one subject. `next_look` is the Tick that changes something by itself."""

    rule: str
    id: str
    version: str
    subject: str
    standing: Standing
    clauses: tuple[ClauseTold, ...] = ()
    gate: Gate | None = None
    held: tuple[Held, ...] = ()
    distrusted: tuple[Distrusted, ...] = ()
    alarm: Alarm | None = None
    params: tuple[Resolved, ...] = ()
    next_look: Millis | None = None
    level: str = ""  # of a rule with levels: which one this is
    levels: tuple["Explained", ...] = ()
    silence: "Silence | None" = None
    group: "GroupTold | None" = None


@dataclass(frozen=True, slots=True)
class Silence:
    """Of an absence rule: when the device was last heard, and when it counts as silent."""

    device: str
    heard: Millis | None  # None: never since we listen
    listening: Millis | None
    limit: Millis  # the moment from which it is silent
    silent: Millis | None  # since when it is


@dataclass(frozen=True, slots=True)
class GroupTold:
    """Of a group rule: who is at fault, of how many, and how many it takes."""

    members: int
    counted: int
    at_fault: tuple[str, ...]
    needed: int
    hub: Millis | None
    opens: Millis | None  # a quorum is there, and members may still join
    clears: Millis | None  # enough are well again
