"""`tidewalk bench backtest`: how fast history is played to the rules."""

import json
import tempfile
from pathlib import Path

import click

from rules.book import load_rules, shipped
from services.benches.backtest import Plan, measure
from services.settings import settled


@click.command("backtest")
@click.option("--facilities", default=5_000, show_default=True, type=click.IntRange(40), help="One device each.")
@click.option("--readings", default=500_000, show_default=True, type=click.IntRange(100), help="Of all of them.")
@click.option("--path", type=click.Path(path_type=Path, exists=True), help="Rule files; left out: the shipped library.")
@click.option("--json", "as_json", is_flag=True, help="The line alone, with the keys below.")
def backtest_bench(facilities: int, readings: int, path: Path | None, *, as_json: bool) -> None:
    """Measure a backtest over DuckDB with all rules loaded: columns read, readings made, rules asked, on one core.

    One device in a thousand is in trouble. Writing the store first is not counted.

    \b
        tidewalk bench backtest
        tidewalk bench backtest --facilities 50000 --readings 1000000 --json

    \b
    The last line is JSON:
      readings_per_second, microseconds_per_message   processor time of one core, all in
      reading_us     of that, what the store takes until the rules have a reading
      resident_mb    of the whole process at the end; engine_mb: what playing added
      readings, facilities, rules, alarms
    """
    with tempfile.TemporaryDirectory(prefix="tidewalk-bench-") as scratch:
        settings = settled(site="", state=Path(scratch), influx="", sql="", rules="", api="", retention_days=0)
        book = load_rules(path) if path is not None else shipped()
        figures = measure(Plan(settings, book, facilities, readings), lambda said: click.echo(said, err=True))
    if not as_json:
        click.echo(f"{figures['readings_per_second']:,} readings/s, {figures['microseconds_per_message']} µs a reading")
        click.echo(f"{facilities:,} facilities, {len(book.rules)} rules, {figures['resident_mb']} MB")
    click.echo(json.dumps(figures))
