"""`tidewalk bench e2e`: how much goes through a service between a real broker and a real store, and how fast."""

import asyncio
import json
import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import click

from domain.errors import ConflictError, UnavailableError
from services.benches.e2e import Tell, measure
from services.benches.passage import Figures, Plan
from services.settings import Settings, settled
from services.show.broker_at_hand import broker_at_hand, mosquitto_path

GROWS = 1.25
LEAST_STEP = 1_000.0


@click.command("e2e")
@click.option(
    "--broker", default="", help="HOST:PORT of a broker; left out: the mosquitto of this machine, on a free port."
)
@click.option(
    "--influx", default="", help="URL of an InfluxDB 2.x; left out: DuckDB. Its token: TIDEWALK_INFLUX_TOKEN."
)
@click.option("--rate", default=20_000, show_default=True, type=click.IntRange(10), help="Messages a second.")
@click.option("--seconds", default=60.0, show_default=True, type=click.FloatRange(0.5, 3600), help="For how long.")
@click.option(
    "--crew-rate", default=2_000, show_default=True, type=click.IntRange(10), help="At which crews are timed."
)
@click.option("--crew-seconds", default=20.0, show_default=True, type=click.FloatRange(0.5, 600), help="For how long.")
@click.option(
    "--steps", default=6, show_default=True, type=click.IntRange(0, 12), help="Higher rates to try, each 1.25×."
)
@click.option("--step-seconds", default=8.0, show_default=True, type=click.FloatRange(0.5, 60), help="Each so long.")
@click.option("--devices", default=5_000, show_default=True, type=click.IntRange(40), help="How many send in turn.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Where the journal and the databases lie while it runs; on the disk you want to know about.",
)
@click.option("--json", "as_json", is_flag=True, help="The line alone, with the keys above.")
def e2e_bench(
    broker: str,
    influx: str,
    rate: int,
    seconds: float,
    crew_rate: int,
    crew_seconds: float,
    steps: int,
    step_seconds: float,
    devices: int,
    folder: Path | None,
    *,
    as_json: bool,
) -> None:
    """Measure one whole service between a real broker and a real store, with everything on this machine's cores.

    A process of its own publishes with QoS 1, made beforehand, at the rate that is asked: first at 2,000 a second with
    one device in 50 in trouble, to time the orders that crews get by a rule that is judged at once (bin-full); then at
    20,000 a second for a minute; then faster, step by step, until a step fails: p99 to the store above a second, or
    less than 97 % of the rate. At last the store is asked for every message. Readings go to a bucket of the run's own,
    named tidewalk-bench-…; it stays, and is yours to delete.

    \b
        tidewalk bench e2e
        tidewalk bench e2e --influx http://127.0.0.1:8086 --json
        tidewalk bench e2e --rate 5000 --seconds 20 --steps 0 --devices 5000

    \b
    The last line is JSON:
      messages_per_second        taken by the broker, by the clock, in the part at --rate
      microseconds_per_message   processor time of the service; load_us: of who publishes; others_us: of all else on
                                 this machine, broker and store among it
      resident_mb, peak_mb       memory of the service
      lost                       messages that neither a query of the store nor the quarantine gives back
      p50_ms, p99_ms             publish to stored (its answer has come)
      rate, seconds, messages, devices
      crew_p50_ms, crew_p99_ms   publish to the crew's message, at crew_rate, of crew_orders orders
      highest_rate               the highest that held; steps: [rate, reached, p99_ms] of each that was tried
      behind_ms                  from the last acknowledgement until all was judged, stored and sent
      stages_us                  processor time of the service by stage, µs a message
      alarms, store
    """
    made = tuple(float(rate) * GROWS**n for n in range(1, steps + 1))
    try:
        figures, plan = asyncio.run(
            _measured(broker, influx, folder, (devices, rate, seconds, crew_rate, crew_seconds, made, step_seconds))
        )
    except (RuntimeError, UnavailableError, ConflictError) as wrong:
        raise click.ClickException(str(wrong)) from wrong
    if not as_json:
        _show(figures, plan)
    click.echo(json.dumps(figures.line(plan)))


async def _measured(
    broker: str,
    influx: str,
    folder: Path | None,
    play: tuple[int, float, float, float, float, tuple[float, ...], float],
) -> tuple[Figures, Plan]:
    tell: Tell = lambda said: click.echo(said, err=True)  # noqa: E731
    with tempfile.TemporaryDirectory(prefix="tidewalk-bench-", dir=folder) as scratch:
        failed: RuntimeError | None = None
        async with _broker(broker, tell) as address:
            plan = Plan(_settings(Path(scratch), address, influx, own=not broker), *play)
            try:
                return await asyncio.to_thread(measure, plan, tell), plan
            except RuntimeError as wrong:  # the broker's own errors come in groups, and this would be among them
                failed = wrong
        raise failed


@asynccontextmanager
async def _broker(named: str, tell: Tell) -> AsyncIterator[str]:
    if named:
        yield named
        return
    if mosquitto_path() is None:
        raise ConflictError("there is no mosquitto on this machine: apt-get install mosquitto, or name a broker")
    async with broker_at_hand() as at_hand:
        tell(f"{at_hand.what} on port {at_hand.port}")
        yield f"127.0.0.1:{at_hand.port}"


def _settings(folder: Path, broker: str, influx: str, *, own: bool) -> Settings:
    """Of the environment, only the secrets of what was named."""
    known = settled()
    run = secrets.token_hex(3)
    return settled(
        site="",
        state=folder,
        broker=broker,
        broker_user="" if own else known.broker_user,
        broker_password="" if own else known.broker_password,
        broker_tls=False if own else known.broker_tls,
        client_id=f"tidewalk-bench-{run}",
        source="mqtt5",
        influx=influx,
        influx_bucket=f"tidewalk-bench-{run}",
        retention_days=0,
        sql="",
        journal_days=14,
        rules="",
        api="",
        roles="door,store,judge,dispatch,api",
    )


def _show(figures: Figures, plan: Plan) -> None:
    line = figures.line(plan)
    click.echo(f"{'stage':24} µs a message")
    for stage, spent in line["stages_us"].items():
        click.echo(f"{stage:24} {spent:6.2f}")
    click.echo(f"{'the coast':24} {line['load_us']:6.2f}\n{'broker, store, others':24} {line['others_us']:6.2f}")
    click.echo(
        f"{line['messages_per_second']:,} messages/s for {plan.seconds:g} s, {line['lost']} lost; publish to stored p50"
        f" {line['p50_ms']:,.0f} ms, p99 {line['p99_ms']:,.0f} ms; {line['resident_mb']:,.0f} MB"
    )
    click.echo(
        f"publish to crew at {line['crew_rate']:,}/s: p50 {line['crew_p50_ms']:,.0f} ms, p99"
        f" {line['crew_p99_ms']:,.0f} ms of {line['crew_orders']} orders; highest rate that held:"
        f" {line['highest_rate']:,}/s"
    )
