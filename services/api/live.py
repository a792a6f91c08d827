"""The hub of what changes, beside a service: told by its parts in this process, by journal and books of the rest."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from secrets import token_hex
from typing import Any

from ingest.pipeline import Pipeline
from services.live import feeds
from services.live.changes import Body
from services.live.hub import Hub
from services.roles import ALL, Role
from services.service import Service


def hub_of(service: Service, status: Callable[[], Body]) -> Hub:
    """A hub of its coast; empty until `fed`."""
    return Hub(service.site, service.clock, epoch=token_hex(4), status=status)


@asynccontextmanager
async def fed(hub: Hub, service: Service) -> AsyncIterator[None]:
    """Fill it, and tell it of everything while this lasts."""

    def fresh(_: int) -> Pipeline:
        return Pipeline(service.site)

    row = await feeds.begin(hub, service.books, service.journal, fresh)
    works: list[Coroutine[Any, Any, None]] = [hub.run()]
    if Role.JUDGE in service.roles:
        service.on_kept.append(lambda outcome: hub.cases(outcome.alarms, outcome.orders))
    else:
        works.append(feeds.follow_books(hub, service.books))
    if service.roles == ALL or service.roles & {Role.JUDGE, Role.STORE}:
        service.on_heard.append(hub.heard)
    else:
        works.append(feeds.follow_journal(hub, service.journal, fresh, row))
    tasks = [asyncio.create_task(work, name="live") for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
