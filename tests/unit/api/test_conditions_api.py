"""Acting only on what is still as it was seen, and reading on while more comes."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.unit.api.gate import Gate
from tests.unit.dispatch.coast import MINUTE, T0, wrong


@pytest_asyncio.fixture
async def gate() -> AsyncIterator[Gate]:
    made = Gate()
    async with made.client:
        yield made


def note(**more: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "action": "note", "by": "Li Wei", "reason": "seen", **more}


@pytest.mark.asyncio
async def test_an_action_is_done_only_while_the_order_is_as_it_was_seen(gate: Gate):
    path = f"/api/v1/orders/{gate.order('leak')}"
    seen = (await gate.client.get(path)).headers["etag"]
    said, headers = note(), {"If-Match": seen}
    assert (await gate.client.post(f"{path}/actions", json=said, headers=headers)).status_code == 200
    again = await gate.client.post(f"{path}/actions", json=said, headers=headers)
    assert (again.status_code, again.json()["standing"]) == (200, "done")  # the same one: nothing is done
    other = await gate.client.post(f"{path}/actions", json=note(), headers=headers)
    assert (other.status_code, other.json()["detail"]) == (
        412,
        "the order is not as you saw it; what came last is Li Wei: note, seen",
    )
    assert len(gate.journal) == 1
    for known in (False, True):
        fits = f'"x", {(await gate.client.get(path)).headers["etag"]}' if known else "*"
        answer = await gate.client.post(f"{path}/actions", json=note(), headers={"If-Match": fits})
        assert answer.status_code == 200


@pytest.mark.asyncio
async def test_of_two_operators_at_once_one_is_told_what_the_other_did(gate: Gate):
    path = f"/api/v1/orders/{gate.order('leak')}"
    seen, gate.judging = {"If-Match": (await gate.client.get(path)).headers["etag"]}, False
    first, second = note(), note(by="Wang Fang", action="close", reason="drill over")
    for said in (first, second):
        assert (await gate.client.post(f"{path}/actions", json=said, headers=seen)).status_code == 202
    for minutes, row in enumerate(gate.journal, 1):
        gate.play.hear(T0 + minutes * MINUTE, notes=[row])
        gate.commit()
    for said, status in ((first, 200), (second, 412), (second, 412)):
        answer = await gate.client.post(f"{path}/actions", json=said, headers=seen)
        assert answer.status_code == status
    assert answer.json()["detail"] == "the order is not as you saw it: Li Wei: note, seen"
    assert (await gate.client.get(path)).json()["state"] == "dispatched"


@pytest.mark.asyncio
@pytest.mark.parametrize("listed", ["orders", "alarms"])
async def test_pages_of_cases_stay_right_while_new_ones_come(gate: Gate, listed: str):
    for n, lamp in enumerate(("lamp-2", "lamp-3"), 1):
        gate.play.hear(T0 + n * MINUTE, wrong(lamp, T0 + n * MINUTE))
        gate.commit()
    whole = (await gate.client.get(f"/api/v1/{listed}")).json()
    path, seen = f"/api/v1/{listed}?limit=1", list[str]()
    while path:
        answer = await gate.client.get(path)
        seen += [one["id"] for one in answer.json()[listed]]
        path = answer.links.get("next", {}).get("url", "")
        if len(seen) == 2:
            gate.play.hear(T0 + 9 * MINUTE, wrong("bin-1", T0 + 9 * MINUTE, rule="bin-full"))
            gate.commit()
    assert seen == [one["id"] for one in whole[listed]]
    assert whole["next"] == ""


@pytest.mark.asyncio
async def test_the_next_page_keeps_what_was_asked_for(gate: Gate):
    gate.play.hear(T0 + MINUTE, wrong("lamp-2", T0 + MINUTE))
    gate.commit()
    answer = await gate.client.get("/api/v1/orders?state=dispatched&state=accepted&zone=west&limit=2")
    link = answer.links["next"]["url"]
    assert link.startswith("/api/v1/orders?state=dispatched&state=accepted&zone=west&limit=2&cursor=")
    assert link.endswith(answer.json()["next"])
