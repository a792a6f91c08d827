"""Where things are, and whether whoever asks may see them: routes ask here, by `services.people.policy`."""

from collections.abc import Collection
from typing import Annotated

from fastapi import Depends, Request

from domain.site import Crew, Site
from services.api.guard import Caller
from services.api.problems import ForbiddenError
from services.api.trailing import Footprint
from services.people.policy import lacks_action, lacks_zone


async def _asked(request: Request) -> Caller:
    found = request.state.caller
    assert isinstance(found, Caller)  # noqa: S101  # the guard stands before every route
    return found


async def _left(request: Request) -> Footprint:
    left = request.state.footprint
    assert isinstance(left, Footprint)  # noqa: S101  # the same
    return left


Asking = Annotated[Caller, Depends(_asked)]
Left = Annotated[Footprint, Depends(_left)]


class Whereabouts:
    """In which zones things are. What is in none is of the whole coast."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._zones = {zone: zone for zone in site.zones}
        self._zones |= {one.id: one.zone for one in site.sections.values()}
        self._zones |= {one.id: one.zone for one in site.gateways.values()}
        self._zones |= {one.id: one.zone for one in site.facilities.values()}
        self._within: dict[frozenset[str], frozenset[str]] = {}

    def zones(self, place: str) -> frozenset[str]:
        """Of a facility, gateway, section or zone."""
        found = self._zones.get(place)
        return frozenset() if found is None else frozenset((found,))

    def within(self, zones: frozenset[str]) -> frozenset[str]:
        """Every place in these zones."""
        found = self._within.get(zones)
        if found is None:
            found = frozenset(place for place, zone in self._zones.items() if zone in zones)
            if len(self._within) < 1000:  # combinations that people have
                self._within[zones] = found
        return found

    def shows_crew(self, caller: Caller, crew: Crew) -> bool:
        """Whether a crew is theirs to see: it works in one of their zones, or is the duty desk."""
        return crew.id == self._site.desk or lacks_zone(caller.person, frozenset(crew.zones)) is None

    def chosen(self, caller: Caller, given: str | None) -> str | Collection[str] | None:
        """Of which zones a list is: the one that is asked for, as far as it is theirs; else theirs; None: of all."""
        own = caller.person.zones
        return given if not own else own & {given} if given is not None else own

    def places(self, caller: Caller, given: str | None) -> str | Collection[str] | None:
        """The same of places: the one that is asked for, or all that are theirs."""
        own = caller.person.zones
        if not own:
            return given
        within = self.within(own)
        return within & {given} if given is not None else within


def must_see(caller: Caller, zones: Collection[str]) -> None:
    """Raises ForbiddenError where a thing of these zones is not theirs to see, or to act on."""
    lacking = lacks_zone(caller.person, frozenset(zones))
    if lacking is not None:
        raise ForbiddenError(lacking)


def must_act(caller: Caller, action: str) -> None:
    """Raises ForbiddenError where their role may not do this to an order."""
    lacking = lacks_action(caller.person, action)
    if lacking is not None:
        raise ForbiddenError(lacking)
