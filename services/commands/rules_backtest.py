"""`tidewalk rules backtest`: what the rules would have done."""

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from domain.errors import ConflictError
from domain.readings import Millis
from domain.site import Site
from rules.book import RuleBook, load_rules
from rules.runners.backtest import Past, difference, reach
from services import memory, wiring
from services.backtest import choosing, crew_hours
from services.backtest.report import compared, jobs, told
from services.backtest.run import needed, play
from services.backtest.sources import History
from services.commands.span import MOMENT
from services.dispatch.when import rfc3339
from services.settings import Settings, settled

JSON_KEYS = (
    "The line alone: source, from, until, exact_from, readings, seconds, readings_per_second, facilities, version, "
    "alarms, alarms_by_rule, open_at_the_end, orders, orders_by_rule, orders_by_element, crew_hours, "
    "crew_hours_by_rule, crew_hours_by_trade, breaches, breaches_by_rule, breaches_by_zone, breaches_by_element, "
    "against (null, or: version and the same figures), difference (null, or: same, appeared, vanished, moved, "
    "minutes_earlier, by_rule, by_facility, one_by_one)."
)
EXAMPLES = """\b
Examples:
  tidewalk rules backtest --from 2026-10-01T00:00+08:00 --to 2026-10-08T00:00+08:00
  tidewalk rules backtest --against my-rules/           what your version would have done otherwise
  tidewalk rules backtest --source journal --state /var/lib/tidewalk
  tidewalk rules backtest --source coast.jsonl --site my-coast     a capture: mosquitto_sub -F %j -t '#'
"""
Progressing = Callable[[Millis, int], None]


@click.command(epilog=EXAMPLES)
@click.option("--from", "since", type=MOMENT, help="From then on. Default, where the source knows: all of it.")
@click.option("--to", "until", type=MOMENT, help="Up to then, and not at it.")
@click.option("--rules", "folder", type=click.Path(path_type=Path, exists=True), help="The rules. [those in force]")
@click.option("--against", type=click.Path(path_type=Path, exists=True), help="Other rules, to be compared.")
@click.option("--source", default="auto", show_default=True, metavar="|".join((*choosing.NAMED, "FILE")))
@click.option("--site", metavar="SITE", help="Folder of site files, or a shipped sample.")
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="State folder of the service.")
@click.option("--influx", metavar="URL", help="The InfluxDB with the readings.")
@click.option("--api", metavar="HOST:PORT", help="Where the running service is asked.")
@click.option("--hours", type=click.Path(path_type=Path), help="Your estimates of crew hours, as crew_hours.yaml.")
@click.option("--json", "as_json", is_flag=True, help=JSON_KEYS)
def backtest(
    *,
    since: Millis | None,
    until: Millis | None,
    folder: Path | None,
    against: Path | None,
    source: str,
    hours: Path | None,
    as_json: bool,
    **said: Any,
) -> None:
    """Play history to the rules: which alarms and orders, how many hours of people, and what would have taken too long.

    The same engine as live. Without --source it takes the InfluxDB that is named, else asks the running service, else
    opens its DuckDB file, else its journal. Nothing is written and nobody is sent.

    What was open before --from is not known: causes later than `exact_from` are found exactly as they were live.
    """
    if since is not None and until is not None and since >= until:
        raise ConflictError("--from must be before --to")
    settings = settled(**{name: value for name, value in said.items() if value is not None})
    books = [load_rules(folder) if folder else wiring.rules_of(settings)]
    if against is not None:
        books.append(load_rules(against))
    table = crew_hours.read(hours) if hours else crew_hours.shipped()
    with tempfile.TemporaryDirectory(prefix="tidewalk-backtest-") as scratch:
        history, site = _history(source, settings, (since, until), books, Path(scratch))
        with _counting(site, history) as on_progress, memory.settled():
            begun = time.perf_counter()
            played = play(history, books, site, on_progress)
            spent = time.perf_counter() - begun
    figures: list[dict[str, Any]] = []
    for past in played.versions:
        found = list(past.found.values())
        orders = jobs(found, past.rules, site, table, history.until)
        figures.append({"version": past.rules.version, **told(found, orders)})
    line = {
        "source": history.name,
        "from": rfc3339(history.since),
        "until": rfc3339(history.until),
        "exact_from": rfc3339(history.since + max(reach(book, site) for book in books)),
        "readings": played.readings,
        "seconds": round(spent, 2),
        "readings_per_second": round(played.readings / spent) if spent else 0,
        "facilities": len(site.facilities),
        **figures[0],
        "against": figures[1] if against else None,
        "difference": _compared(played.versions) if against else None,
    }
    if as_json:
        click.echo(json.dumps(line, ensure_ascii=False))
    else:
        _tell(line, site)


def _history(
    source: str,
    settings: Settings,
    span: tuple[Millis | None, Millis | None],
    books: Sequence[RuleBook],
    scratch: Path,
) -> tuple[History, Site]:
    if source not in choosing.NAMED:
        recording, site = choosing.recorded(Path(source), settings, scratch)
        return choosing.of_recording(recording, site, span), site
    site = wiring.site_of(settings)
    return choosing.chosen(source, settings, site, span, needed(books, site)), site


def _compared(versions: Sequence[Past]) -> dict[str, Any]:
    before, after = versions
    found = compared(difference(before.found, after.found))
    for one in found["one_by_one"]:
        for key in ("opened", "until", "opened_before", "until_before"):
            if one.get(key) is not None:
                one[key] = rfc3339(one[key])
    return found


@contextmanager
def _counting(site: Site, history: History) -> Iterator[Progressing]:
    """A progress bar on stderr; nothing where that is no terminal."""
    zone, console = ZoneInfo(site.timezone), Console(stderr=True)
    if not console.is_terminal:
        yield lambda *_: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(f"history ({history.name})", total=history.until - history.since, told="")

        def show(at: Millis, readings: int) -> None:
            told = f"{datetime.fromtimestamp(at / 1000, zone):%m-%d %H:%M}  {readings:,} readings"
            progress.update(task, completed=at - history.since, told=told)

        yield show


def _tell(line: Mapping[str, Any], site: Site) -> None:
    zone = ZoneInfo(site.timezone)
    since, until, exact = (
        datetime.fromisoformat(line[key]).astimezone(zone) for key in ("from", "until", "exact_from")
    )
    click.echo(
        f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M}, from {line['source']}: {line['readings']:,} readings in"
    )
    click.echo(f"{line['seconds']} s; what was open before is not known: exact from {exact:%Y-%m-%d %H:%M} on")
    click.echo(f"\n{'rule':<18}{'alarms':>8}{'orders':>8}{'crew h':>9}{'too long':>10}")
    for rule in line["alarms_by_rule"]:
        click.echo(
            f"{rule:<18}{line['alarms_by_rule'][rule]:>8}{line['orders_by_rule'].get(rule, 0):>8}"
            f"{line['crew_hours_by_rule'].get(rule, 0):>9}{line['breaches_by_rule'].get(rule, 0):>10}"
        )
    click.echo(f"{'all':<18}{line['alarms']:>8}{line['orders']:>8}{line['crew_hours']:>9}{line['breaches']:>10}")
    if line["difference"] is not None:
        _tell_difference(line)


def _tell_difference(line: Mapping[str, Any]) -> None:
    other, found = line["against"], line["difference"]
    click.echo(f"\nthe other version: {other['alarms']} alarms, {other['orders']} orders, {other['crew_hours']} crew h")
    for rule, counts in found["by_rule"].items():
        click.echo(f"  {rule:<16} {counts['appeared']} appear, {counts['vanished']} vanish, {counts['moved']} move")
    if found["minutes_earlier"] is not None:
        click.echo(f"  those that move open {found['minutes_earlier']:g} min earlier on average")
    for facility, counts in found["by_facility"].items():
        click.echo(f"  {facility:<16} " + ", ".join(f"{count} {what}" for what, count in counts.items()))
