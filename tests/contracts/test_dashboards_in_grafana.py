"""What a browser and the alerts ask of a real Grafana, over an InfluxDB that holds a week: where the environment names
one. Macros and variables are put in as Grafana's pages do; the time range and the interval are left to the server.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from dashboards.build import FOLDER
from dashboards.filling import filled
from domain.series import HOUR, INGEST
from tests.contracts.test_dashboard_queries import BOARDS, BUCKET, MADE, WANTED
from tests.machines.grafana import RealGrafana, named_grafana
from tests.machines.influx import InfluxMachine
from tests.machines.staged_week import SINCE, UNTIL, event, into_1x, places, write_week

pytestmark = [
    pytest.mark.machine,
    pytest.mark.skipif(named_grafana() is None, reason="no real Grafana: TIDEWALK_TEST_GRAFANA_URL names one"),
]
RULES = json.loads(MADE["provisioning/alerting/tidewalk.json"])["groups"][0]["rules"]
SOURCES = (FOLDER / "provisioning/datasources/tidewalk.yaml").read_text("utf-8")
QUIET, BROKEN = UNTIL + HOUR, UNTIL + 2 * HOUR  # when nothing comes, and when everything is too much


@pytest.fixture(scope="module")
def grafana(influx: InfluxMachine) -> Iterator[RealGrafana]:
    """With the data sources that we provision, over the week and two bad moments after it."""
    store = into_1x(influx.url)
    write_week(store, BUCKET, WANTED)
    for at, number in ((QUIET, 0.0), (BROKEN, 1e10)):
        store(f"{BUCKET}_events", event(INGEST, {"site": "shinan"}, at, number).encode())
    named = named_grafana()
    assert named
    with RealGrafana(**named) as server:
        text = SOURCES.replace("$READINGS_URL", influx.url).replace("${READINGS_BUCKET}", BUCKET)
        for source in yaml.safe_load(text.replace("$READINGS_TOKEN", "none"))["datasources"]:
            server.asked_for("POST", "/api/datasources", source)
        yield server


def as_a_page_sends(query: str, **values: str) -> str:
    """Variables and `${__to}` put in; what the server puts in left to it."""
    kept = query.replace("$timeFilter", "\0").replace("${__interval}", "\1")
    return filled(kept, SINCE, UNTIL, values=values).replace("\0", "$timeFilter").replace("\1", "$__interval")


def asked(grafana: RealGrafana, source: str, query: str, **more: Any) -> list[dict[str, Any]]:
    """The frames of the answer; an error fails."""
    one = {"refId": "A", "datasource": {"uid": source}, "rawQuery": True, "query": query, **more}
    body = {"from": str(SINCE), "to": str(UNTIL), "queries": [{"intervalMs": 600_000, "maxDataPoints": 1_000, **one}]}
    told = grafana.asked_for("POST", "/api/ds/query", body)["results"]["A"]
    assert told["status"] == 200, (query, told)
    assert "error" not in told, (query, told)
    found: list[dict[str, Any]] = told.get("frames", [])
    return found


def values_in(frames: list[dict[str, Any]]) -> list[Any]:
    """All that is not nothing, of all columns but the time."""
    return [
        value
        for frame in frames
        for field, column in zip(frame["schema"]["fields"], frame["data"]["values"], strict=True)
        if field["type"] != "time"
        for value in column
        if value is not None
    ]


def test_the_data_sources_are_well(grafana: RealGrafana):
    for source in yaml.safe_load(SOURCES)["datasources"]:
        told = grafana.asked_for("GET", f"/api/datasources/uid/{source['uid']}/health")
        assert told["status"] == "OK", (source["uid"], told)


def questions(board: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Of panels and variables: the question, its source, and the shape that its answer shall have."""
    for panel in board["panels"]:
        for target in panel["targets"]:
            shape = {key: target[key] for key in ("resultFormat", "alias")}
            yield target["query"], target["datasource"]["uid"], shape
    for one in board["templating"]["list"]:
        if one["type"] == "query":
            yield one["query"], one["datasource"]["uid"], {}


@pytest.mark.parametrize("name", BOARDS)
def test_every_question_of_a_dashboard_is_answered(grafana: RealGrafana, name: str):
    ones = [{"facility": place.id} for place in places() if place.zone == "z0"] if "facility.json" in name else [{}]
    unanswered = []
    for query, source, shape in questions(json.loads(MADE[name])):
        answers = (asked(grafana, source, as_a_page_sends(query, **chosen), **shape) for chosen in ones)
        if not any(values_in(frames) for frames in answers):
            unanswered.append(query)
    assert not unanswered


@pytest.mark.parametrize("name", BOARDS)
def test_a_note_is_answered_in_the_columns_that_it_names(grafana: RealGrafana, name: str):
    for note in json.loads(MADE[name])["annotations"]["list"]:
        target = note["target"]
        every = as_a_page_sends(
            re.sub(r'"facility" =~ /\^\$\{facility:regex\}\$/', '"facility" =~ /./', target["query"])
        )
        frames = asked(grafana, note["datasource"]["uid"], every)
        named = [frame["schema"]["name"].partition(".")[2] for frame in frames]
        assert set(named) == {target["textColumn"], *target["tagsColumn"].split(",")}
        # The page leaves out what has no value in one of them.
        assert all(value is not None for frame in frames for value in frame["data"]["values"][1]), named


def judged(grafana: RealGrafana, rule: dict[str, Any], now: str) -> list[float]:
    """What its condition says at that moment, of each series; 1 is wrong. Empty where there is no answer."""
    told = grafana.asked_for("POST", "/api/v1/eval", {"data": rule["data"], "condition": "C", "now": now})["results"]
    assert not [one for one in told.values() if one.get("error")], told
    return [value for value in values_in(told["C"]["frames"]) if isinstance(value, int | float)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["uid"])
def test_an_alert_is_raised_when_it_should_and_only_then(grafana: RealGrafana, rule: dict[str, Any]):
    well = judged(grafana, rule, moment(UNTIL - 9 * HOUR + 60_000))
    assert well in ([0], [0, 0]) or (rule["uid"] == "tidewalk-channel" and not well)
    wrong = {"tidewalk-stalled": QUIET, "tidewalk-channel": UNTIL - HOUR}.get(rule["uid"], BROKEN)
    assert judged(grafana, rule, moment(wrong + 60_000)) == [1]


def moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat()
