"""Everything that surrounds a place, joined: what follows from time and site alone, and what was heard."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from domain.naming import Kind
from domain.readings import Millis, Reading
from domain.site import Site
from rules.book import RuleBook
from rules.context.calendar import SHIPPED, Calendar, Year, read_years
from rules.context.heard import REACH, HeardContext
from rules.context.hours import Opening
from rules.context.sun import Sun, sun_over
from rules.core.program import Program
from rules.core.surroundings import Place, Surroundings
from rules.core.vocabulary import CONTEXT

EVERYTHING: Final = frozenset(CONTEXT)
_OF_CLOCKS: Final = frozenset({"tide_level", "wind_gust", "crowd_level"})  # what the clocks of orders may ask for
_OPENING: Final = frozenset({"open", "minutes_to_close"})


class Around:
    """The context of a site. It learns from the journal (`rules.core.surroundings.Listening`); the rest of it is a pure
    function of time. What nobody asks for is neither worked out nor makes anybody ask anew.
    """

    def __init__(self, site: Site, heard: HeardContext, years: Mapping[int, Year], wanted: frozenset[str]) -> None:
        self._heard = heard
        self._sun: Sun = sun_over(site)
        self._calendar = Calendar(site.timezone, years)
        self._opening = Opening(site.timezone, minutely="minutes_to_close" in wanted) if wanted & _OPENING else None
        self._hours = {f.id: f.hours for f in site.facilities.values() if f.hours} if self._opening else {}
        self._zones: dict[str, Surroundings] = {}  # as last asked for
        self._plain: dict[str, Surroundings] = {}  # the same, of facilities with nothing of their own

    @property
    def kinds(self) -> frozenset[Kind]:
        """Whose readings it wants to hear."""
        return self._heard.kinds

    @property
    def apart(self) -> frozenset[str]:
        """The facilities with hours of their own, or where somebody works, or will."""
        return self._heard.own_of.union(self._hours)

    def at(self, place: Place, when: Millis) -> Surroundings:
        """The surroundings of a place at a moment."""
        facility = place.facility
        if facility in self._hours or facility in self._heard.own_of:
            return self._of_its_own(place, when)
        known = self._plain if facility else self._zones  # most facilities have nothing that others have not
        found = known.get(place.zone)
        if found is None or not found.since <= when < found.until:
            found = known[place.zone] = self._usual(place, when) if facility else self._shared(place.zone, when)
        return found

    def hear(self, reading: Reading) -> bool:
        """A reading of one of `kinds`. Whether any answer may now be another."""
        return self._changed(changed=self._heard.hear(reading))

    def work(self, facility: str, who: str, since: Millis | None, until: Millis | None) -> bool:
        """Work on a facility begins or ends (`HeardContext.work`). Whether any answer may now be another."""
        return self._changed(changed=self._heard.work(facility, who, since, until))

    def plan(self, plan: str, facility: str, zone: str, since: Millis, until: Millis) -> bool:
        """Work is planned (`HeardContext.plan`). Whether any answer may now be another."""
        return self._changed(changed=self._heard.plan(plan, facility, zone, since, until))

    def save(self) -> bytes:
        """All that it has learnt, for `load`."""
        return self._heard.save()

    def load(self, text: bytes) -> None:
        """Take up what `save` gave."""
        self._heard.load(text)
        self._changed(changed=True)

    def _of_its_own(self, place: Place, when: Millis) -> Surroundings:
        found = _joined(self.at(Place(place.zone, {}), when), self._heard.own(place, when))
        if self._opening is None:
            return found
        return _joined(found, self._opening.at(self._hours.get(place.facility, ()), when))

    def _usual(self, place: Place, when: Millis) -> Surroundings:
        """Of a facility that is always open, and where nobody is at work."""
        found = _joined(self.at(Place(place.zone, {}), when), self._heard.own(place, when))
        return found if self._opening is None else _joined(found, self._opening.at((), when))

    def _shared(self, zone: str, when: Millis) -> Surroundings:
        found = _joined(self._sun.at(Place(zone, {}), when), self._calendar.at(when))
        return _joined(found, self._heard.shared(zone, when))

    def _changed(self, *, changed: bool) -> bool:
        if changed:
            self._zones.clear()
            self._plain.clear()
        return changed


def surroundings(site: Site, rules: RuleBook | None = None, *, years: Mapping[int, Year] | None = None) -> Around:
    """The context of a site: of all that there is, or of what some rules ask for, for as far back as they ask."""
    wanted, reach = EVERYTHING, REACH
    if rules is not None:
        wanted = asked_for(rules) | (_OF_CLOCKS if site.clocks.asks_around else frozenset())
        reach = max(reach, *(_reach(program) for program in _parts(rules.programs.values())))
    heard = HeardContext(site, wanted, reach)
    return Around(site, heard, read_years(SHIPPED) if years is None else years, wanted)


def asked_for(rules: RuleBook) -> frozenset[str]:
    """The names of the context that any rule asks for."""
    return frozenset(name for one in _parts(rules.programs.values()) for name in _named(one))


def _parts(programs: Iterable[Program]) -> Iterator[Program]:
    for program in programs:
        yield program
        yield from _parts(program.parts)


def _named(program: Program) -> Iterator[str]:
    asked = (*program.clauses, program.clear, program.given, program.clear_given, program.member)
    return (name for condition in asked if condition is not None for name in condition.context)


def _reach(program: Program) -> Millis:
    """How far back a judgement may ask what held: as long as anything must hold, and as a window is long."""
    rule = program.rule
    longest = max((clause.for_s for clause in rule.clauses), default=0)
    return max(longest, rule.clear_for_s) * 1000 + program.span + program.wait


def _joined(one: Surroundings, other: Surroundings) -> Surroundings:
    return Surroundings(max(one.since, other.since), min(one.until, other.until), {**one.values, **other.values})
