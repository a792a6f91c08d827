"""`tidewalk serve`: the service itself, on your broker and your stores."""

import asyncio
import contextlib
import logging
import signal
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from socket import socket
from typing import Any

import click

from domain.errors import ConflictError
from domain.readings import Millis
from domain.site import Site
from ingest.lockstep import DomainClock
from services import logs, memory, wiring
from services.api.over import open_to_http
from services.api.server import bound
from services.clocks import WallClock
from services.commands.span import MOMENT
from services.service import Service
from services.settings import Settings, settled

_log = logging.getLogger(__name__)

EXAMPLES = """\b
Examples:
  tidewalk serve                                      the sample site, broker on 127.0.0.1:1883, embedded stores
  tidewalk serve --site /etc/tidewalk/coast --broker mqtt.example:1883 --influx http://127.0.0.1:8086
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
@click.option("--api", metavar="HOST:PORT", help="Where the API is served: on this machine alone. [127.0.0.1:8090]")
@click.option("--no-api", is_flag=True, help="Serve none.")
@click.option("--lock-step", type=MOMENT, help="Simulated sites alone: their clock leads, from this time on.")
@click.option("--log", default="info", show_default=True, type=click.Choice(["debug", "info", "warning", "error"]))
def serve(*, lock_step: Millis | None, log: str, no_api: bool, **said: Any) -> None:
    """Run the service until it is told to stop (ctrl-c or SIGTERM).

    It keeps every message before it acknowledges it, so it may be stopped or killed at any moment: what was not
    finished is taken up at the next start.
    """
    logs.begin(log)
    if no_api:
        said["api"] = ""
    settings = settled(**{name: value for name, value in said.items() if value is not None})
    site = wiring.site_of(settings)
    if lock_step is not None and not site.simulated:
        raise ConflictError(f"--lock-step is for simulated sites; {site.id} is a real one")
    with bound(settings.api) if settings.api else contextlib.nullcontext() as door:
        asyncio.run(_serve(settings, site, lock_step, door))


async def _serve(settings: Settings, site: Site, lock_step: Millis | None, door: socket | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    wall = WallClock()
    clock = DomainClock(wall, start=lock_step)
    ends = wiring.broker_ends(settings, site, clock)
    try:
        async with wiring.service(settings, site, ends.source, ends.publisher, clock) as service:
            api = contextlib.nullcontext() if door is None else open_to_http(service, door, wall)
            with memory.settled():
                await _run(service, settings, stop, api)
    finally:
        await ends.close()


async def _run(
    service: Service, settings: Settings, stop: asyncio.Event, api: AbstractAsyncContextManager[str | None]
) -> None:
    """Until told to stop. The API is the first to leave, so that what it was asked for is still judged."""
    running = asyncio.create_task(service.run(), name="service")
    ready = asyncio.create_task(service.listening(), name="listening")
    told = asyncio.create_task(stop.wait(), name="stop")
    _log.info("begins", extra={"site": service.site.id, "broker": settings.broker, "state": str(settings.state)})
    try:
        async with api as url:
            _log.info("serves its API", extra={"url": url or "nowhere"})
            await asyncio.wait({running, ready, told}, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                _log.info("listens", extra={"row": service.fan.newest})
                await asyncio.wait({running, told}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            _log.info("stops")
            await service.stop()
        await running
    finally:
        for task in (running, ready, told):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(running, ready, told, return_exceptions=True)
