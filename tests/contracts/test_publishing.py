"""Publishing, with grafana-client where it may be: in a process that is not the service's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.commands.every import cli
from tests.machines.grafana import named_grafana

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / ".venv/grafana"


def test_grafana_s_api_is_used_as_it_is_documented():
    if not (CLIENT / "grafana_client").is_dir():
        missing = f"grafana-client is not in {CLIENT}: make .venv/.dev"
        if os.environ.get("TIDEWALK_REQUIRE_MACHINES") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contracts/grafana_by_http.py"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(CLIENT)},
        capture_output=True,
        text=True,
        timeout=600 if named_grafana() else 60,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]


def test_where_grafana_client_is_not_there_the_command_says_how_to_have_it():
    ran = CliRunner().invoke(cli, ["dashboards", "diff", "--grafana", "http://127.0.0.1:9"])
    assert ran.exit_code == 1
    assert "pip install --require-hashes --target .venv/grafana" in str(ran.exception)


def test_the_service_s_own_environment_has_no_grafana_client():
    with pytest.raises(ModuleNotFoundError):
        __import__("grafana_client")
