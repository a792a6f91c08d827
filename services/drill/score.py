"""How a drill went: per crew and per step, from what the orders say happened. Pure.

A *turn* is an order in one crew's hands, from when it was given to them until somebody else has it, or it ends. Each
turn has three steps: accepted 接单, arrived 到场, done 处理完毕. A step counts once it is known whether it was in time:
taken, or its limit has passed while it was their turn.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from domain.readings import Millis
from services.dispatch.orders import NO_LIMITS, Change, Limits, Order, Step

STEPS: Final = ("accepted", "arrived", "done")
_LIMIT: Final = {"accepted": "accept", "arrived": "arrive", "done": "finish"}
# Whoever arrives has accepted, and whoever is done has been there: crews may skip steps.
_TAKEN_BY: Final = {
    "accepted": (Step.ACCEPT, Step.ARRIVE, Step.DONE),
    "arrived": (Step.ARRIVE, Step.DONE),
    "done": (Step.DONE,),
}
_MINUTE: Final = 60_000
Given = tuple[str, Millis]  # order id, and when it was dispatched


@dataclass(frozen=True, slots=True)
class Turn:
    """An order in one crew's hands from `since` until `until`. `limits` are those that it had at last."""

    order: str
    crew: str
    since: Millis
    until: Millis
    limits: Limits
    lines: tuple[Change, ...]

    def taken(self, step: str) -> Millis | None:
        """When the crew took a step; None where it did not."""
        return next((one.at for one in self.lines if one.who == self.crew and one.step in _TAKEN_BY[step]), None)

    def in_time(self, step: str) -> bool | None:
        """Whether a step was taken within its limit; None where there is none, or it had not come to that."""
        limit: Millis | None = getattr(self.limits, _LIMIT[step])
        if limit is None:
            return None
        at = self.taken(step)
        if at is None:
            return False if limit < self.until else None
        return at <= limit


@dataclass(frozen=True, slots=True)
class StepScore:
    """One step: how many times it could be judged, how many of them were in time, and minutes to it, half took more."""

    judged: int
    in_time: int
    median_minutes: float | None

    @property
    def share(self) -> float | None:
        """Of those in time, from 0 to 1; None where none could be judged."""
        return round(self.in_time / self.judged, 3) if self.judged else None


@dataclass(frozen=True, slots=True)
class CrewScore:
    """How one crew did, or all of them (`crew` "")."""

    crew: str
    turns: int
    steps: Mapping[str, StepScore]
    escalations: int  # times that somebody was told that it is late
    returns: int  # 退回
    reworks: int  # 返工
    missed: int  # turns with a step whose limit passed and that was never taken

    def line(self) -> dict[str, Any]:
        """For JSON; the keys stand in docs/commands.md."""
        told: dict[str, Any] = {"crew": self.crew, "turns": self.turns}
        for name, step in self.steps.items():
            told[name] = {
                "judged": step.judged,
                "in_time": step.in_time,
                "share": step.share,
                "median_minutes": step.median_minutes,
            }
        counts = ("escalations", "returns", "reworks", "missed")
        return told | {name: getattr(self, name) for name in counts}


def turns_of(order: Order, limits: Mapping[Given, Limits], until: Millis) -> list[Turn]:
    """All turns of an order up to the end of the drill. `limits` are what was last known of each dispatch."""
    begun: list[tuple[str, Millis, list[Change]]] = []
    for line in order.history:
        taken_over = line.step is Step.ACCEPT and bool(begun) and line.crew != begun[-1][0]
        if line.step is Step.DISPATCH or taken_over:
            begun.append((line.crew, line.at, []))
        if begun:
            begun[-1][2].append(line)
    ends = [since for _, since, _ in begun[1:]] + [order.closed if order.closed is not None else until]
    dispatched: Millis | None = None
    found = []
    for (crew, since, lines), end in zip(begun, ends, strict=True):
        dispatched = since if lines[0].step is Step.DISPATCH or dispatched is None else dispatched
        known = limits.get((order.id, dispatched), NO_LIMITS)
        found.append(Turn(order.id, crew, since, min(end, until), known, tuple(lines)))
    return found


def scored(turns: Iterable[Turn]) -> list[CrewScore]:
    """One score for each crew that had a turn, by id, and behind them that of all together."""
    every = list(turns)
    crews = sorted({turn.crew for turn in every})
    return [_score(crew, [one for one in every if one.crew == crew]) for crew in crews] + [_score("", every)]


def _score(crew: str, turns: Sequence[Turn]) -> CrewScore:
    lines = [(turn, line) for turn in turns for line in turn.lines]
    return CrewScore(
        crew,
        len(turns),
        {step: _step(step, turns) for step in STEPS},
        sum(1 for _, line in lines if line.step in (Step.ESCALATE, Step.OVERDUE)),
        sum(1 for turn, line in lines if line.step is Step.DECLINE and line.who == turn.crew),
        sum(1 for _, line in lines if line.step is Step.REWORK),
        sum(1 for turn in turns if any(turn.in_time(s) is False and turn.taken(s) is None for s in STEPS)),
    )


def _step(step: str, turns: Sequence[Turn]) -> StepScore:
    verdicts = [verdict for turn in turns if (verdict := turn.in_time(step)) is not None]
    took = [(at - turn.since) / _MINUTE for turn in turns if (at := turn.taken(step)) is not None]
    return StepScore(len(verdicts), sum(verdicts), round(median(took), 1) if took else None)
