"""A crew's list as its page has it: each order as docs/wire.md has it, and what helps to find and to answer it."""

from collections.abc import Iterable
from typing import Any

import msgspec

from domain.site import Site
from services.crew.acts import may
from services.dispatch.maps import amap, openstreetmap
from services.dispatch.orders import Order
from services.dispatch.places import place_of
from services.dispatch.who import responsible
from services.dispatch.wording import message


def listed(site: Site, crew: str, orders: Iterable[Order]) -> bytes:
    """All that a crew has, as JSON. The same orders give the same bytes."""
    rows = [_row(site, crew, order) for order in sorted(orders, key=lambda o: (o.priority, o.opened, o.id))]
    return msgspec.json.encode({"crew": crew, "orders": rows})


def _row(site: Site, crew: str, order: Order) -> dict[str, Any]:
    place = place_of(site, order.facility)
    named = place.name.zh if site.crews[crew].language == "zh" else place.name.en
    at = place.position
    who = responsible(site, place, order.crew)
    return {
        "order": msgspec.Raw(message(order, site, crew)),
        "may": may(order, crew, site.desk),
        "mine": order.crew == crew,
        "with": _named(site, order.crew),
        "map": None if at is None else {"zh": amap(at, named), "en": openstreetmap(at)},
        "parties": {
            role: {"en": party.name.en, "zh": party.name.zh}
            for role, party in ((role, site.parties.get(one)) for role, one in who._asdict().items())
            if party is not None
        },
    }


def _named(site: Site, crew: str) -> dict[str, str]:
    known = site.crews.get(crew)
    return {"en": crew, "zh": crew} if known is None else {"en": known.name.en, "zh": known.name.zh}
