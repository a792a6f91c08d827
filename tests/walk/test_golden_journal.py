"""An hour that was played once gives the committed alarms and orders at every commit; its journal stays readable."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from domain.messages import Flag, Message, Row
from domain.naming import EDIT
from ingest.fanout import replayed
from rules.book import shipped
from services.site import load_site
from services.storage.journal import DamagedRowError, SqliteJournal
from tests.walk.golden.told import (
    DECIDED,
    HERE,
    JOURNAL,
    SITE,
    decided,
    decided_text,
    journal_lines,
    journal_rows,
)

AGAIN = "if that is meant: python -m tests.walk.golden.make, and say in the commit why each line of the diff changed"


@pytest.fixture(scope="module")
def hour() -> list[Row]:
    with JOURNAL.open(encoding="utf-8") as lines:
        return list(journal_rows(lines))


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DECIDED.read_text(encoding="utf-8"))
    return found


def test_the_golden_hour_gives_the_committed_alarms_and_orders(hour: list[Row], committed: dict[str, Any]):
    found = json.loads(decided_text(decided(hour, shipped())))
    for what in ("alarms", "orders"):
        theirs = {one["id"]: one for one in committed[what]}
        ours = {one["id"]: one for one in found[what]}
        changed = [(theirs.get(i), ours.get(i)) for i in theirs.keys() | ours.keys() if theirs.get(i) != ours.get(i)]
        assert changed == [], f"{what}: {AGAIN}"
    assert found == committed, AGAIN


def test_it_is_an_hour_worth_watching(hour: list[Row], committed: dict[str, Any]):
    assert 59 * 60_000 <= hour[-1].at - hour[0].at <= 60 * 60_000
    assert sum(len(row.messages) for row in hour) > 1_200
    assert len(committed["alarms"]) >= 15
    assert {order["state"] for order in committed["orders"]} >= {"closed", "accepted", "arrived"}
    assert any(order["closed_by"] == "telemetry" for order in committed["orders"])
    assert any(len(alarm["members"]) >= 38 for alarm in committed["alarms"])
    assert {order["element"] for order in committed["orders"]} >= {"municipal", "sanitation", "order"}


def test_it_was_decided_on_the_site_that_lies_beside_it(committed: dict[str, Any]):
    assert load_site(SITE).hash == committed["site"]


def test_how_rows_are_kept_on_the_disk_makes_no_difference(hour: list[Row], tmp_path: Path):
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    with closing(journal):
        for row in hour:
            journal.append(row.messages, row.at)
        kept = list(replayed(journal, 0))
    assert [(row.at, row.messages) for row in kept] == [(row.at, row.messages) for row in hour]


def test_a_diary_of_a_journal_reads_back_to_the_same_rows():
    rows = [
        Row(4, 1000, (Message("tidewalk/shinan/a/bin/b/up", "满".encode(), 1000), Message("v3/x", b"{ } =", 990, 2))),
        Row(5, 1000, ()),
        Row(7, 2000, (Message("$tidewalk/link", b"", 2000, int(Flag.RETRY)),)),
    ]
    edit = Row(6, 1500, (Message(EDIT, b"{}", 1500),))
    lines = ["# a diary", *journal_lines([rows[0], rows[1], edit, rows[2]])]
    assert list(journal_rows(f"{line}\n" for line in lines)) == rows


@pytest.fixture
def old(tmp_path: Path) -> tuple[dict[str, Any], Path]:
    """A journal that an earlier version wrote: its schema and the bytes of its row, as they were."""
    told = json.loads((HERE / "journal-row.json").read_text(encoding="utf-8"))
    path = tmp_path / "journal.sqlite"
    row = told["row"]
    with closing(sqlite3.connect(path)) as db:
        db.execute(told["schema"])
        values = (row["number"], row["at"], row["count"], row["checksum"], bytes.fromhex(row["body"]))
        db.execute("INSERT INTO row VALUES (?, ?, ?, ?, ?)", values)
        db.commit()
    return told, path


def test_a_row_that_an_earlier_version_wrote_can_still_be_read(old: tuple[dict[str, Any], Path]):
    told, path = old
    with closing(SqliteJournal(path)) as journal:
        (row,) = journal.read(0, 10)
        assert (row.number, row.at) == (told["row"]["number"], told["row"]["at"])
        assert [[m.topic, m.payload.hex(), m.received, m.flags] for m in row.messages] == told["messages"]
        assert any(m.flags & Flag.TRUNCATED for m in row.messages)
        assert journal.append([Message("t", b"after", 1)], 1).number == row.number + 1
        assert journal.last() == Row(row.number + 1, row.at, (Message("t", b"after", 1),))


def test_a_row_of_an_earlier_version_that_was_changed_is_noticed(old: tuple[dict[str, Any], Path]):
    _, path = old
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE row SET at = at + 1")
        db.commit()
    with closing(SqliteJournal(path)) as journal, pytest.raises(DamagedRowError):
        journal.read(0, 10)
