"""What shadow rules do otherwise, over HTTP."""

from dataclasses import replace

import httpx
import pytest

from domain.errors import FaultyFileError
from services.api.app import build
from services.api.routes.shadow import EXAMPLE
from tests.unit.api.gate import Gate


@pytest.mark.asyncio
async def test_where_no_shadow_runs_there_is_nothing_to_report():
    gate = Gate()
    app = build(replace(gate.behind, shadow=None), gate.watch, gate.actions)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8090") as client:
        answer = await client.get("/api/v1/rules/shadow")
    assert answer.status_code == 404
    assert "TIDEWALK_SHADOW" in answer.json()["detail"]


@pytest.mark.asyncio
async def test_the_report_is_shown_as_it_is():
    gate = Gate()
    async with gate.client:
        answer = await gate.client.get("/api/v1/rules/shadow")
        assert answer.status_code == 200
        assert answer.json() == EXAMPLE
        assert (await gate.client.get("/api/v1/rules/bin-full")).status_code == 200


@pytest.mark.asyncio
async def test_reading_the_rules_again_says_whether_anything_changed_and_what_is_wrong_with_a_file():
    gate = Gate()
    wish = {"id": "2b6c8a56-55b5-4f8e-8a1f-3a2c9d0f6f11", "by": "Li Wei", "reason": "holidays"}
    async with gate.client:
        assert (await gate.client.post("/api/v1/rules/reload", json=wish)).json() == {"row": 0, "changed": False}

    async def faulty(by: str, why: str) -> int:
        assert (by, why) == ("Li Wei", "holidays")
        raise FaultyFileError("bin-full.yaml", 7, "unknown name 'fill_lvl'", "'fill_level'")

    app = build(replace(gate.behind, reload=faulty), gate.watch, gate.actions)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8090") as client:
        answer = await client.post("/api/v1/rules/reload", json=wish)
    assert answer.status_code == 422
    assert "bin-full.yaml:7" in answer.json()["detail"]
