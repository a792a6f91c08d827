"""`tidewalk bench ingest`: how much one service takes on one core, and where its time goes."""

import json
import tempfile
from pathlib import Path

import click

from services.benches.ingest import Figures, Plan, measure


@click.command("ingest")
@click.option("--messages", default=400_000, show_default=True, type=click.IntRange(100), help="How many are measured.")
@click.option(
    "--devices", default=50_000, show_default=True, type=click.IntRange(1), help="How many send them in turn."
)
@click.option(
    "--profile", is_flag=True, help="Print the costliest functions of the event loop. Figures are worse then."
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Where the journal and the databases lie while it runs; on the disk you want to know about.",
)
@click.option("--json", "as_json", is_flag=True, help="The line alone, with the keys above.")
def ingest_bench(messages: int, devices: int, folder: Path | None, *, profile: bool, as_json: bool) -> None:
    """Measure one whole service: broker, journal, decoding, rules, SQL, line protocol, gzip, HTTP.

    The service runs in a process and on a core of its own; a second process plays the broker (MQTT 5, all messages made
    beforehand) and an InfluxDB that takes the lines and keeps none. Journal and SQL are real, on the disk. Lamps, bins,
    toilets, lots and beds report every 15 minutes of event time; one message in 2,000 opens an alarm.

    \b
        tidewalk bench ingest
        tidewalk bench ingest --messages 100000 --devices 5000 --json

    \b
    The last line is JSON:
      messages_per_second        by the clock, from the first publish until all is judged, stored and sent
      microseconds_per_message   processor time of the service, all its threads
      messages_per_cpu_second    the same, the other way round
      resident_mb, peak_mb       memory of the service, after it and at most
      lost                       acknowledged messages that neither the store nor the quarantine has
      p50_ms, p99_ms             publish to acknowledged, at half that rate (latency_at, messages a second)
      stored_p50_ms, stored_p99_ms   publish to stored, at that same rate
      stages_us                  processor time by stage, µs a message
      rows, alarms, sent_to_crews, quarantined, messages, devices, one_core
    """
    with tempfile.TemporaryDirectory(prefix="tidewalk-bench-", dir=folder) as scratch:
        plan = Plan(messages, devices, Path(scratch), profile=profile)
        figures = measure(plan, lambda said: click.echo(said, err=True))
    if not as_json:
        _show(figures, plan)
    click.echo(json.dumps(figures.line(plan)))


def _show(figures: Figures, plan: Plan) -> None:
    line = figures.line(plan)
    click.echo(f"{'stage':24} µs a message")
    for stage, spent in line["stages_us"].items():
        click.echo(f"{stage:24} {spent:6.2f}")
    click.echo(
        f"{line['messages_per_second']:,} messages/s by the clock, {line['messages_per_cpu_second']:,} by processor"
        f" time; {line['resident_mb']:,.0f} MB with {plan.devices:,} devices; {line['lost']} lost"
    )
