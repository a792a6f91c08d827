"""The rules against the truth: which faults were found, how soon, and what was called a fault and was none.

One alarm answers one fault: the right sort of thing, at its place, at the time of its cause. Whether a fault can be
seen at all is decided before anybody looks at the alarms: by its rule's own gate, timers and windows, by how often its
device reports, and by whether its device could be heard.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from domain.readings import Millis
from domain.site import Site
from rules.book import RuleBook
from rules.core.surroundings import Context
from rules.runners.backtest import Found
from rules.runners.behind import BEHIND, GATHERED, HIDES, STUCK, WANES
from rules.runners.sight import STOOD, Doubt, Sights, compares
from rules.runners.tally import Kept, Score
from rules.runners.truth import Lost, Truth

MINUTE: Final[Millis] = 60_000
_HIDING: Final = frozenset(what for whats in HIDES.values() for what in whats)


class Scoring:
    """Scores one run: `truths` are all there was, `end` is when it ended."""

    def __init__(
        self, book: RuleBook, site: Site, context: Context, truths: Sequence[Truth], lost: Lost, end: Millis
    ) -> None:
        self._book, self._site, self._truths = book, site, truths
        self._at: dict[str, list[Truth]] = defaultdict(list)
        for truth in truths:
            for place in {truth.facility, *truth.members}:
                self._at[place].append(truth)
        self._sights = Sights(book, site, context, self._at, lost, end)

    def score(self, found: Iterable[Found]) -> Score:
        """What the alarms are worth."""
        made = Score()
        answered: dict[tuple[Truth, str], Found] = {}
        summed_up: dict[Truth, Found] = {}  # by the alarm of a group that names it
        for alarm in sorted(found, key=lambda one: (one.opened, one.rule, one.subject)):
            if alarm.rule not in BEHIND:
                made.unscored[alarm.rule] = made.unscored.get(alarm.rule, 0) + 1
            elif alarm.rule in GATHERED and (members := self._behind_members(alarm)):
                summed_up |= {truth: alarm for truth in members if truth not in summed_up}
            elif alarm.rule not in GATHERED and (truth := self._behind(alarm, answered)) is not None:
                if truth.what in BEHIND[alarm.rule]:
                    answered.setdefault((truth, alarm.rule), alarm)
            else:
                made.false.append((alarm.rule, alarm.subject, alarm.opened, self._near(alarm)))
        doubts = self._doubts(answered)
        for truth in self._truths:
            told = answered.get((truth, self._sights.rule_for(truth))) or summed_up.get(truth)
            stood = told is None and self._stood(truth, answered)
            self._keep(made, truth, told, doubts.get(truth.facility, ()), stood=stood)
        for rule, _, _, _ in made.false:
            self._kept(made, BEHIND[rule][0], "fault").false += 1
        return made

    def _behind(self, alarm: Found, answered: Mapping[tuple[Truth, str], Found]) -> Truth | None:
        """What an alarm is about; where several would do, one that has no alarm yet."""
        fits = [
            truth
            for place in sorted(self._places(alarm))
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
        """Whether it was there when the alarm began; or began after that, and not too long. A silence may have begun
        for another reason: a sensor that dies while its gateway is out is silent from when the gateway was.
        """
        if truth.spans(alarm.cause):
            return True
        if self._book.rules[alarm.rule].absent_intervals:
            return truth.since <= alarm.opened and truth.spans(alarm.opened)
        return alarm.cause < truth.since <= min(alarm.opened, alarm.cause + self._forerun(alarm.rule, truth))

    def _forerun(self, rule: str, truth: Truth) -> Millis:
        """How long before a fault its alarm may begin, of what only happened to be so: one member of a group failed for
        a reason of its own; the last report before a sensor stuck was as the one before it.
        """
        program = self._book.programs[rule]
        if program.rule.quorum is not None:
            return 1000 * program.rule.quorum.within_s
        return self._sights.interval(truth) if compares(program) else 0

    def _behind_members(self, alarm: Found) -> list[Truth]:
        """What is wrong with most of those that the alarm of a stretch or a zone names; nothing where it is fewer."""
        whats = BEHIND[alarm.rule]
        found = [
            truth
            for member in alarm.members
            for truth in self._at[member]
            if truth.what in whats
            and truth.since <= alarm.opened
            and (truth.until is None or truth.until >= alarm.cause)
        ]
        return found if len({truth.facility for truth in found}) > len(alarm.members) / 2 else []

    def _shared(self, truth: Truth, alarm: Found) -> bool:
        """What may rightly be told more than once: what comes and goes by itself; what a stuck sensor says; a lost
        gateway with too few devices to be told as one, of which each device has an alarm of its own.
        """
        if truth.what in WANES or (truth.what == STUCK and STUCK not in BEHIND[alarm.rule][:1]):
            return True
        quorum = next((p.rule.quorum for p in self._book.programs.values() if p.rule.name == "gateway-silent"), None)
        behind = len(self._site.devices_behind.get(truth.facility, ()))
        return truth.what == "gateway_loss" and alarm.rule == "silent" and (quorum is None or behind < quorum.least)

    def _places(self, alarm: Found) -> set[str]:
        return {alarm.facility, *self._sights.gateways(alarm.facility)}

    def _near(self, alarm: Found) -> str:
        """What there was when an alarm began that has nothing behind it, for whoever looks for its reason."""
        there = {truth.what for place in self._places(alarm) for truth in self._at[place] if truth.spans(alarm.cause)}
        return ", ".join(sorted(there)) or "nothing"

    def _doubts(self, answered: Mapping[tuple[Truth, str], Found]) -> dict[str, list[Doubt]]:
        """By facility, when its instrument was rightly said to be at fault by a rule that holds what it says."""
        found: dict[str, list[Doubt]] = defaultdict(list)
        for (truth, name), alarm in answered.items():
            rule = self._book.rules[name]
            if rule.holds and rule.order is not None and truth.sort == "fault":
                found[truth.facility].append(Doubt(truth, alarm.opened, self._sights.believed_again(truth)))
        return found

    def _stood(self, truth: Truth, answered: Mapping[tuple[Truth, str], Found]) -> bool:
        """Whether it began before its rule could be sure that the one before it was over: that alarm told of both."""
        rule = self._sights.rule_for(truth)
        return any(
            (name, other.facility) == (rule, truth.facility)
            and other.until is not None
            and other.until <= truth.since < self._sights.believed_again(other)
            and (alarm.until is None or alarm.until > truth.since)
            for (other, name), alarm in answered.items()
        )

    def _keep(self, made: Score, truth: Truth, alarm: Found | None, doubts: Sequence[Doubt], *, stood: bool) -> None:
        if truth.what in _HIDING:
            return
        kept = self._kept(made, truth.what, truth.sort)
        kept.count += 1
        if truth.sort == "near_miss":
            return
        shown, why = self._sights.of(truth, doubts)
        why = why or (STOOD if stood else "")
        if alarm is not None:
            kept.found += 1
            kept.minutes.append(max(0, alarm.opened - shown) / MINUTE)
            if not why and truth.sort == "fault":
                self._time(made, kept, truth, alarm, doubts)
        elif why:
            kept.unseen[why] = kept.unseen.get(why, 0) + 1
        elif truth.sort == "fault":
            kept.missed += 1
            made.missed.append((truth.what, truth.facility, truth.since, "could be seen"))

    def _time(self, made: Score, kept: Kept, truth: Truth, alarm: Found, doubts: Sequence[Doubt]) -> None:
        """Was it told in time, or later for a reason, or late?"""
        limits = self._sights.limits(truth, doubts, alarm.opened)
        in_time = next((why for limit, why in limits if alarm.opened <= limit), None)
        if in_time is None:
            over = round((alarm.opened - limits[-1][0]) / MINUTE, 1)
            kept.late += 1
            kept.over.append(over)
            made.later.append((truth.what, truth.facility, truth.since, over))
        elif in_time:
            kept.delayed[in_time] = kept.delayed.get(in_time, 0) + 1

    def _kept(self, made: Score, what: str, sort: str) -> Kept:
        rules = tuple(rule for rule, whats in BEHIND.items() if what in whats and rule in self._book.rules)
        return made.kinds.setdefault(what, Kept(what, rules, sort))
