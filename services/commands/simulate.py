"""`tidewalk simulate`: play a make-believe coast against any MQTT broker."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple

import click

from domain.errors import ConflictError
from domain.naming import Kind
from domain.ports import Clock
from domain.readings import Millis
from domain.site import Site
from services import loops
from services.clocks import WallClock
from services.commands.span import MOMENT, SPAN
from simulators.almanac import stamp
from simulators.clocks import ScaledClock
from simulators.ledger import Ledger
from simulators.plans import SHIPPED, plan_named
from simulators.play import Played, play_live, play_lockstep
from simulators.transport import Transport
from simulators.world import World

JSON_KEYS = (
    "Last, one line: site, seed, faults, mode (virtual, scaled or live), from, until, steps, published, replies, "
    "causes, seconds, messages_per_second."
)
_SILENT_S = 3.0
EXAMPLES = """\b
Examples:
  tidewalk simulate                                 the sample coast, live, on 127.0.0.1:1883
  tidewalk simulate --faults demo --ledger l.jsonl  with things going wrong, and written down
  tidewalk simulate --speed 60 --from 2026-10-01T16:00+08:00   fast, from then up to the present
  tidewalk simulate --virtual --from 2026-10-01T16:00+08:00 --for 6h --json   in lock-step
  mosquitto_sub -t 'tidewalk/shinan/#' -v           to watch it
"""


class Wish(NamedTuple):
    """What was asked for, understood."""

    site: Site
    seed: int
    faults: str
    mode: str
    since: Millis
    until: Millis | None
    speed: float
    only: frozenset[Kind]
    ledger: Path | None


def _kinds(value: str) -> frozenset[Kind]:
    names = [name.strip() for name in value.split(",")]
    if unknown := [name for name in names if name not in set(Kind)]:
        raise click.BadParameter(f"no such kind: {unknown[0]!r}; there are {', '.join(Kind)}")
    return frozenset(map(Kind, names))


@click.command(epilog=EXAMPLES)
@click.option("--broker", default="127.0.0.1:1883", show_default=True, metavar="HOST:PORT", help="Any MQTT broker.")
@click.option("--user", default="", help="Its user name; the password is read from TIDEWALK_BROKER_PASSWORD.")
@click.option("--site", "place", default="shinan", show_default=True, help="Folder of site files, or a shipped sample.")
@click.option("--seed", default=7, show_default=True, help="The same seed, site and start give the same coast.")
@click.option(
    "--faults",
    default="steady",
    show_default=True,
    help=f"What goes wrong: {', '.join(SHIPPED)}, or a plan of your own.",
)
@click.option(
    "--ledger", type=click.Path(dir_okay=False, path_type=Path), help="Append causes and acknowledged keys here."
)
@click.option(
    "--only", type=_kinds, metavar="KINDS", help=f"Play these kinds alone, separated by commas: {', '.join(Kind)}."
)
@click.option(
    "--virtual", is_flag=True, help="In lock-step with a service on the same broker, as fast as it can judge."
)
@click.option(
    "--from",
    "since",
    type=MOMENT,
    help="Where it begins, with --virtual or --speed. Default: now less --for.",
)
@click.option(
    "--for",
    "span",
    type=SPAN,
    help="How long, in the coast's own time: 6h, 90m. Default: until ctrl-c.",
)
@click.option(
    "--speed", default=1.0, show_default=True, type=click.FloatRange(min=1), help="Faster than life, up to the present."
)
@click.option("--json", "as_json", is_flag=True, help=JSON_KEYS)
def simulate(
    *,
    broker: str,
    user: str,
    place: str,
    seed: int,
    faults: str,
    ledger: Path | None,
    only: frozenset[Kind] | None,
    virtual: bool,
    since: Millis | None,
    span: Millis | None,
    speed: float,
    as_json: bool,
) -> None:
    """Play a coast: sensors that publish, faults and near-misses, and crews that take their orders and mend things.

    Live by default: what happens now is published now. With --virtual simulators and service go in lock-step, and
    hours pass in seconds. With --speed it hurries from a moment in the past until it reaches the present.

    The ledger is JSON, a line each: every fault, near-miss and natural cause when it begins and when it ends, and the
    key of every device message that the broker acknowledged.
    """
    from services.site import find, load_site

    clock = WallClock()
    if virtual and speed > 1:
        raise click.UsageError("--virtual goes as fast as the service can judge: leave --speed out")
    mode = "virtual" if virtual else "scaled" if speed > 1 else "live"
    start, until = _when(mode, since, span, clock.now())
    site = playable(load_site(find(place)))
    wish = Wish(site, seed, faults, mode, start, until, speed, only or frozenset(Kind), ledger)
    if mode == "scaled":
        click.secho(f"×{speed:g}: the coast's time is not yours until it has caught up", fg="yellow", err=True)
    begun = time.monotonic()
    try:
        played = loops.run(play(wish, _transport(broker, user, wish.site.id), clock, broker))
    except OSError as refused:
        if ledger is None or str(ledger) != str(refused.filename):
            raise
        raise ConflictError(f"the ledger {ledger} cannot be written: {refused.strerror}") from refused
    seconds = time.monotonic() - begun
    if sys.stderr.isatty():
        click.echo(err=True)
    if as_json:
        click.echo(json.dumps(summary(wish, played, seconds)))
    else:
        click.echo(
            f"{wish.site.id}: {played.published} messages acknowledged, {played.replies} crew replies, "
            f"{played.causes} causes, up to {stamp(played.at)}, in {seconds:.1f} s"
        )


def playable(site: Site) -> Site:
    """The site, if it is a make-believe one, else ConflictError: what is played never mixes with what is measured."""
    if not site.simulated:
        raise ConflictError(f"site {site.id} is a real one; only a site that says `simulated: true` can be played")
    return site


def _when(mode: str, since: Millis | None, span: Millis | None, now: Millis) -> tuple[Millis, Millis | None]:
    if mode == "live":
        if since is not None:
            raise click.UsageError("--from goes with --virtual or --speed: a live coast begins now")
        return now, None if span is None else now + span
    if since is None and span is None:
        raise click.UsageError(f"a {mode} coast needs --from, --for or both")
    start = since if since is not None else now - (span or 0)
    if mode == "virtual" and span is None:
        raise click.UsageError("--virtual needs --for: how much of the coast's time shall pass")
    if mode == "scaled" and start >= now:
        raise click.UsageError("--speed hurries from the past up to the present: --from must lie in the past")
    return start, None if span is None else start + span


async def play(wish: Wish, transport: Transport, clock: Clock, broker: str = "this place") -> Played:
    """Play it until it ends or a signal comes, and close the transport. `broker` is what it says it waits for."""
    world = World(wish.site, wish.seed, wish.since, plan_named(wish.faults), only=wish.only)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    show = _Progress(wish)
    with contextlib.ExitStack() as closing:
        ledger = closing.enter_context(Ledger(wish.ledger)) if wish.ledger else None
        if wish.mode == "virtual":
            course = play_lockstep(world, transport, wish.until or wish.since, ledger=ledger, on_progress=show)
        else:
            follow = ScaledClock(clock, wish.since, wish.speed) if wish.mode == "scaled" else clock
            course = play_live(world, transport, follow, stop=stop, until=wish.until, ledger=ledger, on_progress=show)
        waiting = asyncio.create_task(_say_what_is_waited_for(show, wish, broker))
        try:
            await _until(play_task := asyncio.create_task(course), stop)
        finally:
            waiting.cancel()
            await transport.close()
    return play_task.result() if play_task.done() and not play_task.cancelled() else show.last


async def _say_what_is_waited_for(show: "_Progress", wish: Wish, broker: str) -> None:
    """Once, where nothing is acknowledged after a while: a coast without a broker would wait in silence."""
    await asyncio.sleep(_SILENT_S)
    if show.last.published == 0:
        beside = ", and a service in lock-step on it" if wish.mode == "virtual" else ""
        click.secho(f"waits for a broker at {broker}{beside}; ctrl-c ends it", fg="yellow", err=True)


async def _until(task: "asyncio.Task[Played]", stop: asyncio.Event) -> None:
    """Let it play; at a signal give it a second to end by itself."""
    told = asyncio.create_task(stop.wait())
    await asyncio.wait({task, told}, return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        await asyncio.wait({task}, timeout=1.0)
    told.cancel()
    if task.done():
        task.result()
        return
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _transport(broker: str, user: str, site: str) -> Transport:
    from simulators.transports.mqtt import MqttTransport, MqttTransportSettings

    host, _, port = broker.rpartition(":")
    if not host or not port.isdecimal():
        raise click.BadParameter(f"{broker!r} is not HOST:PORT", param_hint="--broker")
    password = os.environ.get("TIDEWALK_BROKER_PASSWORD") or None
    return MqttTransport(
        MqttTransportSettings(host, int(port), f"tidewalk-simulate-{site}", user or None, password, clean=True)
    )


class _Progress:
    """One line on a terminal, rewritten twice a second; nothing where nobody watches."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._shown = 0.0
        self.last = Played(at=wish.since)

    def __call__(self, played: Played) -> None:
        self.last = played
        if not sys.stderr.isatty() or time.monotonic() - self._shown < 0.5:
            return
        self._shown = time.monotonic()
        line = f"{stamp(played.at)}  {played.published} messages  {played.replies} replies  {played.causes} causes"
        click.echo(f"\r\x1b[K{line}", nl=False, err=True)


def summary(wish: Wish, played: Played, seconds: float) -> dict[str, object]:
    """The line that --json ends with."""
    return {
        "site": wish.site.id,
        "seed": wish.seed,
        "faults": wish.faults,
        "mode": wish.mode,
        "from": stamp(wish.since),
        "until": stamp(played.at),
        "steps": played.steps,
        "published": played.published,
        "replies": played.replies,
        "causes": played.causes,
        "seconds": round(seconds, 3),
        "messages_per_second": round(played.published / seconds, 1) if seconds > 0 else 0.0,
    }
