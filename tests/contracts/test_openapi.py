"""What the API says of itself is complete and true: every answer is documented and of its shape, and none is a 5xx."""

import asyncio
import json
from collections.abc import Iterator
from http import HTTPMethod
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from domain.messages import Quarantined
from domain.readings import Reading
from services.api.access import Access
from services.judge import Outcome
from services.storage import schema as sql
from services.storage.duck import DuckSettings, DuckStore
from services.storage.letters import SqlLetterbox
from services.storage.quarantine import SqliteQuarantine
from services.storage.sql import JudgeStore
from tests.fakes.memory_photos import picture
from tests.unit.api.gate import Gate
from tests.unit.dispatch.coast import MINUTE, T0, well, wrong
from tests.unit.dispatch.letterbox import a_letter
from tests.unit.people.folk import Folk

NAMED = Access(hosts=frozenset({"testserver"}), reception=Folk().reception)  # as the generator calls us
NO_BODY = {"id": None, "by": None, "reason": None}
VERBS = {method.lower() for method in HTTPMethod}


def filled(folder: Path) -> Gate:
    """A gate on real stores with something in each."""
    url = f"sqlite:///{folder}/orders.db"
    sql.upgrade(url)
    duck = DuckStore(DuckSettings(path=folder / "readings.duckdb"))
    aside, post = SqliteQuarantine(folder / "quarantine.sqlite"), SqlLetterbox(url)
    gate = Gate(access=NAMED, books=JudgeStore(url), store=duck, aside=aside, post=post)
    gate.books.commit(Outcome(9, T0, changed=True, letters=(a_letter("SN-20261001-0001"),)), {})
    post.bury([1], "wecom answers 93000 invalid webhook url", T0 + MINUTE)
    gate.play.hear(T0 + MINUTE, wrong("bin-1", T0 + MINUTE, rule="bin-full"))
    gate.commit()
    gate.play.hear(T0 + 2 * MINUTE, well("bin-1", T0 + 2 * MINUTE, rule="bin-full"))
    gate.commit()
    lamp = ("lamp-1", "lamp-1-s", "light", "west")
    some = [
        Reading(*lamp, T0 - n * MINUTE, {"active_power": n * 1.5, "lamp_failure": n > 3}, 0, n, T0) for n in range(60)
    ]
    asyncio.run(duck.write(some))
    gate.measured("lamp-2", T0, active_power=61.0)
    kept = ("not JSON: x; check the encoder", "tidewalk/shinan/west/bin/bin-9/up", b"\xff{", T0, b"12345678")
    gate.aside.keep([Quarantined(17 + n, n % 2, "", *kept) for n in range(5)])
    gate.clock.at = T0 + 3 * MINUTE
    return gate


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    made = filled(tmp_path_factory.mktemp("api"))
    yield made
    made.books.close()
    made.aside.close()
    made.behind.post.close()
    asyncio.run(made.store.close())


@pytest.fixture(scope="module")
def document(gate: Gate) -> dict[str, Any]:
    return dict(gate.app.openapi())


def routes(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, verbs in document["paths"].items():
        for verb, said in verbs.items():
            if verb in VERBS:
                yield f"{verb.upper()} {path}", said


def test_every_route_parameter_and_answer_is_described_and_every_answer_has_an_example(document: dict[str, Any]):
    schemas = document["components"]["schemas"]
    wanting = []
    for route, said in routes(document):
        wanting += [route] * (not said.get("description") or not said.get("tags"))
        wanting += [f"{route} {one['name']}" for one in said.get("parameters", []) if not one.get("description")]
        for status, answer in said["responses"].items():
            if not answer.get("description") or answer["description"] == "Successful Response":
                wanting.append(f"{route} {status}: description")
            contents = answer.get("content", {})
            if not contents and status != "304":
                wanting.append(f"{route} {status}: content")
            for content in contents.values():
                name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
                if "example" not in content and "examples" not in content and not schemas.get(name, {}).get("examples"):
                    wanting.append(f"{route} {status}: example of {name or content}")
    assert wanting == []


def test_every_example_fits_its_shape(document: dict[str, Any]):
    schemas, faults = document["components"]["schemas"], []
    resolving = {"components": document["components"]}
    for name, shape in schemas.items():
        validator = jsonschema_rs.validator_for({**resolving, "$ref": f"#/components/schemas/{name}"})
        for example in shape.get("examples", []):
            faults += [
                f"{name}: {fault.message} at {list(fault.instance_path)}" for fault in validator.iter_errors(example)
            ]
    assert faults == []


@pytest.mark.parametrize("examples", [15, pytest.param(400, marks=pytest.mark.soak)])
def test_no_request_gets_a_5xx_or_an_answer_that_is_not_documented(gate: Gate, examples: int):
    document = schemathesis.openapi.from_asgi("/openapi.json", gate.app)
    told = []
    for found in document.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=examples,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            derandomize=examples < 100,
            phases=[Phase.generate],
        )
        def holds(case: schemathesis.Case) -> None:
            case.call_and_validate()

        holds()
        told.append(operation.label)
    assert len(told) == len(list(routes(gate.app.openapi())))


def test_names_that_are_there_are_answered_and_say_so_in_the_same_shape(gate: Gate):
    """What the generator hits by luck alone."""
    document = schemathesis.openapi.from_asgi("/openapi.json", gate.app)
    order = gate.order("leak")
    known = {
        "order": order,
        "facility": "lamp-1",
        "zone": "west",
        "crew": "lamps-w",
        "rule": "bin-full",
        "row": 17,
        "place": 0,
        "key": "SN-20261001-0001:1:crew:0",
        "given": "5f0c1c9e-8a39-4e0e-9b53-0b8f8a1d7c11",
        "photo": gate.photos.keep(order, picture()),
        "plan": "7d0c1c9e-8a39-4e0e-9b53-0b8f8a1d7c11",
    }
    later = {"facility": "lamp-1", "until": "2026-10-02T00:00:00Z"}
    others = {  # what is beside, or instead of, what every body says
        "/api/v1/orders/{order}/actions": {"action": "note"},
        "/api/v1/maintenance": {"id": known["plan"], **later},
        "/api/v1/stops": {
            "id": "9d0c1c9e-8a39-4e0e-9b53-0b8f8a1d7c11",
            "action": "resume_work",
            "zone": "west",
        },
        "/api/v1/crews/{crew}/links": {"days": 1, **NO_BODY},
        "/api/v1/crews/{crew}/links/revoke": NO_BODY,
        "/api/v1/outbox/{key}/actions": {"action": "retry", "id": None},
        "/api/v1/maintenance/{plan}/end": {"id": "8e1c1c9e-8a39-4e0e-9b53-0b8f8a1d7c11"},
    }
    body = json.loads('{"id": "5f0c1c9e-8a39-4e0e-9b53-0b8f8a1d7c11", "by": "Li Wei", "reason": "seen"}')
    statuses = {}
    asked = [(path, verb) for path in document for verb in document[path]]
    for path, verb in sorted(asked, key=lambda one: one[1] != "post"):
        operation = document[path][verb]
        named = {one.name: known[one.name] for one in operation.path_parameters}
        said = {name: one for name, one in (body | others.get(path, {})).items() if one is not None}
        sent: dict[str, Any] = {"body": said} if verb == "post" else {}
        if path == "/api/v1/explain":
            sent["query"] = {"of": "lamp-1"}
        answer = operation.Case(path_parameters=named, **sent).call_and_validate()
        statuses[f"{verb} {path}"] = answer.status_code
    otherwise = {
        "post /api/v1/maintenance/{plan}/end": {200, 409},
        "post /api/v1/stops": {200, 409},
    }  # none; over by now
    assert {route: status for route, status in statuses.items() if status not in otherwise.get(route, {200})} == {}
