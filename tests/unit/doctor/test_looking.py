"""What `tidewalk doctor` says of this machine, of files, and in all."""

import json
import socket
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from domain.errors import ConflictError, NotFoundError, UnavailableError
from domain.messages import Message
from services.commands.doctor import doctor
from services.doctor import books, broker, machine
from services.doctor.finding import Level, exit_code, fail, ok, warn, worst
from services.storage.journal import SqliteJournal

ROWS = 130
NOW = round(datetime(2026, 11, 22, tzinfo=UTC).timestamp() * 1000)


class At:
    def __init__(self, now: int = NOW) -> None:
        self._now = now

    def now(self) -> int:
        return self._now


class Reached:
    def __init__(self, **rows: int) -> None:
        self._rows = rows

    def cursor(self, name: str) -> int:
        return self._rows.get(name, 0)


def test_the_worst_finding_is_the_exit_code():
    fine, worry, broken = ok("a", "x"), warn("a", "x", "y", "z"), fail("a", "x", "y", "z")
    assert [exit_code(worst(them)) for them in ([], [fine], [fine, worry], [broken, fine, worry])] == [0, 0, 1, 2]


def test_a_clock_from_before_we_were_made_is_wrong():
    assert machine.clock(At(0))[0].level is Level.FAIL
    assert machine.clock(At())[0].level is not Level.FAIL


def test_a_folder_that_others_may_read_or_write_is_said_and_one_of_ours_is_not(tmp_path: Path):
    state = tmp_path / "state"
    state.mkdir()
    levels = []
    for mode in (0o750, 0o755, 0o777):
        state.chmod(mode)
        levels.append(machine.permissions(state, None)[0].level)
    assert levels == [Level.OK, Level.WARN, Level.FAIL]


def test_secrets_that_others_may_read_and_site_files_that_others_may_write_are_said(tmp_path: Path):
    secret, site = tmp_path / "tidewalk.env", tmp_path / "site"
    site.mkdir()
    for file, mode in ((secret, 0o644), (site / "site.yaml", 0o666)):
        file.write_text("x")
        file.chmod(mode)
    found = {one.level: one for one in machine.permissions(tmp_path / "state", site, [str(secret)])}
    assert found[Level.FAIL].remedy == f"chmod 640 {secret}"
    assert found[Level.WARN].remedy == f"chmod o-w {site / 'site.yaml'}"


def test_disk_speed_and_room_are_measured_and_nothing_is_left(tmp_path: Path):
    found = machine.disk(tmp_path / "not/there/yet")
    assert {one.part for one in found} == {"disk"}
    assert any("is on the disk after" in one.what for one in found)
    assert not list(tmp_path.iterdir())


def test_a_port_is_free_ours_or_somebody_elses():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
    assert machine.port(f"127.0.0.1:{number}")[0].level is Level.OK
    assert machine.port("")[0].level is Level.OK


def test_a_database_that_is_older_away_or_not_there_yet_are_three_things():
    errors = (NotFoundError("x"), ConflictError("it is older: start the service once"), UnavailableError("away"))
    found = [books.sql("sqlite:///x", error)[0] for error in errors]
    assert [one.level for one in found] == [Level.OK, Level.FAIL, Level.FAIL]
    assert found[1].remedy == "start the service once"


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    made = SqliteJournal(tmp_path / "journal.sqlite")
    for n in range(ROWS):
        made.append([Message("t", b"%d" % n, NOW + n)] * 3, NOW - ROWS * 1000 + n * 1000)
    return made


def test_a_journal_that_is_whole_and_worked_on_is_well(journal: SqliteJournal):
    found = books.journal(journal, Reached(judge=ROWS, store=ROWS - 9, quarantine=0), At(), deep=True)
    assert [one.level for one in found] == [Level.OK, Level.OK]
    assert f"{ROWS} rows are as they were written" in found[0].what
    assert round(books.rate_of(journal), 2) == round(3 * ROWS / (ROWS - 1), 2)


def test_who_lags_is_named_and_a_clock_that_went_back_is_seen(journal: SqliteJournal):
    found = books.journal(journal, Reached(judge=5, store=ROWS), At(NOW - 3_600_000), deep=False)
    assert [one.level for one in found] == [Level.OK, Level.WARN, Level.WARN]
    assert "in the future" in found[1].what
    assert f"the judge is {ROWS - 5} rows behind" in found[2].what


def test_a_damaged_row_is_a_failure(journal: SqliteJournal, tmp_path: Path):
    import sqlite3

    with sqlite3.connect(tmp_path / "journal.sqlite") as db:
        db.execute("UPDATE row SET body = x'00' WHERE number = 125")
    assert books.journal(journal, Reached(), At(), deep=False)[0].level is Level.FAIL
    (tmp_path / "none.sqlite").write_text("this is no journal" * 1000)
    assert books.journal(SqliteJournal(tmp_path / "none.sqlite"), Reached(), At(), deep=False)[0].level is Level.FAIL


def test_the_command_says_all_of_it_and_ends_with_the_worst(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(broker, "look", lambda *_: [warn("broker", "short queue", "it drops", "make it longer")])
    state = tmp_path / "state"
    said = CliRunner().invoke(doctor, ["--state", str(state), "--api", "", "--json"])
    told = json.loads(said.stdout.splitlines()[-1])
    assert said.exit_code in (1, 2)  # 2 where the disk of this machine is no good
    assert "to do: make it longer" in said.stdout
    parts = {"clock", "calendar", "permissions", "disk", "port", "sql", "journal", "broker"}
    assert parts == {f["part"] for f in told["findings"]}
    assert not state.exists()


def test_the_examples_secrets_are_a_finding_and_not_the_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("TIDEWALK_INFLUX_TOKEN", "change-me-token")
    said = CliRunner().invoke(doctor, ["--state", str(tmp_path), "--json"])
    told = json.loads(said.stdout.splitlines()[-1])
    assert (said.exit_code, told["level"]) == (2, "fail")
    assert "influx_token" in told["findings"][-1]["what"]


class Stands(BaseHTTPRequestHandler):
    """A service whose door has lost its session to another program."""

    def do_GET(self) -> None:
        part = {"ok": True, "why": "", "since": "2026-10-01T00:00:00.000Z"}
        lost = {**part, "ok": False, "why": "another program has it; stop it"}
        told = {"status": "alive"} if self.path == "/healthz" else {"parts": {"door": lost, "judge": part}}
        self.send_response(200 if self.path == "/healthz" else 503)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    def log_request(self, *_: object) -> None:
        """Nobody reads it."""


def test_what_a_running_service_lacks_is_told_with_what_mends_it():
    with HTTPServer(("127.0.0.1", 0), Stands) as there:
        serving = threading.Thread(target=there.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        found = machine.port(f"127.0.0.1:{there.server_port}")
        there.shutdown()
        serving.join()
    assert [one.level for one in found] == [Level.OK, Level.WARN]
    assert found[1].what == "door: another program has it, since 2026-10-01T00:00:00.000Z"
    assert found[1].remedy == "stop it"
