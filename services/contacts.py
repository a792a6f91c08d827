"""Everybody whom a site reaches beside MQTT: over which contact, under what limit, and what is missing for it here."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain.site import Contact, Crew, Party, Site
from services import wiring
from services.clocks import WallClock
from services.dispatch.letters import PRACTICE
from services.dispatch.pacing import Limit
from services.settings import Settings


@dataclass(frozen=True, slots=True)
class Reached:
    """One contact of somebody. `missing` is why it cannot be used; "" where it can."""

    to: Crew | Party
    place: int
    contact: Contact
    missing: str
    limit: str


def reached(settings: Settings, site: Site, environment: Mapping[str, str]) -> Iterator[Reached]:
    """Every contact of the site, in the order in which they are tried. Raises ConflictError where mail is set up
    wrongly.
    """
    known = wiring.limits_of(settings, WallClock())
    people: list[Crew | Party] = [*site.crews.values(), *site.parties.values()]
    for somebody in people:
        for place, contact in enumerate(somebody.contacts):
            limit = _limit(known[contact.channel]) if contact.channel in known else "no limit known"
            yield Reached(somebody, place, contact, _missing(site, contact, known, environment), limit)


def _missing(site: Site, contact: Contact, known: Collection[str], environment: Mapping[str, str]) -> str:
    if site.simulated and contact.channel not in PRACTICE:
        return "a simulated site reaches nobody in the real world: its contacts are of the channel `drill`"
    if contact.channel not in known:
        return "no mail server is named: set TIDEWALK_SMTP and TIDEWALK_SMTP_FROM"
    for said in (contact.to, contact.secret):
        name = said.removeprefix("env:")
        if name != said and not environment.get(name, "").strip():
            return f"{name} is not set here"
    return ""


def _limit(limits: Sequence[Limit]) -> str:
    def one(limit: Limit) -> str:
        span = "minute" if limit.span_ms == 60_000 else f"{limit.span_ms // 1000} s"
        return f"{limit.most} a {span}"

    return ", ".join(one(limit) for limit in limits)
