"""What Prometheus is told, and that its own tool finds nothing wrong with it."""

import asyncio
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.api.seams import Counts
from tests.machines.needed import needed
from tests.unit.api.gate import Gate
from tests.unit.dispatch.coast import T0


async def told(gate: Gate) -> str:
    answer = await gate.client.get("/metrics")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return answer.text


@pytest.mark.asyncio
async def test_the_service_is_counted_with_units_and_what_each_is():
    gate = Gate()
    gate.sees(messages=18231, row=12, written=17000, held=3, trouble="disk full")
    async with gate.client:
        await gate.client.get("/api/v1/orders")
        await gate.client.get("/api/v1/orders/none")
        await gate.client.get("/api/v1/nowhere")
        text = await told(gate)
    found = {one.name: one for one in text_string_to_metric_families(text)}
    values = {(one.name, *sorted(one.labels.items())): one.value for family in found.values() for one in family.samples}
    assert values[("tidewalk_door_messages_total",)] == 18231
    assert values[("tidewalk_store_written_readings_total",)] == 17000
    assert values[("tidewalk_journal_writable",)] == 0
    assert values[("tidewalk_consumer_lag_rows", ("consumer", "judge"))] == 2
    assert values[("tidewalk_part_ready", ("part", "door"))] == 0
    assert values[("tidewalk_outbox_messages", ("state", "sent"))] == 2
    assert values[("tidewalk_quarantine_entries", ("class", "not JSON"))] == 3
    assert values[("tidewalk_alarms_open", ("rule", "leak"))] == 1
    orders = {key: value for key, value in values.items() if key[0] == "tidewalk_orders" and value}
    assert sum(orders.values()) == 2
    assert {dict(key[1:])["state"] for key in orders} == {"dispatched"}
    routes = {one.labels["route"] for one in found["tidewalk_http_request_duration_seconds"].samples}
    assert routes == {"/api/v1/orders", "/api/v1/orders/{order}", "none"}
    assert all(one.documentation for one in found.values())
    assert "_created" not in text


@pytest.mark.asyncio
async def test_many_classes_of_reasons_make_no_more_than_fifty_and_the_rest():
    gate = Gate()
    gate.counted = Counts({}, {f"reason {n}": n + 1 for n in range(60)})
    async with gate.client:
        text = await told(gate)
    entries = [line for line in text.splitlines() if line.startswith("tidewalk_quarantine_entries{")]
    assert len(entries) == 51
    assert f'tidewalk_quarantine_entries{{class="others"}} {sum(range(1, 11))}.0' in entries


@pytest.mark.asyncio
@pytest.mark.machine
async def test_promtool_finds_nothing_wrong():
    promtool = needed("promtool", "apt-get install prometheus")
    gate = Gate()
    gate.sees(messages=1, at=T0)
    async with gate.client:
        await gate.client.get("/status")
        text = await told(gate)
    checked = await asyncio.to_thread(
        subprocess.run, [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
