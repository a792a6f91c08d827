"""`tidewalk replay`: play what was recorded to a service of its own, and tell what came of it."""

import asyncio
import json
import logging
import signal
import sys
import tempfile
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from domain.errors import ConflictError
from domain.readings import Millis
from services import loops, wiring
from services.clocks import WallClock
from services.commands.span import MOMENT, SPAN
from services.replay.captured import read_captured
from services.replay.car_parks import read_car_parks
from services.replay.emptyings import read_emptyings
from services.replay.recording import Recording, read
from services.replay.relayed import read_relayed
from services.replay.replaying import Outcome, replay
from services.replay.site_files import drill_of, site_id, write_site
from services.settings import settled
from services.show import stage as show
from services.show.watching import counting
from services.site import find, load_site

READERS = (read_captured, read_relayed, read_emptyings, read_car_parks)
JSON_KEYS = (
    "Last, one line: recordings (each with name, messages, published, stored, duplicates, quarantined, lost, left_out, "
    "reasons, alarms, median_hours, orders, endings, sha256) and lost, of all of them."
)
EXAMPLES = """\b
What it plays:
  a capture of your own coast   mosquitto_sub -F %j -t '#' > coast.jsonl; tidewalk replay coast.jsonl --site my-coast
                                (gzipped too: coast.jsonl.gz)
  uplinks of network servers    a folder of *.json as ChirpStack, The Things Stack, LORIOT … publish them
  bin collections               Enevo's export, a row for every emptying
  free places of car parks      timestamp, place_id, free; capacities in meta-data.csv beside it
"""


@click.command(name="replay", epilog=EXAMPLES)
@click.argument("paths", nargs=-1, required=True, metavar="PATH…", type=click.Path(path_type=Path))
@click.option("--speed", type=click.FloatRange(min=0.01), help="So many times as fast as it was.")
@click.option("--virtual", is_flag=True, help="As fast as the service judges (default).")
@click.option("--broker", metavar="HOST:PORT", help="Through a broker of yours. Default: within this process.")
@click.option("--site", help="Site files of a capture: a folder, or a shipped sample.")
@click.option("--from", "since", type=MOMENT, help="Only what was recorded from then on.")
@click.option("--for", "span", type=SPAN, help="Only so much of it.")
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="Keep state and site files here.")
@click.option("--json", "as_json", is_flag=True, help=JSON_KEYS)
def replay_command(
    *,
    paths: tuple[Path, ...],
    speed: float | None,
    virtual: bool,
    broker: str | None,
    site: str | None,
    since: Millis | None,
    span: Millis | None,
    state: Path | None,
    as_json: bool,
) -> None:
    """Play recorded traffic to a service of its own, on the recording's clock, and tell what came of it.

    What was stored, what was kept aside and why, which alarms and orders came out. Nobody is sent anywhere: the site is
    a drill (演练), and the crews of the recording did their work without us.
    """
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    if speed is not None and virtual:
        raise click.UsageError(
            "--speed and --virtual do not go together: one follows a clock, the other no clock at all"
        )
    files = find(site) if site else None
    recordings = [read(path, READERS, files).between(since, span) for path in paths]
    if broker:
        _refuse_life(recordings)
    with ExitStack() as stack:
        folder = state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tidewalk-replay-")))
        found = loops.run(_each(recordings, folder, broker, speed))
    if as_json:
        told = {"recordings": [one.line() for one in found], "lost": sum(o.verdict.conservation.lost for o in found)}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for one in found:
            _tell(one)
    if not all(one.verdict.conservation.holds for one in found):
        for one in found:
            for wrong in one.verdict.conservation.faults:
                click.echo(f"{one.recording.name}: {wrong}", err=True)
        sys.exit(1)


async def _each(recordings: list[Recording], folder: Path, broker: str | None, speed: float | None) -> list[Outcome]:
    wall, found, stop = WallClock(), list[Outcome](), asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    for number, recording in enumerate(recordings):
        mine = folder / f"{number}-{site_id(recording.name)}"
        place = _site_of(recording, mine / "site")
        named = {"broker": broker} if broker else {}
        settings = settled(site=str(place), state=mine / "state", client_id="tidewalk-replay", api="", **named)
        site = wiring.site_of(settings)
        first, last = recording.messages[0].at, recording.messages[-1].at
        over = show.BROKER if broker else show.MEMORY
        with counting(site, first, last) as on_progress:
            found.append(
                await replay(
                    settings, site, recording, wall, over=over, speed=speed, on_progress=on_progress, stop=stop
                )
            )
        if stop.is_set():
            break
    return found


def _site_of(recording: Recording, folder: Path) -> Path:
    if recording.site is None:
        return write_site(recording, folder)
    return recording.site if load_site(recording.site).simulated else drill_of(recording.site, folder)


def _refuse_life(recordings: list[Recording]) -> None:
    """Through a broker, a recording is said on the very topics on which the coast speaks. Raises ConflictError."""
    for one in recordings:
        if one.site is not None and not load_site(one.site).simulated:
            raise ConflictError(
                f"{one.site} is a real coast: a service that listens at that broker would take what was recorded for"
                " what happens now, and send crews. Leave --broker out, or play a copy of the site files that says"
                " `simulated: true`, at a broker where nobody listens"
            )


def _tell(one: Outcome) -> None:
    zone = ZoneInfo(one.recording.timezone)
    first, last = (datetime.fromtimestamp(at / 1000, zone) for at in (one.since, one.until))
    click.echo(f"{one.recording.name}: {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}")
    for name, value in one.line().items():
        if name != "name" and value != {}:
            told = ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, dict) else value
            click.echo(f"  {name.replace('_', ' '):<14} {told}")
