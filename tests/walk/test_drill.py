"""A drill as an operator runs it: over a site of the real world, beside a service whose settings it must not touch."""

import json
import os
import sqlite3
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.commands.every import cli
from services.dispatch.wording import DRILL
from services.site import find
from tests.walk.docs_blocks import ROOT, Reader

SITE_LINE = "simulated: true"


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """The sample's files as those of a coast of the real world, whose lamp crew has a robot."""
    into = tmp_path / "coast"
    into.mkdir()
    for file in find("shinan").iterdir():
        text = file.read_text("utf-8")
        if file.name == "site.yaml":
            text = text.replace(SITE_LINE, "simulated: false")
            robot = "contacts: [{channel: wecom, to: env:TIDEWALK_ROBOT}], "
            text = text.replace("power-1:\n    {", f"power-1:\n    {{{robot}")
        (into / file.name).write_text(text, "utf-8")
    return into


def drilled(*words: str) -> dict[str, object]:
    said = CliRunner().invoke(cli, ["drill", "run", *words, "--json"], catch_exceptions=False)
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def test_a_drill_over_a_real_site_is_scored_marked_and_touches_nothing_of_the_running_service(
    real: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    life = tmp_path / "life"
    monkeypatch.setenv("TIDEWALK_SITE", str(real))
    monkeypatch.setenv("TIDEWALK_STATE", str(life))
    monkeypatch.setenv("TIDEWALK_SQL", f"sqlite:///{life / 'lives.sqlite'}")
    monkeypatch.setenv("TIDEWALK_INFLUX", "http://127.0.0.1:1")
    monkeypatch.setenv("TIDEWALK_BROKER", "127.0.0.1:1")
    monkeypatch.setenv("TIDEWALK_ROBOT", "http://127.0.0.1:1/robot")
    folder = tmp_path / "drill"

    found = drilled("feeder-trip", "--state", str(folder), "--for", "1h")

    assert not life.exists()
    assert (real / "site.yaml").read_text("utf-8").count("simulated: false") == 1
    score = {str(one["crew"]): one for one in found["score"]}  # type: ignore[attr-defined]  # JSON
    assert found["orders"] == 4
    assert score["power-1"]["accepted"]["share"] == 1.0
    assert found["all"]["turns"] == sum(one["turns"] for one in score.values())  # type: ignore[index]  # JSON
    report = Path(str(found["report"])).read_text("utf-8")
    assert DRILL in report.splitlines()[0]
    assert "| power-1 电力班 |" in report
    with sqlite3.connect(folder / "state/tidewalk.sqlite") as books:
        messages = [json.loads(one) for (one,) in books.execute("SELECT payload FROM outbox WHERE length(payload) > 0")]
        letters = books.execute("SELECT channel, address, state, body FROM letters").fetchall()
    orders = [one for one in messages if "drill" in one]
    assert orders
    assert all(one["drill"] and one["text"].startswith(DRILL) for one in orders)
    assert letters
    assert {tuple(one[:3]) for one in letters} <= {
        ("drill", "wecom:env:TIDEWALK_ROBOT", state) for state in ("sent", "covered")
    }
    assert all(json.loads(one[3])["words"]["drill"] for one in letters)


def test_a_simulated_site_refuses_real_contacts_in_drills_too(tmp_path: Path):
    words = ["drill", "run", "feeder-trip", "--for-real-contacts", "--state", str(tmp_path / "drill")]
    said = CliRunner().invoke(cli, words)
    assert said.exit_code == 1
    assert "simulated site" in str(said.exception)


def test_what_a_folder_holds_is_not_written_over(tmp_path: Path):
    (tmp_path / "report.md").write_text("kept", "utf-8")
    said = CliRunner().invoke(cli, ["drill", "run", "feeder-trip", "--state", str(tmp_path)])
    assert "empty folder" in str(said.exception)
    assert (tmp_path / "report.md").read_text("utf-8") == "kept"


@pytest.mark.soak
def test_docs_drills_commands_lead_to_a_report_and_to_a_scenario_of_ones_own(tmp_path: Path):
    here = tmp_path / "here"
    here.mkdir()
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with Reader(here, tmp_path, environment=path) as reader:
        reader.read(ROOT / "docs/drills.md")
    assert not reader.left_out
    assert DRILL in (here / "drill-1/report.md").read_text("utf-8")
    assert "夜间大风" in (here / "drill-2/report.md").read_text("utf-8")
