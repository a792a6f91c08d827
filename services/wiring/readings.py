"""Readings: in DuckDB, in InfluxDB with its roll-ups and events, and what else is asked of an InfluxDB."""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from domain.errors import ConflictError, UnavailableError
from domain.ports import Clock
from domain.readings import Millis
from domain.site import Site
from services.housekeeping import DAY
from services.influx.retelling import Retelling
from services.influx.rollups import RollUps
from services.influx.setting_up import Done, set_up
from services.roles import Role
from services.settings import Settings
from services.wiring.books import open_books
from services.wiring.files import rules_of, site_of

if TYPE_CHECKING:  # 40 MB of DuckDB and Arrow, 0.2 s of InfluxDB's client: imported where they are wanted
    from services.storage.duck import DuckStore
    from services.storage.duck_columns import DuckColumns
    from services.storage.influx import InfluxStore
    from services.storage.influx_events import InfluxEvents
    from services.storage.influx_history import InfluxHistory
    from services.storage.influx_speech import InfluxSettings


@dataclass(frozen=True, slots=True)
class Readings:
    """Where readings are written and read; how those are forgotten where the store does not do it by itself; and the
    roll-ups and events of an InfluxDB, where this process writes them.
    """

    store: "InfluxStore | DuckStore"
    history: "InfluxHistory | DuckStore"
    forget: Callable[[Millis], Awaitable[object]] | None = None
    rollups: RollUps | None = None
    events: "InfluxEvents | None" = None


@asynccontextmanager
async def readings_of(settings: Settings, site: Site, clock: Clock, roles: frozenset[Role]) -> AsyncIterator[Readings]:
    """The store that the settings name, for a process with these roles. Raises ConflictError where another process has
    the file.
    """

    def oldest() -> Millis:
        return clock.now() - settings.retention_days * DAY if settings.retention_days else 0

    async with AsyncExitStack() as stack:
        if not settings.influx:
            from services.storage import duck

            duckdb = duck.DuckStore(duck.DuckSettings(path=settings.state / "readings.duckdb"), oldest=oldest)
            await duckdb.open()
            stack.push_async_callback(duckdb.close)
            yield Readings(duckdb, duckdb, duckdb.prune)
            return
        from services.storage import influx, influx_events

        asked = influx_of(settings, simulated=site.simulated)
        store = influx.InfluxStore(asked, site=site.id, oldest=oldest)
        history = await stack.enter_async_context(history_of(settings, site))
        if Role.STORE not in roles:
            stack.push_async_callback(store.close)
            yield Readings(store, history)
            return
        rollups = await stack.enter_async_context(rollups_of(settings, site, clock))
        events = influx_events.InfluxEvents(asked, clock, site=site.id)
        stack.push_async_callback(events.close)
        stack.push_async_callback(store.close)
        yield Readings(store, history, rollups=rollups, events=events)


@asynccontextmanager
async def history_of(settings: Settings, site: Site) -> "AsyncIterator[InfluxHistory]":
    """The readings of the InfluxDB that the settings name."""
    from services.storage.influx_history import InfluxHistory

    history = InfluxHistory(influx_of(settings, simulated=site.simulated), site=site.id)
    try:
        yield history
    finally:
        await history.close()


@asynccontextmanager
async def rollups_of(settings: Settings, site: Site, clock: Clock) -> AsyncIterator[RollUps]:
    """The roll-up job of the InfluxDB that the settings name, with its notes in the state folder."""
    from services.storage.influx_notes import RollupNotes
    from services.storage.influx_rollups import InfluxRollups

    points = InfluxRollups(influx_of(settings, simulated=site.simulated), clock, site=site.id)
    notes = RollupNotes(settings.state / "rollups.sqlite")
    try:
        yield RollUps(points, notes, clock, site.timezone, devices=len(site.devices))
    finally:
        await points.close()
        notes.close()


@asynccontextmanager
async def retelling_of(settings: Settings, site: Site, clock: Clock) -> AsyncIterator[Retelling]:
    """Alarms and orders of the database, to be written again to the InfluxDB that the settings name."""
    from services.storage.influx_events import InfluxEvents

    books = open_books(settings)
    pages = InfluxEvents(influx_of(settings, simulated=site.simulated), clock, site=site.id)
    try:
        yield Retelling(site, books, pages, rules_of(settings).rules)
    finally:
        await pages.close()
        books.close()


def columns_of(settings: Settings) -> "DuckColumns":
    """The readings of an embedded store, for whoever goes through all of them. Raises ConflictError where a service has
    them, NotFoundError where there are none.
    """
    from services.storage.duck_columns import DuckColumns

    return DuckColumns(settings.state / "readings.duckdb")


def influx_of(settings: Settings, *, simulated: bool) -> "InfluxSettings":
    """How the InfluxDB of the settings is spoken to. Raises ConflictError where --influx is no URL."""
    from services.storage.influx_speech import InfluxSettings

    where = urlsplit(settings.influx)
    try:
        fits = where.scheme in ("http", "https") and where.hostname and where.port != 0
    except ValueError:  # a port beyond all ports
        fits = False
    if not fits:
        raise ConflictError(f"--influx {settings.influx}: say a URL, such as http://127.0.0.1:8086")
    return InfluxSettings(
        url=settings.influx,
        bucket=settings.bucket(simulated=simulated),
        org=settings.influx_org,
        token=settings.influx_token,
        retention_days=settings.retention_days,
    )


def influx_setup(settings: Settings, *, admin: str) -> Callable[..., Coroutine[Any, Any, Done]]:
    """`services.influx.setting_up.set_up` on the InfluxDB of the settings, with the admin's token where given."""
    asked = influx_of(settings, simulated=site_of(settings).simulated)
    if admin:
        asked = asked.model_copy(update={"token": SecretStr(admin)})

    async def job(*, make: bool, renew: bool, retention: bool) -> Done:
        from services.storage.influx_setup import InfluxSetup

        async with InfluxSetup(asked) as server:
            days = settings.retention_days
            return await set_up(server, asked.bucket, days, make=make, renew=renew, retention=retention)

    return job


async def why_no_influx(settings: Settings, site: Site) -> str:
    """Why the InfluxDB of the settings takes no readings just now, as far as asking tells; "" where it may."""
    if not settings.influx:
        return ""
    from services.storage.influx_bucket import version_of

    try:
        version = await version_of(influx_of(settings, simulated=site.simulated))
    except UnavailableError as away:
        return str(away)
    if version.startswith("1.") and version[2:].partition(".")[0] in set("01234567"):
        return f"InfluxDB {version} at {settings.influx} cannot be written to: 1.8 is the first with /api/v2/write"
    return ""
