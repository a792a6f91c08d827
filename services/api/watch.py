"""Looks at the running service once a second, so that it can be said how fast, how far behind, and since when."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from domain.naming import TAKEN_OVER
from domain.ports import Clock
from domain.readings import Millis
from services.api.examples import READY, shown
from services.api.seams import Pulse
from services.api.shown import Time
from services.dispatch.when import rfc3339

LOOK_S: Final = 1.0
OVER_S: Final = 10.0  # rates are means over so long
KEPT_S: Final = 60.0
LATE_S: Final = 10.0  # a consumer that is further behind the door is not ready
TAKEN: Final = (
    "the broker throws us out: another program comes with our client id, and gets what was for us; stop it, or give it"
    " a TIDEWALK_CLIENT_ID of its own"
)
_LINK: Final = {
    "": "the broker has not been reached yet",
    "started": "the broker has not been reached yet",
    "down": "the broker is away",
    TAKEN_OVER: TAKEN,
    "up": "connected; what waited at the broker is still coming in",
}
_NO_STEP: Final = "waits for the simulators' clock"
UNMEASURED: Final = "back-log not measured: its marker has not come back"


class Readiness(StrEnum):
    """Whether the service does its work."""

    READY = "ready"
    DEGRADED = "degraded"  # alarms and orders come about; what is not ok waits, and nothing is lost
    NOT_READY = "not ready"  # nothing is heard, or nothing is judged
    STANDBY = "standby"  # another node does it


class Part(BaseModel):
    """A part of the service: whether it works, why not, and since when that is so."""

    ok: bool
    why: str
    since: Time


class Ready(BaseModel):
    """All parts, and what they come to."""

    model_config = ConfigDict(json_schema_extra=shown(READY))

    status: Readiness
    parts: dict[str, Part] = Field(description="door, judge, store, dispatch")


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a consumer of the journal is behind the door. Seconds are counted up to a minute."""

    rows: int
    seconds: float


class Watch:
    """What was seen of a service in the last minute. `beat` is a clock that never jumps, in seconds."""

    def __init__(self, look: Callable[[], Pulse], wall: Clock, beat: Callable[[], float]) -> None:
        self._look, self._wall, self._beat = look, wall, beat
        self._seen: deque[tuple[float, Pulse]] = deque()
        self._parts: dict[str, Part] = {}
        self._stands: tuple[int, float] | None = None  # since when messages wait for a clock step, after which row
        self.began: Millis = wall.now()
        self.look()

    async def run(self) -> None:
        """Look for ever; cancel it to end."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_S)

    def look(self) -> Pulse:
        """What is seen now."""
        now, pulse = self._beat(), self._look()
        while self._seen and self._seen[0][0] < now - KEPT_S:
            self._seen.popleft()
        if not self._seen or now - self._seen[-1][0] >= LOOK_S / 2:
            self._seen.append((now, pulse))
        for name, (ok, why) in self._judged(pulse, now).items():
            before, away = self._parts.get(name), pulse.away.get(name)
            since = before.since if before is not None and before.ok == ok else self._wall.now()
            self._parts[name] = Part(ok=ok, why=why, since=since if away is None else away.since)
        return pulse

    def ready(self) -> Ready:
        """Whether each part works. Without the door or the judge the service does not; without the rest it goes on."""
        self.look()
        parts = dict(self._parts)
        if not (parts["door"].ok and parts["judge"].ok):
            status = Readiness.NOT_READY
        else:
            status = Readiness.READY if all(part.ok for part in parts.values()) else Readiness.DEGRADED
        return Ready(status=status, parts=parts)

    def per_second(self, count: Callable[[Pulse], int]) -> float:
        """How fast a count rose in the last ten seconds."""
        now, pulse = self._beat(), self._look()
        then, before = next((one for one in self._seen if one[0] >= now - OVER_S), (now, pulse))
        return round((count(pulse) - count(before)) / (now - then), 2) if now > then else 0.0

    def lag(self, row: int) -> Lag:
        """How far a consumer that has come to `row` is behind."""
        return self._lag(row, self._look(), self._beat())

    def _lag(self, row: int, pulse: Pulse, now: float) -> Lag:
        waits = next((now - at for at, seen in self._seen if seen.row > row), 0.0)
        return Lag(max(0, pulse.row - row), round(waits, 1))

    def _judged(self, pulse: Pulse, now: float) -> dict[str, tuple[bool, str]]:
        return {
            "door": self._door(pulse, now),
            "judge": self._consumer(pulse.judge.row, pulse.judge.waiting_for, pulse, now),
            "store": self._consumer(pulse.store.row, pulse.store.waiting_for, pulse, now),
            "dispatch": _dispatch(pulse),
            **{name: (False, away.why) for name, away in pulse.away.items()},
        }

    def _consumer(self, row: int, waiting_for: str, pulse: Pulse, now: float) -> tuple[bool, str]:
        if waiting_for:
            return False, waiting_for
        lag = self._lag(row, pulse, now)
        late = lag.seconds > LATE_S
        return not late, f"{lag.rows} rows behind the door" if late else ""

    def _door(self, pulse: Pulse, now: float) -> tuple[bool, str]:
        if pulse.trouble:
            return False, f"the journal cannot be written: {pulse.trouble}"
        if pulse.link in _LINK:
            return False, _LINK[pulse.link]
        if not (pulse.stepping and pulse.held):
            self._stands = None
        elif self._stands is None or self._stands[0] != pulse.row:
            self._stands = pulse.row, now
        elif now - self._stands[1] >= LATE_S:
            return False, _NO_STEP
        return True, UNMEASURED if pulse.link == "unmeasured" else ""


def _dispatch(pulse: Pulse) -> tuple[bool, str]:
    """Messages wait for their broker, or a contact of people takes nothing."""
    down = (f"{target} takes nothing since {rfc3339(since)}: {why}" for target, (since, why) in pulse.down.items())
    why = "; ".join((*([pulse.dispatch] if pulse.dispatch else ()), *down))
    return not why, why
