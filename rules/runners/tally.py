"""What a score comes to: by kind of fault, and over all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from domain.readings import Millis


@dataclass(slots=True)
class Kept:
    """One kind of fault: what came of all of them."""

    what: str
    rules: tuple[str, ...]
    sort: str
    count: int = 0
    found: int = 0
    missed: int = 0
    late: int = 0
    false: int = 0  # alarms of its rule with nothing behind them
    unseen: dict[str, int] = field(default_factory=dict)  # why it could not be seen, and how many
    minutes: list[float] = field(default_factory=list)  # from when it could be seen to the alarm
    over: list[float] = field(default_factory=list)  # of those minutes, what is beyond the limit
    delayed: dict[str, int] = field(default_factory=dict)  # why it was told only later, and rightly, and how many

    @property
    def recall(self) -> float | None:
        """Of those that could be seen, the share that was found."""
        seen = self.found + self.missed
        return self.found / seen if seen else None

    @property
    def precision(self) -> float | None:
        """Of the alarms of its rule, the share with something behind it."""
        said = self.found + self.false
        return self.found / said if said else None

    def add(self, other: "Kept") -> None:
        """Put the other's with these."""
        for name in ("count", "found", "missed", "late", "false"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for mine, others in ((self.unseen, other.unseen), (self.delayed, other.delayed)):
            for why, count in others.items():
                mine[why] = mine.get(why, 0) + count
        self.minutes += other.minutes
        self.over += other.over


@dataclass(slots=True)
class Score:
    """What one run, or many, came to: by kind of fault, and the alarms that had nothing behind them."""

    kinds: dict[str, Kept] = field(default_factory=dict)
    false: list[tuple[str, str, Millis, str]] = field(default_factory=list)  # rule, subject, opened, what was near
    missed: list[tuple[str, str, Millis, str]] = field(default_factory=list)  # what, facility, since, why we think so
    later: list[tuple[str, str, Millis, float]] = field(default_factory=list)  # what, facility, since, minutes over
    unscored: dict[str, int] = field(default_factory=dict)  # alarms of rules of which the coast knows no truth

    def add(self, other: "Score") -> None:
        """Put another run's with these."""
        for what, kept in other.kinds.items():
            if what in self.kinds:
                self.kinds[what].add(kept)
            else:
                self.kinds[what] = kept
        self.false += other.false
        self.missed += other.missed
        self.later += other.later
        for rule, count in other.unscored.items():
            self.unscored[rule] = self.unscored.get(rule, 0) + count

    @property
    def recall(self) -> float:
        """Over all kinds of fault."""
        found, missed = self._sum("found"), self._sum("missed")
        return found / (found + missed) if found + missed else 1.0

    @property
    def precision(self) -> float:
        """Of the alarms about faults, and those about nothing, the share of the former. What goes its way by itself is
        told rightly so often that a false alarm would not be seen among it.
        """
        true = self._sum("found")
        return true / (true + len(self.false)) if true + len(self.false) else 1.0

    @property
    def late(self) -> int:
        """Faults found later than their rule's own limit."""
        return self._sum("late")

    def _sum(self, name: str) -> int:
        return sum(getattr(kept, name) for kept in self.kinds.values() if kept.sort == "fault")


def typical(minutes: Sequence[float]) -> float | None:
    """The median; None of nothing."""
    return round(median(minutes), 1) if minutes else None
