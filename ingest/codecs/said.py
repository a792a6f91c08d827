"""What a message says, before anyone asks whether it can be believed: the form that every codec decodes to."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import msgspec

from domain.readings import Value

Time = Annotated[datetime, msgspec.Meta(tz=True)] | int  # an int is ms since 1970-01-01T00:00Z
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Measured(msgspec.Struct, gc=False):
    """Values of an earlier time."""

    at: Time
    values: dict[str, Value]


class Said(msgspec.Struct, gc=False):
    """One message of a device. `values` has JSON's own types: numbers are floats, names may be unknown."""

    at: Time | None = None
    seq: Count = -1  # -1 where none was sent
    values: dict[str, Value] | None = None
    history: list[Measured] | None = None
    derived: bool = False  # reconstructed from other data, not measured


Faults = tuple[tuple[str, str], ...]  # (quantity or field, reason): parts that had to be left out
Codec = Callable[[bytes], tuple[Said, Faults]]  # raises RejectedError where nothing of the message can be read
