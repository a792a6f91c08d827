"""Grafana's files are what the code and the rules make, and name what is there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from dashboards.board import uid
from dashboards.build import BUILDERS, FOLDER, files
from dashboards.influxql import drawn, events, over_time, readings
from dashboards.looks import RED
from dashboards.panels import curves
from dashboards.tongues import TONGUES
from domain.naming import Kind
from domain.series import FACILITY
from rules.book import LIBRARY, shipped
from services.commands.dashboards import dashboards
from services.commands.dashboards_publish import _sources
from services.grafana.facts import facts_of
from services.grafana.publishing import FOLDERS

MADE = files(facts_of(shipped()))
BOARDS = {name: json.loads(text) for name, text in MADE.items() if name.startswith("grafana/")}
SOURCES = yaml.safe_load((FOLDER / "provisioning/datasources/tidewalk.yaml").read_text("utf-8"))["datasources"]
every_board = pytest.mark.parametrize("name", BOARDS)


def targets(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in board["panels"]:
        yield from panel["targets"]


@pytest.mark.parametrize("name", MADE)
def test_the_committed_file_is_what_the_code_and_the_rules_make(name: str):
    assert (FOLDER / name).read_text("utf-8") == MADE[name], "run tidewalk dashboards build"


def test_every_committed_file_has_its_code():
    assert {f"grafana/{path.parent.name}/{path.name}" for path in FOLDER.glob("grafana/**/*.json")} == set(BOARDS)


def test_the_same_facts_give_the_same_bytes():
    assert files(facts_of(shipped())) == MADE


@every_board
def test_panels_have_numbers_of_their_own_and_do_not_overlap(name: str):
    panels = BOARDS[name]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for at in (panel["gridPos"] for panel in panels)
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 23


@every_board
def test_every_panel_says_which_question_it_answers_and_leads_on(name: str):
    for panel in BOARDS[name]["panels"]:
        assert re.search(r"[?？]$", panel["description"]), panel["title"]
        addresses = [link["url"] for link in panel["links"]]
        assert any("/d/tidewalk-facility-" in one for one in addresses)
        assert any(one.startswith("${page}") for one in addresses)


def test_a_panel_without_a_question_is_refused():
    with pytest.raises(ValueError, match="answers no question"):
        curves("k", "Level", "The level.", over_time(drawn("1h", Kind.BIN), "max", "fill_level_max"))


def test_both_tongues_have_the_same_panels_with_words_of_their_own():
    for build in BUILDERS:
        en, zh = (BOARDS[f"grafana/{tongue}/{build.__name__}.json"] for tongue in ("en", "zh"))
        assert [(p["id"], p["type"], p["gridPos"]) for p in en["panels"]] == [
            (p["id"], p["type"], p["gridPos"]) for p in zh["panels"]
        ]
        assert all(re.search("[一-鿿]", p["title"] + p["description"]) for p in zh["panels"])
        assert not any(re.search("[一-鿿]", p["title"] + p["description"]) for p in en["panels"])


@every_board
def test_every_question_is_within_the_range_and_its_interval_has_braces(name: str):
    for target in targets(BOARDS[name]):
        query = target["query"]
        assert "$timeFilter" in query or "${__to}" in query
        assert not re.search(r"\$__interval", query), query
        assert target["rawQuery"] is True


@every_board
def test_every_question_goes_to_a_source_that_is_provisioned(name: str):
    known = {(one["type"], one["uid"]) for one in SOURCES}
    board = BOARDS[name]
    variables = [one for one in board["templating"]["list"] if one["type"] == "query"]
    asked = [*board["panels"], *targets(board), *variables, *board["annotations"]["list"]]
    assert {(one["datasource"]["type"], one["datasource"]["uid"]) for one in asked} <= known


@every_board
def test_a_note_has_its_question_where_grafana_looks_for_it(name: str):
    """In its `target`: of a note without one Grafana's InfluxDB data source asks nothing, and says nothing."""
    for note in BOARDS[name]["annotations"]["list"]:
        target = note["target"]
        assert target["fromAnnotations"] is True
        assert target["rawQuery"] is True
        selected = target["query"].partition(" FROM ")[0]
        for column in [target["textColumn"], *target["tagsColumn"].split(",")]:
            assert f'"{column}"' in selected


@every_board
def test_links_lead_to_dashboards_that_are_there(name: str):
    known = {uid(build.__name__, tongue) for build in BUILDERS for tongue in TONGUES.values()}
    named = set(re.findall(r"/d/([\w-]+)", json.dumps(BOARDS[name])))
    assert named <= known


def test_influxdb_is_asked_in_influxql_with_a_token():
    for source in SOURCES:
        assert source["jsonData"]["version"] == "InfluxQL"
        assert source["jsonData"]["httpHeaderName1"] == "Authorization"
        assert source["secureJsonData"]["httpHeaderValue1"].startswith("Token $")


def test_what_is_provisioned_and_what_is_published_has_the_same_sources_and_folders():
    """So that `diff` finds nothing on a Grafana that has it all from files, and `publish` makes nothing twice."""
    published = {one["uid"]: one for one in _sources("$READINGS_URL", "${READINGS_BUCKET}", "$READINGS_TOKEN")}
    kept = {"name", "uid", "type", "access", "url", "jsonData", "secureJsonData"}
    assert published == {one["uid"]: {key: one[key] for key in kept} for one in SOURCES}
    providers = yaml.safe_load((FOLDER / "provisioning/dashboards/tidewalk.yaml").read_text("utf-8"))["providers"]
    assert {(one["folderUid"], one["folder"]) for one in providers} == {*FOLDERS.values()}
    (alerts,) = json.loads(MADE["provisioning/alerting/tidewalk.json"])["groups"]
    assert alerts["folder"] not in {title for _, title in FOLDERS.values()}


def test_what_is_none_of_ours_cannot_be_asked_for():
    with pytest.raises(ValueError, match="no field fill"):
        over_time(readings(Kind.BIN), "mean", "fill")
    with pytest.raises(ValueError, match="no field fill_level"):
        over_time(drawn("1h", Kind.BIN), "mean", "fill_level")
    with pytest.raises(ValueError, match="no tags"):
        over_time(events(FACILITY), "last", "rank", by=("crew",))


def reds(texts: dict[str, str], board: str, key: str) -> set[float]:
    panels = json.loads(texts[f"grafana/en/{board}.json"])["panels"]
    (panel,) = [one for one in panels if one["title"] == key]
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    return {step["value"] for step in steps if step["color"] == RED}


def test_editing_a_rule_moves_the_red_line(tmp_path: Path):
    rules, into = tmp_path / "rules", tmp_path / "made"
    rules.mkdir()
    text = (LIBRARY / "bin-full.yaml").read_text("utf-8")
    (rules / "bin-full.yaml").write_text(text.replace("fill_level >= 95", "fill_level >= 88"), encoding="utf-8")
    ran = CliRunner().invoke(dashboards, ["build", "--rules", str(rules), "--into", str(into), "--json"])
    assert ran.exit_code == 0, ran.output
    told = {f"grafana/en/{name}.json": (into / f"grafana/en/{name}.json").read_text("utf-8") for name in ("bins",)}
    assert reds(dict(MADE), "bins", "Fullest") == {95.0}
    assert reds(told, "bins", "Fullest") == {88.0}
    assert "value >= 88" in told["grafana/en/bins.json"]
    again = CliRunner().invoke(dashboards, ["check", "--into", str(into), "--json"])
    assert again.exit_code == 1
    assert "grafana/en/bins.json" in json.loads(again.output)["stale"]


def test_zones_and_crews_have_the_names_of_the_site(tmp_path: Path):
    ran = CliRunner().invoke(dashboards, ["build", "--site", "shinan", "--into", str(tmp_path), "--json"])
    assert ran.exit_code == 0, ran.output
    for tongue, name, crew in (("en", "Huiquan Bay", "Plumbing and repairs"), ("zh", "汇泉湾", "水电维修班")):
        told = json.loads((tmp_path / f"grafana/{tongue}/orders.json").read_text("utf-8"))
        assert told == json.loads(MADE[f"grafana/{tongue}/orders.json"])
        said = {one["matcher"]["options"]: one for panel in told["panels"] for one in panel["fieldConfig"]["overrides"]}
        assert said["works-1"]["properties"] == [{"id": "displayName", "value": crew}]
        scores = json.loads(MADE[f"grafana/{tongue}/scorecard.json"])["panels"][0]["fieldConfig"]["overrides"]
        assert name in [one["properties"][0]["value"] for one in scores]


def test_red_lines_are_where_the_rules_say():
    facts = facts_of(shipped())
    assert facts["bin-full.fill_level"] == 95
    assert facts["leakage.leakage_current"] == 30
    assert facts["leakage.leakage_current.clear"] == 15
    assert facts["toilet-odour.limit@demonstration"] == 0.43
    assert facts["dry-bed.soil_moisture/holding_capacity"] == 0.5
    assert facts["pole-leaning.tilt_deg"] == 5
