"""`tidewalk bench store`: what a reading store takes and gives back, alone."""

import asyncio
import json
import secrets
import tempfile
from pathlib import Path

import click

from domain.errors import ConflictError, UnavailableError
from services.benches.stores import Plan, measure
from services.settings import settled


@click.command("store")
@click.option(
    "--influx", default="", help="URL of an InfluxDB 2.x; left out: DuckDB. Its token: TIDEWALK_INFLUX_TOKEN."
)
@click.option("--readings", default=200_000, show_default=True, type=click.IntRange(100), help="How many are written.")
@click.option("--devices", default=50_000, show_default=True, type=click.IntRange(40), help="Of how many, in turn.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Where DuckDB's file lies while it runs; on the disk you want to know about.",
)
@click.option("--json", "as_json", is_flag=True, help="The line alone, with the keys above.")
def store_bench(influx: str, readings: int, devices: int, folder: Path | None, *, as_json: bool) -> None:
    """Measure a reading store: writing as the service does, writing the newest tenth again, reading all of it back.

    An InfluxDB gets a bucket of the run's own, named tidewalk-bench-…; it stays, and is yours to delete.

    \b
        tidewalk bench store
        tidewalk bench store --influx http://127.0.0.1:8086 --json

    \b
    The last line is JSON:
      messages_per_second        readings written, by the clock; again_per_second: those that were there already
      microseconds_per_message   processor time of this process: DuckDB's is among it, InfluxDB's is not
      p50_ms, p99_ms             one write of 5,000 readings
      lost                       readings that are not given back
      read_per_second            reading all of it back; newest_p50_ms, newest_p99_ms: the newest of one facility
      bytes_each                 on the disk, of DuckDB; 0 of InfluxDB
      resident_mb, peak_mb, readings, devices, store
    """
    with tempfile.TemporaryDirectory(prefix="tidewalk-bench-", dir=folder) as scratch:
        settings = settled(
            site="",
            state=Path(scratch),
            influx=influx,
            influx_bucket=f"tidewalk-bench-{secrets.token_hex(3)}",
            retention_days=0,
            sql="",
            rules="",
            api="",
        )
        plan = Plan(settings, readings, devices)
        try:
            figures = asyncio.run(measure(plan, lambda said: click.echo(said, err=True)))
        except (UnavailableError, ConflictError) as wrong:
            raise click.ClickException(str(wrong)) from wrong
    line = figures.line(plan)
    if not as_json:
        click.echo(
            f"{line['messages_per_second']:,} readings/s written ({line['again_per_second']:,} again), p99"
            f" {line['p99_ms']:,.0f} ms a write; {line['read_per_second']:,} readings/s read; {line['lost']} lost"
        )
    click.echo(json.dumps(line))
