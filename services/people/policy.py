"""Who may do what, and where: one table of every route, and one of an operator's actions. Pure.

What stands in no table is the administrator's alone; the test that walks the API's document fails for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.people.roles import Person, Role

READERS: Final = frozenset(Role)
WATCHERS: Final = READERS - {Role.CREW}
OPERATORS: Final = frozenset({Role.OPERATOR, Role.DISPATCHER, Role.ADMIN})
DISPATCHERS: Final = frozenset({Role.DISPATCHER, Role.ADMIN})
ADMINS: Final = frozenset({Role.ADMIN})


class Reach(StrEnum):
    """What a person's zones mean for a route."""

    OPEN = "open"  # nobody is asked who they are
    COMMON = "common"  # the same for everybody: nothing in it is of one zone
    LISTED = "listed"  # of a list, what is in their zones
    PLACED = "placed"  # one thing: theirs where it is in their zones, else 403
    SIGNED = "signed"  # whoever has a crew's link, for what is that crew's: the route opens it
    WHOLE = "whole"  # of the whole coast: for those without zones alone


@dataclass(frozen=True, slots=True)
class Deed:
    """What a route is, in words, for whom, and what zones mean for it."""

    what: str
    roles: frozenset[Role]
    reach: Reach


@dataclass(frozen=True, slots=True)
class Lacking:
    """Why somebody may not, and what would be needed: one of these roles, all of these zones; `whole`: no zones."""

    why: str
    roles: tuple[Role, ...] = ()
    zones: tuple[str, ...] = ()
    whole: bool = False


def _deeds(reach: Reach, roles: frozenset[Role], *lines: tuple[str, str]) -> dict[str, Deed]:
    return {route: Deed(what, roles, reach) for route, what in lines}


_V1: Final = "/api/v1"
POLICY: Final[Mapping[str, Deed]] = MappingProxyType(
    _deeds(
        Reach.OPEN,
        READERS,
        ("GET /healthz", "whether the process is alive"),
        ("GET /readyz", "which part works"),
    )
    | _deeds(
        Reach.COMMON,
        READERS,
        ("GET /status", "how the service stands, in numbers"),
        ("GET /openapi.json", "what the API says of itself"),
        (f"GET {_V1}/me", "who they are, and what they may"),
        (f"GET {_V1}/site", "the coast, counted"),
        (f"GET {_V1}/rules", "the rules in force"),
        (f"GET {_V1}/rules/{{rule}}", "one rule"),
    )
    | _deeds(
        Reach.LISTED,
        READERS,
        (f"GET {_V1}/zones", "zones"),
        (f"GET {_V1}/facilities", "facilities"),
        (f"GET {_V1}/alarms", "alarms"),
        (f"GET {_V1}/orders", "orders"),
        (f"GET {_V1}/crews", "crews"),
        (f"GET {_V1}/maintenance", "planned work"),
        (f"GET {_V1}/stops", "where work stands because of tide or wind"),
        (f"GET {_V1}/events", "what changes, as it does"),
    )
    | _deeds(
        Reach.PLACED,
        READERS,
        (f"GET {_V1}/zones/{{zone}}", "one zone"),
        (f"GET {_V1}/facilities/{{facility}}", "one facility"),
        (f"GET {_V1}/facilities/{{facility}}/history", "what a facility measured"),
        (f"GET {_V1}/orders/{{order}}", "one order with its history"),
        (f"GET {_V1}/orders/{{order}}/actions/{{given}}", "what became of an action"),
        (f"GET {_V1}/crews/{{crew}}", "one crew"),
        (f"GET {_V1}/explain", "why there is an alarm, or none"),
    )
    | _deeds(
        Reach.PLACED,
        READERS,
        (f"GET {_V1}/photos/{{photo}}", "what a crew photographed"),
    )
    | _deeds(
        Reach.SIGNED,
        READERS,
        ("GET /crew/{link}", "a crew's page"),
        ("GET /crew/{link}/orders", "a crew's orders"),
        ("POST /crew/{link}/replies", "a crew's answer to an order"),
        ("GET /crew/{link}/replies/{given}", "what became of an answer"),
        ("PUT /crew/{link}/orders/{order}/photos", "a photo of an order"),
    )
    | _deeds(
        Reach.PLACED,
        DISPATCHERS,
        (f"POST {_V1}/stops", "stop work in a zone, or let it go on"),
        (f"POST {_V1}/crews/{{crew}}/links", "make a link for a crew's page"),
        (f"POST {_V1}/crews/{{crew}}/links/revoke", "make all links of a crew void"),
    )
    | _deeds(Reach.LISTED, WATCHERS, (f"GET {_V1}/readings", "all readings, as they are stored"))
    | _deeds(
        Reach.WHOLE,
        WATCHERS,
        ("GET /metrics", "everything that is counted"),
        (f"GET {_V1}/quarantine", "what was kept aside"),
        (f"GET {_V1}/quarantine/{{row}}/{{place}}", "one message that was kept aside"),
        (f"GET {_V1}/rules/shadow", "what shadow rules do otherwise"),
        (f"GET {_V1}/outbox", "what is sent to people beside MQTT"),
    )
    | _deeds(
        Reach.PLACED,
        OPERATORS,
        (f"POST {_V1}/orders/{{order}}/actions", "act on an order, as the table of actions says"),
        (f"POST {_V1}/maintenance", "announce planned work"),
        (f"POST {_V1}/maintenance/{{plan}}/end", "end planned work"),
    )
    | _deeds(
        Reach.WHOLE,
        OPERATORS,
        (f"POST {_V1}/quarantine/{{row}}/{{place}}/retries", "have a message tried again"),
        (f"POST {_V1}/outbox/{{key}}/actions", "have a dead letter tried again, or let it be"),
    )
    | _deeds(
        Reach.WHOLE,
        ADMINS,
        (f"POST {_V1}/rules/reload", "put the edited rule files in force"),
        (f"GET {_V1}/audit", "who did what"),
    )
)
UNKNOWN: Final = Deed("what no table names", ADMINS, Reach.WHOLE)

# What an operator may do to an order; what is not here is the dispatcher's.
ACTIONS: Final[Mapping[str, frozenset[Role]]] = MappingProxyType({"note": OPERATORS, "confirm": OPERATORS})


def deed_of(verb: str, path: str) -> Deed:
    """What a route is, by its verb and its path as the API's document writes it."""
    return POLICY.get(f"{verb.upper()} {path}", UNKNOWN)


def lacks(person: Person, deed: Deed) -> Lacking | None:
    """Why somebody may not do it at all, wherever; None where they may. Zones of the thing itself are `lacks_zone`."""
    if deed.reach in (Reach.OPEN, Reach.SIGNED):
        return None
    if person.role not in deed.roles:
        return _lacks_role(person, deed.roles)
    if deed.reach is Reach.WHOLE and person.zones:
        return Lacking(f"it is of the whole coast, and {_named(person)} has {_listed(person.zones)}", whole=True)
    return None


def lacks_action(person: Person, action: str) -> Lacking | None:
    """Why somebody may not do this to an order; None where they may."""
    roles = ACTIONS.get(action, DISPATCHERS)
    return None if person.role in roles else _lacks_role(person, roles)


def lacks_zone(person: Person, zones: frozenset[str], *, every: bool = False) -> Lacking | None:
    """Why somebody may not see, or act on, what belongs to these zones: they need one of them, or `every` one. What
    belongs to none is of the whole coast.
    """
    if not person.zones or (zones and zones <= person.zones) or (not every and zones & person.zones):
        return None
    has = f"{_named(person)} has {_listed(person.zones)}"
    if not zones:
        return Lacking(f"it is of the whole coast, and {has}", whole=True)
    return Lacking(f"it is in {_listed(zones)}, and {has}", zones=tuple(sorted(zones)))


def _lacks_role(person: Person, roles: frozenset[Role]) -> Lacking:
    needed = tuple(role for role in Role if role in roles)
    return Lacking(f"it needs the role {' or '.join(needed)}, and {_named(person)} is {person.role}", roles=needed)


def _named(person: Person) -> str:
    return person.name or "whoever shows no token"


def _listed(zones: frozenset[str]) -> str:
    return f"{'zone' if len(zones) == 1 else 'zones'} {', '.join(sorted(zones))}"
