"""What lies beside the repository, played to a service: all is accounted for, and what comes of it is as expected."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from services.commands.replay import replay_command
from tests.realdata.devices_walk import realdata


@pytest.fixture(scope="module")
def folder() -> Path:
    found = realdata()
    if found is None:
        pytest.skip("no real data; put them beside the repository, or name them by TIDEWALK_REALDATA")
    return found


def replayed(*arguments: object) -> dict[str, Any]:
    result = CliRunner().invoke(replay_command, [*map(str, arguments), "--json"])
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    assert told["lost"] == 0
    found: dict[str, Any] = told["recordings"][0]
    assert found["messages"] == found["published"]
    kept = "name messages published stored duplicates quarantined lost left_out reasons"
    assert list(found) == [*kept.split(), "alarms", "median_hours", "orders", "endings", "sha256"]
    return found


def test_half_a_day_of_bins_fills_and_an_order_ends_when_somebody_empties_it(folder: Path):
    found = replayed(folder / "datasets" / "edinburgh-litter-bins", "--from", "2016-07-01T00:00+01:00", "--for", "12h")
    assert found["quarantined"] == 0
    assert found["stored"] == found["published"]
    assert set(found["alarms"]) == {"bin-full", "bin-due"}
    assert found["endings"]["withdrawn by telemetry"] >= 0.8 * sum(found["endings"].values())


def test_free_places_beyond_the_lot_are_kept_aside_and_a_lot_that_says_nothing_falls_silent(folder: Path):
    found = replayed(folder / "datasets" / "germany-car-parks", "--for", "36h")
    assert found["stored"] + found["quarantined"] >= found["published"]
    assert set(found["reasons"]) <= {"more than there is"}
    assert set(found["alarms"]) == {"silent", "lot-full", "lots-full"}


def test_uplinks_of_network_servers_are_stored_or_kept_aside_with_a_reason(folder: Path, tmp_path: Path):
    found = replayed(folder / "envelopes", "--state", tmp_path / "kept")
    assert found["stored"] >= 0.7 * found["messages"]
    assert found["duplicates"] == 0
    assert (tmp_path / "kept" / "0-relayed" / "site" / "devices.csv").exists()


@pytest.mark.soak
def test_all_of_it(folder: Path):
    found = replayed(folder / "datasets" / "edinburgh-litter-bins")
    assert found["quarantined"] == 0
    found = replayed(folder / "datasets" / "germany-car-parks")
    assert found["reasons"].keys() == {"more than there is"}
