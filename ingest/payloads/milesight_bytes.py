"""Bytes from the left, little-endian, as Milesight writes them; and what a channel's reader fills."""

import math
import struct
from typing import Any, Final

from domain.readings import Millis
from ingest.payloads.decoded import Earlier

_FIRST_CLOCK: Final = 1_420_070_400  # 2015-01-01: no device with a history is older, so its clock was never set
_LAST_CLOCK: Final = 4_102_444_800  # 2100-01-01


class EndsEarlyError(Exception):
    """The bytes end before, or go on otherwise than, what began there."""


class Bytes:
    """A payload, read from the left. Every read raises EndsEarlyError where too little is left."""

    __slots__ = ("_all", "at")

    def __init__(self, payload: bytes) -> None:
        self._all, self.at = payload, 0

    def left(self) -> int:
        """How many bytes are still unread."""
        return len(self._all) - self.at

    def take(self, count: int) -> bytes:
        """The next bytes, as they are."""
        end = self.at + count
        if end > len(self._all):
            raise EndsEarlyError
        taken, self.at = self._all[self.at : end], end
        return taken

    def u(self, count: int) -> int:
        """The next bytes as a number without sign."""
        return int.from_bytes(self.take(count), "little")

    def i(self, count: int) -> int:
        """The next bytes as a number with sign."""
        return int.from_bytes(self.take(count), "little", signed=True)

    def f(self, count: int) -> float | None:
        """The next 2, 4 or 8 bytes as a float, to the vendor's two decimals; None for what is no number."""
        return as_float(self.take(count))


def as_float(raw: bytes) -> float | None:
    """2, 4 or 8 bytes as a float, to the vendor's two decimals; None for what is no number."""
    (found,) = struct.unpack({2: "<e", 4: "<f", 8: "<d"}[len(raw)], raw)
    return round(found, 2) if math.isfinite(found) else None


def word_of(words: tuple[str, ...], code: int) -> str:
    """The vendor's word for a code; "unknown" for one that has none."""
    return words[code] if code < len(words) else "unknown"


class Found:
    """What was read so far: the present values, and earlier ones at their own times."""

    __slots__ = ("at", "fields", "history", "target")

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self.target = self.fields  # where plain values go: the present ones, until a frame of earlier ones begins
        self.history: list[Earlier] = []
        self.at: Millis | None = None

    def earlier(self, seconds: int, fields: dict[str, Any]) -> None:
        """Values at a time of their own. Left out where the device's clock was never set."""
        if _FIRST_CLOCK <= seconds < _LAST_CLOCK:
            self.history.append(Earlier(seconds * 1000, fields))

    def clock(self, seconds: int) -> None:
        """The device's own time of the present values, where its clock was set."""
        if _FIRST_CLOCK <= seconds < _LAST_CLOCK:
            self.at = seconds * 1000


def put(fields: dict[str, Any], name: str, value: object) -> None:
    """Set a value; a dot in the name is a value within a value."""
    while "." in name:
        outer, name = name.split(".", 1)
        inner = fields.setdefault(outer, {})
        fields = inner if isinstance(inner, dict) else fields.setdefault(f"{outer}_", {})
    fields[name] = value
