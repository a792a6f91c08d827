"""What every tier of tests shares: the real machines, and an API on any free port for whoever serves one."""

import os

pytest_plugins = ["tests.machines.mosquitto", "tests.machines.influx", "tests.machines.chromium"]

# Services of tests that run side by side, and beside one that somebody uses, must not want the same port.
os.environ.setdefault("TIDEWALK_API", "127.0.0.1:0")
