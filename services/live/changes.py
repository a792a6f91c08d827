"""What watchers are given: a numbered snapshot, and numbered changes after it. Bodies are JSON-able, times ms UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

import msgspec

Body = Mapping[str, Any]


class What(StrEnum):
    """What can change."""

    FACILITY = "facility"  # how it stands, and its latest values
    ALARM = "alarm"
    ORDER = "order"
    ELEMENT = "element"  # the counters of one element (要素)
    STATUS = "status"  # how the service stands; its id is "service"


class Change(NamedTuple):
    """One thing is now so. `number` rises by one each; `body` is all of it, or None where it is no longer kept."""

    number: int
    what: What
    id: str
    body: Body | None


@dataclass(frozen=True)
class Batch:
    """Changes of one moment, in order; `encoded` once for however many watch."""

    changes: tuple[Change, ...]

    @cached_property
    def encoded(self) -> str:
        """A frame: `{"changes": [[number, what, id, body], …]}`."""
        return msgspec.json.encode({"changes": self.changes}).decode()


@dataclass(frozen=True)
class Snapshot:
    """Everything that is kept, as it is after change `number` of this `epoch`. Numbers of two epochs (another process,
    a restart) have nothing to do with each other.
    """

    epoch: str
    number: int
    facilities: Mapping[str, Body]
    alarms: Mapping[str, Body]
    orders: Mapping[str, Body]
    elements: Mapping[str, Body]
    status: Body

    @cached_property
    def encoded(self) -> str:
        """A frame: `{"snapshot": {…}}` with a key for each field."""
        names = ("epoch", "number", "facilities", "alarms", "orders", "elements", "status")
        return msgspec.json.encode({"snapshot": {name: getattr(self, name) for name in names}}).decode()
