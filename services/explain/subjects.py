"""Who is meant: a facility by its id, its 灯杆号 or its part code, a gateway, a device, an alarm, an order."""

from typing import NamedTuple, Protocol

from domain.errors import ConflictError, NotFoundError
from domain.site import Site
from services.dispatch.orders import Alarm, Order


class Cases(Protocol):
    """Where alarms and orders are looked up. Blocking."""

    def alarm(self, alarm: str) -> Alarm:
        """One alarm. Raises NotFoundError."""
        ...

    def order(self, order: str) -> Order:
        """One order with its history, by id or 案号. Raises NotFoundError."""
        ...


class Meant(NamedTuple):
    """A facility or a gateway; and the alarm and rule that are asked about, where one is."""

    place: str
    alarm: Alarm | None = None


def place_meant(site: Site, said: str) -> str | None:
    """The facility, gateway, section or zone that a person means; None where it is none. Raises ConflictError where it
    is several.
    """
    if any(said in places for places in (site.facilities, site.gateways, site.sections, site.zones)):
        return said
    if said in site.devices:
        return site.devices[said].facility
    found = [one.id for one in site.facilities.values() if said in (one.pole, one.part_code) and said]
    if len(found) > 1:
        raise ConflictError(f"{said} is at {len(found)} facilities: {', '.join(found[:6])}; name one by its id")
    return found[0] if found else None


def meant(site: Site, cases: Cases | None, said: str) -> Meant:
    """Who is meant. Raises NotFoundError."""
    if (place := place_meant(site, said)) is not None:
        return Meant(place)
    if cases is not None:
        for look in (cases.alarm, lambda one: cases.alarm(cases.order(one).alarms[0])):
            try:
                alarm = look(said)
            except NotFoundError:
                continue
            return Meant(alarm.facility, alarm)
    raise NotFoundError(
        f"there is no facility, 灯杆号, part code, gateway, section, zone, device, alarm or order {said!r} on {site.id}"
    )
