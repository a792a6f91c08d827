"""`tidewalk influx`: set InfluxDB up, see what it lacks, and draw its roll-ups together by hand."""

import asyncio
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from domain.errors import ConflictError, UnavailableError
from domain.readings import Millis
from services import wiring
from services.clocks import WallClock
from services.commands.span import MOMENT
from services.influx.rollups import RollUps
from services.influx.setting_up import GRAFANA, SERVICE, Done, Piece
from services.settings import Settings, settled

SETUP_KEYS: Final = "Last, one line: version, ok, made, pieces (what, wrong, remedy, noted), tokens (path)."
EVENTS_KEYS: Final = "Last, one line: written."
ROLLUP_KEYS: Final = "Last, one line: until, beats, left."
EXAMPLES: Final = """\b
Examples:
  tidewalk influx setup --check                         what is missing; changes nothing, exit code 1 if anything is
  tidewalk influx setup --tokens /etc/tidewalk/influx-tokens.env
                                                        make it, and write the two tokens into a file
  tidewalk influx rollup                                catch up now, as the service does by itself
  tidewalk influx rollup --from 2026-10-01T00:00+08:00 --to 2026-10-08T00:00+08:00 --again
  tidewalk influx events --again                        alarms and orders, where their points were lost
An admin token is needed for setup: TIDEWALK_INFLUX_ADMIN_TOKEN, else TIDEWALK_INFLUX_TOKEN is used.
"""
TOKENS: Final = {SERVICE: "TIDEWALK_INFLUX_TOKEN", GRAFANA: "GRAFANA_INFLUX_TOKEN"}
_POLL_S: Final = 1.0
NEAR: Final[Millis] = 10 * 60_000  # the window that is not over yet, and the one that has just settled
F = TypeVar("F", bound=Callable[..., Any])


def _where(function: F) -> F:
    for option in (
        click.option("--site", metavar="SITE", help="Whose readings: a simulated site has buckets of its own."),
        click.option("--bucket", metavar="NAME", help="Bucket of the raw readings. Default: TIDEWALK_INFLUX_BUCKET."),
        click.option("--org", metavar="NAME", help="Organisation. Default: TIDEWALK_INFLUX_ORG."),
        click.option("--influx", metavar="URL", help="InfluxDB. Default: TIDEWALK_INFLUX."),
    ):
        function = option(function)
    return function


@click.group(epilog=EXAMPLES)
def influx() -> None:
    """InfluxDB set up and kept: buckets, retention, InfluxQL mappings, tokens; and its roll-ups."""


@influx.command()
@click.option("--check", is_flag=True, help="Only say what is missing and what mends it; exit code 1 if anything is.")
@click.option(
    "--tokens", type=click.Path(path_type=Path, dir_okay=False), help="File for new tokens, readable by you alone."
)
@click.option("--renew", is_flag=True, help="Make both tokens anew; the old ones end at once.")
@click.option("--retention", is_flag=True, help="Have every bucket keep what it has as long as is meant.")
@click.option("--json", "as_json", is_flag=True, help=SETUP_KEYS)
@_where
def setup(
    influx: str | None,
    org: str | None,
    bucket: str | None,
    site: str | None,
    tokens: Path | None,
    *,
    check: bool,
    renew: bool,
    retention: bool,
    as_json: bool,
) -> None:
    """Make what is missing: five buckets with their retention, what InfluxQL needs to read them, and two tokens.

    One token writes and reads them, for the service; one reads them, for Grafana. A second time changes nothing. A new
    token is shown once, or written to the file of --tokens.
    """
    settings = _settled(influx=influx, influx_org=org, influx_bucket=bucket, site=site)
    if not check and tokens is not None and tokens.exists():
        raise ConflictError(f"{tokens} is there already, and stays as it is: name another file")
    job = wiring.influx_setup(settings, admin=os.environ.get("TIDEWALK_INFLUX_ADMIN_TOKEN", ""))
    done: Done = asyncio.run(job(make=not check, renew=renew, retention=retention))
    for piece in done.pieces:
        click.echo(_line(piece), err=as_json)
    for what in done.made:
        click.echo(f"made: {what}", err=as_json)
    written = _hand_over(done.tokens, tokens, quiet=as_json)
    wrong = [piece for piece in done.pieces if piece.missing]
    if as_json:
        told = [piece._asdict() for piece in done.pieces]
        click.echo(
            json.dumps(
                {"version": done.version, "ok": not wrong, "made": done.made, "pieces": told, "tokens": written},
                ensure_ascii=False,
            )
        )
    if wrong:
        raise SystemExit(1)


@influx.command()
@click.option("--from", "since", type=MOMENT, help="Where a first time begins. Default: with the oldest reading.")
@click.option("--to", "until", type=MOMENT, help="Up to then. Default: now.")
@click.option("--again", is_flag=True, help="Draw everything between --from and --to again.")
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="State folder of the service.")
@click.option("--json", "as_json", is_flag=True, help=ROLLUP_KEYS)
@_where
def rollup(
    influx: str | None,
    org: str | None,
    bucket: str | None,
    site: str | None,
    state: Path | None,
    since: Millis | None,
    until: Millis | None,
    *,
    again: bool,
    as_json: bool,
) -> None:
    """Draw readings together into 5 min, 1 h and 1 d, as the service does by itself; all that is missing, or --again.

    Where a service runs on the state folder, it is asked to, and this waits for it. Ended anywhere, it goes on where it
    was at the next call; nothing is counted twice.
    """
    if again and (since is None or until is None):
        raise click.UsageError("--again needs --from and --to")
    settings = _settled(influx=influx, influx_org=org, influx_bucket=bucket, site=site, state=state)
    beats, reached, left = asyncio.run(_roll(settings, since, until, again=again))
    if as_json:
        click.echo(json.dumps({"until": reached, "beats": beats, "left": left}))


@influx.command()
@click.option("--again", is_flag=True, required=True, help="Write all of them again; needed, to be meant.")
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="State folder of the service.")
@click.option("--json", "as_json", is_flag=True, help=EVENTS_KEYS)
@_where
def events(
    influx: str | None,
    org: str | None,
    bucket: str | None,
    site: str | None,
    state: Path | None,
    *,
    again: bool,
    as_json: bool,
) -> None:
    """Write the points of all alarms and orders again, from the database, with the titles that rules have now.

    Also beside a running service. Ended anywhere, it goes on where it was at the next call; no point is doubled. How
    facilities stood, service levels and our own health are of their moment, and are not made again.
    """
    if not again:
        raise click.UsageError("say --again")
    settings = _settled(influx=influx, influx_org=org, influx_bucket=bucket, site=site, state=state)
    written = asyncio.run(_retell(settings))
    click.echo(f"{written} alarms and orders are written again", err=as_json)
    if as_json:
        click.echo(json.dumps({"written": written}))


async def _retell(settings: Settings) -> int:
    written = 0
    async with wiring.retelling_of(settings, wiring.site_of(settings), WallClock()) as job:
        while some := await job.beat():
            written += some
            click.echo(f"\r{written} written   ", nl=False, err=True)
    click.echo(err=True)
    return written


async def _roll(
    settings: Settings, since: Millis | None, until: Millis | None, *, again: bool
) -> tuple[int, Millis, int]:
    site = wiring.site_of(settings)
    async with wiring.rollups_of(settings, site, WallClock()) as job:
        if since is not None:
            await job.begin_at(since)
        if again and since is not None and until is not None:
            await job.again(since, until)
        try:
            alone = wiring.alone_as_store(settings)
        except ConflictError:
            click.echo("the service that runs on this state folder does it", err=True)
            return await _watched(job, until)
        with alone:
            return await _beats(job, until)


async def _beats(job: RollUps, until: Millis | None) -> tuple[int, Millis, int]:
    beats, most = 0, 1
    end = min(until or 1 << 62, WallClock().now())
    while await job.beat(end):
        beats += 1
        most = await _said(job, end, most)
    click.echo(err=True)
    return beats, *await job.behind()


async def _watched(job: RollUps, until: Millis | None) -> tuple[int, Millis, int]:
    """Somebody else draws: until every level has come so far, and nothing is left to be drawn again."""
    end, most = min(until or 1 << 62, WallClock().now()) - NEAR, 1
    while True:
        reached, left = await job.behind()
        if not left and not await job.missing(end):
            return 0, reached, left
        most = await _said(job, end, most)
        await asyncio.sleep(_POLL_S)


async def _said(job: RollUps, end: Millis, most: Millis) -> Millis:
    """Say how far all levels are on the way to `end`; the most that was missing so far."""
    missing, (_, left) = await job.missing(end), await job.behind()
    most = max(most, missing)
    click.echo(f"\r{1 - missing / most:4.0%} drawn, {left} windows again   ", nl=False, err=True)
    return most


def _settled(**said: Any) -> Settings:
    settings = settled(**{name: value for name, value in said.items() if value is not None})
    if not settings.influx:
        raise ConflictError("no InfluxDB is named: say --influx URL, or set TIDEWALK_INFLUX")
    return settings


def _line(piece: Piece) -> str:
    if not piece.wrong:
        return f"✔ {piece.what}"
    return f"{'·' if piece.noted else '✘'} {piece.what}: {piece.wrong} → {piece.remedy}"


def _hand_over(made: Iterable[tuple[str, str]], file: Path | None, *, quiet: bool) -> str:
    """Tokens to whoever asked, once; where they were written, "" where they were shown."""
    lines = [f"{TOKENS[who]}={token}" for who, token in made]
    if not lines:
        return ""
    if file is None:
        click.echo("Shown once; keep them:", err=quiet)
        for line in lines:
            click.echo(line, err=quiet)
        return ""
    _write(file, lines)
    click.echo(f"new tokens are in {file}", err=quiet)
    return str(file)


def _write(file: Path, lines: Sequence[str]) -> None:
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w", encoding="utf-8") as written:
            written.write("\n".join(lines) + "\n")
    except OSError as refused:
        raise UnavailableError(
            f"{file} cannot be written: {refused.strerror}; the tokens: {' '.join(lines)}"
        ) from refused
