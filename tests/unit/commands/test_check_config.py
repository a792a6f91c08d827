"""`tidewalk serve --check-config`: everything that is wrong at once, each with its remedy, and nothing changed."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from services.commands.serve import serve
from services.writable import unwritable


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


def test_a_site_that_is_none_hides_nothing_of_what_else_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TIDEWALK_SMTP", "smtp://nowhere:many")
    monkeypatch.setenv("TIDEWALK_KEY", "short")
    words = (
        "--site",
        tmp_path / "gone",
        "--broker",
        "here:70000",
        "--influx",
        "nonsense",
        "--shadow",
        tmp_path / "none",
    )
    code, said, _ = checked(*words)
    whats = " | ".join(one["what"] for one in said["faults"])
    for part in ("site", "no port 70000", "--influx nonsense", "SMTP", "TIDEWALK_KEY", "none"):
        assert part in whats
    assert (code, len(said["faults"])) == (2, 6)


def test_split_roles_and_duckdb_are_a_fault():
    code, said, _ = checked("--roles", "api")
    assert code == 2
    assert "DuckDB" in said["faults"][0]["what"]


def test_a_setting_that_is_none_is_a_fault_and_no_traceback(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TIDEWALK_RETENTION_DAYS", "soon")
    code, said, _ = checked()
    assert (code, "RETENTION_DAYS" in said["faults"][0]["what"]) == (2, True)


def test_a_password_in_a_url_is_not_shown():
    _, _, shown = checked("--sql", "postgresql+psycopg://tidewalk:hush-hush@db/tidewalk")
    assert "hush-hush" not in shown


def test_a_setting_that_is_none_hides_nothing_of_what_else_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TIDEWALK_RETENTION_DAYS", "soon")
    monkeypatch.setenv("TIDEWALK_INFLUX_TOKEN", "change-me-please")
    monkeypatch.setenv("TIDEWALK_API_TOKENS", "desk=short")
    (tmp_path / "file").touch()
    code, said, _ = checked("--state", tmp_path / "file/state", "--api", "nowhere", "--roles", "dor")
    faults = {one["what"]: one["remedy"] for one in said["faults"]}
    whats = " | ".join(faults)
    for part in ("RETENTION_DAYS", "INFLUX_TOKEN", "API_TOKENS, entry 1", "is no folder", "--api", "no role 'dor'"):
        assert part in whats
    assert (code, len(faults)) == (2, 6)


@pytest.mark.parametrize(
    ("tokens", "remedy"),
    [
        ("desk=short", "openssl rand -hex 32"),
        ("desk", "say NAME=sha256:HEX or NAME=TOKEN"),
        ("desk=sha256:12", "64 hex digits"),
    ],
)
def test_what_is_wrong_with_a_token_is_mended_at_the_token(monkeypatch: pytest.MonkeyPatch, tokens: str, remedy: str):
    monkeypatch.setenv("TIDEWALK_API_TOKENS", tokens)
    _, said, _ = checked()
    (fault,) = said["faults"]
    assert remedy in fault["remedy"]


@pytest.mark.parametrize("place", ["/proc/tidewalk", "/proc", "/dev/null/state", "/dev/null"])
def test_a_folder_that_cannot_be_written_is_found_out_whoever_asks(place: str):
    """Also by root, to whom every folder says that it may be written."""
    assert unwritable(Path(place))


def test_what_lies_in_the_folder_must_be_ours_as_well(tmp_path: Path):
    assert unwritable(tmp_path / "not/there/yet") == ""
    (tmp_path / "journal.sqlite").touch()
    assert unwritable(tmp_path) == ""
    (tmp_path / "journal.sqlite").chmod(0o400)
    if os.geteuid():
        assert "journal.sqlite: Permission denied" in unwritable(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["journal.sqlite"]
