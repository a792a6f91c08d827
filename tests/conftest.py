"""What every tier of tests shares: the real machines, and an API on any free port for whoever serves one."""

import os
from typing import Final

import pytest

pytest_plugins = [
    "tests.machines.mosquitto",
    "tests.machines.influx",
    "tests.machines.axe",
    "tests.machines.chromium",
    "tests.machines.postgres",
]

# Services of tests that run side by side, and beside one that somebody uses, must not want the same port.
os.environ.setdefault("TIDEWALK_API", "127.0.0.1:0")

# Whoever is given a long file last is waited for by everybody: these begin first, in this order. Most of each is
# waiting: for processes to start, for outages to pass, for clocks.
FIRST: Final = (
    "scenarios/test_scenarios.py",
    "walk/test_outages.py",
    "walk/test_demo_show.py",
    "walk/test_docs_commands.py",
    "walk/test_deaths.py",
    "walk/test_virtual_runs.py",
    "walk/test_rules_page",
    "walk/test_roles.py",
    "walk/test_proofs.py",
    "walk/test_shadow_rules.py",
    "walk/test_over_http.py",
    "walk/test_by_hand.py",
    "contracts/test_source",
    "walk/",
    "contracts/",
    "properties/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; within a file as it is written."""
    items.sort(key=lambda item: _place(item.nodeid.removeprefix("tests/")))


def _place(name: str) -> int:
    return next((place for place, first in enumerate(FIRST) if name.startswith(first)), len(FIRST))
