"""How the service stands: alive, ready, and in numbers."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from services.api import watch
from services.api.seams import Reach
from tests.unit.api.gate import Gate
from tests.unit.dispatch.coast import T0, S


@pytest_asyncio.fixture
async def gate() -> AsyncIterator[Gate]:
    made = Gate()
    async with made.client:
        yield made


async def ready(gate: Gate) -> tuple[int, dict[str, Any]]:
    answer = await gate.client.get("/readyz")
    return answer.status_code, answer.json()


@pytest.mark.asyncio
async def test_a_service_that_works_is_alive_and_ready(gate: Gate):
    assert (await gate.client.get("/healthz")).json() == {"status": "alive"}
    status, said = await ready(gate)
    assert (status, said["status"]) == (200, "ready")
    assert said["parts"]["door"] == {"ok": True, "why": "", "since": "2026-10-01T00:00:00.000Z"}
    assert set(said["parts"]) == {"door", "judge", "store", "dispatch"}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("seen", "part", "why", "status"),
    [
        ({"link": ""}, "door", "the broker has not been reached yet", 503),
        ({"link": "started"}, "door", "the broker has not been reached yet", 503),
        ({"link": "down"}, "door", "the broker is away", 503),
        (
            {"link": "taken over"},
            "door",
            watch.TAKEN,
            503,
        ),
        ({"link": "up"}, "door", "connected; what waited at the broker is still coming in", 503),
        ({"trouble": "disk full"}, "door", "the journal cannot be written: disk full", 503),
        ({"judge": Reach(9, T0, "database: gone")}, "judge", "database: gone", 503),
        ({"store": Reach(9, T0, "InfluxDB: refused")}, "store", "InfluxDB: refused", 200),
        ({"dispatch": "broker away"}, "dispatch", "broker away", 200),
    ],
)
async def test_a_part_that_does_not_work_is_named_with_its_reason_and_since_when(
    gate: Gate, seen: dict[str, Any], part: str, why: str, status: int
):
    gate.clock.at += 5 * S
    gate.sees(**seen)
    await ready(gate)
    gate.clock.at += 60 * S
    code, said = await ready(gate)
    assert code == status
    assert said["status"] == ("degraded" if status == 200 else "not ready")
    assert said["parts"][part] == {"ok": False, "why": why, "since": "2026-10-01T00:00:05.000Z"}
    assert [name for name, one in said["parts"].items() if not one["ok"]] == [part]


@pytest.mark.asyncio
async def test_a_back_log_that_was_not_measured_is_said_and_the_door_is_open(gate: Gate):
    gate.sees(link="unmeasured")
    status, said = await ready(gate)
    assert (status, said["parts"]["door"]["ok"]) == (200, True)
    assert "not measured" in said["parts"]["door"]["why"]


@pytest.mark.asyncio
async def test_a_judge_that_has_been_behind_for_long_is_not_ready_and_one_that_keeps_up_is(gate: Gate):
    for second in range(1, 16):
        gate.clock.at = T0 + second * S
        gate.sees(row=10 + 5 * second, judge=Reach(10 + 5 * (second - 1), T0, ""), store=Reach(10, T0, ""))
        gate.watch.look()
    status, said = await ready(gate)
    assert (status, said["status"]) == (200, "degraded")
    assert said["parts"]["judge"]["ok"]
    assert said["parts"]["store"]["why"] == "75 rows behind the door"
    gate.sees(judge=Reach(12, T0, ""))
    assert (await ready(gate))[0] == 503


@pytest.mark.asyncio
async def test_the_status_tells_rates_of_the_last_ten_seconds_cursors_and_what_waits(gate: Gate):
    for second in range(31):
        gate.clock.at = T0 + second * S
        gate.sees(messages=second * 100 if second > 10 else 0, written=second * 7, row=10 + second)
        gate.watch.look()
    gate.sees(judge=Reach(40, T0 + 30 * S, ""), committed=38, store=Reach(35, T0, ""))
    said = (await gate.client.get("/status")).json()
    assert (said["site"], said["now"], said["up_since"]) == (
        "shinan",
        "2026-10-01T00:00:30.000Z",
        "2026-10-01T00:00:00.000Z",
    )
    assert (said["door"]["messages"], said["door"]["messages_per_second"]) == (3000, 100.0)
    assert said["store"]["written_per_second"] == 7.0
    assert said["judge"]["behind"] == {"rows": 0, "seconds": 0.0}
    assert (said["judge"]["row"], said["judge"]["committed"]) == (40, 38)
    assert said["store"]["behind"] == {"rows": 5, "seconds": 4.0}
    assert said["quarantine"]["kept"] == {"not JSON": 3}
    assert said["dispatch"]["outbox"] == {"pending": 0, "sent": 2, "dead": 0}


@pytest.mark.asyncio
async def test_whoever_waits_for_a_clock_step_that_does_not_come_is_not_ready(gate: Gate):
    gate.sees(stepping=True, held=3)
    for second in range(30):  # steps come, and there is always something held
        gate.clock.at += S
        gate.sees(row=10 + second, judge=Reach(10 + second, T0, ""), store=Reach(10 + second, T0, ""))
        assert (await ready(gate))[0] == 200
    for _ in range(10):
        gate.clock.at += S
        code, said = await ready(gate)
    assert (code, said["parts"]["door"]["why"]) == (503, "waits for the simulators' clock")
    gate.sees(held=0)
    assert (await ready(gate))[0] == 200
