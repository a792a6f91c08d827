"""A service, from the parts that the settings name."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from domain.errors import ConflictError
from domain.ports import Clock, Publisher, Source
from domain.site import Site
from ingest.lockstep import DomainClock
from services.heartbeats import Heartbeats
from services.housekeeping import Keep
from services.influx.chronicle import Chronicle
from services.leading import LedPublisher, LedSource
from services.outside import Outside
from services.roles import ALL, Role, named
from services.service import Service
from services.settings import Settings
from services.wiring.books import Kept, kept_of, shadow_of
from services.wiring.channels import Among, post_of
from services.wiring.files import editions_of, rules_of
from services.wiring.nodes import Led, alone, begin_run
from services.wiring.people import photos_of
from services.wiring.readings import Readings, readings_of


@asynccontextmanager
async def service(
    settings: Settings,
    site: Site,
    source: Source,
    publisher: Publisher,
    clock: DomainClock,
    roles: frozenset[Role] = ALL,
    led: Led | None = None,
    among: Among = dict,
) -> AsyncIterator[Service]:
    """A service, or some roles of one, with the stores that the settings name; not running yet. Closes them at the end.
    With `led` it writes and speaks only while it leads. `among` says which of the channels to contacts it has.
    Raises ConflictError where another process has one of the roles, or the settings do not go with them.
    """
    apart = roles != ALL
    if apart and not settings.influx:
        raise ConflictError(
            f"--roles {named(roles)}: readings in DuckDB belong to one process; name an InfluxDB with --influx, or run"
            " all roles in one process"
        )
    async with AsyncExitStack() as stack:
        stack.enter_context(alone(settings.state, roles))
        if led is not None:
            await asyncio.to_thread(begin_run, settings.state, led)
            source, publisher = LedSource(source, led.leading), LedPublisher(publisher, led.leading)
        readings = await stack.enter_async_context(readings_of(settings, site, clock, roles))
        kept = stack.enter_context(kept_of(settings, led.lease.fence if led is not None else None))
        post = await stack.enter_async_context(post_of(settings, kept.box, clock, roles, led, among))
        outside = Outside(
            source,
            publisher,
            clock,
            kept.journal,
            kept.quarantine,
            kept.books,
            readings.store,
            readings.history,
            readings.forget,
            beats=Heartbeats(settings.state, clock, time.monotonic) if apart else None,
            rollups=readings.rollups,
            chronicle=_chronicle(site, kept, readings, clock),
            post=post,
            photos=photos_of(settings),
            trail=kept.people,
            leading=led.leading if led is not None else None,
        )
        rules = rules_of(settings)
        days = settings.retention_days, settings.journal_days
        keep = Keep(*days, settings.journal_mb, photos=settings.photo_days, trail=settings.audit_days)
        beside = stack.enter_context(shadow_of(settings))
        editions = editions_of(settings, site, rules)
        yield Service(site, rules, outside, keep, editions, roles, beside, lambda: rules_of(settings))


def _chronicle(site: Site, kept: Kept, readings: Readings, clock: Clock) -> Chronicle | None:
    """What happens, written beside the readings; None where nobody could read it there."""
    if readings.rollups is None or readings.events is None:
        return None
    return Chronicle(site, kept.books, readings.events, clock, rollups=readings.rollups, upkeep=kept.upkeep)
