"""An alarm: a condition that a rule found to hold, of one subject, from one cause."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.readings import Millis


class AlarmState(StrEnum):
    """Where an alarm stands."""

    OPEN = "open"
    CLEARED = "cleared"  # the condition is gone, for as long as the rule asks


class Hindsight(StrEnum):
    """What would have become of an alarm, had late data been there in time."""

    OPENED = "opened"  # an alarm that never was
    CLEARED = "cleared"  # sooner than it was
    NEVER_OPENED = "never_opened"  # an alarm that should not have been


@dataclass(frozen=True, slots=True)
class Correction:
    """What data that came after their time had been judged would have changed. It is kept and shown, and nobody is ever
    called by it. `alarm` is the alarm's id, or what it would have been.
    """

    alarm: str
    rule: str
    version: str
    subject: str
    facility: str
    what: Hindsight
    cause: Millis
    at: Millis  # event time at which it would have been decided; of an alarm that should not have been, when it was
    device: str  # whose data
    heard: Millis  # when they came
    why: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class AlarmChange:
    """What the rule engine decided, at one moment of event time.

    `subject` is `facility:ID`, `device:ID`, or `{grouping}:ID` for a group (`feeder:ID`, `gateway:ID`). `cause` is
    fixed when first decided; later evidence amends `since`, `members`, `why` and `level` alone, in another change with
    the same alarm and state. One that was cleared may open again within its rule's cool-down. `members` are the
    facilities of a group at fault, sorted; they only grow. `why` is what made it so: values, thresholds, context;
    JSON-able, shown to people and pinned with the alarm.
    """

    alarm: str
    rule: str
    version: str  # content hash of the rule
    subject: str
    state: AlarmState
    cause: Millis
    since: Millis
    at: Millis  # event time of this change
    facility: str  # the facility a crew is sent to: the subject's own, or the group's hub (feeder, gateway)
    members: tuple[str, ...]
    why: Mapping[str, object]
    level: int = 0  # how bad, from 1, where the rule has levels; it goes up and down while the alarm is open
