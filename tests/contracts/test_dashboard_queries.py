"""The dashboards' questions are answered by a real InfluxDB, from lines that our own encoder wrote."""

import itertools
import json
import urllib.parse
import urllib.request
from typing import Any

import pytest

from dashboards.build import DASHBOARDS
from domain.naming import QUANTITIES, Kind
from domain.readings import Reading
from services.storage.line_protocol import LineEncoder
from tests.machines.influx import InfluxMachine

pytestmark = pytest.mark.machine

DATABASE = "dashboards"
SINCE, UNTIL, STEP = 1_790_000_000_000, 1_790_003_600_000, 300_000
PANELS = [
    pytest.param(target["query"], id=f"{name}-{panel['id']}{target['refId']}")
    for name, made in DASHBOARDS.items()
    for panel in made()["panels"]
    for target in panel["targets"]
]
VARIABLES = [
    pytest.param(one["query"], id=f"{name}-{one['name']}")
    for name, made in DASHBOARDS.items()
    for one in made()["templating"]["list"]
]


def asked(machine: InfluxMachine, query: str) -> list[dict[str, Any]]:
    """The series of the answer; an error is raised. Variables are put in as Grafana does."""
    for name, value in (
        ("$timeFilter", f"time >= {SINCE}ms and time <= {UNTIL}ms"),
        ("${__interval}", "5m"),
        ("${site:regex}", "(shinan|other)"),
        ("${zone:regex}", ".*"),
    ):
        query = query.replace(name, value)
    assert "$" not in query.replace("$/", ""), query
    told = urllib.parse.urlencode({"db": DATABASE, "q": query, "epoch": "ms"}).encode()
    with urllib.request.urlopen(f"{machine.url}/query", told, timeout=10) as answer:  # noqa: S310
        (result,) = json.loads(answer.read())["results"]
    assert "error" not in result, (query, result)
    return result.get("series", [])


@pytest.fixture(scope="module")
def filled(influx: InfluxMachine) -> InfluxMachine:
    """An hour of two facilities of each kind; every quantity has a value; the cabinets have no zone."""
    urllib.request.urlopen(f"{influx.url}/query", b"q=CREATE+DATABASE+" + DATABASE.encode(), timeout=10).close()  # noqa: S310
    values = {q.name: {"float": 97.0, "bool": True, "text": "up"}[q.type] for q in QUANTITIES.values()}
    readings = [
        Reading(f"{kind}-{n}", f"{kind}-{n}-a", kind, "" if kind is Kind.CABINET else f"z{n}", at, values, n, -1, at)
        for kind, n, at in itertools.product(Kind, (0, 1), range(SINCE, UNTIL, STEP))
    ]
    lines, said, refused = LineEncoder("shinan").lines(readings)
    assert len(said) == len(readings)
    assert not refused
    where = f"{influx.url}/write?db={DATABASE}&precision=ms"
    urllib.request.urlopen(where, "\n".join(lines).encode(), timeout=10).close()  # noqa: S310
    return influx


@pytest.mark.parametrize("query", PANELS)
def test_a_panel_finds_what_was_written(filled: InfluxMachine, query: str):
    series = asked(filled, query)
    assert series, query
    assert any(row[-1] is not None for one in series for row in one["values"])


@pytest.mark.parametrize("query", VARIABLES)
def test_a_variable_offers_what_was_written(filled: InfluxMachine, query: str):
    found = {row[1] for one in asked(filled, query) for row in one["values"]}
    assert found in ({"shinan"}, {"z0", "z1"})


def test_numbers_are_of_the_newest_readings_of_each_facility(filled: InfluxMachine):
    titles = {p["title"].split(" ")[0]: p["targets"][0]["query"] for p in DASHBOARDS["overview.json"]()["panels"][:6]}
    told = {title: asked(filled, query)[0]["values"][0][1] for title, query in titles.items()}
    assert told == {"Full": 2, "Lamps": 2, "Worst": 97, "Free": 194, "Driest": 97, "People": 194}
