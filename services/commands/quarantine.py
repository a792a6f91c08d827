"""`tidewalk quarantine`: what was kept aside, why, and trying it again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, cast
from zoneinfo import ZoneInfo

import click

from domain.errors import NotFoundError, TidewalkError
from domain.messages import Quarantined
from domain.readings import Millis
from ingest.oversize import is_cut
from ingest.quarantine import class_of

LIST_KEYS = "Last, one line: counts (by class), shown (row, place, quantity, class, reason, topic, received of each)."
SHOW_KEYS = "Last, one line: row, place, topic, received, key, retry, cut, reasons (by quantity), payload, hex."
RETRY_KEYS = "Last, one line: asked (row/place of each), refused (message and why of each)."
_SHOWN_BYTES = 4096
_MESSAGE = "ROW/PLACE"
_MOST_DIGITS = 18


class Aside(Protocol):
    """What this command needs of a quarantine."""

    def list(self, *, newest: int, reason: str | None = None) -> Sequence[Quarantined]:
        """The newest ones."""
        ...

    def get(self, row: int, place: int) -> Sequence[Quarantined]:
        """What was kept of one message."""
        ...

    def counts(self) -> dict[str, int]:
        """Entries by class of reason."""
        ...

    def retried(self, row: int, place: int) -> str:
        """Whether somebody asked to try it again."""
        ...

    def ask_retry(self, row: int, place: int) -> None:
        """Ask for it."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """The quarantine, and in which zone its times are shown."""

    aside: Aside
    timezone: str
    folder: Path | None = None

    def there(self) -> Aside:
        """The quarantine. Raises NotFoundError where its folder is not: that is no empty one."""
        if self.folder is not None and not self.folder.is_dir():
            raise NotFoundError(
                f"there is no folder {self.folder}: no service has run there; name the right one with"
                " `tidewalk quarantine --state FOLDER …`"
            )
        return self.aside


@click.group()
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="State folder of the service.")
@click.option("--site", help="Site whose local time is shown: a folder, or a shipped sample.")
@click.pass_context
def quarantine(ctx: click.Context, state: Path | None, site: str | None) -> None:
    """What was kept aside, why, and trying it again.

    A message that cannot be read, or a value that cannot be believed, is kept here with its reason; nothing is thrown
    away. Correct what the reason names (the site file, a profile, the device), then let the service try it again.
    """
    if not isinstance(ctx.obj, Desk):
        ctx.obj = _opened(state, site)


@quarantine.command("list")
@click.option("--reason", help="Only reasons that begin so, such as `unknown device`.")
@click.option("--newest", default=20, show_default=True, type=click.IntRange(1), help="How many to show.")
@click.option("--json", "as_json", is_flag=True, help=LIST_KEYS)
@click.pass_obj
def list_(desk: Desk, reason: str | None, newest: int, *, as_json: bool) -> None:
    """Show how many there are by reason, and the newest ones."""
    aside = desk.there()
    counts, found = aside.counts(), aside.list(newest=newest, reason=reason)
    if not counts:
        click.echo("Nothing is kept aside.")
    for name, count in counts.items():
        click.echo(f"{count:>8}  {name}")
    if found:
        click.echo()
    for one in found:
        what = f" [{one.quantity}]" if one.quantity else ""
        click.echo(f"{one.row}/{one.place}  {_local(one.received, desk.timezone)}  {one.topic}{what}")
        click.echo(f"    {one.reason}")
    if as_json:
        _print_json({"counts": counts, "shown": [_brief(one) for one in found]})


@quarantine.command()
@click.argument("message", metavar=_MESSAGE)
@click.option("--json", "as_json", is_flag=True, help=SHOW_KEYS)
@click.pass_obj
def show(desk: Desk, message: str, *, as_json: bool) -> None:
    """Show one message: why it was kept aside, what to do, and what it said."""
    row, place = _numbers(message)
    aside = desk.there()
    found = aside.get(row, place)
    first, retry = found[0], aside.retried(row, place)
    cut = is_cut(first.key, first.payload)
    payload = first.payload[16:] if cut else first.payload
    click.echo(f"{row}/{place}  {first.topic}")
    click.echo(f"received   {_local(first.received, desk.timezone)} ({desk.timezone}), {_utc(first.received)}")
    click.echo(f"key        {first.key.hex()}")
    for one in found:
        what, _, do = one.reason.partition("; ")
        click.echo(f"reason     {f'[{one.quantity}] ' if one.quantity else ''}{what}")
        click.echo(f"to do      {do or 'see docs/wire.md'}")
    click.echo(f"again      {_standing(retry, cut=cut)}")
    click.echo(f"payload    {len(payload)} bytes{' (the first of it)' if cut else ''}")
    click.echo(_readable(payload))
    if as_json:
        _print_json(_whole(found, payload, retry, cut=cut))


@quarantine.command()
@click.argument("messages", metavar=f"{_MESSAGE}...", nargs=-1)
@click.option("--reason", help="Instead: all whose reason begins so, such as `unknown device: bin-061-s`.")
@click.option("--json", "as_json", is_flag=True, help=RETRY_KEYS)
@click.pass_obj
def retry(desk: Desk, messages: tuple[str, ...], reason: str | None, *, as_json: bool) -> None:
    """Let the service try messages again, with the time at which they first came.

    What is stored then is marked as backfill: it completes the record and pages nobody.
    """
    if bool(messages) == bool(reason):
        raise click.UsageError(f"give {_MESSAGE}, or --reason, and not both")
    aside = desk.there()
    chosen = [_numbers(one) for one in messages]
    if reason:
        chosen = sorted({(q.row, q.place) for q in aside.list(newest=1_000_000, reason=reason)})
    asked, refused = [], []
    for row, place in chosen:
        try:
            aside.ask_retry(row, place)
        except TidewalkError as wrong:
            refused.append({"message": f"{row}/{place}", "why": str(wrong)})
            click.echo(f"{row}/{place}: {wrong}", err=True)
        else:
            asked.append(f"{row}/{place}")
    click.echo(
        f"{len(asked)} to be tried again: a running service does so within two seconds, one that is stopped when it"
        " starts. `tidewalk quarantine show` then says `taken`; what is refused again is kept under a new number."
    )
    if as_json:
        _print_json({"asked": asked, "refused": refused})
    if refused:
        raise click.exceptions.Exit(1)


def _opened(state: Path | None, site: str | None) -> Desk:
    from services.settings import settled
    from services.wiring import open_quarantine, site_of

    said = {name: value for name, value in (("state", state), ("site", site)) if value is not None}
    settings = settled(**cast("dict[str, Any]", said))
    return Desk(open_quarantine(settings.state), site_of(settings).timezone, settings.state)


def _numbers(message: str) -> tuple[int, int]:
    row, _, place = message.partition("/")
    if not (_is_number(row) and _is_number(place)):
        raise click.BadParameter(f"{message!r} is not {_MESSAGE}, such as 17/0: `tidewalk quarantine list` shows them")
    return int(row), int(place)


def _is_number(text: str) -> bool:
    """One that a row can have."""
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS


def _standing(retry: str, *, cut: bool) -> str:
    if cut:
        return "cannot be: only its first 4 KiB were kept"
    return {
        "asked": "asked for; a running service does it within two seconds",
        "taken": "tried; if it was refused again, it is kept under a new number",
    }.get(retry, "not asked for")


def _readable(payload: bytes) -> str:
    shown = payload[:_SHOWN_BYTES]
    rest = f"\n… and {len(payload) - _SHOWN_BYTES} bytes more" if len(payload) > _SHOWN_BYTES else ""
    try:
        text = shown.decode()
    except UnicodeDecodeError:
        lines = (shown[at : at + 16] for at in range(0, len(shown), 16))
        return "\n".join(f"  {line.hex(' '):<47}  {_printable(line)}" for line in lines) + rest
    return "  " + "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text) + rest


def _printable(line: bytes) -> str:
    return "".join(chr(b) if 0x20 <= b < 0x7F else "." for b in line)


def _whole(found: Sequence[Quarantined], payload: bytes, retry: str, *, cut: bool) -> dict[str, object]:
    first = found[0]
    try:
        text: str | None = payload.decode()
    except UnicodeDecodeError:
        text = None
    return {
        "row": first.row,
        "place": first.place,
        "topic": first.topic,
        "received": _utc(first.received),
        "key": first.key.hex(),
        "retry": retry,
        "cut": cut,
        "reasons": {one.quantity: one.reason for one in found},
        "payload": text,
        "hex": payload.hex(),
    }


def _brief(one: Quarantined) -> dict[str, object]:
    return {
        "row": one.row,
        "place": one.place,
        "quantity": one.quantity,
        "class": class_of(one.reason),
        "reason": one.reason,
        "topic": one.topic,
        "received": _utc(one.received),
    }


def _local(at: Millis, timezone: str) -> str:
    return datetime.fromtimestamp(at / 1000, ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M:%S")


def _utc(at: Millis) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _print_json(found: dict[str, object]) -> None:
    click.echo(json.dumps(found, ensure_ascii=False, separators=(",", ":")))
