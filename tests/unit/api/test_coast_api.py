"""What stands on the coast over HTTP: site, zones, facilities, their readings and histories, crews, rules."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from domain.messages import Heard
from domain.naming import Kind
from domain.readings import Millis, Reading, Value
from services.api.paging import cursor_of
from services.buckets import AT_MOST
from tests.unit.api.gate import Gate
from tests.unit.dispatch.coast import HOUR, MINUTE, T0


@pytest_asyncio.fixture
async def gate() -> AsyncIterator[Gate]:
    made = Gate()
    async with made.client:
        yield made


async def get(gate: Gate, path: str, status: int = 200) -> dict[str, Any]:
    answer = await gate.client.get(f"/api/v1{path}")
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def measured(gate: Gate, facility: str, at: Millis, *, live: bool = True, **values: Value) -> None:
    place = gate.play.site.facilities[facility]
    one = Reading(facility, f"{facility}-s", place.kind, place.zone, at, values, 0, -1, at)
    await gate.store.write([one])
    if live:
        gate.hub.heard(Heard(1, at, (one,), (), (), ()))
        gate.hub.flush()


@pytest.mark.asyncio
async def test_the_site_and_its_zones_are_counted(gate: Gate):
    site = await get(gate, "/site")
    assert (site["id"], site["timezone"], site["zones"], site["facilities"]) == (
        "shinan",
        "Asia/Shanghai",
        ["east", "west"],
        5,
    )
    assert site["kinds"] == {"light": 3, "bin": 1, "feeder": 1}
    assert site["elements"] == {"municipal": 4, "sanitation": 1}
    west = await get(gate, "/zones/west")
    assert (await get(gate, "/zones"))["zones"][1] == west
    assert (west["name"]["zh"], west["subdistrict"]["name"]["zh"], west["community"]) == ("青岛湾", "中山路街道", None)
    assert west["facilities"] == {"light": 2, "bin": 1, "feeder": 1}
    assert "no zone" in (await get(gate, "/zones/nowhere", 404))["detail"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", ["bin-1", "feeder-1", "lamp-1", "lamp-2", "lamp-3"]),
        ("?kind=light", ["lamp-1", "lamp-2", "lamp-3"]),
        ("?kind=light&zone=west", ["lamp-1", "lamp-2"]),
        ("?element=sanitation", ["bin-1"]),
        ("?state=alarm", ["lamp-1"]),
        ("?state=unknown&state=alarm&zone=west&kind=light", ["lamp-1", "lamp-2"]),
        ("?state=held", []),
        ("?zone=nowhere", []),
    ],
)
async def test_facilities_are_chosen_by_kind_zone_element_and_state(gate: Gate, query: str, ids: list[str]):
    found = await get(gate, f"/facilities{query}")
    assert [one["id"] for one in found["facilities"]] == ids
    assert found["next"] == ""


@pytest.mark.asyncio
@pytest.mark.parametrize("limit", [1, 2, 4, 5])
async def test_pages_lead_on_by_cursor_and_by_link_and_miss_nobody(gate: Gate, limit: int):
    path, seen = f"/api/v1/facilities?limit={limit}&kind=light", list[str]()
    while path:
        answer = await gate.client.get(path)
        seen += [one["id"] for one in answer.json()["facilities"]]
        path = answer.links.get("next", {}).get("url", "")
        assert bool(path) == bool(answer.json()["next"])
    assert seen == ["lamp-1", "lamp-2", "lamp-3"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "cursor", ["00", "5b5d", "5b", cursor_of((1, 2)), cursor_of(("a", "b")), cursor_of((9**99, "a"))]
)
async def test_a_cursor_that_is_none_of_ours_leads_nowhere(gate: Gate, cursor: str):
    for path in ("facilities", "orders", "alarms", "quarantine"):
        assert "no page" in (await get(gate, f"/{path}?cursor={cursor}", 404))["detail"]


@pytest.mark.asyncio
async def test_a_facility_has_its_newest_values_with_units_its_alarms_and_its_orders(gate: Gate):
    await measured(gate, "lamp-1", T0, active_power=61.0, supply_voltage=229.0)
    await measured(gate, "lamp-1", T0 + MINUTE, active_power=3.0)
    found = await get(gate, "/facilities/lamp-1")
    assert found["latest"] == {
        "at": "2026-10-01T00:01:00.000Z",
        "values": {
            "active_power": {"value": 3.0, "unit": "W", "zh": "有功功率"},
            "supply_voltage": {"value": 229.0, "unit": "V", "zh": "供电电压"},
        },
    }
    assert {alarm["rule"] for alarm in found["alarms"]} == {"lamp-out", "leak"}
    assert {order["id"] for order in found["orders"]} == {gate.order("lamp-out"), gate.order("leak")}
    assert (found["state"], found["pole"], found["owner"]) == ("alarm", "QD-0117", "lights-office")
    assert "no facility" in (await get(gate, "/facilities/lamp-9", 404))["detail"]


@pytest.mark.asyncio
async def test_what_was_not_heard_since_the_start_is_shown_as_it_is_stored(gate: Gate):
    await measured(gate, "lamp-3", T0 - HOUR, live=False, active_power=60.0)
    assert (await get(gate, "/facilities/lamp-3"))["latest"]["values"]["active_power"]["value"] == 60.0
    gate.store.away = "InfluxDB is away"
    found = await get(gate, "/facilities/lamp-3")
    assert (found["latest"], found["state"]) == ({"at": None, "values": {}}, "unknown")


@pytest.mark.asyncio
async def test_history_is_drawn_together_in_buckets_that_begin_where_it_does(gate: Gate):
    for minute in range(30):
        await measured(gate, "lamp-1", T0 + minute * MINUTE, active_power=float(minute), lamp_failure=minute == 29)
    found = await get(
        gate, "/facilities/lamp-1/history?from=2026-10-01T00:05:00Z&until=2026-10-01T08:25:00%2B08:00&every=10m"
    )
    assert (found["from"], found["until"], found["every_s"]) == (
        "2026-10-01T00:05:00.000Z",
        "2026-10-01T00:25:00.000Z",
        600,
    )
    power = found["quantities"]["active_power"]
    assert (power["unit"], power["zh"]) == ("W", "有功功率")
    assert power["buckets"] == [
        {"at": "2026-10-01T00:05:00.000Z", "count": 10, "last": 14.0, "mean": 9.5, "min": 5.0, "max": 14.0},
        {"at": "2026-10-01T00:15:00.000Z", "count": 10, "last": 24.0, "mean": 19.5, "min": 15.0, "max": 24.0},
    ]
    flags = found["quantities"]["lamp_failure"]["buckets"][0]
    assert (flags["last"], flags["mean"], flags["min"]) == (False, None, None)
    some = await get(
        gate, "/facilities/lamp-1/history?from=2026-10-01T00:00:00Z&until=2026-10-02T00:00:00Z&quantity=rssi"
    )
    assert some["quantities"] == {}


@pytest.mark.asyncio
async def test_history_without_a_span_is_of_the_last_day_up_to_now(gate: Gate):
    gate.clock.at = T0 + HOUR
    await measured(gate, "lamp-1", gate.clock.at, active_power=1.0)
    await measured(gate, "lamp-1", gate.clock.at - 25 * HOUR, active_power=2.0)
    found = await get(gate, "/facilities/lamp-1/history")
    assert [one["count"] for one in found["quantities"]["active_power"]["buckets"]] == [1]
    assert found["every_s"] == 300


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("from=2026-10-02T00:00:00Z&until=2026-10-01T00:00:00Z", "`from` must be before"),
        ("from=2026-10-01T00:00:00Z&until=2026-10-01T00:00:00Z", "`from` must be before"),
        ("from=2024-10-01T00:00:00Z&until=2026-10-01T00:00:00Z", "at most 400 days"),
        ("from=1999-10-01T00:00:00Z", "between the years"),
        ("until=0001-01-01T00:00:00%2B14:00", "between the years"),
        ("from=9999-12-31T23:59:59-14:00", "between the years"),
        ("from=2026-10-01T00:00:00Z&until=2026-10-02T00:00:00Z&every=10s", f"more than {AT_MOST} buckets"),
        ("every=999999d", "say 1s to 400d"),
        ("every=0s", "query.every"),
        ("every=7w", "query.every"),
        ("from=yesterday", "query.from"),
        ("from=2026-10-01T00:00:00", "query.from"),
        ("quantity=colour", "no quantity 'colour'"),
    ],
)
async def test_a_history_that_cannot_be_is_refused_with_the_reason(gate: Gate, query: str, why: str):
    assert why in (await get(gate, f"/facilities/lamp-1/history?{query}", 422))["detail"]


@pytest.mark.asyncio
async def test_a_store_that_is_away_is_said_for_history(gate: Gate):
    gate.store.away, gate.store.retry_after = "InfluxDB does not answer", 7.0
    answer = await gate.client.get("/api/v1/facilities/lamp-1/history")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")


@pytest.mark.asyncio
async def test_crews_say_who_is_at_work_and_how_much_they_have(gate: Gate):
    crews = {one["id"]: one for one in (await get(gate, "/crews"))["crews"]}
    assert {name for name, one in crews.items() if not one["on_shift"]} == {"night-w"}
    assert {name: one["at_work"] for name, one in crews.items() if one["at_work"]} == {"lamps-w": 1, "lamps-w2": 1}
    assert crews["night-w"]["shifts"] == [
        {"id": "night", "name": {"en": "night", "zh": "夜"}, "starts": "21:30", "ends": "29:30"}
    ]
    assert crews["desk"]["desk"] is True
    assert await get(gate, "/crews/lamps-w") == crews["lamps-w"]
    assert "no crew" in (await get(gate, "/crews/nobody", 404))["detail"]


@pytest.mark.asyncio
async def test_rules_have_their_hash_their_text_and_what_they_have_open(gate: Gate):
    found = await get(gate, "/rules")
    by_name = {one["name"]: one for one in found["rules"]}
    assert found["hash"] == gate.behind.rules.version
    assert by_name["lamp-out"]["open"] == 1
    assert by_name["bin-full"]["open"] == 0
    rule = await get(gate, "/rules/bin-full")
    assert rule.pop("text").startswith("id: ") or "name: bin-full" in (await get(gate, "/rules/bin-full"))["text"]
    assert rule == by_name["bin-full"]
    assert {one["kind"] for one in by_name.values()} <= {*Kind, None}
    assert "no rule" in (await get(gate, "/rules/none", 404))["detail"]


@pytest.mark.asyncio
async def test_an_answer_is_not_sent_again_while_it_is_the_same(gate: Gate):
    order = gate.order("leak")
    for path in (
        "site",
        "zones",
        "facilities",
        "facilities/lamp-1",
        "orders",
        f"orders/{order}",
        "alarms",
        "crews",
        "rules",
    ):
        first = await gate.client.get(f"/api/v1/{path}")
        assert first.headers["cache-control"] == "private, no-cache"
        for said in (first.headers["etag"], f'"x", W/{first.headers["etag"]}', "*"):
            again = await gate.client.get(f"/api/v1/{path}", headers={"If-None-Match": said})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"]), path
        assert (await gate.client.get(f"/api/v1/{path}", headers={"If-None-Match": '"x"'})).status_code == 200
    before = (await gate.client.get("/api/v1/facilities/lamp-1")).headers["etag"]
    await measured(gate, "lamp-1", T0 + MINUTE, active_power=61.0)
    changed: httpx.Response = await gate.client.get("/api/v1/facilities/lamp-1", headers={"If-None-Match": before})
    assert changed.status_code == 200
