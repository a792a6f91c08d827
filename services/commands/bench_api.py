"""`tidewalk bench api`: how long the API takes to answer while messages pour in."""

import json
import tempfile
from pathlib import Path

import click

from services.benches.under_load import Plan, measure


@click.command("api")
@click.option("--rate", default=10_000.0, show_default=True, type=click.FloatRange(1), help="Messages a second.")
@click.option("--requests", default=40.0, show_default=True, type=click.FloatRange(0.1), help="Requests a second.")
@click.option("--seconds", default=20.0, show_default=True, type=click.FloatRange(1), help="For how long.")
@click.option("--devices", default=5_000, show_default=True, type=click.IntRange(40), help="How many devices send.")
@click.option("--split", is_flag=True, help="The API in a process of its own: --roles api beside the others.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Where the journal and the databases lie while it runs; on the disk you want to know about.",
)
@click.option("--json", "as_json", is_flag=True, help="The line alone, with the keys above.")
def api_bench(
    rate: float, requests: float, seconds: float, devices: int, folder: Path | None, *, split: bool, as_json: bool
) -> None:
    """Measure the answers of the API while messages pour in: lists, one order, status, metrics, an operator's notes.

    The service is whole (journal and SQL on the disk, rules judged, lines sent); broker and InfluxDB are played. A
    request is timed from when it was due, so that who waits in a queue counts as waiting. An operator's action is
    answered once the judge has come to it.

    \b
        tidewalk bench api
        tidewalk bench api --split --json

    \b
    The last line is JSON:
      p50_ms, p99_ms, worst_ms   of all requests
      p99_ms_by_request          of each kind
      requests, failed           how many were answered, and how many not as they should be
      messages_per_second        that were acknowledged meanwhile; lost is how many nobody has
      settled_p99_ms, stored_p99_ms   publish to acknowledged, and to stored, meanwhile
      resident_mb                memory of each process
      requests_per_second, seconds, devices, split
    """
    with tempfile.TemporaryDirectory(prefix="tidewalk-bench-", dir=folder) as scratch:
        plan = Plan(rate, requests, seconds, devices, Path(scratch), split=split)
        line = measure(plan, lambda said: click.echo(said, err=True))
    if not as_json:
        for asked, ms in line["p99_ms_by_request"].items():
            click.echo(f"{asked:44} p99 {ms:8.1f} ms")
        click.echo(
            f"all {line['requests']:,}: p50 {line['p50_ms']} ms, p99 {line['p99_ms']} ms, worst {line['worst_ms']} ms,"
            f" at {line['messages_per_second']:,} messages/s; {line['lost']} lost, {line['failed']} failed"
        )
    click.echo(json.dumps(line))
