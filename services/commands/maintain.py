"""`tidewalk maintain`: planned work that rules are to know of, announced, listed and ended."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote
from uuid import uuid4
from zoneinfo import ZoneInfo

import click

from domain.errors import ConflictError
from domain.readings import Millis
from services.clocks import WallClock
from services.commands.asking import ask
from services.commands.orders import refused
from services.commands.span import Moment, Span

SAY_KEYS: Final = "Last, one line: id, plan, action, standing (waiting, done), at."
LIST_KEYS: Final = "Last, one line: maintenance, each as GET /api/v1/maintenance gives it."
EXAMPLES: Final = """\b
Examples:
  tidewalk maintain add --facility toilet-04 --for 4h --by "Li Wei" --reason "the cistern is replaced"
  tidewalk maintain add --zone fushan --from 2026-10-02T09:00+08:00 --until 2026-10-02T18:00+08:00 \\
    --by "Li Wei" --reason "the light show is rehearsed"
  tidewalk maintain list
  tidewalk maintain end 7d0c1c9e-8a39-4e0e-9b53-0b8f8a1d7c11 --by "Li Wei" --reason "done early"
"""
F = TypeVar("F", bound=Callable[..., Any])


def _saying(function: F) -> F:
    for option in (
        click.option("--json", "as_json", is_flag=True, help=SAY_KEYS),
        click.option("--api", metavar="URL", help="The running service. Default: TIDEWALK_API, or 127.0.0.1:8090."),
        click.option("--reason", required=True, help="What is done there, or why it ends."),
        click.option(
            "--by",
            default="",
            envvar="TIDEWALK_BY",
            help="Your name, or set TIDEWALK_BY; with a token its name stands.",
        ),
    ):
        function = option(function)
    return function


@click.group(epilog=EXAMPLES)
def maintain() -> None:
    """Planned work (计划养护) on a facility or in a zone; rules that name `maintenance` know of it while it lasts.

    It is written into the journal of the running service before anything comes of it, and never counts for the time
    before it was announced. `list` reads the database and needs no running service.
    """


@maintain.command()
@click.option("--facility", default="", help="On this facility; or name a zone.")
@click.option("--zone", default="", help="In this zone; or name a facility.")
@click.option("--from", "since", type=Moment(), help="When it begins. Default: now.")
@click.option("--until", type=Moment(), help="When it ends, within thirty days.")
@click.option("--for", "lasts", type=Span(), help="How long it takes, in place of --until.")
@_saying
def add(
    facility: str,
    zone: str,
    since: Millis | None,
    until: Millis | None,
    lasts: Millis | None,
    by: str,
    reason: str,
    api: str | None,
    *,
    as_json: bool,
) -> None:
    """Announce work on a facility or in a zone."""
    if bool(facility) == bool(zone):
        raise click.UsageError("name a --facility or a --zone, and one of them alone")
    if (until is None) == (lasts is None):
        raise click.UsageError("say --until when, or --for how long")
    if until is None and lasts is not None:
        until = (WallClock().now() if since is None else since) + lasts
    asked: dict[str, Any] = {"facility": facility, "zone": zone, "until": _told(until), "from": _told(since)}
    _say("", {name: value for name, value in asked.items() if value}, by, reason, api, as_json=as_json)


@maintain.command()
@click.argument("plan", metavar="ID")
@_saying
def end(plan: str, by: str, reason: str, api: str | None, *, as_json: bool) -> None:
    """End planned work now; what has not begun is taken back. ID is the one that `list` shows."""
    _say(f"/{quote(plan, safe='')}/end", {}, by, reason, api, as_json=as_json)


@maintain.command("list")
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="State folder of the service.")
@click.option("--sql", metavar="URL", help="Database of alarms and orders, where it is not in the state folder.")
@click.option("--site", help="Site whose local time is shown: a folder, or a shipped sample.")
@click.option("--json", "as_json", is_flag=True, help=LIST_KEYS)
def list_(state: Path | None, sql: str | None, site: str | None, *, as_json: bool) -> None:
    """Show what is planned, what is under way, and what was over within two days, in the order of its beginning."""
    from services.api.planning import Works, work_shown
    from services.judge.afield import PLANNED, planned_work
    from services.settings import settled
    from services.wiring import books_there, site_of

    said = {name: value for name, value in {"state": state, "sql": sql, "site": site}.items() if value is not None}
    settings = settled(**said)
    zone = ZoneInfo(site_of(settings).timezone)
    books = books_there(settings)
    try:
        works, now = planned_work(books.noted(PLANNED)), int(books.noted("at") or 0)
    finally:
        books.close()
    if not works:
        click.echo("Nothing is planned.")
    for work in works:
        stage = work_shown(work, now).state
        where = work.facility or f"all of {work.zone}"
        click.echo(f"{work.id}  {stage:7} {where}  {_local(work.since, zone)} to {_local(work.until, zone)}")
        click.echo(f"    {work.by}: {work.why}")
    if as_json:
        shown = Works(maintenance=[work_shown(work, now) for work in works])
        click.echo(shown.model_dump_json(by_alias=True))


def _say(path: str, body: Mapping[str, Any], by: str, reason: str, api: str | None, *, as_json: bool) -> None:
    from services.settings import settled

    settings = settled()
    token = settings.api_token.get_secret_value()
    if not by and not token:
        raise click.UsageError("say who you are with --by, or set TIDEWALK_BY; or set TIDEWALK_API_TOKEN")
    where = api or settings.api_url()
    if not where:
        raise ConflictError("no API is set: name the running service with --api")
    told = {"id": str(uuid4()), "by": by, "reason": reason, **body}
    status, answer = ask(where, f"/api/v1/maintenance{path}", told, token=token)
    if status not in (200, 202):
        raise refused(status, str(answer.get("detail", f"{where} answered {status}; is that a Tidewalk service?")))
    what = "ended" if path else "announced"
    waits = " (kept, and not judged yet)" if status == 202 else ""
    click.echo(f"{answer.get('plan', '')}: {what}{waits}")
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False, separators=(",", ":")))


def _told(moment: Millis | None) -> str:
    return "" if moment is None else datetime.fromtimestamp(moment / 1000, UTC).isoformat()


def _local(moment: Millis, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(moment / 1000, zone):%Y-%m-%d %H:%M}"
