"""What every reading store promises: the fake, DuckDB, and InfluxDB (Debian's, and a 2.x where one is named)."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio

from domain.ports import Point, ReadingHistory, ReadingStore
from domain.readings import Reading, Value
from services.api.seams import History
from services.buckets import Bucketed, bucketed
from services.storage.duck import DuckSettings, DuckStore
from services.storage.influx import InfluxStore
from services.storage.influx_history import InfluxHistory
from services.storage.influx_speech import InfluxSettings
from tests.fakes.memory_store import MemoryStore
from tests.machines.influx import InfluxMachine, forget_bucket, named_2x
from tests.machines.influx_forwarder import ORG, InfluxForwarder

T = 1_790_000_000_000
DAY = 86_400_000
OLDEST = T - 30 * DAY


def reading(at: int = T, device: str = "lamp-1", kind: str = "light", **values: Value) -> Reading:
    return Reading(device.replace("lamp", "light"), device, kind, "qingdaowan", at, values, 0, -1, at + 400)


def values_of(points: "list[Point]") -> list[dict[str, Value]]:
    return [point.values for point in points]


class _Reading(ReadingHistory, History, Protocol):
    """All ways of reading back."""


class _Pair:
    def __init__(self, store: ReadingStore, history: _Reading, where: str) -> None:
        self.store, self.history, self.where = store, history, where


STORES = ["memory", "duck", pytest.param("influx", marks=pytest.mark.machine)]
if named_2x():  # otherwise `make test` says "not run"
    STORES.append(pytest.param("influx2", marks=pytest.mark.machine))


@pytest_asyncio.fixture(params=STORES)
async def coast(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[_Pair]:
    match request.param:
        case "memory":
            store = MemoryStore(lambda: OLDEST)
            yield _Pair(store, store, "memory")
        case "duck":
            duck = DuckStore(DuckSettings(path=tmp_path / "readings.duckdb"), oldest=lambda: OLDEST)
            yield _Pair(duck, duck, "duck")
            await duck.close()
        case "influx":
            machine: InfluxMachine = request.getfixturevalue("influx")
            async with InfluxForwarder(machine.url) as forwarder:
                settings = InfluxSettings(url=forwarder.url, bucket=f"t-{uuid.uuid4().hex}", org=ORG)
                async for pair in _influx(settings):
                    yield pair
        case _:
            there = {**(named_2x() or {}), "bucket": f"tidewalk-test-{uuid.uuid4().hex}"}
            async for pair in _influx(InfluxSettings.model_validate(there)):
                yield pair
            await forget_bucket(**there)


async def _influx(settings: InfluxSettings) -> AsyncIterator[_Pair]:
    store = InfluxStore(settings, site="shinan", oldest=lambda: OLDEST)
    history = InfluxHistory(settings, site="shinan")
    yield _Pair(store, history, "influx")
    await store.close()
    await history.close()


@pytest.mark.asyncio
async def test_writing_twice_leaves_one(coast: _Pair):
    batch = [reading(T + n * 1000, active_power=float(n), lamp_failure=False)._replace(seq=n) for n in range(20)]
    assert (await coast.store.write(batch)).written == 20
    once = await coast.history.points("light", T, T + DAY)
    assert (await coast.store.write(batch)).written == 20
    assert await coast.history.points("light", T, T + DAY) == once
    assert [(point.at, point.seq, point.values["active_power"]) for point in once] == [
        (T + n * 1000, n, float(n)) for n in range(20)
    ]


@pytest.mark.asyncio
async def test_the_same_key_with_other_values_keeps_the_last_of_each(coast: _Pair):
    await coast.store.write([reading(active_power=80.0, supply_voltage=230.0)._replace(seq=4, quality=1)])
    await coast.store.write([reading(active_power=81.0, tilt_deg=2.0)])
    (point,) = await coast.history.points("light", T, T + 1)
    assert point.values == {"active_power": 81.0, "supply_voltage": 230.0, "tilt_deg": 2.0}
    assert (point.quality, point.seq) == (0, 4)


@pytest.mark.asyncio
async def test_duplicates_inside_a_batch_merge_in_their_order(coast: _Pair):
    batch = [
        reading(active_power=1.0, supply_voltage=230.0)._replace(seq=7),
        reading(active_power=2.0)._replace(quality=2),
        reading(tilt_deg=5.0, active_power=3.0),
    ]
    assert (await coast.store.write(batch)).written == 3
    (point,) = await coast.history.points("light", T, T + 1)
    assert point.values == {"active_power": 3.0, "supply_voltage": 230.0, "tilt_deg": 5.0}
    assert (point.quality, point.seq) == (0, 7)


@pytest.mark.asyncio
async def test_one_batch_holds_old_and_fresh_keys_and_many_kinds(coast: _Pair):
    await coast.store.write([reading(T, active_power=1.0), reading(T, "bin-1", "bin", fill_level=40.0)])
    batch = [
        reading(T, supply_voltage=229.0),
        reading(T + 1, active_power=2.0),
        reading(T, "bin-1", "bin", fill_level=41.0),
        reading(T, "wc-1", "toilet", nh3_ppm=0.5),
    ]
    assert (await coast.store.write(batch)).written == 4
    assert values_of(await coast.history.points("light", T, T + 2)) == [
        {"active_power": 1.0, "supply_voltage": 229.0},
        {"active_power": 2.0},
    ]
    assert values_of(await coast.history.points("bin", T, T + 2)) == [{"fill_level": 41.0}]
    assert values_of(await coast.history.points("toilet", T, T + 2)) == [{"nh3_ppm": 0.5}]


@pytest.mark.asyncio
async def test_an_interval_holds_its_start_and_not_its_end(coast: _Pair):
    await coast.store.write([reading(T + n, active_power=float(n)) for n in (-1, 0, 1, 2)])
    assert [point.at for point in await coast.history.points("light", T, T + 2)] == [T, T + 1]
    assert await coast.history.points("light", T, T) == []
    assert len(await coast.history.points("light", -(10**18), 10**18)) == 4


@pytest.mark.asyncio
async def test_points_come_ordered_by_facility_device_and_time(coast: _Pair):
    keys = [
        ("light-b", "lamp-1", T),
        ("light-a", "lamp-9", T + 5),
        ("light-a", "lamp-3", T + 7),
        ("light-a", "lamp-9", T),
    ]
    await coast.store.write(
        [reading(at, device, active_power=1.0)._replace(facility=facility) for facility, device, at in keys]
    )
    found = await coast.history.points("light", T, T + DAY)
    assert [(point.facility, point.device, point.at) for point in found] == sorted(keys)
    of_one = await coast.history.points("light", T, T + DAY, facility="light-a")
    assert [(point.facility, point.device, point.at) for point in of_one] == sorted(keys)[:3]


@pytest.mark.asyncio
async def test_latest_is_the_newest_point_of_each_device_of_the_facility(coast: _Pair):
    await coast.store.write(
        [
            reading(T, "lamp-1", active_power=1.0)._replace(facility="pole-1"),
            reading(T + 9, "lamp-1", active_power=2.0, lamp_failure=True)._replace(facility="pole-1", seq=3),
            reading(T + 4, "lamp-0", active_power=3.0)._replace(facility="pole-1"),
            reading(T + 99, "lamp-2", active_power=4.0)._replace(facility="pole-2"),
        ]
    )
    assert list(await coast.history.latest("pole-1")) == [
        Point("pole-1", "lamp-0", "light", "qingdaowan", T + 4, {"active_power": 3.0}, 0, -1),
        Point("pole-1", "lamp-1", "light", "qingdaowan", T + 9, {"active_power": 2.0, "lamp_failure": True}, 0, 3),
    ]
    assert list(await coast.history.latest("pole-3")) == []


TEXTS = [
    *("up", "", "道闸 故障", 'a "quoted" one', "comma, space = equals", "🌊", "'; DROP"),
    *("back\\slash\\", "\\", '\\"', "two\nlines", "\ttab\r", "nul\0"),
]
NUMBERS = [0.1 + 0.2, 96.0, -0.0, 1e-7, 5e-324, 1.7976931348623157e308, 123456789.123456789, 1e16, -40.5, 2.0**53 + 2]


@pytest.mark.asyncio
async def test_values_come_back_exactly_as_they_were(coast: _Pair):
    batch = [reading(T + n, "gate-1", "parking", gate_state=text) for n, text in enumerate(TEXTS)]
    batch += [reading(T + n, "lamp-1", active_power=number) for n, number in enumerate(NUMBERS)]
    batch += [reading(T + n, "bin-1", "bin", tipped=flag)._replace(seq=2**62) for n, flag in enumerate((True, False))]
    report = await coast.store.write(batch)
    assert report.refused == ()
    assert [point.values["gate_state"] for point in await coast.history.points("parking", T, T + DAY)] == TEXTS
    numbers = [point.values["active_power"] for point in await coast.history.points("light", T, T + DAY)]
    assert [repr(number) for number in numbers] == [repr(number) for number in NUMBERS]
    bins = await coast.history.points("bin", T, T + DAY)
    assert [(point.values["tipped"], point.seq) for point in bins] == [(True, 2**62), (False, 2**62)]
    assert all(type(point.values["tipped"]) is bool for point in bins)


@pytest.mark.asyncio
async def test_odd_names_of_facilities_and_devices_come_back(coast: _Pair):
    odd = "pole 1, left = 'the \"old\" one' 栈桥"
    await coast.store.write([reading(active_power=1.0)._replace(facility=odd, device=odd + "d", zone="")])
    (point,) = await coast.history.points("light", T, T + 1, facility=odd)
    assert (point.facility, point.device, point.zone) == (odd, odd + "d", "")
    assert len(await coast.history.latest(odd)) == 1


@pytest.mark.asyncio
async def test_a_reading_whose_every_value_was_dropped_still_leaves_its_mark(coast: _Pair):
    await coast.store.write([reading()._replace(quality=1, seq=5)])
    (point,) = await coast.history.points("light", T, T + 1)
    assert (point.values, point.quality, point.seq) == ({}, 1, 5)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (reading(T + 5, active_power=float("nan")), "finite"),
        (reading(T + 5, active_power=float("-inf")), "finite"),
        (reading(T + 5, active_power=True), "must be a number"),
        (reading(T + 5, lamp_failure=1.0), "must be true or false"),
        (reading(T + 5, "gate-1", "parking", gate_state=1.0), "must be text"),
        (reading(T + 5, fill_levle=1.0), "unknown quantity"),
        (reading(T + 5, "lamp-1", "ligth", active_power=1.0), "unknown kind"),
        (reading(T + 5, "lamp\n1", active_power=1.0), "tag"),
        (reading(T + 5, "gate-1", "parking", gate_state="\ud800"), "Unicode"),
        (reading(10**17, active_power=1.0), "out of range"),
        (reading(T + 5, active_power=1.0)._replace(seq=2**63), "out of range"),
        (reading(OLDEST - 1, active_power=1.0), "retention"),
    ],
)
@pytest.mark.asyncio
async def test_what_no_store_can_take_is_refused_and_its_neighbours_are_written(coast: _Pair, bad: Reading, why: str):
    report = await coast.store.write([reading(T, active_power=1.0), bad, reading(T + 9, active_power=2.0)])
    assert report.written == 2
    ((refused, reason),) = report.refused
    assert refused is bad
    assert why in reason
    assert [point.at for point in await coast.history.points("light", T - DAY, T + DAY)] == [T, T + 9]


@pytest.mark.asyncio
async def test_the_oldest_that_is_kept_is_kept(coast: _Pair):
    assert (await coast.store.write([reading(OLDEST, active_power=1.0)])).written == 1
    assert len(await coast.history.points("light", OLDEST, T)) == 1


@pytest.mark.asyncio
async def test_nothing_is_nothing(coast: _Pair):
    report = await coast.store.write([])
    assert (report.written, report.refused) == (0, ())


@pytest.mark.asyncio
async def test_a_large_batch_is_written_and_read_back_whole(coast: _Pair):
    batch = [reading(T + n // 20, f"lamp-{n % 20}", active_power=n / 7, lamp_failure=n % 2 == 0) for n in range(12_000)]
    assert (await coast.store.write(batch)).written == 12_000
    found = await coast.history.points("light", T, T + DAY)
    expected = sorted((one.facility, one.device, one.at, one.values["active_power"]) for one in batch)
    assert [(point.facility, point.device, point.at, point.values["active_power"]) for point in found] == expected


@pytest.mark.asyncio
async def test_a_history_that_was_never_written_is_empty(coast: _Pair):
    await coast.store.write([reading(active_power=1.0)])
    assert list(await coast.history.points("coast", T, T + DAY)) == []
    assert list(await coast.history.latest("nowhere")) == []


async def _coast_for_buckets(coast: _Pair) -> None:
    """A lamp and its neighbour on one facility, with numbers, flags and a gap; and another facility beside them."""
    batch = [reading(T + n * 60_000, active_power=float(n % 7), lamp_failure=n % 5 == 0) for n in range(40)]
    batch += [reading(T + 30_000 + n * 60_000, "lamp-2", supply_voltage=220.0 + n) for n in range(10)]
    batch = [one._replace(facility="light-1") for one in batch]
    await coast.store.write([*batch, reading(T, "lamp-9", active_power=999.0)])


@pytest.mark.asyncio
@pytest.mark.parametrize(("since", "until", "width"), [(0, 40, 5), (3, 31, 4), (0, 40, 40), (7, 8, 1), (100, 200, 10)])
async def test_buckets_are_those_of_the_points_half_open_and_begin_at_since(
    coast: _Pair, since: int, until: int, width: int
):
    await _coast_for_buckets(coast)
    minute = 60_000
    within = (T + since * minute, T + until * minute)
    found = await coast.history.buckets("light", "light-1", *within, width * minute)
    points = await coast.history.points("light", *within, facility="light-1")
    expected = bucketed(points, *within, width * minute)
    assert list(found) == list(expected)
    for name, ones in expected.items():
        assert [one._replace(mean=pytest.approx(one.mean)) for one in ones] == list(found[name]), name


@pytest.mark.asyncio
async def test_flags_have_a_count_and_a_last_value_and_no_mean(coast: _Pair):
    await _coast_for_buckets(coast)
    found = await coast.history.buckets("light", "light-1", T, T + 600_000, 300_000)
    assert found["lamp_failure"] == [Bucketed(T, 5, last=False), Bucketed(T + 300_000, 5, last=False)]
    assert found["active_power"][0] == Bucketed(T, 5, 4.0, 2.0, 0.0, 4.0)
    assert await coast.history.buckets("bin", "light-1", T, T + 600_000, 300_000) == {}
