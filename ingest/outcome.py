"""What a row of the journal turned out to say, gathered message by message."""

from typing import Final

from domain.messages import Fate, Heard, Message, Quarantined, Row
from domain.readings import Reading
from ingest import quarantine
from ingest.codecs.said import Faults

_SPELT_OUT: Final = 32  # faults of one message that are named one by one


class Outcome:
    """What has been found in a row so far."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self.readings: list[Reading] = []
        self.notes: list[Message] = []
        self.quarantined: list[Quarantined] = []
        self.fates: list[Fate] = []
        self.keys: list[bytes] = []  # of what brings readings, or would have

    def heard(self) -> Heard:
        """All of it."""
        return Heard(
            self._row.number,
            self._row.at,
            tuple(self.readings),
            tuple(self.notes),
            tuple(self.quarantined),
            tuple(self.fates),
        )

    def note(self, message: Message, key: bytes) -> None:
        """Hand the message on as it is."""
        self.notes.append(message)
        self.fates.append(Fate(key, 0, ""))

    def refuse(self, message: Message, place: int, key: bytes, reason: str) -> None:
        """Keep the whole message aside."""
        self.keep_aside(message, place, key, (("", reason),))
        self.fates.append(Fate(key, 0, reason))

    def keep_aside(self, message: Message, place: int, key: bytes, left_out: Faults) -> None:
        """Keep parts of it aside, the first ones by name."""
        rest = len(left_out) - _SPELT_OUT
        if rest > 0:
            left_out = (*left_out[:_SPELT_OUT], ("…", quarantine.more(rest)))
        topic, payload, received, _ = message
        for quantity, reason in left_out:
            self.quarantined.append(
                Quarantined(self._row.number, place, quantity, reason, topic, payload, received, key)
            )
