"""An alarm: a condition that a rule found to hold, of one subject, from one cause."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.readings import Millis


class AlarmState(StrEnum):
    """Where an alarm stands."""

    OPEN = "open"
    CLEARED = "cleared"  # the condition is gone, for as long as the rule asks


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
