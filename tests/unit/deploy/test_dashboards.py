"""Grafana's files are what the code makes, and name what is there."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from dashboards.build import DASHBOARDS, FOLDER, rendered
from dashboards.influxql import Curve, Standing
from domain.naming import Kind

PROVISIONING = FOLDER.parent / "provisioning"


def read(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / name).read_text("utf-8"))


def targets(name: str) -> Iterator[dict[str, Any]]:
    for panel in read(name)["panels"]:
        yield from panel["targets"]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_committed_file_is_what_the_code_makes(name: str):
    assert (FOLDER / name).read_text("utf-8") == rendered(name), "run python -m dashboards.build"


def test_every_committed_file_has_its_code():
    assert {path.name for path in FOLDER.glob("*.json")} == set(DASHBOARDS)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_have_numbers_of_their_own_and_do_not_overlap(name: str):
    panels = read(name)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for at in (panel["gridPos"] for panel in panels)
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 23


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_question_is_within_the_range_and_the_choice_and_its_interval_has_braces(name: str):
    for target in targets(name):
        query = target["query"]
        assert "$timeFilter" in query
        assert "${site:regex}" in query
        assert not re.search(r"\$__interval", query), query
        assert target["rawQuery"] is True


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_panel_asks_the_source_that_is_provisioned(name: str):
    (source,) = yaml.safe_load((PROVISIONING / "datasources/tidewalk.yaml").read_text("utf-8"))["datasources"]
    told = read(name)
    asked = [*told["panels"], *targets(name), *told["templating"]["list"]]
    assert {(one["datasource"]["type"], one["datasource"]["uid"]) for one in asked} == {(source["type"], source["uid"])}


def test_influxdb_is_asked_in_influxql_with_a_token():
    (source,) = yaml.safe_load((PROVISIONING / "datasources/tidewalk.yaml").read_text("utf-8"))["datasources"]
    assert source["jsonData"]["version"] == "InfluxQL"
    assert source["jsonData"]["httpHeaderName1"] == "Authorization"
    assert source["secureJsonData"]["httpHeaderValue1"].startswith("Token $")


def test_a_quantity_or_tag_that_is_none_of_ours_cannot_be_asked_for():
    with pytest.raises(ValueError, match="fill is no quantity"):
        Curve((Kind.BIN,), "fill").text()
    with pytest.raises(ValueError, match="crew"):
        Standing(Kind.BIN, "fill_level", ("crew",)).text()
