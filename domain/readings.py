"""What was measured, and how far it can be believed."""

from collections.abc import Mapping
from enum import IntFlag
from typing import NamedTuple

Millis = int  # ms since 1970-01-01T00:00Z
Value = float | bool | str


class Quality(IntFlag):
    """Why a reading deserves less than full belief. 0 is good. Stored as the integer field `q`."""

    GOOD = 0
    VALUE_DROPPED = 1  # a value could not be believed and is not among `values`; it lies in quarantine
    TIME_UNKNOWN = 2  # no event time was sent and it came out of a back-log; satisfies no repeat-N
    TIME_CORRECTED = 4  # the device's clock was off, the receive time stands instead
    BACKFILL = 8  # history sent later: stored, and never pages anybody
    DERIVED = 16  # reconstructed from other data


class Reading(NamedTuple):
    """All that one device said of one facility at one event time. A NamedTuple because it is on the hot path.

    Its identity is (device, at). `values` maps canonical quantity to a float, bool or str as in `naming.QUANTITIES`;
    it is never changed after the reading is made.
    """

    facility: str
    device: str
    kind: str
    zone: str
    at: Millis
    values: Mapping[str, Value]
    quality: int
    seq: int  # the device's own number, -1 where it sent none
    received: Millis
