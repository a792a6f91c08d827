"""`tidewalk bench` beside real machines: that it runs, loses nothing and says its keys. How quick it is, is no test's
business.
"""

import json
import os
import subprocess
import sys

import pytest

from tests.machines.mosquitto import INSTALL
from tests.machines.needed import needed


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from services.cli import main; main()", "bench", *words]
    environment = {**os.environ, "TIDEWALK_BROKER": "192.0.2.1:1"}  # nobody's settings count
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=environment)


def test_a_store_gives_back_all_that_was_written():
    run = bench("store", "--readings", "4000", "--devices", "400", "--json")
    line = json.loads(run.stdout)
    assert set(line) == {
        "name",
        "messages_per_second",
        "microseconds_per_message",
        "resident_mb",
        "lost",
        "p50_ms",
        "p99_ms",
        "again_per_second",
        "read_per_second",
        "newest_p50_ms",
        "newest_p99_ms",
        "bytes_each",
        "peak_mb",
        "readings",
        "devices",
        "store",
    }
    assert (line["name"], line["lost"], line["store"]) == ("store", 0, "DuckStore")


@pytest.mark.machine
def test_beside_a_real_broker_nothing_is_lost_and_all_that_is_promised_is_said():
    needed("mosquitto", INSTALL)
    words = ["--rate", "1000", "--seconds", "1", "--crew-seconds", "1", "--steps", "1", "--step-seconds", "0.5"]
    run = bench("e2e", *words, "--devices", "400", "--json")
    line = json.loads(run.stdout)
    assert set(line) == {
        "name",
        "messages_per_second",
        "microseconds_per_message",
        "resident_mb",
        "lost",
        "p50_ms",
        "p99_ms",
        "peak_mb",
        "messages",
        "devices",
        "alarms",
        "stages_us",
        "rate",
        "seconds",
        "crew_rate",
        "crew_p50_ms",
        "crew_p99_ms",
        "crew_orders",
        "highest_rate",
        "steps",
        "behind_ms",
        "load_us",
        "others_us",
        "store",
    }
    assert (line["name"], line["lost"], line["messages"]) == ("e2e", 0, 1000)
    assert line["crew_orders"] > 0
    assert "Traceback" not in run.stderr
