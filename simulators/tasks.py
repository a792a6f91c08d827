"""An order, as the crew has it that hears of it over MQTT."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from domain.readings import Millis
from simulators.almanac import HOUR


@dataclass(slots=True, eq=False)
class Task:
    """One order in one crew's hands. `stage`: new, queued, busy, done, declined, held."""

    order: str
    revision: int
    state: str
    facility: str
    kind: str
    device: str
    priority: str
    safety: bool
    rework: int
    dispatched: Millis
    members: tuple[str, ...] = ()
    stage: str = "new"
    done_at: Millis = 0

    @property
    def minor(self) -> bool:
        """Whether a crew may be careless about it: nobody is when there is danger."""
        return not self.safety and self.priority >= "P2"

    @property
    def sensors(self) -> bool:
        """Whether it is about one of our own instruments, and not about what that looks at."""
        return bool(self.device)


def read_task(payload: bytes, order: str, now: Millis) -> Task | None:
    """What a message says of an order; None where it cannot be read. A dispatch that cannot be believed was now."""
    try:
        told: Any = msgspec.json.decode(payload)
        dispatched = _millis(told.get("dispatched"))
        return Task(
            order=order,
            revision=int(told["revision"]),
            state=str(told["state"]),
            facility=str(told.get("facility", "")),
            kind=str(told.get("kind", "")),
            device=str(told.get("device", "")),
            priority=str(told.get("priority", "P3")),
            safety=bool(told.get("safety", False)),
            rework=int(told.get("rework", 0)),
            dispatched=dispatched if dispatched is not None and now - HOUR <= dispatched <= now else now,
            members=tuple(str(member) for member in told.get("members", ())),
        )
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return None


def _millis(told: object) -> Millis | None:
    return round(datetime.fromisoformat(told).timestamp() * 1000) if isinstance(told, str) else None
