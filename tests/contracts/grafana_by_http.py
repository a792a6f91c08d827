"""`tidewalk dashboards publish` and `diff`, against a Grafana as it is documented.

Run by test_publishing.py in a process of its own, where grafana-client can be found and may overwrite urllib3.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from services.commands.every import cli
from tests.fakes.grafana_server import EDITOR, VIEWER, GrafanaServer

BINS = "tidewalk-bins-en"


@pytest.fixture
def grafana() -> Iterator[GrafanaServer]:
    with GrafanaServer() as server:
        yield server


def run(grafana: GrafanaServer, *words: str, token: str = EDITOR) -> Result:
    command = ["dashboards", *words, "--grafana", grafana.url, "--token", token, "--json"]
    return CliRunner().invoke(cli, command)


def told(ran: Result, code: int = 0) -> dict[str, Any]:
    assert ran.exit_code == code, (ran.output, ran.exception)
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def widened(model: dict[str, Any]) -> None:
    model["panels"][0]["gridPos"]["w"] = 7


def test_an_empty_grafana_gets_all_of_it_and_a_second_time_nothing(grafana: GrafanaServer):
    first = told(run(grafana, "publish", "--influx", "http://influxdb:8086", "--influx-token", "secret"))
    assert len(first["saved"]) == 20
    assert grafana.folders == {"tidewalk": "Tidewalk", "tidewalk-zh": "Tidewalk 中文"}
    assert {one["jsonData"]["dbName"] for one in grafana.sources.values()} == {
        "tidewalk",
        "tidewalk_5m",
        "tidewalk_1h",
        "tidewalk_1d",
        "tidewalk_events",
    }
    assert grafana.sources["tidewalk"]["_secrets"] == {"httpHeaderValue1": "Token secret"}
    assert {one[-1]["folder"] for one in grafana.versions.values()} == {"tidewalk", "tidewalk-zh"}
    grafana.asked.clear()
    again = told(run(grafana, "publish", "--influx", "http://influxdb:8086"))
    assert again["saved"] == again["left"] == []
    assert {one.split()[0] for one in grafana.asked} == {"GET"}
    assert told(run(grafana, "diff"))["differences"] == {}


def test_what_somebody_edited_is_left_and_shown_unless_forced(grafana: GrafanaServer):
    told(run(grafana, "publish"))
    grafana.edit(BINS, widened, "wider")
    shown = told(run(grafana, "diff"), 1)
    assert shown["edited"] == [BINS]
    assert shown["differences"] == {BINS: ["panels[Nobody at it yet].gridPos.w: 7 → 4"]}
    left = told(run(grafana, "publish"), 1)
    assert (left["left"], left["saved"]) == ([BINS], [])
    assert grafana.model(BINS)["panels"][0]["gridPos"]["w"] == 7
    assert told(run(grafana, "publish", "--force"))["saved"] == [BINS]
    assert grafana.model(BINS)["panels"][0]["gridPos"]["w"] == 4
    assert [one["version"] for one in grafana.versions[BINS]] == [1, 2, 3], "the version before can be had again"


def test_what_we_published_before_is_brought_up_to_date(grafana: GrafanaServer):
    told(run(grafana, "publish"))
    grafana.edit(BINS, widened, "tidewalk dashboards publish 0123456789abcdef")
    assert told(run(grafana, "diff"), 1)["behind"] == [BINS]
    assert told(run(grafana, "publish"))["saved"] == [BINS]


def test_who_saves_at_the_same_moment_is_not_overwritten(grafana: GrafanaServer):
    told(run(grafana, "publish"))
    grafana.edit(BINS, widened, "wider")
    grafana.before_saving = lambda: grafana.edit(BINS, lambda model: model.update(title="theirs"))
    clashed = told(run(grafana, "publish", "--force"), 1)
    assert clashed["saved"] == []
    assert clashed["clashes"][0].startswith(f"{BINS}: somebody else saved it")
    assert grafana.model(BINS)["title"] == "theirs"


def test_what_grafana_has_from_files_is_left_to_it(grafana: GrafanaServer):
    told(run(grafana, "publish"))
    grafana.edit(BINS, widened)
    grafana.provisioned.add(BINS)
    assert told(run(grafana, "publish", "--force"), 1)["left"] == [BINS]


def test_a_source_that_differs_is_said_and_mended(grafana: GrafanaServer):
    influx = ("--influx", "http://influxdb:8086")
    told(run(grafana, "publish", *influx))
    grafana.sources["tidewalk-1h"]["url"] = "http://elsewhere:8086"
    wanted = ['tidewalk-1h: url: "http://elsewhere:8086" → "http://influxdb:8086"']
    assert told(run(grafana, "diff", *influx), 1)["sources"] == wanted
    assert told(run(grafana, "publish", *influx))["sources"] == wanted
    assert grafana.sources["tidewalk-1h"]["url"] == "http://influxdb:8086"


@pytest.mark.parametrize(
    ("token", "failing", "said"),
    [
        ("", 0, "service account"),
        ("glsa_gone", 0, "service account"),
        (VIEWER, 0, "role Editor"),
        (EDITOR, 9, "does not answer"),
    ],
)
def test_a_refusal_says_what_to_do(grafana: GrafanaServer, token: str, failing: int, said: str):
    grafana.failing = failing
    ran = run(grafana, "publish", token=token)
    assert said in str(ran.exception)


def test_no_grafana_at_all_is_said_in_words():
    ran = CliRunner().invoke(cli, ["dashboards", "diff", "--grafana", "http://127.0.0.1:9", "--token", EDITOR])
    assert "no Grafana answers at http://127.0.0.1:9" in str(ran.exception)
