"""Every order of a virtual run is derived again from what was heard, and explained; what was tampered with is found."""

import base64
import json
import shutil
import sqlite3
import subprocess
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import pytest
from click.testing import CliRunner, Result

from domain.messages import Message
from domain.readings import Millis
from services import wiring
from services.commands.every import cli
from services.dispatch.orders import Order
from services.dispatch.when import millis
from services.settings import Settings
from tests.walk.processes import TIDEWALK

RUN = ("--from", "2026-10-01T17:30+08:00", "--for", "2h", "--seed", "7")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hours of an evening, through the whole service."""
    folder = tmp_path_factory.mktemp("proofs") / "state"
    command = (TIDEWALK, "demo", "--headless", "--virtual", *RUN, "--state", folder)
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def orders(state: Path) -> list[Order]:
    books = wiring.open_books(Settings(state=state))
    found = books.everything()[1]
    books.close()
    return sorted(found, key=lambda one: one.case)


def proved(*words: object) -> tuple[Result, dict[str, Any]]:
    said = CliRunner().invoke(cli, ["prove", *map(str, words), "--json"])
    return said, json.loads(said.stdout.splitlines()[-1]) if said.stdout else {}


def test_every_order_of_the_run_is_identical(state: Path, orders: list[Order]):
    said, line = proved("--state", state, "--all")
    assert said.exit_code == 0
    assert {one["case"] for one in line["orders"]} == {one.case for one in orders}
    assert len(orders) > 20
    assert all(one["identical"] and one["caveats"] == [] for one in line["orders"])
    kinds = [step["kind"] for step in line["orders"][0]["steps"]]
    assert list(dict.fromkeys(kinds)) == [
        "edition", "message", "reading", "clause", "alarm", "order", "history", "dispatch",
    ]  # fmt: skip


def test_bundles_of_all_sorts_prove_the_same_without_the_state(state: Path, orders: list[Order], tmp_path: Path):
    sorts = ("bin-full", "lamp-out", "toilet-odour", "feeder-outage", "silent", "crowd")
    for order in [one for rule, one in {one.rule: one for one in orders}.items() if rule in sorts]:
        file = tmp_path / f"{order.case}.zip"
        _, here = proved("--state", state, order.case, "--bundle", file)
        said, there = proved(file)
        assert said.exit_code == 0, said.stdout
        assert there["orders"] == here["orders"]
        assert file.stat().st_size < 200_000


def test_the_same_evidence_makes_the_same_file(state: Path, orders: list[Order], tmp_path: Path):
    for name in ("one.zip", "two.zip"):
        proved("--state", state, orders[0].id, "--bundle", tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def _bin_full(orders: list[Order]) -> Order:
    return next(one for one in orders if one.rule == "bin-full")


def test_one_byte_of_a_payload_in_a_bundle_is_found(state: Path, orders: list[Order], tmp_path: Path):
    file, order = tmp_path / "whole.zip", _bin_full(orders)
    _, whole = proved("--state", state, order.case, "--bundle", file)
    key = next(step["name"] for step in whole["orders"][0]["steps"] if step["kind"] == "message")
    with zipfile.ZipFile(file) as packed:
        parts = {one: packed.read(one) for one in packed.namelist()}
    level = str(order.why["fill_level"]).encode()
    lines, touched = [], False
    for line in parts["rows.jsonl"].splitlines():
        row = json.loads(line)
        for message in row["messages"]:
            payload = base64.b64decode(message[1])
            if not touched and order.facility in message[0] and level in payload:
                at = payload.index(level)
                changed = bytearray(payload)
                changed[at] ^= 1  # 98.2 → 88.2, and the like
                message[1], touched = base64.b64encode(changed).decode(), True
        lines.append(json.dumps(row))
    assert touched
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(bad, "w") as packed:
        for name, body in (parts | {"rows.jsonl": "\n".join(lines).encode()}).items():
            packed.writestr(name, body)
    said, line = proved(bad)
    assert said.exit_code == 1
    gap = line["orders"][0]["difference"]
    assert gap["where"].startswith("step ")
    assert key in gap["where"]


def test_a_part_that_changes_no_step_is_found_too(state: Path, orders: list[Order], tmp_path: Path):
    file = tmp_path / "whole.zip"
    proved("--state", state, orders[0].id, "--bundle", file)
    with zipfile.ZipFile(file) as packed:
        parts = {one: packed.read(one) for one in packed.namelist()}
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(bad, "w") as packed:
        for name, body in (parts | {"rows.jsonl": parts["rows.jsonl"] + b"\n"}).items():
            packed.writestr(name, body)
    said, line = proved(bad)
    assert said.exit_code == 1
    assert line["orders"][0]["difference"]["where"] == "rows.jsonl is not what was written"


def _falsified(state: Path, copy: Path, order: Order, *, checksum: bool) -> None:
    """The state with one byte changed in the message that raised the alarm; its row's checksum made to fit, or not."""
    shutil.copytree(state, copy)
    level = str(order.why["fill_level"]).encode()
    with sqlite3.connect(copy / "journal.sqlite") as db:
        for number, at, count, old, body in db.execute("SELECT number, at, count, checksum, body FROM row").fetchall():
            messages = msgspec.msgpack.decode(body, type=list[Message])
            place = next((i for i, m in enumerate(messages) if order.facility in m.topic and level in m.payload), None)
            if place is None:
                continue
            payload = bytearray(messages[place].payload)
            payload[payload.index(level)] ^= 1
            messages[place] = messages[place]._replace(payload=bytes(payload))
            new = msgspec.msgpack.encode(tuple(messages))
            fits = crc32(new, crc32(f"{number} {at} {count}".encode())) if checksum else old
            db.execute("UPDATE row SET body = ?, checksum = ? WHERE number = ?", (new, fits, number))
            return
    raise AssertionError("nothing to falsify")


def test_a_changed_byte_of_the_journal_is_found_by_its_checksum(state: Path, orders: list[Order], tmp_path: Path):
    order = _bin_full(orders)
    _falsified(state, tmp_path / "bad", order, checksum=False)
    said, line = proved("--state", tmp_path / "bad", order.case)
    assert said.exit_code == 1
    gap = line["orders"][0]["difference"]
    assert gap["where"] == "the journal"
    assert "checksum" in gap["derived"]


def test_a_forged_journal_derives_another_alarm(state: Path, orders: list[Order], tmp_path: Path):
    order = _bin_full(orders)
    _falsified(state, tmp_path / "bad", order, checksum=True)
    said, line = proved("--state", tmp_path / "bad", order.case)
    assert said.exit_code == 1
    assert line["orders"][0]["difference"]["where"].startswith(("alarm ", "order "))


def test_forged_books_are_found(state: Path, orders: list[Order], tmp_path: Path):
    order = _bin_full(orders)
    shutil.copytree(state, tmp_path / "bad")
    with sqlite3.connect(tmp_path / "bad" / "tidewalk.sqlite") as db:
        db.execute("UPDATE order_changes SET crew = 'patrol-w1' WHERE order_id = ? AND number = 1", (order.id,))
    said, line = proved("--state", tmp_path / "bad", order.case)
    assert said.exit_code == 1
    assert line["orders"][0]["difference"]["where"] == f"order {order.id}, history[1][6]"


def test_a_pruned_journal_says_what_is_not_there(state: Path, orders: list[Order], tmp_path: Path):
    shutil.copytree(state, tmp_path / "pruned")
    with sqlite3.connect(tmp_path / "pruned" / "journal.sqlite") as db:
        db.execute("DELETE FROM row WHERE number < (SELECT max(number) FROM row)")
    said, line = proved("--state", tmp_path / "pruned", orders[0].case)
    (one,) = line["orders"]
    assert said.exit_code == 1
    assert one["difference"]["where"] == f"alarm {orders[0].alarms[0]}"
    assert [caveat.split()[:2] for caveat in one["caveats"]] == [["the", "journal"], ["no", "row"]]


def explained(state: Path, *words: object) -> dict[str, Any]:
    said = CliRunner().invoke(cli, ["rules", "explain", *map(str, words), "--state", str(state), "--json"])
    assert said.exit_code == 0, said.output
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def _then(at: Millis) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat()


def test_what_is_kept_explains_the_same_as_the_journal_derived_anew(state: Path, orders: list[Order]):
    journal = wiring.open_journal(Settings(state=state))
    last = journal.last()
    assert last is not None
    journal.close()
    for order in [{one.rule: one for one in orders}[rule] for rule in ("bin-full", "lamp-out", "toilet-odour")]:
        now = explained(state, order.facility)
        then = explained(state, order.facility, "--at", _then(last.at))
        for told in (now, then):
            for rule in told["rules"]:
                for condition in (clause["condition"] for clause in rule["clauses"]):
                    condition.pop("whole")
                    condition.pop("since")  # as far as was looked back
                rule.pop("headline")
        assert now["rules"] == then["rules"], order.rule


def test_before_it_fired_it_says_when_it_would(state: Path, orders: list[Order]):
    lamp = next(one for one in orders if one.rule == "lamp-out")
    before = explained(state, lamp.facility, "--rule", "lamp-out", "--at", _then(lamp.opened - 4 * 60_000))
    (rule,) = before["rules"]
    clause = next(one for one in rule["clauses"] if one["pending"])
    assert rule["standing"] == "pending"
    assert millis(datetime.fromisoformat(clause["pending"]["since"])) == lamp.since
    assert "of 20 min" in rule["headline"]["en"]


def test_who_is_held_back_by_a_feeder_says_so(state: Path, orders: list[Order]):
    outage = next(one for one in orders if one.rule == "feeder-outage")
    after = explained(state, outage.members[0], "--rule", "lamp-out", "--at", _then(outage.opened + 10 * 60_000))
    (rule,) = after["rules"]
    assert rule["standing"] == "inhibited"
    assert [held["rule"] for held in rule["held"]] == ["feeder-outage"]


def test_an_alarm_an_order_and_a_place_are_all_understood(state: Path, orders: list[Order]):
    for order in orders[:4]:
        by_case, by_alarm = explained(state, order.case), explained(state, order.alarms[0])
        assert by_case == by_alarm
        assert by_case["alarm"]["why"] == dict(order.why)
    said = CliRunner().invoke(cli, ["rules", "explain", orders[0].case, "--state", str(state), "--lang", "zh"])
    assert said.exit_code == 0
    assert orders[0].alarms[0] in said.stdout
    nobody = CliRunner().invoke(cli, ["rules", "explain", "nobody", "--state", str(state)])
    assert "there is no facility" in str(nobody.exception)
