"""Alarms and orders over HTTP, and what an operator does to an order."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

from domain.errors import UnavailableError
from domain.naming import COMMAND
from services.dispatch.orders import OrderState
from tests.unit.api.gate import Gate


@pytest_asyncio.fixture
async def gate() -> AsyncIterator[Gate]:
    made = Gate()
    async with made.client:
        yield made


def asked(action: str, **more: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "action": action, "by": "Li Wei", "reason": "seen", **more}


async def act(gate: Gate, name: str, action: str, **more: Any) -> httpx.Response:
    return await gate.client.post(f"/api/v1/orders/{name}/actions", json=asked(action, **more))


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    found = answer.json()
    assert answer.status_code == found["status"] == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert found["title"]
    assert found["instance"] == answer.url.path
    assert isinstance(found, dict)
    return found


@pytest.mark.asyncio
async def test_orders_are_listed_newest_first_and_chosen_by_state_crew_and_zone(gate: Gate):
    found = (await gate.client.get("/api/v1/orders")).json()["orders"]
    assert {o["rule"] for o in found} == {"lamp-out", "leak"}
    assert found[0]["opened"] == "2026-10-01T00:00:00.000Z"
    assert found[0]["limits"]["finish"].endswith("Z")
    for query, count in (
        ("state=dispatched", 2),
        ("state=closed&state=withdrawn", 0),
        (f"crew={found[0]['crew']}", sum(o["crew"] == found[0]["crew"] for o in found)),
        ("zone=east", 0),
        ("limit=1", 1),
    ):
        assert len((await gate.client.get(f"/api/v1/orders?{query}")).json()["orders"]) == count, query


@pytest.mark.asyncio
async def test_one_order_has_its_history_and_what_is_legal_by_id_and_by_case_number(gate: Gate):
    by_id = (await gate.client.get(f"/api/v1/orders/{gate.order('leak')}")).json()
    assert [c["step"] for c in by_id["history"]] == ["file", "dispatch"]
    assert by_id["history"][1]["crew"] == by_id["crew"]
    assert by_id["legal"] == ["close", "reassign", "note", "hold", "void", "merge", "follow_up"]
    assert (await gate.client.get(f"/api/v1/orders/{by_id['case']}")).json() == by_id
    assert "no order" in problem(await gate.client.get("/api/v1/orders/0123456789abcdef"), 404)["detail"]


@pytest.mark.asyncio
async def test_alarms_are_listed_with_the_order_that_answers_them(gate: Gate):
    found = (await gate.client.get("/api/v1/alarms?state=open&facility=lamp-1")).json()["alarms"]
    assert {a["order"] for a in found} == {gate.order("leak"), gate.order("lamp-out")}
    assert (await gate.client.get("/api/v1/alarms?state=cleared")).json() == {"alarms": [], "next": ""}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/api/v1/orders?state=lost", "query.state.0"),
        ("/api/v1/orders?limit=0", "query.limit"),
        ("/api/v1/orders?limit=1001", "query.limit"),
        ("/api/v1/orders?crew=a%00b", "query.crew"),
        ("/api/v1/alarms?facility=%ff", "query.facility"),
        ("/api/v1/orders/a%20b", "path.order"),
        ("/api/v1/orders/%ed%a0%80", "path.order"),
    ],
)
async def test_a_question_that_makes_no_sense_says_what_is_wrong_where(gate: Gate, path: str, where: str):
    found = await gate.client.get(path)
    assert [f["where"] for f in found.json()["faults"]] == [where]
    assert found.status_code == 422


@pytest.mark.asyncio
async def test_an_action_is_a_row_of_the_journal_before_anything_comes_of_it(gate: Gate):
    order = gate.order("lamp-out")
    said = asked("close")
    answer = await gate.client.post(f"/api/v1/orders/{order}/actions", json=said)
    assert answer.status_code == 200
    assert answer.json() == {
        "id": said["id"],
        "order": order,
        "action": "close",
        "standing": "done",
        "why": "",
        "at": "2026-10-01T00:00:00.000Z",
    }
    (message,) = gate.journal
    assert message.topic == COMMAND
    assert json.loads(message.payload) == {
        **said,
        "order": order,
        "crew": "",
        "into": "",
        "until": None,
        "trade": "",
        "do": "",
        "seen": None,
    }
    now = gate.books.order(order)
    assert (now.state, now.closed_by, now.history[-1].why) == (OrderState.CLOSED, "Li Wei", "seen")


@pytest.mark.asyncio
async def test_the_same_id_again_is_done_once_and_answered_the_same(gate: Gate):
    path, said = f"/api/v1/orders/{gate.order('leak')}/actions", asked("note")
    first, second = [await gate.client.post(path, json=said) for _ in range(2)]
    assert first.json() == second.json()
    assert len(gate.journal) == 1
    other = await gate.client.post(path, json={**said, "action": "close"})
    assert "another action" in problem(other, 409)["detail"]


@pytest.mark.asyncio
async def test_what_does_not_fit_the_order_is_a_conflict_that_says_what_would(gate: Gate):
    found = problem(await act(gate, gate.order("leak"), "confirm"), 409)
    assert found["legal"] == ["close", "reassign", "note", "hold", "void", "merge", "follow_up"]
    legal = "close, reassign, note, hold, void, merge, follow_up"
    assert found["detail"] == f"confirm does not fit an order that is dispatched; legal now: {legal}"
    await act(gate, gate.order("leak"), "close")
    assert problem(await act(gate, gate.order("leak"), "close"), 409)["legal"] == ["follow_up"]


@pytest.mark.asyncio
async def test_an_order_is_given_to_the_crew_that_is_named(gate: Gate):
    order = gate.books.order(gate.order("lamp-out"))
    to = "lamps-e" if order.crew != "lamps-e" else "lamps-w"
    assert (await act(gate, order.case, "reassign", crew=to)).status_code == 200
    assert gate.books.order(order.id).crew == to
    assert "already" in problem(await act(gate, order.case, "reassign", crew=to), 409)["detail"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"reason": ""}, "needs a reason"),
        ({"reason": " \t\u0001"}, "needs a reason"),
        ({"crew": "lamps-w"}, "goes with reassign"),
        ({"action": "reassign", "crew": "nobody"}, "no crew nobody"),
        ({"action": "dance"}, "body.action"),
        ({"id": "7"}, "body.id"),
        ({"by": "Li\u0000"}, "body.by"),
        ({"reason": "x" * 2001}, "body.reason"),
        ({"reason": "\ud800"}, "body.reason"),
        ({"more": 1}, "body.more"),
    ],
)
async def test_an_action_that_can_never_be_done_is_refused_and_not_written_down(
    gate: Gate, more: dict[str, Any], what: str
):
    body = json.dumps({**asked("close"), **more})
    headers = {"Content-Type": "application/json"}
    answer = await gate.client.post(f"/api/v1/orders/{gate.order('leak')}/actions", content=body, headers=headers)
    assert what in problem(answer, 422)["detail"]
    assert gate.journal == []


@pytest.mark.asyncio
@pytest.mark.parametrize("by", ["", " "])
async def test_an_action_of_nobody_is_refused_and_not_written_down(gate: Gate, by: str):
    assert "say who you are" in problem(await act(gate, gate.order("leak"), "close", by=by), 409)["detail"]
    assert gate.journal == []


@pytest.mark.asyncio
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 60_000, b'{"id": NaN}'])
async def test_no_body_whatever_is_a_fault_of_ours(gate: Gate, body: bytes):
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    answer = await gate.client.post(f"/api/v1/orders/{gate.order('leak')}/actions", content=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert problem(answer, answer.status_code)["detail"]


@pytest.mark.asyncio
async def test_an_action_that_is_not_judged_in_time_is_accepted_and_can_be_asked_for(gate: Gate):
    gate.judging = False
    order = gate.order("leak")
    answer = await act(gate, order, "close")
    assert (answer.status_code, answer.json()["standing"], answer.json()["at"]) == (202, "waiting", None)
    where = answer.headers["location"]
    assert (await gate.client.get(where)).json() == answer.json()
    gate.judge()
    assert (await gate.client.get(where)).json()["standing"] == "done"
    await act(gate, order, "close")
    gate.judge()
    refused = str(UUID(json.loads(gate.journal[-1].payload)["id"]))
    found = (await gate.client.get(f"/api/v1/orders/{order}/actions/{refused}")).json()
    assert (found["standing"], found["why"]) == ("refused", "the order is closed")
    problem(await gate.client.get(f"/api/v1/orders/{order}/actions/{uuid4()}"), 404)
    problem(await gate.client.get(f"/api/v1/orders/{gate.order('lamp-out')}/actions/{refused}"), 404)


@pytest.mark.asyncio
async def test_while_the_journal_cannot_be_written_an_action_is_to_be_tried_later(gate: Gate):
    gate.full = True
    answer = await act(gate, gate.order("leak"), "close")
    assert problem(answer, 503)["detail"] == "disk full"
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.asyncio
async def test_a_database_that_is_away_says_when_to_ask_again(gate: Gate, monkeypatch: pytest.MonkeyPatch):
    def away(**_: Any) -> Any:
        raise UnavailableError("database: gone", 1.5)

    monkeypatch.setattr(gate.books, "orders", away)
    answer = await gate.client.get("/api/v1/orders")
    assert (problem(answer, 503)["detail"], answer.headers["retry-after"]) == ("database: gone", "2")


@pytest.mark.asyncio
async def test_a_fault_of_ours_tells_nothing_of_itself(gate: Gate, monkeypatch: pytest.MonkeyPatch):
    def broken(**_: Any) -> Any:
        raise KeyError("secret")

    monkeypatch.setattr(gate.books, "orders", broken)
    assert "secret" not in problem(await gate.client.get("/api/v1/orders"), 500)["detail"]


@pytest.mark.asyncio
async def test_the_openapi_document_knows_every_reference_in_it(gate: Gate):
    document = (await gate.client.get("/openapi.json")).json()
    text = json.dumps(document)
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(document["components"]["schemas"])
    assert {"Problem", "Fault", "OrderWhole", "Asked"} <= named
    assert set(document["paths"]["/api/v1/orders/{order}/actions"]["post"]["responses"]) >= {
        "200",
        "202",
        "404",
        "409",
        "422",
    }
    for path in ("/docs", "/redoc", "/nowhere"):
        problem(await gate.client.get(path), 404)
    problem(await gate.client.delete("/api/v1/orders"), 405)
    problem(await gate.client.put("/api/v1/orders", json={}), 405)
