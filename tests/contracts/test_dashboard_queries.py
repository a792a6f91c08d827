"""Every question of every dashboard, note, variable and alert is answered by a real InfluxDB that holds a week."""

import asyncio
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from dashboards.build import files
from dashboards.filling import PIXELS, filled
from dashboards.units import unit_of
from domain.naming import QUANTITIES
from domain.series import DAY, PARTS, bucket_of
from rules.book import shipped
from services.commands.every import cli
from services.grafana.facts import facts_of
from tests.machines.influx import InfluxMachine, forget_bucket, named_2x
from tests.machines.staged_week import SINCE, UNTIL, into_1x, into_2x, places, write_week

pytestmark = pytest.mark.machine

BUCKET = "dashboards"
MADE = files(facts_of(shipped()))
PARTED = {f"{name}_{part}": name for name, q in QUANTITIES.items() for part in PARTS[q.type]} | {
    name: name for name in QUANTITIES
}


class Asked(NamedTuple):
    """A question, and where it stands."""

    place: str
    query: str
    source: str
    unit: str = ""
    pixels: int = PIXELS


def asked_in(name: str) -> Iterator[Asked]:
    """All questions of a dashboard. English ones: the Chinese differ in the tongue of names alone."""
    board = json.loads(MADE[name])
    for panel in board["panels"]:
        unit = panel["fieldConfig"]["defaults"].get("unit", "")
        for target in panel["targets"]:
            place, pixels = f"{name}: {panel['title']}", int(panel.get("maxDataPoints", PIXELS))
            yield Asked(place, target["query"], target["datasource"]["uid"], unit, pixels)
    for note in board["annotations"]["list"]:
        yield Asked(f"{name}: note {note['name']}", note["target"]["query"], note["datasource"]["uid"])
    for one in board["templating"]["list"]:
        if one["type"] == "query":
            yield Asked(f"{name}: ${one['name']}", one["query"], one["datasource"]["uid"])


def alerts() -> Iterator[Asked]:
    for rule in json.loads(MADE["provisioning/alerting/tidewalk.json"])["groups"][0]["rules"]:
        model = rule["data"][0]["model"]
        yield Asked(f"alert {rule['title']}", model["query"], rule["data"][0]["datasourceUid"])


BOARDS = [name for name in MADE if name.startswith("grafana/")]
QUESTIONS = [*(one for name in BOARDS for one in asked_in(name)), *alerts()]
WANTED = frozenset(PARTED[name] for one in QUESTIONS for name in re.findall(r'"(\w+)"', one.query) if name in PARTED)


def answer(url: str, asked: Asked, since: int, until: int, **values: str) -> list[dict[str, Any]]:
    """The series of the answer; an error fails. Variables and macros are put in as Grafana does."""
    query = filled(asked.query, since, until, values=values, pixels=asked.pixels)
    assert "$" not in re.sub(r"\$/", "", query), query
    database = bucket_of(BUCKET, asked.source.removeprefix("tidewalk").removeprefix("-"))
    return list(answered(url, asked.place, database, query))


@cache
def answered(url: str, place: str, database: str, query: str) -> Sequence[dict[str, Any]]:
    told = urllib.parse.urlencode({"db": database, "q": query, "epoch": "ms"}).encode()
    named = named_2x() or {"url": ""}
    headers = {"Authorization": f"Token {named['token']}"} if url == named["url"] else {}
    try:
        request = urllib.request.Request(f"{url}/query", told, headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=20) as said:  # noqa: S310
            (result,) = json.loads(said.read())["results"]
    except urllib.error.HTTPError as refused:
        pytest.fail(f"{place}: {query}: {refused.read().decode()}")
    assert "error" not in result, (place, query, result)
    return list(result.get("series", []))


def values_in(series: list[dict[str, Any]]) -> list[Any]:
    return [row[-1] for one in series for row in one["values"] if any(value is not None for value in row[1:])]


@pytest.fixture(scope="module", params=["1.x", *(["2.x"] if named_2x() else [])])
def filled_store(request: pytest.FixtureRequest) -> Iterator[str]:
    """Holds the week. Its address."""
    if request.param == "1.x":
        machine: InfluxMachine = request.getfixturevalue("influx")
        write_week(into_1x(machine.url), BUCKET, WANTED)
        yield machine.url
        return
    named = named_2x()
    assert named
    made: dict[str, str] = {}
    try:
        write_week(into_2x(**named, made=made), BUCKET, WANTED)
        yield named["url"]
    finally:
        for bucket in made:
            asyncio.run(forget_bucket(named["url"], named["token"], named["org"], bucket))


@pytest.mark.parametrize("name", BOARDS)
def test_every_question_of_a_dashboard_is_answered(filled_store: str, name: str):
    ones = [place.id for place in places() if place.zone == "z0"] if "facility.json" in name else ["z"]
    unanswered = []
    for asked in asked_in(name):
        chosen: list[dict[str, str]] = [{"facility": one} for one in ones] if len(ones) > 1 else [{}]
        if not any(values_in(answer(filled_store, asked, SINCE, UNTIL, **values)) for values in chosen):
            unanswered.append((asked.place, filled(asked.query, SINCE, UNTIL)))
    assert not unanswered, unanswered


@pytest.mark.parametrize("name", BOARDS)
def test_a_note_has_a_value_in_every_column(filled_store: str, name: str):
    """Grafana's pages leave out a note that lacks one, and say nothing of it."""
    for asked in asked_in(name):
        if ": note " in asked.place:
            found = answer(filled_store, asked, SINCE, UNTIL)
            assert found
            assert all(value is not None for one in found for row in one["values"] for value in row), asked


def test_every_alert_has_its_answer(filled_store: str):
    for asked in alerts():
        assert values_in(answer(filled_store, asked, UNTIL - DAY, UNTIL)), asked


def test_what_is_chosen_narrows_what_is_shown(filled_store: str):
    (counted,) = [one for one in asked_in("grafana/en/overview.json") if one.place.endswith(": Open orders")]
    everything, *_ = values_in(answer(filled_store, counted, SINCE, UNTIL))
    assert everything == 9, "an order of three facilities counts once"
    assert values_in(answer(filled_store, counted, SINCE, UNTIL, zone="z0", node="n-z0")) == [9]
    assert not values_in(answer(filled_store, counted, SINCE, UNTIL, zone="nowhere"))


def test_numbers_mean_what_their_titles_say(filled_store: str):
    told = {
        one.place.partition(": ")[2]: values_in(answer(filled_store, one, SINCE, UNTIL))
        for name in ("bins", "toilets", "lots", "orders", "lights")
        for one in asked_in(f"grafana/en/{name}.json")
    }
    assert told["Full"] == [1]
    assert told["Hottest"] == [65.0]
    assert told["Worst ammonia"] == [2.0]
    assert told["Gates at fault"] == [1]
    assert told["In time"] + told["Nearly due"] + told["Past the limit"] == [9, 9, 9]
    assert told["Lit"] == [100.0]


@pytest.mark.parametrize("tongue", ["en", "zh"])
def test_every_dashboard_is_drawn_without_grafana_and_needs_nothing_else(
    filled_store: str, tmp_path: Path, tongue: str
):
    until = datetime.fromtimestamp(UNTIL / 1000, UTC).isoformat()
    named = named_2x() or {"url": "", "token": ""}
    token = named["token"] if filled_store == named["url"] else ""
    command = [
        "dashboards",
        "preview",
        "--influx",
        filled_store,
        "--token",
        token,
        "--bucket",
        BUCKET,
        "--out",
        str(tmp_path),
        "--json",
    ]
    ran = CliRunner().invoke(cli, [*command, "--until", until, "--for", "7d", "--tongue", tongue])
    assert ran.exit_code == 0, ran.exception
    told = json.loads(ran.stdout.splitlines()[-1])
    assert len(told["pages"]) == 10
    assert all(panel.startswith("facility:") for panel in told["unanswered"])
    for name in told["pages"]:
        text = (tmp_path / name).read_text("utf-8")
        assert ET.fromstring(re.sub(r"<meta[^>]*>|<!doctype html>", "", text)) is not None  # noqa: S314 – our own
        board = json.loads(MADE[f"grafana/{tongue}/{name.replace('.html', '.json')}"])
        assert text.count("<section") == len(board["panels"])
        assert not re.search(r"https?://|<script|\bsrc=|url\(", text), "a page of its own asks for nothing"


def test_every_panel_has_the_unit_of_what_it_shows():
    wrong = []
    for asked in QUESTIONS:
        shown = {PARTED[name] for name in re.findall(r'"(\w+)"', asked.query) if name in PARTED}
        counted = re.match(r"SELECT (count|spread)\(", asked.query)
        if shown and asked.unit and not counted and {unit_of(name) for name in shown} != {asked.unit}:
            wrong.append((asked.place, asked.unit, shown))
    assert not wrong, wrong


def test_what_is_drawn_over_weeks_is_drawn_from_roll_ups():
    """Raw readings are asked for on the page of one facility alone."""
    raw = {
        asked.place
        for asked in QUESTIONS
        if asked.source == "tidewalk" and not asked.place.split(":")[0].endswith("facility.json")
    }
    assert not raw
