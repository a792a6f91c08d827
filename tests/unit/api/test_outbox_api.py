"""What is sent to people beside MQTT, over the API: seen, tried again, let be."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.judge import Outcome
from services.storage.letters import SqlLetterbox
from services.storage.schema import upgrade
from services.storage.sql import JudgeStore
from tests.unit.api.gate import Gate
from tests.unit.dispatch.coast import MINUTE, T0
from tests.unit.dispatch.letterbox import a_letter

WHY = "wecom answers 93000 invalid webhook url"


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    url = f"sqlite:///{tmp_path / 'books.sqlite'}"
    upgrade(url)
    books, box = JudgeStore(url), SqlLetterbox(url)
    books.commit(
        Outcome(1, T0, changed=True, letters=tuple(a_letter(f"o{n}")._replace(at=T0 + n) for n in range(4))), {}
    )
    box.bury([1, 2], WHY, T0 + MINUTE)
    yield Gate(post=box)
    box.close()
    books.close()


@pytest.mark.asyncio
async def test_dead_letters_are_listed_with_why_and_what_is_down(gate: Gate):
    gate.pulse = replace(gate.pulse, down={"wecom env:TIDEWALK_A": (T0, WHY)})
    found = (await gate.client.get("/api/v1/outbox?state=dead")).json()
    assert [(one["order"], one["why"]) for one in found["letters"]] == [("o1", WHY), ("o0", WHY)]
    assert found["counts"] == {"wecom": {"pending": 2, "dead": 2}}
    assert found["down"] == [{"target": "wecom env:TIDEWALK_A", "since": "2026-10-01T00:00:00.000Z", "why": WHY}]
    ready = (await gate.client.get("/readyz")).json()
    assert ready["status"] == "degraded"
    assert (
        ready["parts"]["dispatch"]["why"] == f"wecom env:TIDEWALK_A takes nothing since 2026-10-01T00:00:00.000Z: {WHY}"
    )
    assert (
        'tidewalk_contact_down_since_seconds{target="wecom env:TIDEWALK_A"}' in (await gate.client.get("/metrics")).text
    )


@pytest.mark.asyncio
async def test_pages_lead_on(gate: Gate):
    path, seen = "/api/v1/outbox?limit=3", list[str]()
    while path:
        answer = await gate.client.get(path)
        seen += [one["order"] for one in answer.json()["letters"]]
        path = answer.links.get("next", {}).get("url", "")
    assert seen == ["o3", "o2", "o1", "o0"]


@pytest.mark.asyncio
async def test_a_dead_letter_is_tried_again_or_let_be_by_somebody_and_with_a_reason(gate: Gate):
    first, second = "/api/v1/outbox/o0:1:crew:0/actions", "/api/v1/outbox/o1:1:crew:0/actions"
    again = await gate.client.post(first, json={"action": "retry", "by": "wang"})
    assert (again.status_code, again.json()["state"], again.json()["who"]) == (200, "pending", "wang")
    assert (await gate.client.post(first, json={"action": "retry", "by": "wang"})).status_code == 409
    assert (await gate.client.post(second, json={"action": "discard", "by": "wang"})).status_code == 422
    gone = await gate.client.post(second, json={"action": "discard", "by": "wang", "reason": "told by telephone"})
    assert (gone.json()["state"], gone.json()["why"]) == ("discarded", "told by telephone")
    assert (await gate.client.post(second, json={"action": "retry"})).status_code == 409
    nobody = await gate.client.post("/api/v1/outbox/nothing/actions", json={"action": "retry", "by": "wang"})
    assert nobody.status_code == 404


@pytest.mark.asyncio
async def test_without_contacts_it_says_so():
    assert (await Gate().client.get("/api/v1/outbox")).status_code == 404
