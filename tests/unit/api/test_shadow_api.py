"""What shadow rules do otherwise, over HTTP."""

from dataclasses import replace

import httpx
import pytest

from services.api.app import build
from services.api.routes.shadow import EXAMPLE
from tests.unit.api.gate import Gate


@pytest.mark.asyncio
async def test_where_no_shadow_runs_there_is_nothing_to_report():
    gate = Gate()
    async with gate.client:
        answer = await gate.client.get("/api/v1/rules/shadow")
    assert answer.status_code == 404
    assert "TIDEWALK_SHADOW" in answer.json()["detail"]


@pytest.mark.asyncio
async def test_the_report_is_shown_as_it_is():
    gate = Gate()
    app = build(replace(gate.behind, shadow=lambda: EXAMPLE), gate.watch, gate.actions)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8090") as client:
        answer = await client.get("/api/v1/rules/shadow")
        assert answer.status_code == 200
        assert answer.json() == EXAMPLE
        assert (await client.get("/api/v1/rules/bin-full")).status_code == 200
