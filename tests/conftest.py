"""What every tier of tests shares: the real machines."""

pytest_plugins = ["tests.machines.mosquitto", "tests.machines.influx"]
