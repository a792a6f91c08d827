"""What `tidewalk bench e2e` plays, and what it has found: plain values."""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from services.settings import Settings

LATE_S: Final = 1.0  # a step has failed where p99 to the store is above this
KEPT_UP: Final = 0.97  # … or where less than this share of the rate came through


@dataclass(frozen=True, slots=True)
class Plan:
    """What is played: rates in messages a second. `steps` are tried in turn until one fails."""

    settings: Settings
    devices: int
    rate: float
    seconds: float
    crew_rate: float
    crew_seconds: float
    steps: tuple[float, ...]
    step_s: float

    @property
    def storm(self) -> range:
        """The part in which much is the matter, so that many orders can be timed."""
        return range(self.devices, self.devices + int(self.crew_rate * self.crew_seconds))

    @property
    def minute(self) -> int:
        """Messages of the part that is measured for throughput."""
        return int(self.rate * self.seconds)

    @property
    def messages(self) -> int:
        """Messages to be made."""
        return self.storm.stop + self.minute + sum(int(rate * self.step_s) for rate in self.steps)


class Passage(NamedTuple):
    """One part of the play. Seconds; `cpu` of the service, `load_cpu` of the coast, `busy` of the whole machine."""

    messages: int
    rate: float
    reached: float  # messages a second, from the first publish to the last PUBACK
    stored_ms: tuple[float, float]
    behind: float  # from the last PUBACK until all was judged, stored and sent
    cpu: float
    load_cpu: float
    busy: float
    stages: dict[str, float]

    @property
    def held(self) -> bool:
        """Whether the rate was kept up, and the store along with it."""
        return self.reached >= KEPT_UP * self.rate and self.stored_ms[1] <= LATE_S * 1000


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of it."""

    main: Passage
    crew_ms: tuple[float, float]
    crew_orders: int
    steps: tuple[Passage, ...]
    lost: int
    alarms: int
    resident_mb: float
    peak_mb: float
    store: str

    def line(self, plan: Plan) -> dict[str, Any]:
        """The keys of `--json`; they are documented in its help and stable."""
        main = self.main
        each = 1e6 / main.messages
        held = [one for one in (main, *self.steps) if one.held]
        return {
            "name": "e2e",
            "messages_per_second": round(main.reached),
            "microseconds_per_message": round(main.cpu * each, 2),
            "resident_mb": round(self.resident_mb, 1),
            "lost": self.lost,
            "p50_ms": round(main.stored_ms[0], 1),
            "p99_ms": round(main.stored_ms[1], 1),
            "rate": round(main.rate),
            "seconds": plan.seconds,
            "crew_rate": round(plan.crew_rate),
            "crew_p50_ms": round(self.crew_ms[0], 1),
            "crew_p99_ms": round(self.crew_ms[1], 1),
            "crew_orders": self.crew_orders,
            "highest_rate": round(max((one.rate for one in held), default=0.0)),
            "steps": [[round(one.rate), round(one.reached), round(one.stored_ms[1], 1)] for one in self.steps],
            "behind_ms": round(main.behind * 1000),
            "load_us": round(main.load_cpu * each, 2),
            "others_us": round((main.busy - main.cpu - main.load_cpu) * each, 2),
            "peak_mb": round(self.peak_mb, 1),
            "messages": main.messages,
            "devices": plan.devices,
            "alarms": self.alarms,
            "store": self.store,
            "stages_us": {stage: round(spent * each, 2) for stage, spent in main.stages.items()},
        }
