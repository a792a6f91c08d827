"""InfluxDB away, the broker away, the journal's disk full, under live traffic: dispatch goes on where it can, what was
held up comes through afterwards, and nothing is lost. Time runs a hundred times as fast for service and coast alike.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from services.clocks import WallClock
from services.settings import Settings
from tests.machines.influx import InfluxMachine
from tests.machines.influx_forwarder import ORG
from tests.machines.mosquitto import Mosquitto
from tests.walk.evidence import Left, Letter, Record, all_holds, heard_up_to_now, left_by, retained
from tests.walk.influx_beside import forwarding
from tests.walk.processes import PYTHON, Program, until

pytestmark = pytest.mark.machine

START = round(datetime.fromisoformat("2025-10-01T16:00+08:00").timestamp() * 1000)
SPEED = 100
LOG_BYTES = 6000  # a few lines; every database has outgrown them
# Something is found several times a virtual minute, and nothing falls silent.
PLAN = """
name: busy
faults:
  - {what: leakage, count: 30, after: 0m..20m, every: 1h}
  - {what: bin_fire, count: 12, after: 0m..20m, every: 1h}
  - {what: leakage, count: 30, after: 20m..1h, every: 1h}
  - {what: bin_fire, count: 12, after: 20m..1h, every: 1h}
  - {what: bin_overfull, count: 8, after: 1m..1h, every: 1h}
  - {what: gate_fault, count: 4, after: 1m..1h, every: 3h}
  - {what: nh3_sentinel, count: 4, after: 1m..1h, every: 3h}
  - {what: duplicate, count: 6, after: 1m..1h, every: 1h}
"""


class Day:
    """A service and a coast that play live, beside machines that come and go."""

    def __init__(self, broker: Mosquitto, folder: Path, influx: str = "", speed: int = SPEED) -> None:
        self.broker = f"127.0.0.1:{broker.port}"
        self.folder, self.speed = folder, speed
        self.settings = Settings(state=folder / "state", broker=self.broker, influx=influx, influx_org=ORG)
        self.record: Record
        self.service: Program
        self._ledger, self._began = folder / "ledger.jsonl", time.monotonic()

    @contextmanager
    def plays(self) -> Iterator["Day"]:
        """Until the body ends: then both are told to stop, and everything must hold."""
        plan = self.folder / "busy.yaml"
        plan.write_text(PLAN)
        shared = f"{START},{WallClock().now()},{self.speed}"
        scaled = ("--broker", self.broker, "--scaled", shared)
        more = ("--influx", self.settings.influx) if self.settings.influx else ()
        serve = (PYTHON, "-m", "tests.walk.mortal", *scaled, "--state", self.settings.state, *more)
        play = (PYTHON, "-m", "tests.walk.coast", *scaled, "--ledger", self._ledger, "--faults", plan, "--for", 1440)
        with (
            Record(self.broker) as self.record,
            Program(*serve, log=self.folder / "service.log") as self.service,
        ):
            self.service.says(" listens ")
            with Program(*play, log=self.folder / "coast.log") as coast:
                yield self
                assert coast.stop() == 0, coast.tail()
            knock = heard_up_to_now(self.broker, self.settings.state)
            assert self.service.stop() == 0, self.service.tail()
            with Program(
                *serve, log=self.folder / "once-more.log"
            ) as again:  # what was put off is taken up at the start
                again.says(" listens ")
                assert again.stop() == 0, again.tail()
            self._judge({knock})

    def orders_told(self) -> int:
        """How many letters about orders have reached crews so far."""
        return sum(1 for topic, _ in self.record.letters if "/orders/" in topic)

    def more_orders(self, than: int, within_s: float = 20) -> None:
        """Return when crews have heard more of orders than so much."""
        until(lambda: self.orders_told() > than, within_s, f"more than {than} letters: {self.service.tail()}")

    def _judge(self, more: set[bytes]) -> None:
        end = START + round((time.monotonic() - self._began) * 1000 * self.speed)
        left = asyncio.run(left_by(self.settings, self._ledger, more, START, end))
        written = {Letter(row["topic"], bytes(row["payload"])) for row in left.outbox}
        until(lambda: written <= set(self.record.letters), 10, "the last letters")
        twice = all_holds(left, self.record.letters, retained(self.broker))
        silent = [alarm for alarm in left.alarms if "silent" in alarm.rule]
        assert not silent, f"nobody fell silent but the machines between: {silent[:3]}"
        print(
            f"{left.kept.published} messages ({left.kept.duplicates} heard again), {len(left.orders)} orders,"
            f" {len(self.record.letters)} letters ({twice} more than once), deaf {_deaf(left)} times,"
            f" {time.monotonic() - self._began:.1f} s"
        )


def _deaf(left: Left) -> int:
    links = (m.payload for row in left.rows for m in row.messages if m.topic == "$tidewalk/link")
    return sum(1 for told in links if json.loads(told)["state"] == "down")


def influx_is_away(day: Day, machine: InfluxMachine, seconds: float) -> None:
    """Stop it for so long; orders go out all the while, and the readings drain when it is back."""
    day.more_orders(3)
    machine.stop()
    before, went = day.orders_told(), time.monotonic()
    until(lambda: "readings wait for their store" in day.service.log(), 10, "the writer to notice")
    while time.monotonic() - went < seconds:
        day.more_orders(day.orders_told())
    assert day.orders_told() - before > seconds / 2
    machine.start()
    until(lambda: "readings reach their store again" in day.service.log(), 35, f"the drain: {day.service.tail()}")


def broker_is_away(day: Day, broker: Mosquitto, seconds: float) -> None:
    """SIGTERM, and after so long the same broker again; orders go out again."""
    day.more_orders(3)
    broker.stop()
    time.sleep(seconds)
    broker.start()
    day.more_orders(day.orders_told())


def disk_is_full(day: Day, seconds: float) -> None:
    """No file of the service may grow for so long, but for the log that says so."""
    day.more_orders(3)
    pid = day.service.lines()[-1]["life"]
    day.service.may_write_up_to(len(day.service.log()) + LOG_BYTES, pid=pid)
    until(lambda: "the journal cannot be written" in day.service.log(), 10, f"a loud word: {day.service.tail()}")
    time.sleep(seconds)
    day.service.may_write_up_to(None, pid=pid)
    until(lambda: "the journal can be written again" in day.service.log(), 20, f"relief: {day.service.tail()}")
    day.more_orders(day.orders_told())


def test_while_influxdb_is_away_for_ten_seconds_dispatch_goes_on_and_readings_wait(
    mosquitto: Mosquitto, influx_of_its_own: InfluxMachine, tmp_path: Path
):
    with forwarding(influx_of_its_own) as url, Day(mosquitto, tmp_path, url).plays() as day:
        influx_is_away(day, influx_of_its_own, 10)


def test_while_mosquitto_is_away_for_ten_seconds_nothing_is_lost_and_nobody_falls_silent(
    mosquitto: Mosquitto, tmp_path: Path
):
    with Day(mosquitto, tmp_path).plays() as day:
        broker_is_away(day, mosquitto, 10)


def test_while_the_disk_is_full_nothing_is_acknowledged_and_afterwards_nothing_is_lost(
    mosquitto: Mosquitto, tmp_path: Path
):
    with Day(mosquitto, tmp_path).plays() as day:
        disk_is_full(day, 3)


@pytest.mark.soak
def test_a_minute_without_influxdb(mosquitto: Mosquitto, influx_of_its_own: InfluxMachine, tmp_path: Path):
    with forwarding(influx_of_its_own) as url, Day(mosquitto, tmp_path, url).plays() as day:
        influx_is_away(day, influx_of_its_own, 60)


@pytest.mark.soak
def test_a_minute_without_mosquitto(mosquitto: Mosquitto, tmp_path: Path):
    with Day(mosquitto, tmp_path).plays() as day:
        broker_is_away(day, mosquitto, 60)


@pytest.mark.soak
def test_a_minute_with_a_full_disk(mosquitto: Mosquitto, tmp_path: Path):
    with Day(mosquitto, tmp_path).plays() as day:
        disk_is_full(day, 60)
