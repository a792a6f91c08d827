"""`tidewalk demo`: a simulated coast, looked after before your eyes; or a virtual run that ends in a line of JSON."""

import asyncio
import contextlib
import json
import logging
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from socket import socket
from typing import Any

import click

from domain.errors import ConflictError
from domain.readings import Millis
from domain.site import Site
from services import loops, wiring
from services.api.server import url_of
from services.clocks import WallClock
from services.commands.span import MOMENT, SPAN
from services.settings import Settings, settled
from services.show import stage as show
from services.show.broker_at_hand import broker_at_hand
from services.show.page import address, page_of
from services.show.watching import Watcher, counting
from services.site import find

HOUR: Millis = 3_600_000
JSON_KEYS = (
    "Last, one line: published, stored, duplicates, quarantined, lost, alarms, orders, closed_by_kind, "
    "closed_by_element, sha256. closed_by_… counts what telemetry closed. Orders about instruments do not count."
)
EXAMPLES = """\b
Examples:
  tidewalk demo                           the show: yesterday in seconds, this morning ×60, then live
  tidewalk demo --broker 127.0.0.1:1883   on a broker of yours, live from now on
  tidewalk demo --influx http://127.0.0.1:8086 --sql postgresql+psycopg://…
  tidewalk demo --headless --virtual --from 2026-10-01T16:00+08:00 --for 6h --seed 7 --json
"""


@click.command(epilog=EXAMPLES)
@click.option("--site", "place", default="shinan", show_default=True, help="A simulated site: folder or sample.")
@click.option("--seed", default=7, show_default=True, help="The same seed, site and start give the same coast.")
@click.option(
    "--faults", default="demo", show_default=True, help="What goes wrong: demo, steady, none, or a plan file."
)
@click.option("--broker", metavar="HOST:PORT", help="Your broker, live from now on. Default: one of the demo's own.")
@click.option("--influx", default="", metavar="URL", help="Keep readings there. Token, org, bucket: TIDEWALK_INFLUX_….")
@click.option("--sql", default="", metavar="URL", help="Keep alarms and orders there. Default: SQLite.")
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="Folder for state; begins empty.")
@click.option("--headless", is_flag=True, help="No live status: lines, or with --virtual the result alone.")
@click.option("--virtual", is_flag=True, help="Lock-step from --from for --for, then a verdict.")
@click.option("--from", "since", type=MOMENT, help="Where a virtual run begins. Default: 24 h ago.")
@click.option("--for", "span", type=SPAN, help="How much of the coast's time. Default: 6h when virtual, else no end.")
@click.option(
    "--transport",
    type=click.Choice([show.MEMORY, show.BROKER]),
    help="Of a virtual run: in one process (default), or through a broker (yours, or its own). The result is the same.",
)
@click.option(
    "--delay-ms",
    default=0,
    show_default=True,
    type=click.IntRange(0, 60_000),
    help="Delay each message by up to so many ms of the coast's time.",
)
@click.option("--json", "as_json", is_flag=True, help=JSON_KEYS)
def demo(
    *,
    place: str,
    seed: int,
    faults: str,
    broker: str | None,
    influx: str,
    sql: str,
    state: Path | None,
    headless: bool,
    virtual: bool,
    since: Millis | None,
    span: Millis | None,
    transport: str | None,
    delay_ms: int,
    as_json: bool,
) -> None:
    """Watch a simulated coast being looked after; nothing has to be installed.

    Its first line is the address of a page: the coast on a map, and a panel to break it.
    Sensors publish, rules raise alarms, crews get orders, travel, repair the simulated thing; the sensors verify it.
    First 18 hours of the past go by in seconds, then six hours in six minutes, then it is live: break things yourself.
    """
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    wall = WallClock()
    given: dict[str, Any] = {
        name: value for name, value in (("influx", influx), ("sql", sql), ("broker", broker)) if value
    }
    with contextlib.ExitStack() as stack:
        folder = state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tidewalk-")))
        settings = settled(site=place, state=folder, client_id="tidewalk-demo", **given)
        site = wiring.site_of(settings)
        if not site.simulated:
            raise ConflictError(f"site {site.id} is a real one; the demo plays only a site that says `simulated: true`")
        if virtual:
            start = wall.now() - 24 * HOUR if since is None else since
            over = transport or (show.BROKER if broker else show.MEMORY)
            if broker and over == show.MEMORY:
                raise click.UsageError("--transport memory has no use for --broker")
            run = show.Run(start, start + (6 * HOUR if span is None else span), seed, faults, (0, delay_ms), over)
            loops.run(_virtual(settings, site, run, wall, own=not broker, as_json=as_json))
        else:
            _refuse_virtual_words(since, as_json=as_json)
            watcher = Watcher(site, plain=headless or not sys.stdout.isatty())
            door = stack.enter_context(address(settings))
            print(f"Watch the coast, and break it: {url_of(door)}", flush=True)
            print(f"Its journal, readings and orders: {folder} ({'kept' if state else 'gone at its end'})", flush=True)
            try:
                loops.run(_show(settings, site, seed, faults, wall, watcher, span, door, own=not broker))
            except asyncio.CancelledError:
                sys.exit(130)


def _refuse_virtual_words(since: Millis | None, *, as_json: bool) -> None:
    if since is not None or as_json:
        raise click.UsageError("--from and --json go with --virtual: the show ends in the present, and has no verdict")


async def _virtual(settings: Settings, site: Site, run: show.Run, wall: WallClock, *, own: bool, as_json: bool) -> None:
    async with (
        _at(settings, own=own and run.transport == show.BROKER) as placed,
        show.staged(placed, site, run, wall) as stage,
    ):
        with counting(site, run.start, run.until) as on_progress:
            played = await show.play_virtual(stage, run.until, on_progress)
        found = await show.verdict(stage, played, run.start, run.until)
    if as_json:
        click.echo(json.dumps(found.line(), ensure_ascii=False))
    else:
        _tell(found)
    if not found.conservation.holds:
        for wrong in (*found.conservation.faults, *(f"lost: {key}" for key in found.conservation.first_lost)):
            click.echo(wrong, err=True)
        sys.exit(1)


def _tell(found: show.Verdict) -> None:
    for name, value in found.line().items():
        told = ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, dict) else value
        click.echo(f"{name.replace('_', ' '):<18} {told}")


async def _show(
    settings: Settings,
    site: Site,
    seed: int,
    faults: str,
    wall: WallClock,
    watcher: Watcher,
    span: Millis | None,
    door: socket,
    *,
    own: bool,
) -> None:
    stop = asyncio.Event()
    leave = _Leaving(stop)
    now = wall.now()
    async with _at(settings, own=own) as settings:
        run = show.Run(now - 24 * HOUR if own else now, now - 6 * HOUR, seed, faults, transport=show.BROKER)
        if own:
            watcher.greet(settings.broker, own=True)
        waiting = asyncio.get_running_loop().call_later(1, watcher.wait_for, settings.broker)
        async with (
            show.staged(settings, site, run, wall) as stage,
            page_of(settings, stage, door, wall, find(settings.site)) as crew,
        ):
            waiting.cancel()
            print(f"Be a crew, on its page for a phone:  {crew}", flush=True)
            leave.in_order()
            if not own:  # nobody hears what is published by hand before this
                watcher.greet(settings.broker, own=False)
            else:
                watcher.begin()
                with counting(site, run.start, run.until) as on_progress:
                    past = asyncio.ensure_future(show.play_virtual(stage, run.until, on_progress))
                    await show.first_of(past, stop)
            if not stop.is_set():
                async with watcher.watching(stage, stop, None if span is None else span / 1000):
                    await show.play_show(stage, wall, 60.0 if own else 1.0, stop)


class _Leaving:
    """A signal ends the task at once while nothing plays yet, and in order from then on."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop, self._playing = stop, False
        task = asyncio.current_task()
        assert task is not None  # noqa: S101
        self._task = task
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._told)

    def in_order(self) -> None:
        """From now on a signal sets `stop`."""
        self._playing = True

    def _told(self) -> None:
        self._stop.set()
        if not self._playing:
            self._task.cancel()


@asynccontextmanager
async def _at(settings: Settings, *, own: bool) -> AsyncIterator[Settings]:
    """Settings with a broker in them: one of our own while this lasts, where asked for."""
    if not own:
        yield settings
        return
    async with broker_at_hand() as broker:
        yield settings.model_copy(update={"broker": f"127.0.0.1:{broker.port}"})
