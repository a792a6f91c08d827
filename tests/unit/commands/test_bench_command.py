"""`tidewalk bench`: what is promised of its last line. How quick it is, is no test's business."""

import json
import os
import subprocess
import sys

PROMISED = {
    "name",
    "messages_per_second",
    "microseconds_per_message",
    "resident_mb",
    "lost",
    "p50_ms",
    "p99_ms",
    "messages_per_cpu_second",
    "peak_mb",
    "stored_p50_ms",
    "stored_p99_ms",
    "latency_at",
    "messages",
    "devices",
    "rows",
    "alarms",
    "sent_to_crews",
    "quarantined",
    "one_core",
    "stages_us",
}


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from services.cli import main; main()", "bench", *words]
    environment = {**os.environ, "TIDEWALK_BROKER": "192.0.2.1:1"}  # nobody's settings count
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=environment)


def test_its_help_names_every_bench():
    said = bench("--help").stdout
    assert "ingest" in said
    assert "rules" in said


def test_ingest_loses_nothing_and_says_all_that_is_promised():
    run = bench("ingest", "--messages", "4000", "--devices", "2000", "--json")
    [last] = run.stdout.splitlines()
    line = json.loads(last)
    assert set(line) == PROMISED
    assert line["lost"] == 0
    assert line["name"] == "ingest"
    assert line["alarms"] > 0
    assert line["sent_to_crews"] >= line["alarms"]
    assert line["stages_us"].keys() >= {"source", "journal", "decode", "rules", "commit", "encode", "compress"}
    assert "measuring" in run.stderr
    assert "Traceback" not in run.stderr
