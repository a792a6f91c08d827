"""Planned work over the API: announced, listed, ended; each word a row of the journal first."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.unit.api.gate import Gate
from tests.unit.dispatch.coast import HOUR, T0

PLAN, WORD = "7d0c1c9e-8a39-4e0e-9b53-0b8f8a1d7c11", "8e1c1c9e-8a39-4e0e-9b53-0b8f8a1d7c11"
TIMES = {"from": "2026-10-01T20:00:00+08:00", "until": "2026-10-01T22:00:00+08:00"}


def post(gate: Gate, path: str, body: dict[str, Any]) -> httpx.Response:
    return asyncio.run(gate.client.post(f"/api/v1/maintenance{path}", json=body))


def listed(gate: Gate) -> list[dict[str, Any]]:
    return list(asyncio.run(gate.client.get("/api/v1/maintenance")).json()["maintenance"])


def work(**more: Any) -> dict[str, Any]:
    return {"id": PLAN, "facility": "lamp-1", "by": "li", "reason": "repainting", **TIMES, **more}


@pytest.fixture
def gate() -> Gate:
    return Gate()


def test_work_is_announced_listed_and_ended(gate: Gate):
    assert gate.clock.at == T0
    answer = post(gate, "", work())
    assert (answer.status_code, answer.json()["standing"], answer.json()["plan"]) == (200, "done", PLAN)
    (one,) = listed(gate)
    assert (one["facility"], one["zone"], one["reason"], one["by"]) == ("lamp-1", "", "repainting", "li")
    ended = post(gate, f"/{PLAN}/end", {"id": WORD, "by": "li", "reason": "rain"})
    assert (ended.status_code, ended.json()["action"]) == (200, "end_maintenance")
    assert [who for _, who, _, _, _ in gate.play.engine.plans] == ["lamp-1", "lamp-1"]


def test_the_list_says_where_each_stands(gate: Gate):
    post(gate, "", work())
    stages = []
    (one,) = listed(gate)
    for at in (T0, T0 + 100 * HOUR):
        gate.clock.at = at
        stages.append(listed(gate)[0]["state"])
    assert one["until"] == "2026-10-01T14:00:00.000Z"
    assert stages[-1] == "over"
    assert stages[0] in ("planned", "now")


def test_the_same_id_again_does_nothing_and_is_answered_the_same(gate: Gate):
    first, again = post(gate, "", work()), post(gate, "", work())
    assert first.json() == again.json()
    assert len(gate.journal) == 1
    other = post(gate, f"/{PLAN}/end", {"id": PLAN, "by": "li", "reason": "rain"})
    assert other.status_code == 409


def test_what_cannot_be_is_refused_before_the_journal(gate: Gate):
    for wrong, status in (
        ({"facility": "lamp-99"}, 404),
        ({"facility": "", "zone": "north"}, 404),
        ({"zone": "west"}, 409),
        ({"facility": ""}, 409),
        ({"by": ""}, 409),
        ({"until": "2026-10-01T22:00:00"}, 422),
        ({"reason": ""}, 422),
        ({"reason": " "}, 409),
        ({"more": 1}, 422),
    ):
        assert post(gate, "", work(**wrong)).status_code == status, wrong
    assert gate.journal == []


def test_what_does_not_fit_now_is_409_and_says_why(gate: Gate):
    late = post(gate, "", work(until="2020-01-01T00:00:00Z"))
    assert (late.status_code, "still to come" in late.json()["detail"]) == (409, True)
    unknown = post(gate, f"/{PLAN}/end", {"id": WORD, "by": "li", "reason": "rain"})
    assert (unknown.status_code, "no work is planned" in unknown.json()["detail"]) == (409, True)
    assert listed(gate) == []


def test_while_the_judge_is_busy_it_is_kept(gate: Gate):
    gate.judging = False
    answer = post(gate, "", work())
    assert (answer.status_code, answer.json()["standing"], answer.json()["at"]) == (202, "waiting", None)
