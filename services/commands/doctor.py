"""`tidewalk doctor`: what would lose data or fail, why it matters, and what mends it."""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from domain.errors import TidewalkError
from domain.site import Site
from rules.context.all import asked_for
from rules.context.calendar import SHIPPED, read_years
from services import wiring
from services.clocks import WallClock
from services.doctor import books, broker, calendar, influx, lease, machine
from services.doctor.finding import Finding, Level, exit_code, fail, worst
from services.doctor.line import Place
from services.people.secret import FILE as KEY
from services.settings import Settings, settled
from services.site import find

KEYS: Final = "Last, one line: level (the worst), findings (part, level, what, why, remedy of each)."
EXAMPLES: Final = """\b
Examples:
  tidewalk doctor                                     with the settings of the environment
  tidewalk doctor --broker mqtt.example:1883 --influx http://127.0.0.1:8086 --state /var/lib/tidewalk
  tidewalk doctor --json | tail -1 | jq '.findings[] | select(.level != "ok")'
"""
_MARKS: Final = {Level.OK: ("ok  ", "green"), Level.WARN: ("warn", "yellow"), Level.FAIL: ("FAIL", "red")}


@click.command(epilog=EXAMPLES)
@click.option("--site", metavar="SITE", help="Folder of site files, or a shipped sample.")
@click.option("--broker", metavar="HOST:PORT", help="The MQTT broker.")
@click.option("--influx", metavar="URL", help="InfluxDB for readings.")
@click.option("--sql", metavar="URL", help="Database of alarms and orders.")
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="State folder of the service.")
@click.option("--api", metavar="HOST:PORT", help="Where the API is, or will be, served.")
@click.option(
    "--burst",
    default=broker.BURST,
    show_default=True,
    type=click.IntRange(0, 100_000),
    help="Messages that the broker is to keep for a session that is away; 0: do not try.",
)
@click.option("--deep", is_flag=True, help="Check every row of the journal; takes a minute for each few GB.")
@click.option("--json", "as_json", is_flag=True, help=KEYS)
def doctor(*, burst: int, deep: bool, as_json: bool, **said: Any) -> None:
    """Look at broker, InfluxDB, database, journal, disk, clock and permissions, with the settings of `tidewalk serve`.

    It changes nothing that lasts: the broker's queue is tried with a throw-away session, a few seconds long, on a topic
    that nobody hears. It may run beside a running service.

    \b
    It ends with 0 where all is well, 1 where there are warnings, 2 where something fails or loses data.
    """
    findings: list[Finding] = []
    for one in _looked({name: value for name, value in said.items() if value is not None}, burst, deep=deep):
        findings.append(one)
        _show(one)
    level = worst(findings)
    if as_json:
        told = {"level": level, "findings": [one._asdict() for one in findings]}
        click.echo(json.dumps(told, ensure_ascii=False, separators=(",", ":")))
    raise click.exceptions.Exit(exit_code(level))


def _looked(said: dict[str, Any], burst: int, *, deep: bool) -> Iterator[Finding]:
    wall = WallClock()
    yield from machine.clock(wall)
    try:
        settings = settled(**said)
    except TidewalkError as wrong:
        why = "the service does not start"
        yield fail("settings", str(wrong), why, "correct it; `tidewalk serve --check-config` looks at all of them")
        return
    site = None
    try:
        site = wiring.site_of(settings)
    except TidewalkError as wrong:
        yield fail(
            "site", str(wrong), "the service does not start", "correct the files; `tidewalk site check` says more"
        )
    files = find(settings.site) if site is not None else None
    secrets = [one for one in (settings.api_tokens_file, str(settings.state / KEY)) if one]
    yield from machine.permissions(settings.state, files, secrets)
    if site is not None:
        yield from _tried("calendar", partial(_calendar, settings, site, wall))
    yield from machine.disk(settings.state)
    yield from machine.port(settings.api)
    journal, kept = wiring.open_journal(settings), _cursors(settings)
    try:
        rate = books.rate_of(journal) or _expected(site)
        yield from _tried("sql", lambda: books.sql(wiring.books_named(settings), kept))
        if not settings.on_one_machine():
            yield from _tried("lease", lambda: _lease(settings, wall))
        yield from _tried("journal", lambda: books.journal(journal, kept, wall, deep=deep))
    finally:
        journal.close()
        if not isinstance(kept, TidewalkError):
            kept.close()
    yield from _tried("broker", lambda: broker.look(_place(settings), site.id if site else "any", rate, burst))
    if settings.influx:
        yield from _tried("influxdb", lambda: influx.look(_asked(settings, site), wall))


def _calendar(settings: Settings, site: Site, wall: WallClock) -> list[Finding]:
    return calendar.look(read_years(SHIPPED), asked_for(wiring.rules_of(settings)), wall, site.timezone)


def _lease(settings: Settings, wall: WallClock) -> list[Finding]:
    now = wiring.clock_of_books(settings)
    try:
        return lease.look(wiring.leader_there(settings), now, wall)
    except TidewalkError as unknown:
        return lease.look(unknown, now, wall)


def _tried(part: str, look: Callable[[], Iterable[Finding]]) -> Iterable[Finding]:
    """What a look finds; settings that do not fit are a finding too."""
    try:
        return look()
    except TidewalkError as wrong:
        what, _, remedy = str(wrong).partition("; ")
        return [fail(part, what, "the service does not start", remedy or "correct the setting")]


def _cursors(settings: Settings) -> Any:
    try:
        return wiring.books_there(settings)
    except TidewalkError as wrong:
        return wrong


def _expected(site: Site | None) -> float:
    """Messages a second that the site's devices make when they speak as often as they should."""
    return sum(1 / device.interval_s for device in site.devices.values() if device.interval_s) if site else 0.0


def _place(settings: Settings) -> Place:
    host, port = settings.broker_address()
    password = settings.broker_password.get_secret_value()
    return Place(host, port, settings.broker_user, password, settings.broker_tls)


def _asked(settings: Settings, site: Site | None) -> influx.Asked:
    whole = wiring.influx_of(settings, simulated=site.simulated if site else False)
    return influx.Asked(whole.url, whole.org, whole.bucket, whole.token.get_secret_value(), settings.retention_days)


def _show(one: Finding) -> None:
    mark, colour = _MARKS[one.level]
    click.echo(f"{click.style(mark, fg=colour)}  {one.part:12} {one.what}")
    if one.why:
        click.echo(f"{'':19}it matters: {one.why}\n{'':19}to do: {one.remedy}")
