"""Who hears that an order is late (升级): one rung after the other, as the site's chains say, up to the duty desk.

Where a site says nothing the desk hears at once, of what is not accepted as of what is not finished. The desk itself is
never escalated: there is nobody behind it.
"""

from typing import Final, NamedTuple

from domain.clocks import Chain, Fits, Tell
from domain.readings import Millis
from domain.site import Site
from services.dispatch.clocks import Circumstances, closest
from services.dispatch.orders import AT_WORK, Order, OrderState, Rung
from services.dispatch.places import place_of
from services.dispatch.when import local

DISTRICT: Final = "district"
_THE_DESK: Final = (Tell(DISTRICT),)


class Late(NamedTuple):
    """The next rung: of which limit, which entry of its chain, and when it is due."""

    at: Millis
    limit: str
    step: int


def chain(order: Order, site: Site, limit: str) -> tuple[Tell, ...]:
    """Who hears of it, one after the other."""
    about = [one for one in site.clocks.chains if one.limit == limit]
    found = closest(about, told_of(order, site), _fits_of)
    return found.tell if found is not None else _THE_DESK


def told_of(order: Order, site: Site) -> Circumstances:
    """What never changes about an order, as entries ask for it."""
    place = place_of(site, order.facility)
    known = site.facilities.get(order.facility)
    return Circumstances(
        priority=order.priority,
        element=order.element,
        kind=order.kind,
        rule=order.rule,
        trade=order.plan.trade,
        zone=order.zone,
        grade=place.grade,
        deck=known is not None and "deck_level_cm" in known.attributes,
    )


def next_rung(order: Order, site: Site) -> Late | None:
    """What is due next if nobody says anything; None where nobody is left to tell."""
    if order.crew == site.desk or order.state not in AT_WORK:
        return None
    due: list[Late] = []
    if order.state is OrderState.DISPATCHED and order.limits.accept is not None:
        due += _next(order, site, "accept", order.limits.accept, begun=order.escalated)
    if order.limits.finish is not None and order.overdue:
        due += _next(order, site, "finish", order.limits.finish, begun=order.overdue)
    return min(due, default=None)


def climb(order: Order, site: Site, limit: str, step: int, at: Millis) -> Rung:
    """Who is told at a rung: whoever it names, or the next who can be told at this hour; the desk in the end."""
    clock = local(at, site.timezone)
    minute = clock.hour * 60 + clock.minute
    for number, tell in enumerate(chain(order, site, limit)[step:], step):
        if tell.level == DISTRICT:
            return _desk(site, limit, at, number)
        if not _awake(tell, minute):
            continue
        party = _party(order, site, tell.level)
        crew = site.lead_of.get(party, "")
        known = site.parties.get(party)
        if crew != order.crew and (crew or (known is not None and known.contacts)):
            return Rung(limit, tell.level, party, crew, at, number)
    return _desk(site, limit, at, len(chain(order, site, limit)))


def first_at_once(order: Order, site: Site, limit: str) -> bool:
    """Whether somebody hears of it the moment that the limit runs out."""
    tell = chain(order, site, limit)
    return order.crew != site.desk and bool(tell) and tell[0].after_s == 0


def _next(order: Order, site: Site, limit: str, ran_out: Millis, *, begun: bool) -> list[Late]:
    taken = [rung.step for rung in order.rungs if rung.limit == limit]
    if not taken and begun and limit == "accept":
        return []  # kept before there were chains: the desk has it
    step = max(taken, default=-1) + 1
    tell = chain(order, site, limit)
    if step >= len(tell) or any(rung.level == DISTRICT and rung.limit == limit for rung in order.rungs):
        return []
    if not taken and limit == "finish" and tell[0].after_s == 0:
        return []  # told with the limit itself
    return [Late(ran_out + tell[step].after_s * 1000, limit, step)]


def _desk(site: Site, limit: str, at: Millis, step: int) -> Rung:
    desk = site.crews.get(site.desk)
    return Rung(limit, DISTRICT, desk.party if desk else "", site.desk, at, step)


def _awake(tell: Tell, minute: int) -> bool:
    if tell.between is None:
        return True
    starts, ends = tell.between
    return starts <= minute < ends or starts <= minute + 1440 < ends


def _party(order: Order, site: Site, level: str) -> str:
    zone = site.zones.get(order.zone)
    place = place_of(site, order.facility)
    named = {
        "community": zone.community if zone else "",
        "subdistrict": zone.subdistrict if zone else "",
        "owner": place.owner,
        "supervisor": place.supervisor,
    }
    return named.get(level, "")


def _fits_of(entry: Chain) -> Fits:
    return entry.fits
