"""What was kept aside, over HTTP, and having it tried again."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from domain.messages import Message, Quarantined
from domain.naming import RETRY
from ingest import oversize
from tests.unit.api.gate import Gate
from tests.unit.dispatch.coast import T0

LARGE = oversize.kept(Message("a/topic", b"x" * 300_000, T0))


def entry(row: int, reason: str = "not JSON: x; check it", **more: Any) -> Quarantined:
    facts = {"place": 0, "quantity": "", "topic": "a/topic", "payload": b'{"a', "received": T0, "key": b"12345678"}
    return Quarantined(row=row, reason=reason, **{**facts, **more})


@pytest_asyncio.fixture
async def gate() -> AsyncIterator[Gate]:
    made = Gate()
    values = [entry(30, "sentinel: 655.35", quantity=name) for name in ("h2s_ppm", "nh3_ppm")]
    made.aside.keep([*(entry(row) for row in range(10, 15)), *values, entry(40, payload=b"\xff\x00")])
    async with made.client:
        yield made


async def again(gate: Gate, message: str, **more: Any) -> httpx.Response:
    said = {"id": str(uuid4()), "by": "Li Wei", "reason": "it is in devices.csv now", **more}
    return await gate.client.post(f"/api/v1/quarantine/{message}/retries", json=said)


@pytest.mark.asyncio
async def test_it_is_listed_newest_first_counted_by_class_and_read_on_while_more_comes(gate: Gate):
    path, seen = "/api/v1/quarantine?limit=3", list[tuple[int, str]]()
    while path:
        answer = await gate.client.get(path)
        seen += [(one["row"], one["quantity"]) for one in answer.json()["entries"]]
        path = answer.links.get("next", {}).get("url", "")
        gate.aside.keep([entry(50 + len(seen))])
    assert seen == [(40, ""), (30, "nh3_ppm"), (30, "h2s_ppm"), *((row, "") for row in range(14, 9, -1))]
    found = (await gate.client.get("/api/v1/quarantine?class=sentinel")).json()
    assert [one["class"] for one in found["entries"]] == ["sentinel", "sentinel"]
    assert found["counts"]["sentinel"] == 2


@pytest.mark.asyncio
async def test_a_message_is_shown_with_all_its_reasons_and_what_it_said(gate: Gate):
    found = (await gate.client.get("/api/v1/quarantine/30/0")).json()
    assert found["reasons"] == {"h2s_ppm": "sentinel: 655.35", "nh3_ppm": "sentinel: 655.35"}
    assert (found["text"], found["bytes"], found["key"], found["retry"]) == ('{"a', 3, "3132333435363738", "")
    found = (await gate.client.get("/api/v1/quarantine/40/0")).json()
    assert (found["text"], found["hex"]) == (None, "ff00")
    assert (await gate.client.get("/api/v1/quarantine/40/1")).status_code == 404


@pytest.mark.asyncio
async def test_trying_again_is_a_row_of_the_journal_with_who_and_why(gate: Gate):
    answer = await again(gate, "10/0")
    assert (answer.status_code, answer.json()["retry"]) == (200, "asked")
    (note,) = gate.journal
    assert note.topic == RETRY
    told = json.loads(note.payload)
    assert (told["row"], told["place"], told["by"], told["reason"]) == (10, 0, "Li Wei", "it is in devices.csv now")


@pytest.mark.asyncio
async def test_what_cannot_be_tried_again_is_refused_and_not_written_down(gate: Gate):
    gate.aside.keep([entry(60, payload=LARGE.payload, key=oversize.key_of(LARGE))])
    for message, status, why, more in (
        ("99/0", 404, "nothing is kept aside", {}),
        ("60/0", 409, "4 KiB", {}),
        ("10/0", 409, "say who you are", {"by": ""}),
        ("10/0", 422, "body.id", {"id": "x"}),
        ("a/0", 422, "path.row", {}),
        (f"{10**30}/0", 422, "path.row", {}),
    ):
        answer = await again(gate, message, **more)
        assert answer.status_code == status, answer.text
        assert why in answer.json()["detail"]
    assert gate.journal == []
    assert (await gate.client.get("/api/v1/quarantine/60/0")).json()["cut"] is True
