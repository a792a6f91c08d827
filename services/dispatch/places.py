"""Where a crew is sent, whatever the alarm named: a facility, a gateway, or something the site no longer knows."""

from typing import NamedTuple

from domain.naming import Kind
from domain.site import Facility, Grade, Name, Position, Site


class Place(NamedTuple):
    """A spot on the coast as an order needs it. `position` is None only where the site does not know the place."""

    id: str
    name: Name
    zone: str
    position: Position | None
    kind: Kind | None
    grade: Grade
    pole: str
    chainage: str  # 桩号, K2+350
    supervisor: str
    maintainer: str
    owner: str


def place_of(site: Site, facility: str) -> Place:
    """The place of a facility, gateway, zone or section; one without zone and position where the site knows none."""
    known = site.facilities.get(facility)
    if known is not None:
        return _facility(known)
    if (ground := site.zones.get(facility)) is not None:
        middle = ground.nodes[0].position if ground.nodes else None
        return Place(facility, ground.name, ground.id, middle, None, ground.grade, "", "", "", "", "")
    if (stretch := site.sections.get(facility)) is not None:
        middle = stretch.line[len(stretch.line) // 2] if stretch.line else None
        called = Name(stretch.id, stretch.id)
        return Place(facility, called, stretch.zone, middle, None, stretch.grade, "", "", "", "", "")
    gateway = site.gateways.get(facility)
    name = Name(facility, facility)
    zone, position = (gateway.zone, gateway.position) if gateway else ("", None)
    return Place(facility, name, zone, position, None, Grade.ORDINARY, "", "", "", "", "")


def _facility(known: Facility) -> Place:
    chainage = "" if known.chainage_m is None else _chainage(known.chainage_m)
    parties = (known.supervisor, known.maintainer, known.owner)
    return Place(
        known.id, known.name, known.zone, known.position, known.kind, known.grade, known.pole, chainage, *parties
    )


def _chainage(metres: float) -> str:
    whole = round(metres)
    return f"K{whole // 1000}+{whole % 1000:03d}"
