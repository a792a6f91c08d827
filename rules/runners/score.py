"""The rules against the truth: which faults were found, how soon, and what was called a fault and was none.

One alarm answers one fault: the right sort of thing, at its place, at the time of its cause. Whether a fault can be
seen at all is decided before anybody looks at the alarms: by its rule's own gate, timers and windows, by how often its
device reports, and by whether its device could be heard.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final, NamedTuple

from domain.readings import Millis
from domain.site import Site
from rules.book import RuleBook
from rules.core.program import Program
from rules.core.step import unbroken
from rules.core.surroundings import Context, Place
from rules.runners.backtest import Found
from rules.runners.behind import BEHIND, GATHERED, STUCK, WANES

SLACK: Final[Millis] = 5_000  # a report follows what it reports within three seconds, and is on its way for a moment
MINUTE: Final[Millis] = 60_000
TICK: Final[Millis] = 1_500  # a device reports within a hundredth of its interval, and within so much, of its time


class Truth(NamedTuple):
    """One thing that was there to be found, or that only looked like it; `until` is None where it lasted to the end."""

    what: str
    facility: str  # or gateway
    members: frozenset[str]
    sort: str  # fault | natural | near_miss
    since: Millis
    until: Millis | None
    onset: Millis = 0  # at most so long until it is as bad as it must be to count
    device: str = ""

    def spans(self, at: Millis) -> bool:
        """Whether it was there at that time, give or take the slack."""
        return self.since - SLACK <= at and (self.until is None or at <= self.until + SLACK)


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
        for why, count in other.unseen.items():
            self.unseen[why] = self.unseen.get(why, 0) + count
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


class Lost(NamedTuple):
    """What the make-believe network took away: of each device when."""

    reports: Mapping[str, Sequence[Millis]]

    def of(self, site: Site, facility: str, since: Millis, until: Millis) -> int:
        """How many reports of a facility went astray in a span; each may cost one interval."""
        devices = site.devices_of.get(facility, ())
        return sum(since <= at <= until for device in devices for at in self.reports.get(device, ()))


class Scoring:
    """Scores one run: `truths` are all there was, `end` is when it ended."""

    def __init__(
        self, book: RuleBook, site: Site, context: Context, truths: Sequence[Truth], lost: Lost, end: Millis
    ) -> None:
        self._book, self._site, self._context, self._truths = book, site, context, truths
        self._lost, self._end = lost, end
        self._at: dict[str, list[Truth]] = defaultdict(list)
        for truth in truths:
            for place in {truth.facility, *truth.members}:
                self._at[place].append(truth)

    def score(self, found: Iterable[Found]) -> Score:
        """What the alarms are worth."""
        made = Score()
        answered: dict[tuple[Truth, str], Found] = {}
        for alarm in sorted(found, key=lambda one: (one.opened, one.rule, one.subject)):
            if alarm.rule not in BEHIND:
                made.unscored[alarm.rule] = made.unscored.get(alarm.rule, 0) + 1
                continue
            truth = self._behind(alarm, answered)
            if truth is not None:
                if truth.what in BEHIND[alarm.rule]:
                    answered.setdefault((truth, alarm.rule), alarm)
                continue
            places = {alarm.facility, *self._gateways(alarm.facility)}
            near = ", ".join(sorted({t.what for p in places for t in self._at[p] if t.spans(alarm.cause)})) or "nothing"
            made.false.append((alarm.rule, alarm.subject, alarm.opened, near))
        for truth in self._truths:
            self._keep(made, truth, answered.get((truth, self._made_for(truth))))
        for rule, _, _, _ in made.false:
            self._kept(made, BEHIND[rule][0], "fault").false += 1
        return made

    def _behind(self, alarm: Found, answered: Mapping[tuple[Truth, str], Found]) -> Truth | None:
        """What an alarm is about; where several would do, one that has no alarm yet."""
        places = {alarm.facility, *self._gateways(alarm.facility)}
        if alarm.rule in GATHERED:
            return self._behind_members(alarm)
        fits = [
            truth
            for place in sorted(places)
            for truth in self._at[place]
            if truth.what in (*BEHIND[alarm.rule], STUCK) and truth.sort != "near_miss" and self._when(truth, alarm)
        ]
        free = [
            truth
            for truth in fits
            if self._shared(truth, alarm)
            or ((truth, alarm.rule) not in answered and (truth.what, alarm.rule) != ("gateway_loss", "silent"))
        ]
        return free[0] if free else None

    def _when(self, truth: Truth, alarm: Found) -> bool:
        """Whether it was there when the alarm began. A silence may have begun for another reason: a sensor that dies
        while its gateway is out is silent from when the gateway was.
        """
        silence = self._book.rules[alarm.rule].absent_intervals > 0
        return truth.spans(alarm.cause) or (silence and truth.since <= alarm.opened and truth.spans(alarm.opened))

    def _behind_members(self, alarm: Found) -> Truth | None:
        """What is wrong with most of those that the alarm of a stretch or a zone names."""
        whats = BEHIND[alarm.rule]
        found = [
            truth
            for member in alarm.members
            for truth in self._at[member]
            if truth.what in whats
            and truth.since <= alarm.opened
            and (truth.until is None or truth.until >= alarm.cause)
        ]
        return found[0] if len({truth.facility for truth in found}) > len(alarm.members) / 2 else None

    def _shared(self, truth: Truth, alarm: Found) -> bool:
        """What may rightly be told more than once: what comes and goes by itself; what a stuck sensor says; a lost
        gateway with too few devices to be told as one, of which each device has an alarm of its own.
        """
        if truth.what in WANES or (truth.what == STUCK and STUCK not in BEHIND[alarm.rule][:1]):
            return True
        quorum = next((p.rule.quorum for p in self._book.programs.values() if p.rule.name == "gateway-silent"), None)
        behind = len(self._site.devices_behind.get(truth.facility, ()))
        return truth.what == "gateway_loss" and alarm.rule == "silent" and (quorum is None or behind < quorum.least)

    def _gateways(self, facility: str) -> set[str]:
        return {self._site.devices[device].gateway for device in self._site.devices_of.get(facility, ())} - {""}

    def _keep(self, made: Score, truth: Truth, alarm: Found | None) -> None:
        kept = self._kept(made, truth.what, truth.sort)
        kept.count += 1
        if truth.sort == "near_miss":
            return
        shown, limit, why = self._visible(truth)
        if alarm is not None:
            kept.found += 1
            kept.minutes.append(max(0, alarm.opened - shown) / MINUTE)
            over = (alarm.opened - limit - self._astray(truth, alarm.opened)) / MINUTE
            if not why and over > 0 and truth.sort == "fault":
                kept.late += 1
                kept.over.append(round(over, 1))
                made.later.append((truth.what, truth.facility, truth.since, round(over, 1)))
        elif why:
            kept.unseen[why] = kept.unseen.get(why, 0) + 1
        elif truth.sort == "fault":
            kept.missed += 1
            made.missed.append((truth.what, truth.facility, truth.since, "could be seen"))

    def _kept(self, made: Score, what: str, sort: str) -> Kept:
        rules = tuple(rule for rule, whats in BEHIND.items() if what in whats and rule in self._book.rules)
        return made.kinds.setdefault(what, Kept(what, rules, sort))

    def _made_for(self, truth: Truth) -> str:
        """The rule that is to find it; "" where there is none."""
        facility = self._site.facilities.get(truth.facility)
        kinds = (None, facility.kind if facility else None)
        made_for = sorted((whats.index(truth.what), r) for r, whats in BEHIND.items() if truth.what in whats)
        known = (name for _, name in made_for if name in self._book.rules and name not in GATHERED)
        return next((name for name in known if self._book.rules[name].kind in kinds), "")

    def _visible(self, truth: Truth) -> tuple[Millis, Millis, str]:
        """From when it can be seen, until when it must be, and why it cannot; "" where it can."""
        facility = self._site.facilities.get(truth.facility)
        rule = self._made_for(truth)
        if not rule:
            return truth.since, truth.since, "no rule looks for it"
        program = self._book.programs[rule]
        needs = self._needs(program, truth)
        place = Place(facility.zone, facility.attributes, facility.id) if facility else Place("", {})
        last = self._end if truth.until is None else truth.until
        shown = truth.since
        while shown <= last and not unbroken(program.given, place, self._context, shown, shown + needs):
            shown = self._context.at(place, shown).until
        limit = shown + needs
        if last < limit + self._astray(truth, limit):
            why = "the run ended first" if truth.until is None else "it ended before its rule could be sure"
            return shown, limit, why
        if self._held(truth, shown, limit):
            return shown, limit, "its gateway or feeder was out at that time"
        return shown, limit, ""

    def _needs(self, program: Program, truth: Truth) -> Millis:
        """How long from its beginning to its alarm, at most: onset, `for`, window, wait, and one report interval."""
        rule = program.rule
        interval = self._interval(truth)
        if rule.absent_intervals:
            silent = round(rule.absent_intervals * interval)
            return truth.onset + silent + 1000 * rule.clauses[0].for_s + program.wait + SLACK + interval
        if rule.quorum is not None:
            if truth.what == "gateway_loss":
                devices = self._site.devices_behind.get(truth.facility, ())
                slowest = max((_pace(self._site, device) for device in devices), default=0)
                return round(self._book.intervals * slowest) + _ms(rule.quorum.within_s, rule.quorum.gather_s) + slowest
            return _ms(rule.quorum.within_s, rule.quorum.gather_s) + program.wait + SLACK + interval
        held = max((max(clause.for_s * 1000, (clause.repeat - 1) * interval) for clause in rule.clauses), default=0)
        return truth.onset + held + program.span + program.wait + SLACK + interval

    def _astray(self, truth: Truth, until: Millis) -> Millis:
        """How much longer it may take for what the network lost: an interval for each report. A rule that compares with
        what was said before needs the last report before the fault as well.
        """
        program, interval = self._book.programs[self._made_for(truth)], self._interval(truth)
        compares = any(clause is not None and clause.compared for clause in program.clauses)
        return interval * self._lost.of(self._site, truth.facility, truth.since - interval * compares, until)

    def _interval(self, truth: Truth) -> Millis:
        devices = [truth.device] if truth.device else self._site.devices_of.get(truth.facility, ())
        return max((_pace(self._site, device) for device in devices), default=0)

    def _held(self, truth: Truth, since: Millis, until: Millis) -> bool:
        """Whether something greater was wrong with what it speaks through, or hangs on."""
        facility = self._site.facilities.get(truth.facility)
        above = self._gateways(truth.facility) | ({facility.feeder} if facility and facility.feeder else set())
        return any(
            other.what in ("gateway_loss", "feeder_trip")
            and other is not truth
            and other.since <= until
            and (other.until is None or other.until >= truth.since - (until - since))
            for place in above
            for other in self._at[place]
        )


def _pace(site: Site, device: str) -> Millis:
    known = site.devices.get(device)
    paces = 1000 * max(known.interval_s, known.lit_interval_s) if known else 0
    return paces + min(TICK, paces // 100)


def _ms(*seconds: int) -> Millis:
    return 1000 * sum(seconds)


def typical(minutes: Sequence[float]) -> float | None:
    """The median; None of nothing."""
    return round(median(minutes), 1) if minutes else None
