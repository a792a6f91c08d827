"""What a device's bytes say, in its vendor's own words."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from domain.readings import Millis


class Earlier(NamedTuple):
    """Values that the device had kept, at their own time."""

    at: Millis
    fields: Mapping[str, Any]


class Decoded(NamedTuple):
    """Field names, units and words as in the vendor's published decoder; a profile maps them to ours."""

    fields: Mapping[str, Any]
    history: tuple[Earlier, ...] = ()
    at: Millis | None = None  # the device's own clock, where the payload carries it
    unread: bytes = b""  # from here on the payload is of a kind that is not known, or cut off


PayloadDecoder = Callable[[bytes, int], Decoded]
"""(bytes, FPort) → what they say. Raises RejectedError where nothing can be read; never anything else, on any bytes."""
