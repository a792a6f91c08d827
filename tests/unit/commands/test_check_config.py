"""`tidewalk serve --check-config`: everything that is wrong at once, each with its remedy, and nothing changed."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from services.commands.serve import serve


def checked(*words: object) -> tuple[int, dict[str, Any], str]:
    said = CliRunner().invoke(serve, ["--check-config", "--json", *map(str, words)])
    assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
    return said.exit_code, json.loads(said.stdout.splitlines()[-1]), said.stdout


def test_settings_that_fit_say_what_would_be_done_and_leave_nothing_behind(tmp_path: Path):
    code, said, _ = checked("--state", tmp_path / "state")
    assert (code, said["ok"], said["faults"]) == (0, True, [])
    assert set(said["would"]) >= {"roles", "site", "rules", "broker", "readings", "alarms and orders", "state", "api"}
    assert not (tmp_path / "state").exists()


def test_everything_that_is_wrong_is_said_at_once_each_with_a_remedy(tmp_path: Path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/odd.yaml").write_text("id: R1\nname: odd\nwhen: fill_level >=\n")
    words = ("--sql", "nonsense", "--influx", "nonsense", "--roles", "jugde", "--rules", tmp_path / "rules")
    code, said, shown = checked(*words, "--site", tmp_path, "--api", "here")
    whats = " | ".join(one["what"] for one in said["faults"])
    assert (code, said["ok"]) == (2, False)
    for part in ("--sql", "--api", "no role 'jugde'", "odd.yaml", "site"):
        assert part in whats
    assert all(one["remedy"] for one in said["faults"])
    assert "it would not start" in shown


def test_split_roles_and_duckdb_are_a_fault():
    code, said, _ = checked("--roles", "api")
    assert code == 2
    assert "DuckDB" in said["faults"][0]["what"]


def test_a_setting_that_is_none_is_a_fault_and_no_traceback(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TIDEWALK_RETENTION_DAYS", "soon")
    code, said, _ = checked()
    assert (code, "retention_days" in said["faults"][0]["what"]) == (2, True)


def test_a_password_in_a_url_is_not_shown():
    _, _, shown = checked("--sql", "postgresql+psycopg://tidewalk:hush-hush@db/tidewalk")
    assert "hush-hush" not in shown
