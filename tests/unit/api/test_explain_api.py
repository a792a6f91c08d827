"""Why, and why not, over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from domain.readings import Millis, Reading, Value
from domain.site import Device
from tests.unit.api.gate import Gate
from tests.unit.dispatch.coast import HOUR, MINUTE, T0, coast


@pytest_asyncio.fixture
async def gate() -> AsyncIterator[Gate]:
    site = coast()
    facilities = {name: replace(one, pole=f"青岛湾-{name}") for name, one in site.facilities.items()}
    devices = {f"{name}-s": Device(f"{name}-s", name) for name in facilities}
    made = Gate(site=replace(site, facilities=facilities, devices=devices))
    async with made.client:
        yield made


async def asked(gate: Gate, status: int = 200, **said: str) -> dict[str, Any]:
    answer = await gate.client.get("/api/v1/explain", params=said)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def measured(gate: Gate, facility: str, at: Millis, **values: Value) -> None:
    place = gate.play.site.facilities[facility]
    await gate.store.write([Reading(facility, f"{facility}-s", place.kind, place.zone, at, values, 0, -1, at)])


@pytest.mark.asyncio
async def test_a_bin_that_is_nearly_full_says_how_far_it_is_from_an_order(gate: Gate):
    await measured(gate, "bin-1", T0 - 30 * MINUTE, fill_level=50.0)
    await measured(gate, "bin-1", T0 - 15 * MINUTE, fill_level=93.0)
    found = await asked(gate, of="青岛湾-bin-1", rule="bin-full")
    assert found["headline"] == {
        "en": "bin-full: did not fire: fill_level 93 % is 2 below 95, at least since 07:30",
        "zh": "bin-full：未触发：满溢度 93 %，比 95 低 2，至少自 07:30 起",
    }
    (rule,) = found["rules"]
    (clause,) = rule["clauses"]
    assert (rule["standing"], clause["condition"]["truth"], clause["condition"]["comparisons"][0]["off"]) == (
        "quiet",
        False,
        2.0,
    )


@pytest.mark.asyncio
async def test_every_rule_that_fits_is_there_and_what_was_not_heard_is_unknown(gate: Gate):
    found = await asked(gate, of="lamp-1")
    standing = {one["rule"]: one["standing"] for one in found["rules"]}
    assert standing["pole-leaning"] == "unknown"
    assert "lamp-out" in standing
    assert found["alarm"] is None


@pytest.mark.asyncio
async def test_an_alarm_and_its_order_lead_to_what_was_pinned(gate: Gate):
    order = gate.order("lamp-out")
    by_order = await asked(gate, of=order)
    alarm = by_order["alarm"]
    assert (alarm["order"], alarm["rule"], by_order["place"]) == (order, "lamp-out", "lamp-1")
    assert (await asked(gate, of=alarm["id"]))["alarm"] == alarm
    assert {one["rule"] for one in by_order["rules"]} == {"lamp-out"}


@pytest.mark.asyncio
async def test_who_is_nobody_is_not_found_and_a_store_that_is_away_only_leaves_things_unknown(gate: Gate):
    await asked(gate, 404, of="nobody")
    await asked(gate, 404, of="bin-1", rule="lamp-out")
    await asked(gate, 422)
    gate.store.away = "gone"
    found = await asked(gate, of="bin-1", rule="bin-full")
    assert found["headline"]["en"] == "bin-full: cannot be told: nothing was heard of it"


@pytest.mark.asyncio
async def test_silence_is_told_by_the_clock(gate: Gate):
    await measured(gate, "bin-1", T0 - 10 * MINUTE, fill_level=5.0)
    gate.clock.at = T0 + HOUR // 60
    (found,) = (await asked(gate, of="bin-1", rule="silent"))["rules"]
    assert found["silence"]["heard"] == "2026-09-30T23:50:00.000Z"
    assert found["headline"]["en"].startswith("heard 11 min ago (07:50)")
