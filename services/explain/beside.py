"""The rules of a few subjects, beside what was decided of all others: so that one order can be derived again without
everybody's messages.

What others came to is taken as given. It matters to an order because crews have only two hands: who is sent follows
from what they had in hand already, and the 案号 from how many there were that day.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from domain.alarms import AlarmChange, AlarmState, Correction
from domain.readings import Millis, Reading
from domain.site import Site
from rules.book import RuleBook
from rules.context.all import surroundings
from rules.runners.fitting import fit
from rules.runners.live import Live
from rules.runners.records import Spot

Mine = frozenset[tuple[str, str]]  # (rule, subject)


class Given(msgspec.Struct, omit_defaults=True):
    """What the rules said about all subjects in one row, and what they answered when they were asked."""

    changes: list[AlarmChange] = []
    wrong: list[tuple[str, bool | None]] = []
    around: list[tuple[str, Millis, dict[str, bool | float]]] = []  # what surrounded a zone, and when


class Noting:
    """The rules at work, and a note of all they say, by row."""

    def __init__(self, live: Live, notes: list[Given]) -> None:
        self._live, self._notes, self._now = live, notes, Given()

    def hear(self, readings: Sequence[Reading], at: Millis, *, deaf: bool = False) -> Sequence[AlarmChange]:
        """One row."""
        changes = self._live.hear(readings, at, deaf=deaf)
        self._now = Given(list(changes))
        self._notes.append(self._now)
        return changes

    def is_wrong(self, alarm_id: str) -> bool | None:
        """Asked at the end of a row, or of what the row before left."""
        found = self._live.is_wrong(alarm_id)
        self._now.wrong.append((alarm_id, found))
        return found

    def around(self, zone: str, at: Millis) -> Mapping[str, bool | float]:
        """Asked like `is_wrong`."""
        found = self._live.around(zone, at)
        self._now.around.append((zone, at, dict(found)))
        return found

    def listening_from(self, at: Millis) -> None:
        """As it is."""
        self._live.listening_from(at)

    def work(self, facility: str, who: str, since: Millis | None, until: Millis | None) -> None:
        """As it is."""
        self._live.work(facility, who, since, until)

    def plan(self, plan: str, facility: str, zone: str, since: Millis, until: Millis) -> None:
        """As it is."""
        self._live.plan(plan, facility, zone, since, until)

    def corrections(self) -> Sequence[Correction]:
        """As it is."""
        return self._live.corrections()

    def false_alarm(self, facility: str, at: Millis) -> None:
        """As it is."""
        self._live.false_alarm(facility, at)

    def open_alarms(self) -> Mapping[str, AlarmChange]:
        """As it is."""
        return self._live.open_alarms()


class Beside:
    """The rules for some subjects, and what was given of the others, row by row in `script`. `others` are those of the
    others that are open.
    """

    def __init__(self, live: Live, mine: Mine, script: Iterator[Given], others: dict[str, AlarmChange]) -> None:
        self._live, self._mine, self._script, self._others = live, mine, script, others
        self._own = {name for name, one in live.open_alarms().items() if self._is_mine(one)}
        self._given = Given()

    def hear(self, readings: Sequence[Reading], at: Millis, *, deaf: bool = False) -> Sequence[AlarmChange]:
        """One row: of ours what the rules say now, of the others what they said then."""
        self._given = next(self._script, Given())
        changes = [one for one in self._live.hear(readings, at, deaf=deaf) if self._is_mine(one)]
        self._own.update(one.alarm for one in changes)
        given = [one for one in self._given.changes if not self._is_mine(one)]
        for one in given:
            if one.state is AlarmState.OPEN:
                self._others[one.alarm] = one
            else:
                self._others.pop(one.alarm, None)
        return sorted([*changes, *given], key=lambda one: (one.at, one.rule, one.subject))

    def is_wrong(self, alarm_id: str) -> bool | None:
        """Of ours as it is, of others as it was answered then."""
        if alarm_id in self._own:
            return self._live.is_wrong(alarm_id)
        return next((said for alarm, said in self._given.wrong if alarm == alarm_id), None)

    def around(self, zone: str, at: Millis) -> Mapping[str, bool | float]:
        """As it was answered then: the instruments of the coast are not among our few."""
        return next((said for where, when, said in self._given.around if (where, when) == (zone, at)), {})

    def listening_from(self, at: Millis) -> None:
        """For ours."""
        self._live.listening_from(at)

    def work(self, facility: str, who: str, since: Millis | None, until: Millis | None) -> None:
        """For ours."""
        self._live.work(facility, who, since, until)

    def plan(self, plan: str, facility: str, zone: str, since: Millis, until: Millis) -> None:
        """For ours."""
        self._live.plan(plan, facility, zone, since, until)

    def corrections(self) -> Sequence[Correction]:
        """Of ours."""
        return [one for one in self._live.corrections() if (one.rule, one.subject) in self._mine]

    def false_alarm(self, facility: str, at: Millis) -> None:
        """For ours."""
        self._live.false_alarm(facility, at)

    def open_alarms(self) -> Mapping[str, AlarmChange]:
        """Ours that are open now, and others that were then."""
        mine = {name: one for name, one in self._live.open_alarms().items() if self._is_mine(one)}
        return {**self._others, **mine}

    def _is_mine(self, change: AlarmChange) -> bool:
        return (change.rule, change.subject) in self._mine


def without_mine(given: Given, mine: Mine, own: frozenset[str]) -> Given:
    """What is to be given of others. `own`: the alarms of ours."""
    return Given(
        [one for one in given.changes if (one.rule, one.subject) not in mine],
        [one for one in given.wrong if one[0] not in own],
    )


def bearing_on(site: Site, rules: RuleBook, subjects: frozenset[str]) -> frozenset[str]:
    """The devices that have a say in what the rules decide of some subjects: their own, those of the groups that
    hold them back, of those with whom they are compared, and the instruments that tell of the surroundings.
    """
    fitted = fit(rules, site)
    spots = {spot.facility.id: spot for spot in fitted.spots}
    circles = [circle for circle in fitted.circles if circle.subject in subjects]
    facilities = [one.partition(":")[2] for one in subjects if one.startswith("facility:")]
    facilities += [site.devices[name].facility for s in subjects if (name := s.removeprefix("device:")) in site.devices]
    waiting = [spots[name] for name in facilities if name in spots]
    mine: dict[str, Spot] = {}
    seen: set[str] = set()
    while waiting or circles:
        while circles:
            circle = circles.pop()
            if circle.key not in seen:
                seen.add(circle.key)
                waiting += circle.spots.values()
                above = circle.program.rule.inhibited_by
                circles += [c for spot in circle.spots.values() for c in spot.circles if c.program.rule.name in above]
        if not waiting:
            break
        spot = waiting.pop()
        if spot.facility.id not in mine:
            mine[spot.facility.id] = spot
            circles += [circle for _, key in spot.keys for circle in spot.coverers(key)]
            waiting += spot.peers if spot.fusion.near else ()
    tellers = surroundings(site, rules).kinds
    mine.update((name, spot) for name, spot in spots.items() if spot.facility.kind in tellers)
    return frozenset(ear.id for spot in mine.values() for ear in spot.ears)
