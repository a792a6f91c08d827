"""`tidewalk dashboards publish` and `diff`, against a Grafana as it is documented.

Run by test_publishing.py in a process of its own, where grafana-client can be found and may overwrite urllib3.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from domain.series import EVENTS, ROLLUPS, bucket_of
from services.commands.every import cli
from tests.fakes.grafana_server import EDITOR, GrafanaDoor, GrafanaServer
from tests.machines.grafana import RealGrafana, named_grafana

BINS = "tidewalk-bins-en"


INFLUX = ("--influx", "http://influxdb:8086", "--influx-token", "secret")


@pytest.fixture(params=["stand-in", *(["real"] if named_grafana() else [])])
def grafana(request: pytest.FixtureRequest) -> Iterator[GrafanaDoor]:
    named = named_grafana()
    with RealGrafana(**named) if named and request.param == "real" else GrafanaServer() as server:
        yield server


@pytest.fixture
def stand_in() -> Iterator[GrafanaServer]:
    with GrafanaServer() as server:
        yield server


def run(grafana: GrafanaDoor, *words: str, token: str | None = None) -> Result:
    """As an editor; as an administrator where data sources are to be made."""
    role = grafana.admin if "--influx" in words else grafana.editor
    command = ["dashboards", *words, "--grafana", grafana.url, "--token", role if token is None else token, "--json"]
    return CliRunner().invoke(cli, command)


def told(ran: Result, code: int = 0) -> dict[str, Any]:
    assert ran.exit_code == code, (ran.output, ran.exception)
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def widened(model: dict[str, Any]) -> None:
    model["panels"][0]["gridPos"]["w"] = 7


def test_an_empty_grafana_gets_all_of_it_and_a_second_time_nothing(grafana: GrafanaDoor):
    first = told(run(grafana, "publish", *INFLUX))
    assert len(first["saved"]) == 20
    assert grafana.folders == {"tidewalk": "Tidewalk", "tidewalk-zh": "Tidewalk 中文"}
    for series in ("", *ROLLUPS, EVENTS):
        made = grafana.source(f"tidewalk-{series}" if series else "tidewalk")
        assert made["jsonData"]["dbName"] == bucket_of("tidewalk", series)
        assert made["secureJsonFields"] == {"httpHeaderValue1": True}
    for tongue, folder in (("en", "tidewalk"), ("zh", "tidewalk-zh")):
        assert grafana.folder_of(f"tidewalk-bins-{tongue}") == folder
    grafana.asked.clear()
    again = told(run(grafana, "publish", *INFLUX))
    assert again["saved"] == again["left"] == []
    assert {one.split()[0] for one in grafana.asked} == {"GET"}
    assert told(run(grafana, "diff"))["differences"] == {}


def test_the_token_of_influxdb_goes_where_grafana_sends_it_from(stand_in: GrafanaServer):
    told(run(stand_in, "publish", *INFLUX))
    assert stand_in.sources["tidewalk"]["_secrets"] == {"httpHeaderValue1": "Token secret"}


def test_what_somebody_edited_is_left_and_shown_unless_forced(grafana: GrafanaDoor):
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
    assert grafana.versions_of(BINS) == [1, 2, 3], "the version before can be had again"


def test_what_we_published_before_is_brought_up_to_date(grafana: GrafanaDoor):
    told(run(grafana, "publish"))
    grafana.edit(BINS, widened, "tidewalk dashboards publish 0123456789abcdef")
    assert told(run(grafana, "diff"), 1)["behind"] == [BINS]
    assert told(run(grafana, "publish"))["saved"] == [BINS]


def test_who_saves_at_the_same_moment_is_not_overwritten(grafana: GrafanaDoor):
    told(run(grafana, "publish"))
    grafana.edit(BINS, widened, "wider")
    grafana.before_saving = lambda: grafana.edit(BINS, lambda model: model.update(title="theirs"))
    clashed = told(run(grafana, "publish", "--force"), 1)
    assert clashed["saved"] == []
    assert clashed["clashes"][0].startswith(f"{BINS}: somebody else saved it")
    assert grafana.model(BINS)["title"] == "theirs"


def test_what_grafana_has_from_files_is_left_to_it(stand_in: GrafanaServer):
    told(run(stand_in, "publish"))
    stand_in.edit(BINS, widened)
    stand_in.provisioned.add(BINS)
    assert told(run(stand_in, "publish", "--force"), 1)["left"] == [BINS]


def test_where_grafana_has_all_of_it_from_files_nothing_is_made(stand_in: GrafanaServer):
    """As Grafana 12.3.0 has it from our provisioning, in folders of its own naming."""
    told(run(stand_in, "publish", *INFLUX))
    for uid, versions in stand_in.versions.items():
        versions[-1] |= {"folder": "ag539npec7shsc", "message": ""}
        stand_in.provisioned.add(uid)
    for source in stand_in.sources.values():
        source |= {"readOnly": True, "url": "http://elsewhere:8086"}
    stand_in.forget_folders()
    stand_in.asked.clear()
    said = told(run(stand_in, "publish", "--force", *INFLUX), 1)
    assert len(said["left"]) == 20 + 5
    assert len(said["sources"]) == 5
    assert all("comes from files of Grafana's own" in one for one in said["sources"])
    assert {one.split()[0] for one in stand_in.asked} == {"GET"}


def test_a_source_that_differs_is_said_and_mended(grafana: GrafanaDoor):
    told(run(grafana, "publish", *INFLUX))
    other = {**grafana.source("tidewalk-1h"), "url": "http://elsewhere:8086"}
    grafana.asked_for("PUT", "/api/datasources/uid/tidewalk-1h", other)
    wanted = ['tidewalk-1h: url: "http://elsewhere:8086" → "http://influxdb:8086"']
    assert told(run(grafana, "diff", *INFLUX), 1)["sources"] == wanted
    assert told(run(grafana, "publish", *INFLUX))["sources"] == wanted
    assert grafana.source("tidewalk-1h")["url"] == "http://influxdb:8086"


@pytest.mark.parametrize(
    ("role", "words", "said"),
    [
        ("nobody", (), "service account"),
        ("unknown", (), "service account"),
        ("viewer", (), "role Editor"),
        ("editor", INFLUX, "Admin to make data sources"),
    ],
)
def test_a_refusal_says_what_to_do(grafana: GrafanaDoor, role: str, words: tuple[str, ...], said: str):
    token = {"nobody": "", "unknown": "glsa_gone", "viewer": grafana.viewer, "editor": grafana.editor}[role]
    ran = run(grafana, "publish", *words, token=token)
    assert said in str(ran.exception)


def test_a_grafana_that_fails_is_said_to_be_away(grafana: GrafanaDoor):
    grafana.failing = 9
    assert "does not answer" in str(run(grafana, "publish").exception)


def test_no_grafana_at_all_is_said_in_words():
    ran = CliRunner().invoke(cli, ["dashboards", "diff", "--grafana", "http://127.0.0.1:9", "--token", EDITOR])
    assert "no Grafana answers at http://127.0.0.1:9" in str(ran.exception)
