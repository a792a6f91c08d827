"""Whoever follows docs/grafana.md gets dashboards, with a stand-in for Grafana and an InfluxDB that holds a week."""

import os
import re
import sys
from pathlib import Path

import pytest

from dashboards.board import assembled
from dashboards.facts import Facts
from dashboards.tongues import TONGUES
from rules.book import shipped
from services.grafana.facts import facts_of
from tests.fakes.grafana_server import GrafanaServer
from tests.machines.influx import InfluxMachine
from tests.machines.staged_week import into_1x, write_week
from tests.walk.docs_blocks import ROOT, Reader, copied

pytestmark = pytest.mark.machine

VENV = Path(sys.executable).parent.parent
PAGE = ROOT / "docs/grafana.md"


@pytest.mark.soak
@pytest.mark.skipif(not (VENV / "grafana").is_dir(), reason="grafana-client is not there: make .venv/.dev")
def test_the_page_leads_to_dashboards(influx: InfluxMachine, tmp_path: Path):
    write_week(into_1x(influx.url), "tidewalk-simulated", frozenset({"fill_level"}))
    clone = copied(tmp_path / "clone")
    (clone / ".venv").symlink_to(VENV)
    environment = {"PATH": f"{VENV / 'bin'}:{os.environ['PATH']}"}
    with GrafanaServer() as grafana:
        swaps = (("http://127.0.0.1:3000", grafana.url), ("http://127.0.0.1:8086", influx.url))
        with Reader(clone, tmp_path, swaps, environment=environment) as reader:
            reader.read(PAGE)
        assert len(grafana.versions) == 20
        assert grafana.sources["tidewalk-1h"]["jsonData"]["dbName"] == "tidewalk-simulated_1h"
    assert [told.partition(": ")[2] for told in reader.left_out] == ["fetches packages", "needs a Grafana"]
    assert len([*(clone / "pages").glob("*.html")]) == 10


def test_a_kind_and_a_quantity_are_added_as_the_page_says():
    """With a kind and a quantity that there are, in the place of the page's, which there are not."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    exec(  # noqa: S102 – what the page teaches
        "from dashboards.board import Board, row\n"
        "from dashboards.facts import Facts\n"
        "from dashboards.kinds import Things, kind_board\n"
        "from dashboards.tongues import Tongue, chinese as t\n"
        "from domain.naming import Kind, _number\n"
        + blocks[0].splitlines()[0].partition("  #")[0].strip(", ")
        + "\n"
        + "panel = "
        + blocks[0].splitlines()[1].replace("salinity", "tide_level")
        + "\n"
        + blocks[1].replace("Kind.KIOSK", "Kind.CROWD").replace("active_power", "people_now"),
        names,
    )
    facts = facts_of(shipped())
    assert isinstance(facts, Facts)
    for tongue in TONGUES.values():
        board = assembled(names["kiosks"](tongue, facts), tongue, [])  # type: ignore[operator]
        assert board.panels
    assert "tide_level_mean" in names["panel"].targets[0].query  # type: ignore[attr-defined]
