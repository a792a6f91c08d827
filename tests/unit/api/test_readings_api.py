"""All readings of a span, a line each: what a backtest asks the running service for."""

import json

import pytest

from domain.errors import UnavailableError
from domain.readings import Reading
from tests.unit.api.gate import Gate
from tests.unit.dispatch.coast import T0


@pytest.fixture
def gate() -> Gate:
    return Gate()


async def lines(gate: Gate, query: str) -> list[object]:
    answer = await gate.client.get(f"/api/v1/readings?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


SPAN = "from=2026-10-01T00:00:00Z&until=2026-10-03T00:00:00Z"


@pytest.mark.asyncio
async def test_readings_come_in_the_order_of_their_time_and_end_with_true(gate: Gate):
    lamp, bin_1 = ("lamp-2", "lamp-2-s", "light", "west"), ("bin-1", "bin-1-s", "bin", "west")
    some = [
        Reading(*lamp, T0 + 2, {"active_power": 61.0}, 0, 4, T0),
        Reading(*bin_1, T0 + 1, {"fill_level": 97.0}, 0, 3, T0),
        Reading(*lamp, T0, {"active_power": 60.0}, 0, 2, T0),
    ]
    await gate.store.write(some)
    told = await lines(gate, SPAN)
    assert [line[4] - T0 for line in told[:-1] if isinstance(line, list)] == [0, 1, 2]
    assert told[1] == ["bin-1", "bin-1-s", "bin", "west", T0 + 1, {"fill_level": 97.0}, 0, 3]
    assert told[-1] is True


@pytest.mark.asyncio
async def test_a_span_without_readings_is_a_whole_answer(gate: Gate):
    assert await lines(gate, "from=2026-09-01T00:00:00Z&until=2026-09-02T00:00:00Z") == [True]


@pytest.mark.asyncio
async def test_a_span_that_ends_before_it_begins_has_no_reading(gate: Gate):
    assert await lines(gate, "from=2026-10-03T00:00:00Z&until=2026-10-01T00:00:00Z") == [True]


@pytest.mark.asyncio
async def test_a_store_that_is_away_says_so_before_anything_is_told(gate: Gate, monkeypatch: pytest.MonkeyPatch):
    async def away(*_: object) -> None:
        raise UnavailableError("InfluxDB is away")

    monkeypatch.setattr(gate.store, "points", away)
    assert (await gate.client.get(f"/api/v1/readings?{SPAN}")).status_code == 503
