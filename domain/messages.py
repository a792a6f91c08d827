"""What was heard: raw messages, the journal's rows, and what a row turned out to say."""

from enum import IntFlag
from typing import NamedTuple

from domain.readings import Millis, Reading


class Flag(IntFlag):
    """What is known of a message beside its bytes."""

    NONE = 0
    RETAINED = 1  # a replay to a new subscription: a state snapshot, never a new event
    BACKLOG = 2  # came before the marker returned: nobody knows how long it waited
    TRUNCATED = 4  # too large to keep: the payload is `key (8) ‖ size (8, big-endian) ‖ first 4 KiB`
    RETRY = 8  # put back from quarantine; `received` is the first receive time


class Message(NamedTuple):
    """One message as it came off the wire, or one that the service wrote itself (topics under `$tidewalk/`)."""

    topic: str
    payload: bytes
    received: Millis
    flags: int = 0


class Row(NamedTuple):
    """One durable row of the journal. Every row is a Tick at `at`, after its messages; `at` never decreases."""

    number: int
    at: Millis
    messages: tuple[Message, ...]


class Quarantined(NamedTuple):
    """What was kept aside, and why. Keyed on (row, place, quantity): writing it twice leaves one.

    `quantity` is "" where the whole message was refused and the name of the value where only that one was.
    """

    row: int
    place: int  # in the row, from 0
    quantity: str
    reason: str
    topic: str
    payload: bytes
    received: Millis
    key: bytes


class Fate(NamedTuple):
    """What became of one message: the number of points it turned into, or why it was kept aside, or "noted".

    Exactly one of: `points > 0`, `reason != ""`, or neither (noted: a reply, a status, the clock, a marker).
    """

    key: bytes
    points: int
    reason: str


class Heard(NamedTuple):
    """One journal row, read: what every consumer downstream of the door works on."""

    row: int
    at: Millis
    readings: tuple[Reading, ...]  # in row order
    notes: tuple[Message, ...]  # all that is not telemetry: replies, statuses, link, commands, edits, clock
    quarantined: tuple[Quarantined, ...]
    fates: tuple[Fate, ...]  # one per message, in row order
