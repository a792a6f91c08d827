"""`tidewalk serve`: the service itself, on your broker and your stores."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from socket import socket
from typing import Any

import click

from domain.errors import ConflictError, TidewalkError
from domain.readings import Millis
from domain.site import Site
from ingest.lockstep import DomainClock
from services import logs, loops, memory, wiring
from services.clocks import WallClock
from services.commands.span import MOMENT
from services.commands.standing_by import StandingBy
from services.hearing import Ear, ear
from services.leaving import Leaving
from services.roles import ALL, Role, named, roles_of
from services.service import Service
from services.settings import Settings, settled
from services.site import find
from services.systemd import Systemd

_log = logging.getLogger(__name__)
NOT_BEGUN = "told to stop before it began"
_reloading: set[asyncio.Future[None]] = set()

CHECK_KEYS = (
    "With --check-config. Last, one line: ok, would (what by part), faults and warnings (what and remedy of each)."
)
EXAMPLES = """\b
Examples:
  tidewalk serve                                      the sample site, broker on 127.0.0.1:1883, embedded stores
  tidewalk serve --site /etc/tidewalk/coast --broker mqtt.example:1883 --influx http://127.0.0.1:8086
  tidewalk serve --check-config                       what it would do with these settings; changes nothing
  tidewalk serve --roles api --influx …               one role alone, beside processes with the others
  tidewalk serve --lock-step 2026-10-01T16:00+08:00   beside `tidewalk simulate --virtual --from …`
Every option is also an environment variable: TIDEWALK_SITE, TIDEWALK_BROKER, TIDEWALK_BROKER_USER,
TIDEWALK_BROKER_PASSWORD, TIDEWALK_API, TIDEWALK_INFLUX, TIDEWALK_INFLUX_TOKEN, TIDEWALK_INFLUX_ORG, …
"""


@click.command(epilog=EXAMPLES)
@click.option("--site", metavar="SITE", help="Folder of site files, or a shipped sample.")
@click.option("--broker", metavar="HOST:PORT", help="The MQTT broker. Its session is kept while we are away.")
@click.option("--source", type=click.Choice(["mqtt5", "paho"]), help="paho for a broker that speaks only 3.1.1.")
@click.option("--influx", metavar="URL", help="InfluxDB 2.x for readings. Default: DuckDB in the state folder.")
@click.option("--sql", metavar="URL", help="Database of alarms and orders. Default: SQLite in the state folder.")
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="Folder for journal and quarantine.")
@click.option("--rules", metavar="FOLDER", help="Your rule files. Default: the shipped library.")
@click.option("--shadow", metavar="FOLDER", help="Rule files that run silently beside them; `rules shadow report`.")
@click.option(
    "--api",
    metavar="HOST:PORT",
    help="Where the API is served; beyond this machine with tokens alone. [127.0.0.1:8090]",
)
@click.option("--no-api", is_flag=True, help="Serve none.")
@click.option(
    "--roles", metavar="LIST", help="Only these, beside other processes: door,store,judge,dispatch,api. Default: all."
)
@click.option("--lock-step", type=MOMENT, help="Simulated sites alone: their clock leads, from this time on.")
@click.option("--check-config", is_flag=True, help="Check the settings and files, say what it would do, do nothing.")
@click.option("--json", "as_json", is_flag=True, help=CHECK_KEYS)
@click.option("--log", type=click.Choice(["debug", "info", "warning", "error"]), help="From which level up. [info]")
@click.option("--log-format", type=click.Choice(["text", "json"]), help="json: one object a line. [text]")
def serve(*, lock_step: Millis | None, no_api: bool, check_config: bool, as_json: bool, **said: Any) -> None:
    """Run the service until it is told to stop (ctrl-c or SIGTERM).

    It keeps every message before it acknowledges it, so it may be stopped or killed at any moment: what was not
    finished is taken up at the next start.

    SIGHUP, or `tidewalk rules reload`, has it read the rule files again, without losing a message or a timer.

    \b
    It ends with
      0  told to stop, and left in order
      1  something is wrong that a person must see to; the last line says what
      2  the words of the call do not fit, or --check-config found faults
      3  told to stop a second time, or not done within 20 s: left at once
    """
    if no_api:
        said["api"] = ""
    chosen = {name: value for name, value in said.items() if value is not None}
    heard = ear()
    if check_config:
        from services.commands.check_config import report

        heard.close()
        if heard.stopped:
            signal.raise_signal(heard.stopped)
        report(chosen, as_json=as_json)
        return
    settings = settled(**chosen)
    logs.begin(settings.log, settings.log_format, settings.secrets())
    try:
        _run_as(settings, lock_step, heard)
    except TidewalkError as wrong:
        if settings.log_format == "text":
            raise
        _log.critical("ends", extra={"why": str(wrong)})
        raise click.exceptions.Exit(1) from wrong


def _run_as(settings: Settings, lock_step: Millis | None, heard: Ear) -> None:
    if heard.stopped:  # while modules were loaded: nothing needs to be read for it
        _log.info(NOT_BEGUN)
        return
    roles = roles_of(settings.roles)
    site = wiring.site_of(settings)
    if lock_step is not None and not site.simulated:
        raise ConflictError(f"--lock-step is for simulated sites; {site.id} is a real one")
    if lock_step is not None and roles != ALL:
        raise ConflictError("--lock-step needs all roles in one process: only it knows when a step is done")
    with _address(settings, roles) as door:
        loops.run(_serve(settings, site, lock_step, door, roles, heard))


def _address(settings: Settings, roles: frozenset[Role]) -> AbstractContextManager[socket | None]:
    """The socket of the API, bound before anything begins. A process without an API never loads what serves it."""
    if not settings.api or Role.API not in roles:
        return contextlib.nullcontext()
    from services.api.access import access_of
    from services.api.server import bound

    return bound(settings.api, access_of(settings, people=wiring.knows_people(settings)))


@asynccontextmanager
async def _api(settings: Settings, service: Service, door: socket | None, wall: WallClock) -> AsyncIterator[str | None]:
    if door is None:
        yield None
        return
    from services.api.access import access_of
    from services.api.over import open_to_http
    from services.console.over import page_over
    from services.crew.over import crew_over
    from services.site.scenery import load_scenery

    with wiring.reception_of(settings, wall) as reception:
        access = access_of(settings, reception)
        _log.info("who may use the API", extra={"who": access.told})
        page = page_over(service, wall, load_scenery(find(settings.site)), access=access)
        crews = crew_over(service, wall, reception, settings.crews_url(), access)
        async with open_to_http(service, door, wall, access, lambda hub: (*page(hub), *crews(hub))) as url:
            yield url


async def _serve(
    settings: Settings,
    site: Site,
    lock_step: Millis | None,
    door: socket | None,
    roles: frozenset[Role],
    heard: Ear,
) -> None:
    leaving = Leaving(heard)
    if leaving.told.is_set():
        _log.info(NOT_BEGUN)
        return
    wall = WallClock()
    async with AsyncExitStack() as stack:
        led = await StandingBy(roles, door, wall).until_led(settings, site, leaving.told, stack)
        if leaving.told.is_set():
            _log.info("told to stop while it stood by")
            return
        await _lead(settings, site, lock_step, door, roles, heard, leaving, wall, led)


async def _lead(
    settings: Settings,
    site: Site,
    lock_step: Millis | None,
    door: socket | None,
    roles: frozenset[Role],
    heard: Ear,
    leaving: Leaving,
    wall: WallClock,
    led: wiring.Led | None,
) -> None:
    clock = DomainClock(wall, start=lock_step)
    ends = wiring.broker_ends(settings, site, clock)
    try:
        async with wiring.service(settings, site, ends.source, ends.publisher, clock, roles, led) as service:
            api = _api(settings, service, door, wall)
            asking = asyncio.create_task(_ask_influx(settings, site), name="influx")
            heard.tell(signal.SIGHUP, asyncio.get_running_loop(), partial(_told_to_reload, service))
            with memory.settled():
                await _run(service, settings, leaving.told, api)
            asking.cancel()
    finally:
        await ends.close()


def _told_to_reload(service: Service) -> None:
    reloading = asyncio.ensure_future(_reload(service))
    _reloading.add(reloading)
    reloading.add_done_callback(_reloading.discard)


async def _reload(service: Service) -> None:
    """Read the rule files again. Where they are faulty, those in force go on."""
    try:
        row = await service.in_force.reload()
    except TidewalkError as wrong:
        _log.error("the rules are not reloaded: those in force go on", extra={"why": str(wrong)})
    else:
        _log.info("the rules are reloaded" if row else "the rules are as they were", extra={"row": row})


async def _run(
    service: Service, settings: Settings, stop: asyncio.Event, api: AbstractAsyncContextManager[str | None]
) -> None:
    """Until told to stop. The API is the first to leave, so that what it was asked for is still judged."""
    systemd = Systemd(os.environ, os.getpid())
    running = asyncio.create_task(service.run(), name="service")
    begun = asyncio.create_task(service.begun.wait(), name="begun")
    ready = asyncio.create_task(service.listening(), name="listening")
    told = asyncio.create_task(stop.wait(), name="stop")
    watching = asyncio.create_task(systemd.watch(), name="watchdog")
    where = {"broker": settings.broker, "state": str(settings.state), "roles": named(service.roles)}
    _log.info("begins", extra={"site": service.site.id, **where})
    try:
        async with api as url:
            _log.info("serves its API", extra={"url": url or "nowhere"})
            await asyncio.wait({running, begun, told}, return_when=asyncio.FIRST_COMPLETED)
            systemd.say(READY=1, STATUS="waits for the broker")  # a broker that is away must not make a restart loop
            await asyncio.wait({running, ready, told}, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                _log.info("listens", extra={"row": service.newest})
                systemd.say(STATUS="listens")
                await asyncio.wait({running, told}, return_when=asyncio.FIRST_COMPLETED)
            systemd.say(STOPPING=1, STATUS="stops")
        if not running.done():
            _log.info("stops")
            await service.stop()
        await running
    finally:
        for task in (running, begun, ready, told, watching):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(running, begun, ready, told, watching, return_exceptions=True)


async def _ask_influx(settings: Settings, site: Site) -> None:
    """Once, at the start: who has named a wrong one hears of it before readings wait."""
    if why := await wiring.why_no_influx(settings, site):
        _log.warning("readings will wait for their store", extra={"why": why})
