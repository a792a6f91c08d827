"""What an order says to people after an event: retained messages to crews, and letters to contacts."""

from collections.abc import Sequence

from domain.naming import order_topic
from domain.readings import Millis
from domain.site import Site
from services.dispatch import policy
from services.dispatch.letters import Letter, letters
from services.dispatch.orders import Addressed, Order
from services.dispatch.wording import message


def announced(
    before: Order | None, after: Order, site: Site, at: Millis
) -> tuple[Sequence[Addressed], Sequence[Letter]]:
    """To crews: whoever has it no longer hears that, whoever has it hears how it is. To contacts: as `letters` says."""
    stem = f"{after.id}:{after.revision}"
    had = policy.recipients(before, site.desk) if before is not None else ()
    have = policy.recipients(after, site.desk)
    gone = [crew for crew in had if crew not in have]
    told = [
        _addressed(f"{stem}:clear{f':{crew}' if index else ''}", after, site, crew, b"")
        for index, crew in enumerate(gone)
    ]
    told += [
        _addressed(f"{stem}{f':{crew}' if index else ''}", after, site, crew, message(after, site, crew))
        for index, crew in enumerate(have)
    ]
    return told, letters(before, after, had, have, site, at)


def _addressed(key: str, order: Order, site: Site, crew: str, payload: bytes) -> Addressed:
    topic = order_topic(site.id, crew, order.id)
    return Addressed(key, order.id, order.revision, topic, payload, retain=True, priority=order.priority)
