"""From when a fault can be seen and until when it must be, and why it cannot: by its rule's own words, by what its
device sent, and by what stood in the way, before anybody looks at its alarm.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from domain.readings import Millis
from domain.site import Site
from rules.book import RuleBook
from rules.core import trust
from rules.core.gates import unbroken
from rules.core.program import Program
from rules.core.surroundings import Context, Place
from rules.runners.behind import BEHIND, GATHERED, HIDES
from rules.runners.truth import SLACK, Lost, Truth

TICK: Final[Millis] = 1_500  # a device reports within a hundredth of its interval, and within so much, of its time
NO_RULE: Final = "no rule looks for it"
CUT_OFF: Final = "the run ended first"
TOO_SHORT: Final = "it ended before its rule could be sure"
COVERED: Final = "its gateway or feeder was out at that time"
HIDDEN: Final = "something hid it"  # see `rules.runners.behind.HIDES`
STOOD: Final = "the alarm of the fault before it still stood"
UNBELIEVED: Final = "its sensor had just been stuck"
NOT_BY_NIGHT: Final = "by night nobody is woken by a sensor with a bad record"


class Doubt(NamedTuple):
    """A fault of an instrument that was rightly told, by a rule that holds what it says: since `told` a mark stands on
    its record, and until it was believed again it counted for nothing.
    """

    truth: Truth
    told: Millis
    until: Millis


class Sights:
    """Tells of each truth of one run what could be seen of it; `end` is when the run ended."""

    def __init__(
        self, book: RuleBook, site: Site, context: Context, at: Mapping[str, Sequence[Truth]], lost: Lost, end: Millis
    ) -> None:
        self._book, self._site, self._context = book, site, context
        self._at, self._lost, self._end = at, lost, end

    def rule_for(self, truth: Truth) -> str:
        """The rule that is to find it; "" where there is none."""
        facility = self._site.facilities.get(truth.facility)
        kinds = (None, facility.kind if facility else None)
        made_for = sorted((whats.index(truth.what), r) for r, whats in BEHIND.items() if truth.what in whats)
        known = (name for _, name in made_for if name in self._book.rules and name not in GATHERED)
        return next((name for name in known if self._book.rules[name].kind in kinds), "")

    def of(self, truth: Truth, doubts: Sequence[Doubt]) -> tuple[Millis, str]:
        """From when it can be seen, and why it cannot; "" where it can. `doubts` are of its instruments."""
        if not self.rule_for(truth):
            return truth.since, NO_RULE
        needs = self._needs(truth)
        shown = self._shown(truth, self._in_the_way(truth, doubts), needs)
        if (self._end if truth.until is None else truth.until) < self.limits(truth, doubts)[-1][0]:
            return shown, CUT_OFF if truth.until is None else TOO_SHORT
        return shown, COVERED if self._covered(truth, shown, shown + needs) else ""

    def limits(
        self, truth: Truth, doubts: Sequence[Doubt], told: Millis | None = None
    ) -> tuple[tuple[Millis, str], ...]:
        """The latest moments of its alarm, in their order, each with what must be said for it: "" for the first, which
        asks for nothing. Reports that went astray count up to when it was `told`, or else to each limit.
        """
        found: list[tuple[Millis, str]] = []
        hidden = self._hidden(truth)
        for in_the_way, why in (([], ""), (hidden, HIDDEN), (self._in_the_way(truth, doubts), UNBELIEVED)):
            limit = self._limit(truth, in_the_way)
            found.append((limit + self._astray(truth, truth.since, limit if told is None else told), why))
        return (*found, (self._woken(truth, found[-1][0], doubts), NOT_BY_NIGHT))

    def interval(self, truth: Truth) -> Millis:
        """How often those report that can tell of it, at the least."""
        return self._slowest([truth.device] if truth.device else self._site.devices_of.get(truth.facility, ()))

    def gateways(self, facility: str) -> set[str]:
        """What it speaks through."""
        return {self._site.devices[device].gateway for device in self._site.devices_of.get(facility, ())} - {""}

    def believed_again(self, truth: Truth) -> Millis:
        """Until when an instrument that was at fault is not believed, after it was put right."""
        if truth.until is None:
            return self._end
        interval, rule = self.interval(truth), self._book.rules[self.rule_for(truth)]
        over = truth.until + max(rule.clear_repeat * interval, 1000 * rule.clear_for_s)
        return over + interval * self._lost.of(self._site, truth.facility, truth.until, over)

    def _limit(self, truth: Truth, in_the_way: Sequence[tuple[Millis, Millis]]) -> Millis:
        """When it must be told at the latest, had nothing gone astray. What did makes it need longer, and what is left
        of the day, or of the hours in which its rule looks, may then be too short for it.
        """
        needs, more = self._needs(truth), 0
        while True:
            shown = self._shown(truth, in_the_way, needs + more)
            astray = self._astray(truth, shown, shown + needs + more)
            if astray <= more:
                return shown + needs
            more = astray

    def _shown(self, truth: Truth, in_the_way: Sequence[tuple[Millis, Millis]], needs: Millis) -> Millis:
        """From when on its rule looks, and nothing is in the way, for as long as it needs."""
        program, facility = self._program(truth), self._site.facilities.get(truth.facility)
        place = Place(facility.zone, facility.attributes, facility.id) if facility else Place("", {})
        last = self._end if truth.until is None else truth.until
        shown = truth.since
        while shown <= last:
            blocked = [until for since, until in in_the_way if since <= shown + needs and until > shown]
            if blocked:
                shown = max(blocked)
            elif not unbroken(program.given, place, self._context, shown, shown + needs):
                shown = self._context.at(place, shown).until
            else:
                break
        return shown

    def _hidden(self, truth: Truth) -> list[tuple[Millis, Millis]]:
        hides = HIDES.get(self.rule_for(truth), ())
        return [
            (other.since, self._end if other.until is None else other.until)
            for other in self._at[truth.facility]
            if other.what in hides
        ]

    def _in_the_way(self, truth: Truth, doubts: Sequence[Doubt]) -> list[tuple[Millis, Millis]]:
        if self._program(truth).rule.holds:  # what looks for instruments at fault hears them all the same
            return self._hidden(truth)
        return [*self._hidden(truth), *((doubt.told, doubt.until) for doubt in doubts if doubt.truth is not truth)]

    def _woken(self, truth: Truth, at: Millis, doubts: Sequence[Doubt]) -> Millis:
        """Where its alarm would wake somebody by an instrument with a bad record: when the sun has risen."""
        facility = self._site.facilities.get(truth.facility)
        if facility is None or not trust.wakes(self._program(truth).rule):
            return at
        if not trust.record([doubt.told for doubt in doubts], at):
            return at
        around = self._context.at(Place(facility.zone, facility.attributes, facility.id), at)
        while around.values.get("daylight") is False:
            at = around.until
            around = self._context.at(Place(facility.zone, facility.attributes, facility.id), at)
        return at

    def _needs(self, truth: Truth) -> Millis:
        """How long from its beginning to its alarm, at most: onset, `for`, window, wait, and one report interval."""
        program, interval = self._program(truth), self.interval(truth)
        rule = program.rule
        if rule.absent_intervals:
            silent = round(rule.absent_intervals * interval)
            return truth.onset + silent + 1000 * rule.clauses[0].for_s + program.wait + SLACK + interval
        if rule.quorum is not None:
            grouped = 1000 * (rule.quorum.within_s + rule.quorum.gather_s)
            if truth.what == "gateway_loss":
                slowest = self._slowest(self._site.devices_behind.get(truth.facility, ()))
                return round(self._book.intervals * slowest) + grouped + slowest
            return grouped + program.wait + SLACK + interval
        held = max((max(clause.for_s * 1000, (clause.repeat - 1) * interval) for clause in rule.clauses), default=0)
        return truth.onset + held + program.span + program.wait + SLACK + interval

    def _astray(self, truth: Truth, since: Millis, until: Millis) -> Millis:
        """How much longer it may take for what the network lost: an interval for each report. A rule that compares with
        what was said before needs the last report before that as well.
        """
        interval = self.interval(truth)
        since -= interval if compares(self._program(truth)) else 0
        return interval * self._lost.of(self._site, truth.facility, since, until)

    def _slowest(self, devices: Sequence[str]) -> Millis:
        return max((_pace(self._site, device) for device in devices), default=0)

    def _covered(self, truth: Truth, since: Millis, until: Millis) -> bool:
        """Whether something greater was wrong with what it speaks through, or hangs on."""
        facility = self._site.facilities.get(truth.facility)
        above = self.gateways(truth.facility) | ({facility.feeder} if facility and facility.feeder else set())
        return any(
            other.what in ("gateway_loss", "feeder_trip")
            and other is not truth
            and other.since <= until
            and (other.until is None or other.until >= truth.since - (until - since))
            for place in above
            for other in self._at[place]
        )

    def _program(self, truth: Truth) -> Program:
        return self._book.programs[self.rule_for(truth)]


def compares(program: Program) -> bool:
    """Whether a rule looks at what was said before."""
    return any(clause is not None and clause.compared for clause in program.clauses)


def _pace(site: Site, device: str) -> Millis:
    known = site.devices.get(device)
    paces = 1000 * max(known.interval_s, known.lit_interval_s) if known else 0
    return paces + min(TICK, paces // 100)
