"""Shadow rules through the whole service: nothing of what is in force is changed by them, and they are reported."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rules.book import LIBRARY
from services.commands.every import cli
from tests.walk.processes import TIDEWALK

RUN = ("--from", "2026-10-01T18:00+08:00", "--for", "1h", "--seed", "7")


def played(state: Path, shadow: Path | None) -> dict[str, Any]:
    command = (TIDEWALK, "demo", "--headless", "--virtual", *RUN, "--state", state, "--json")
    ran = subprocess.run(
        [str(word) for word in command],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin"} | ({} if shadow is None else {"TIDEWALK_SHADOW": str(shadow)}),
    )
    line: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return line


def copied(folder: Path, old: str = "", new: str = "") -> Path:
    folder.mkdir()
    for file in LIBRARY.glob("*.yaml"):
        text = file.read_text("utf-8")
        (folder / file.name).write_text(text.replace(old, new) if file.name == "bin-full.yaml" and old else text)
    return folder


def reported(state: Path, shadow: Path) -> dict[str, Any]:
    words = ["rules", "shadow", "report", "--state", str(state), "--shadow", str(shadow)]
    said = CliRunner().invoke(cli, [*words, "--json"])
    assert said.exit_code == 0, said.output
    assert "of the alarms" in CliRunner().invoke(cli, words).stdout
    line: dict[str, Any] = json.loads(said.stdout)
    return line


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return played(tmp_path_factory.mktemp("alone") / "state", None)


def test_other_rules_beside_those_in_force_change_nothing_and_are_reported(tmp_path: Path, alone: dict[str, Any]):
    tried = copied(tmp_path / "tried", "fill_level >= 95", "fill_level >= 75")
    assert played(tmp_path / "state", tried) == alone
    line = reported(tmp_path / "state", tried)
    assert line["changed_rules"] == ["bin-full"]
    assert line["difference"]["appeared"] > 0
    assert line["difference"]["vanished"] == 0
    assert set(line["difference"]["by_rule"]) == {"bin-full"}
    assert line["alarms"]["live"] == alone["alarms"]


def test_the_same_rules_differ_in_nothing(tmp_path: Path, alone: dict[str, Any]):
    same = copied(tmp_path / "same")
    assert played(tmp_path / "state", same) == alone
    line = reported(tmp_path / "state", same)
    found = line["difference"]
    assert (line["changed_rules"], line["gone_rules"]) == ([], [])
    assert (found["same"], found["appeared"], found["vanished"], found["moved"]) == (alone["alarms"], 0, 0, 0)
    assert line["orders"]["live"] == line["orders"]["shadow"]
