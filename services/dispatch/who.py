"""Who is sent. Always somebody: whoever is nearest, on shift, with the trade and with hands free; else a deputy of who
is off; else a crew of a neighbouring zone; else whoever speaks for the subdistrict; else the duty desk (兜底).

Of several in a zone, those count first whose matter it is: of a component its owner's and its maintainer's people, then
the place's (部件先属主后属地); of an event the place's first (事件先属地后属主).
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from math import cos, hypot, radians
from typing import Final, NamedTuple

from domain.naming import Element, Kind, Matter
from domain.readings import Millis
from domain.site import Crew, Duty, Position, Roster, Site
from rules.core.rule import OrderPlan
from services.dispatch.orders import Responsible
from services.dispatch.places import Place
from services.dispatch.when import local
from services.dispatch.working import DayOf

DAY_MINUTES: Final = 1440
METRES_PER_DEGREE: Final = 111_195.0
_OF_PLACES: Final = (Kind.CROWD, Kind.COAST)
_AS_EVER: Final = Duty()


class Choice(NamedTuple):
    """Who is sent, and why they."""

    crew: str
    why: str


def nothing_known(_: date) -> Mapping[str, bool | float]:
    """Of a day of which nobody knows what kind it is."""
    return {}


def matter_of(plan: OrderPlan, kind: Kind | None) -> Matter:
    """Whether a plan is about a thing that somebody owns, or about what is the matter in a place. Where its rule does
    not say: cleanliness and order are of the place, and so are tide, wind and crowds.
    """
    if plan.matter is not None:
        return plan.matter
    placed = plan.counted and (plan.element in (Element.SANITATION, Element.ORDER) or kind in _OF_PLACES)
    return Matter.EVENT if placed else Matter.COMPONENT


def responsible(site: Site, place: Place, crew: str = "") -> Responsible:
    """Who answers for what is the matter at a place, and carries it out where `crew` is sent."""
    zone = site.zones.get(place.zone)
    sent = site.crews.get(crew)
    carries_out = place.maintainer or (sent.party if sent else "") or (zone.community if zone else "")
    return Responsible(zone.subdistrict if zone else "", place.supervisor, carries_out, place.owner)


def on_shift(site: Site, crew: Crew, at: Millis, day_of: DayOf = nothing_known) -> bool:
    """Whether they are at work at that local time, by the roster of the day their shift began. A crew without shifts
    always is, unless a roster gives it some, or the day off.
    """
    return _on_since(site, crew, at, day_of) is not None


def capacity(site: Site, crew: Crew, at: Millis, day_of: DayOf = nothing_known) -> int:
    """How many orders they take at one time, by the same roster."""
    day = _on_since(site, crew, at, day_of) or local(at, site.timezone).date()
    duty = _duty(site, crew, day, day_of)
    return crew.capacity if duty.capacity is None else duty.capacity


def choose(
    site: Site,
    place: Place,
    trade: str,
    at: Millis,
    load: Mapping[str, int],
    refused: Collection[str] = (),
    *,
    matter: Matter = Matter.COMPONENT,
    day_of: DayOf = nothing_known,
) -> Choice:
    """Who is sent to `place`. `load` is how many orders each crew has at work; `refused` gave this one back."""
    skilled = [
        crew
        for crew in site.crews.values()
        if crew.id != site.desk and not crew.lead and trade in crew.trades and crew.id not in refused
    ]
    able = [crew for crew in skilled if _free(site, crew, at, load, day_of)]
    here = [crew for crew in able if place.zone in crew.zones]
    whose = _turn(site, place, matter)
    near = _nearest(here, place.position, whose)
    if near is not None:
        return Choice(near.id, "nearest on shift in the zone")
    for crew in sorted((c for c in skilled if place.zone in c.zones and c.deputy), key=lambda c: c.id):
        deputy = site.crews.get(crew.deputy)
        if deputy is not None and deputy.id not in refused and _free(site, deputy, at, load, day_of):
            return Choice(deputy.id, f"stands in for {crew.id}")
    zone = site.zones.get(place.zone)
    for neighbour in zone.neighbours if zone else ():
        near = _nearest([c for c in able if neighbour in c.zones], place.position, whose)
        if near is not None:
            return Choice(near.id, f"nobody free in the zone: from neighbouring {neighbour}")
    lead = site.crews.get(site.lead_of.get(zone.subdistrict, "")) if zone else None
    if lead is not None and lead.id not in refused and _free(site, lead, at, load, day_of):
        return Choice(lead.id, "nobody on shift with the trade is free: the subdistrict's lead")
    return Choice(site.desk, "nobody on shift with the trade is free: the duty desk")


def again(
    site: Site,
    place: Place,
    trade: str,
    at: Millis,
    load: Mapping[str, int],
    before: str,
    refused: Collection[str],
    *,
    matter: Matter = Matter.COMPONENT,
    day_of: DayOf = nothing_known,
) -> Choice:
    """Who does it over: whoever had it, where they are on shift; else as `choose`."""
    crew = site.crews.get(before)
    if crew is not None and before not in refused and (before == site.desk or on_shift(site, crew, at, day_of)):
        return Choice(before, "whoever had it before")
    return choose(site, place, trade, at, load, refused, matter=matter, day_of=day_of)


def _free(site: Site, crew: Crew, at: Millis, load: Mapping[str, int], day_of: DayOf) -> bool:
    today = local(at, site.timezone).date().isoformat()
    since, until = crew.contract
    hired = (not since or since <= today) and (not until or today <= until)
    room = load.get(crew.id, 0) < capacity(site, crew, at, day_of)
    return hired and room and on_shift(site, crew, at, day_of)


def _on_since(site: Site, crew: Crew, at: Millis, day_of: DayOf) -> date | None:
    """The day on which the shift that they work at that time began; None where they are off."""
    clock = local(at, site.timezone)
    minute, today = clock.hour * 60 + clock.minute, clock.date()
    now = _shifts(site, crew, today, day_of)
    if now is None or _works(site, now, minute):
        return today
    yesterday = today - timedelta(days=1)
    before = _shifts(site, crew, yesterday, day_of) or ()
    return yesterday if _works(site, before, minute + DAY_MINUTES) else None


def _works(site: Site, shifts: Iterable[str], minute: int) -> bool:
    worked = (site.shifts[name] for name in shifts if name in site.shifts)
    return any(shift.starts <= minute < shift.ends for shift in worked)


def _shifts(site: Site, crew: Crew, day: date, day_of: DayOf) -> tuple[str, ...] | None:
    """The shifts of a crew that begin on a day; None: all day."""
    duty = _duty(site, crew, day, day_of)
    if duty.shifts is not None:
        return duty.shifts
    return crew.shifts or None


def _duty(site: Site, crew: Crew, day: date, day_of: DayOf) -> Duty:
    found = (r.crews[crew.id] for r in site.rosters.values() if crew.id in r.crews and _in_force(r, day, day_of))
    return next(found, _AS_EVER)


def _in_force(roster: Roster, day: date, day_of: DayOf) -> bool:
    told = day.isoformat()
    if any(first <= told <= last for first, last in roster.days):
        return True
    return bool(roster.on) and any(day_of(day).get(kind) for kind in roster.on)


def _turn(site: Site, place: Place, matter: Matter) -> Mapping[str, int]:
    """In whose turn parties are asked, from 0; whoever is not named comes last."""
    zone = site.zones.get(place.zone)
    placed = (zone.community, zone.subdistrict) if zone else ()
    owning = (place.owner, place.maintainer)
    first, second = (owning, placed) if matter is Matter.COMPONENT else (placed, owning)
    return {party: 0 if party in first else 1 for party in (*first, *second) if party}


def _nearest(crews: Iterable[Crew], to: Position | None, whose: Mapping[str, int]) -> Crew | None:
    return min(crews, key=lambda c: (whose.get(c.party, 2), _metres(c.base, to), c.id), default=None)


def _metres(a: Position, b: Position | None) -> float:
    if b is None:
        return 0.0
    return METRES_PER_DEGREE * hypot(a.lat - b.lat, (a.lon - b.lon) * cos(radians(a.lat)))
