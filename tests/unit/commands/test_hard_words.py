"""Words of a call that cannot be meant are answered in words, and never with a traceback."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from services.commands.every import cli


def said(*words: object) -> str:
    answer = CliRunner().invoke(cli, [str(word) for word in words])
    assert answer.exit_code != 0
    told = answer.output + ("" if isinstance(answer.exception, SystemExit) else str(answer.exception))
    assert isinstance(answer.exception, SystemExit) or type(answer.exception).__module__ == "domain.errors", told
    return told


def test_a_quarantine_where_no_service_has_run_is_not_an_empty_one(tmp_path: Path):
    assert "there is no folder" in said("quarantine", "--state", tmp_path / "typo", "list")


@pytest.mark.parametrize("message", ["9" * 40 + "/0", "0/" + "9" * 19, "²/0", "-1/0"])
def test_a_number_that_no_row_has_is_refused(message: str, tmp_path: Path):
    assert "ROW/PLACE" in said("quarantine", "--state", tmp_path, "show", message)


def test_a_ledger_that_cannot_be_written_is_said():
    assert "cannot be written" in said("simulate", "--ledger", "/proc/nowhere", "--broker", "127.0.0.1:1")


def test_virtual_time_has_no_speed():
    assert "leave --speed out" in said("simulate", "--virtual", "--for", "1h", "--speed", "3")


@pytest.mark.parametrize("sql", ["nonsense", "mysql://x/y", "sqlite://"])
def test_an_sql_url_that_is_none_is_said(sql: str, tmp_path: Path):
    assert "--sql" in said("orders", "--state", tmp_path, "--sql", sql, "list")


def test_a_file_that_is_no_database_is_said(tmp_path: Path):
    (tmp_path / "tidewalk.sqlite").write_text("no database is here" * 1000)
    assert "damaged, or is none" in said("orders", "--state", tmp_path, "list")


def test_orders_of_an_older_schema_are_not_migrated_by_who_only_reads(tmp_path: Path):
    from services.storage.schema import revision_of, upgrade

    url = f"sqlite:///{tmp_path / 'tidewalk.sqlite'}"
    upgrade(url, "0001")
    assert "older version (0001" in said("orders", "--state", tmp_path, "list")
    assert revision_of(url) == "0001"
