"""Playing a recording to a service of its own, and what came of it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from domain.ports import Clock
from domain.readings import Millis
from domain.site import Site
from services.dispatch.orders import Alarm
from services.replay.recording import Recording, Tape
from services.settings import Settings
from services.show import stage as show
from services.show.stage import Stage, Verdict
from simulators.clocks import ScaledClock
from simulators.play import Played, play_live

_HOUR: Final[Millis] = 3_600_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a recording came to."""

    recording: Recording
    since: Millis
    until: Millis
    verdict: Verdict
    reasons: dict[str, int]  # why something was kept aside: a value, or a whole message; by class
    alarms: dict[str, int]  # by rule
    hours: dict[str, float]  # by rule: from the alarm to the end of what it was about, half of them took longer
    orders: dict[str, int]  # by rule, also those about instruments
    endings: dict[str, int]  # by state, of a closed one also by whom

    def line(self) -> dict[str, Any]:
        """The keys of `tidewalk replay --json`, documented in its help; they are stable."""
        told = self.verdict.line()
        return {
            "name": self.recording.name,
            "messages": len(self.recording.messages),
            **{key: told[key] for key in ("published", "stored", "duplicates", "quarantined", "lost")},
            "left_out": dict(self.recording.left_out),
            "reasons": self.reasons,
            "alarms": self.alarms,
            "median_hours": self.hours,
            "orders": self.orders,
            "endings": self.endings,
            "sha256": told["sha256"],
        }


async def replay(
    settings: Settings,
    site: Site,
    recording: Recording,
    wall: Clock,
    *,
    over: str,
    speed: float | None,
    on_progress: Callable[[Played], None],
    stop: asyncio.Event,
) -> Outcome:
    """On the recording's own clock: as fast as the service judges, or `speed` times as fast as it was, until it ends or
    `stop` is set.
    """
    tape = Tape(site, recording)
    since, until = tape.now, recording.messages[-1].at
    async with show.playing(settings, tape, wall, over) as stage:
        if speed is None:
            playing = asyncio.ensure_future(show.play_virtual(stage, until, on_progress, stops(recording)))
            await show.first_of(playing, stop)
            played = playing.result() if playing.done() and not playing.cancelled() else Played(tape.now)
        else:
            stage.clock.release(ScaledClock(wall, since, speed))
            played = await play_live(
                tape, stage.transport, stage.clock, stop=stop, until=until, ledger=stage.ledger, on_progress=on_progress
            )
        return await _came_to(stage, recording, played, since, until)


def stops(recording: Recording) -> list[Millis]:
    """Where the clock stands still in turn: on a grid, but only where somebody said something. What falls due between
    is done at its own time all the same.
    """
    grid = recording.step_ms
    ends = sorted({-(-one.at // grid) * grid for one in recording.messages})
    return [*ends[:-1], recording.messages[-1].at]


async def _came_to(stage: Stage[Tape], recording: Recording, played: Played, since: Millis, until: Millis) -> Outcome:
    service = stage.service
    found = await show.verdict(stage, played, since, until)
    alarms, orders = await asyncio.to_thread(service.books.everything)
    reasons = await asyncio.to_thread(service.quarantine.counts)
    return Outcome(
        recording,
        since,
        until,
        found,
        reasons,
        _counted(alarm.rule for alarm in alarms),
        _lasted(alarms),
        _counted(order.rule for order in orders),
        _counted(f"{one.state} by {one.closed_by}" if one.closed_by else str(one.state) for one in orders),
    )


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


def _lasted(alarms: Iterable[Alarm]) -> dict[str, float]:
    hours = defaultdict[str, list[float]](list)
    for alarm in alarms:
        if alarm.until is not None:
            hours[alarm.rule].append((alarm.until - alarm.opened) / _HOUR)
    return {rule: round(median(some), 1) for rule, some in sorted(hours.items())}
