"""The roll-up job, on what it stands on: the fake, Debian's InfluxDB, and a 2.x where one is named."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from itertools import cycle
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from domain.naming import Kind
from domain.readings import Millis, Reading
from domain.series import DAY, HOUR, MINUTE, ROLLUPS, ZONED, bucket_of, zoned
from services.buckets import aligned, bucketed
from services.influx.rolled import Rolled, Whose
from services.influx.rollups import SETTLES_MS, Points, RollUps
from services.influx.windows import Windows
from services.storage.influx import InfluxStore
from services.storage.influx_history import InfluxHistory
from services.storage.influx_notes import RollupNotes
from services.storage.influx_rollups import InfluxRollups
from services.storage.influx_speech import InfluxSettings
from tests.fakes.hand_clock import HandClock
from tests.fakes.memory_rollups import MemoryRollups
from tests.fakes.memory_store import MemoryStore
from tests.machines.influx import InfluxMachine, forget_bucket, named_2x
from tests.machines.influx_forwarder import ORG, InfluxForwarder

ZONE = "Asia/Shanghai"
T = 1_789_920_000_000  # 2026-09-20T16:00Z, midnight in Shanghai
ALL_TIME = (T - 30 * DAY, T + 30 * DAY)
STORES = ["memory", pytest.param("influx", marks=pytest.mark.machine)]
if named_2x():
    STORES.append(pytest.param("influx2", marks=pytest.mark.machine))


class Coast:
    """A store with roll-ups beside it, the job's notes, and its clock."""

    def __init__(self, store: InfluxStore | MemoryStore, points: Points, folder: Path, clock: HandClock) -> None:
        self.store, self.points, self.clock = store, points, clock
        self.settings = InfluxSettings(url="http://nowhere.invalid", bucket="none")
        self.notes = RollupNotes(folder / "rollups.sqlite")

    def job(self, points: Points | None = None, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> RollUps:
        """As after a start."""
        return RollUps(points or self.points, self.notes, self.clock, ZONE, devices=6, pause=pause)

    async def delete(self) -> None:
        """Every point of every level."""
        if isinstance(self.points, MemoryRollups):
            self.points.forget()
            return
        token = self.settings.token.get_secret_value()
        headers = {"Authorization": f"Token {token}"} if token else {}
        async with aiohttp.ClientSession(headers=headers) as session:
            for level in ROLLUPS:
                asked = {"db": bucket_of(self.settings.bucket, level), "q": "DELETE FROM /.*/"}
                async with session.post(f"{self.settings.url}/query", data=asked) as answer:
                    assert "error" not in await answer.text()

    async def everything(self) -> list[tuple[str, Rolled]]:
        """Every point of every level, and of zones."""
        found = [(level, one) for level in ROLLUPS for one in await self.points.rolled(level, *ALL_TIME, ())]
        return found + [("zones", one) for one in await self.zones()]

    async def zones(self) -> Sequence[Rolled]:
        """What facilities came to together in their zones."""
        return await self.points.rolled(ZONED, *ALL_TIME, [zoned(kind) for kind in Kind])


@pytest_asyncio.fixture(params=STORES)
async def coast(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Coast]:
    clock = HandClock(T + 2 * DAY + HOUR)
    if request.param == "memory":
        store = MemoryStore()
        yield Coast(store, MemoryRollups(store), tmp_path, clock)
    elif request.param == "influx":
        machine: InfluxMachine = request.getfixturevalue("influx")
        async with InfluxForwarder(machine.url) as forwarder:
            async for one in _influx(InfluxSettings(url=forwarder.url, bucket=_bucket(), org=ORG), tmp_path, clock):
                yield one
    else:
        there = named_2x() or {}
        settings = InfluxSettings.model_validate({**there, "bucket": _bucket()})
        async for one in _influx(settings, tmp_path, clock):
            yield one
        for level in ("", *ROLLUPS):
            await forget_bucket(**there, bucket=bucket_of(settings.bucket, level))


def _bucket() -> str:
    return f"tidewalk-test-{uuid.uuid4().hex}"


async def _influx(settings: InfluxSettings, folder: Path, clock: HandClock) -> AsyncIterator[Coast]:
    points = InfluxRollups(settings, clock, site="shinan")
    store = InfluxStore(settings, site="shinan")
    made = Coast(store, points, folder, clock)
    made.settings = settings
    yield made
    await points.close()
    await store.close()


def lamp(at: Millis, n: int = 1, **values: float | bool | str) -> Reading:
    return Reading(f"light-{n}", f"lamp-{n}", "light", "fushan", at, values, 0, -1, at)


UNTIL = T + 4 * HOUR


def some_hours(seed: int = 5) -> list[Reading]:
    """Two local days, a little of each, of two lamps, a bin and a lot: uneven times; numbers, flags and texts."""
    chance = random.Random(seed)
    told: list[Reading] = []
    for at in range(T - 2 * HOUR, UNTIL, 7 * MINUTE):
        told += [
            lamp(
                at + chance.randrange(MINUTE), n, active_power=chance.random() * 80, lamp_failure=chance.random() < 0.3
            )
            for n in (1, 2)
        ]
        told.append(Reading("bin-1", "b-1", "bin", "", at, {"fill_level": chance.random() * 100}, n := 0, -1, at))
        told.append(Reading("lot-1", "l-1", "parking", "z,1", at, {"lot_status": "open"}, n + 4, 7, at))
    return told


async def done(job: RollUps) -> int:
    """All that there is to draw; in how many beats."""
    beats = 0
    while await job.beat():
        beats += 1
    return beats


@pytest.mark.asyncio
async def test_every_level_holds_what_its_readings_come_to(coast: Coast):
    readings = some_hours()
    await coast.store.write(readings)
    await done(coast.job())
    windows = Windows(ZONE)
    expected = MemoryRollups(MemoryStore())
    await expected.store.write(readings)
    for level in ROLLUPS:
        found = await coast.points.rolled(level, *ALL_TIME, ())
        begins = list(windows.within(level, T - 2 * HOUR, UNTIL))
        drawn = [
            point
            for begin in begins
            for point in await expected.drawn(windows.end(level, begin) - begin, begin, windows.end(level, begin), ())
        ]
        assert {(one.whose, one.at) for one in found} == {(one.whose, one.at) for one in drawn}
        told = {(one.whose, one.at): one.fields for one in drawn}
        for point in found:
            fields = told[point.whose, point.at]
            assert point.fields == pytest.approx(fields) if not _texts(fields) else point.fields == fields, level


@pytest.mark.asyncio
async def test_of_each_hour_it_also_holds_what_the_facilities_of_a_zone_come_to_together(coast: Coast):
    await coast.store.write([lamp(T + n * MINUTE, n, active_power=10.0 * n) for n in (1, 2, 5)])
    await coast.store.write([lamp(T + 7 * MINUTE, 1, active_power=30.0, lamp_failure=True)])
    await done(coast.job())
    (zone,) = await coast.zones()
    assert zone.whose == Whose("light_zone", "fushan", "", "")
    assert zone.at == T
    power = {"active_power_mean": 27.5, "active_power_min": 10.0, "active_power_max": 50.0, "active_power_count": 4}
    failed = {"lamp_failure_mean": 1.0, "lamp_failure_count": 1}
    assert zone.fields == {"q": 0, "readings": 4, **power, **failed}


def _texts(fields: object) -> bool:
    return any(isinstance(value, str) for value in dict(fields).values())  # type: ignore[call-overload]


@pytest.mark.asyncio
async def test_deleted_and_made_again_they_are_the_same_to_the_byte(coast: Coast, tmp_path: Path):
    await coast.store.write(some_hours())
    await done(coast.job())
    once = await coast.everything()
    await coast.job().again(T - 2 * HOUR, UNTIL)
    assert await done(coast.job()) > 3
    assert repr(await coast.everything()) == repr(once)
    await coast.delete()
    assert not await coast.everything()
    await coast.job().again(T - 2 * HOUR, UNTIL)
    await done(coast.job())
    assert repr(await coast.everything()) == repr(once)
    await coast.delete()
    coast.notes = RollupNotes(tmp_path / "other.sqlite")
    await done(coast.job())
    assert repr(await coast.everything()) == repr(once)


class KilledError(Exception):
    """Here the process died."""


class Mortal:
    """`Points` that dies at its n-th call: before, in the middle of, or after what it does."""

    def __init__(self, points: Points, dies_at: int) -> None:
        self._points, self._left = points, dies_at

    async def first(self, level: str, since: Millis) -> Millis | None:
        self._step()
        return await self._points.first(level, since)

    async def drawn(self, width: Millis, since: Millis, until: Millis, kinds: Sequence[str]) -> Sequence[Rolled]:
        self._step()
        return await self._points.drawn(width, since, until, kinds)

    async def rolled(self, level: str, since: Millis, until: Millis, kinds: Sequence[str]) -> Sequence[Rolled]:
        self._step()
        return await self._points.rolled(level, since, until, kinds)

    async def write(self, level: str, points: Sequence[Rolled]) -> None:
        self._left -= 1
        if self._left <= 0:
            await self._points.write(level, points[: len(points) // 2])
            raise KilledError
        await self._points.write(level, points)
        self._step()

    def _step(self) -> None:
        self._left -= 1
        if self._left <= 0:
            raise KilledError


@pytest.mark.asyncio
async def test_killed_anywhere_it_comes_to_the_same(tmp_path: Path):
    readings, late = some_hours(), [lamp(T + 90 * MINUTE + n, active_power=7.0) for n in range(3)]
    clock = HandClock(T + 2 * DAY + HOUR)
    whole = MemoryStore()
    await whole.write([*readings, *late])
    calm = Coast(whole, MemoryRollups(whole), tmp_path / "calm", clock)
    await done(calm.job())
    store = MemoryStore()
    await store.write(readings)
    coast = Coast(store, MemoryRollups(store), tmp_path / "mortal", clock)
    deaths = await _dying(coast)
    job = coast.job()
    await job.beat()
    await store.write(late)
    await job.wrote(late)
    assert await _dying(coast) > 1
    assert deaths > 8
    assert await coast.everything() == await calm.everything()


async def _dying(coast: Coast) -> int:
    """Draw all there is, by jobs that die sooner or later; how many did."""
    for deaths, dies_at in enumerate(cycle(range(1, 10))):
        try:
            await done(coast.job(Mortal(coast.points, dies_at)))
        except KilledError:
            continue
        return deaths
    raise AssertionError


@pytest.mark.asyncio
async def test_late_readings_draw_again_what_they_touch_and_nothing_else(coast: Coast):
    await coast.store.write([lamp(T + n * MINUTE, active_power=10.0) for n in range(0, 180, 10)])
    job = coast.job()
    await done(job)
    before = await coast.everything()
    late = [lamp(T + 62 * MINUTE, active_power=40.0)]
    await coast.store.write(late)
    await job.wrote(late)
    await job.wrote([lamp(coast.clock.at, active_power=1.0)])  # of a window that is not over
    assert await done(coast.job()) == 3  # one window of each level, also after a start
    changed = [(level, one) for level, one in await coast.everything() if (level, one) not in before]
    assert [(level, one.at, one.fields["active_power_count"]) for level, one in changed] == [
        ("5m", T + 60 * MINUTE, 2),
        ("1h", T + 60 * MINUTE, 7),
        ("1d", T, 19),
        ("zones", T + 60 * MINUTE, 7),
    ]
    assert changed[1][1].fields["active_power_mean"] == pytest.approx(100 / 7)
    assert changed[2][1].fields["active_power_last"] == 10.0


@pytest.mark.asyncio
async def test_what_comes_while_its_window_is_drawn_is_not_lost(coast: Coast):
    await coast.store.write([lamp(T + n * MINUTE, active_power=10.0) for n in range(10)])
    late = [lamp(T + 3 * MINUTE + 1, active_power=40.0)]

    class Meanwhile(Mortal):
        async def drawn(self, width: Millis, since: Millis, until: Millis, kinds: Sequence[str]) -> Sequence[Rolled]:
            points = await super().drawn(width, since, until, kinds)
            if late:
                told = [late.pop()]
                await coast.store.write(told)
                await job.wrote(told)
            return points

    job = coast.job(Meanwhile(coast.points, 10_000))
    await done(job)
    first = next(one for level, one in await coast.everything() if level == "5m" and one.at == T)
    assert first.fields["readings"] == 6


@pytest.mark.asyncio
async def test_after_a_long_absence_and_over_empty_years_it_catches_up_in_few_beats(coast: Coast):
    await coast.store.write([lamp(T - 20 * 365 * DAY, active_power=1.0), lamp(T, active_power=10.0)])
    assert await done(coast.job()) < 30
    told = [(level, one.at) for level, one in await coast.everything()]
    assert told == [("5m", T), ("1h", T), ("1d", T), ("zones", T)]
    coast.clock.at += 9 * DAY
    await coast.store.write([lamp(T + 8 * DAY, active_power=10.0)])
    job, end = coast.job(), coast.clock.at - SETTLES_MS
    missing = [await job.missing(end)]
    while await job.beat():
        missing.append(await job.missing(end))
    assert (missing == sorted(missing, reverse=True), missing[0] > 8 * DAY, missing[-1]) == (True, True, 0)
    reached, _ = await job.behind()
    assert (reached, len(missing) < 30) == (end // (5 * MINUTE) * 5 * MINUTE, True)
    assert [level for level, one in await coast.everything() if one.at == T + 8 * DAY] == [*ROLLUPS, "zones"]


@pytest.mark.asyncio
async def test_nothing_is_drawn_of_an_empty_store_and_what_comes_then_is(coast: Coast):
    job = coast.job()
    assert not await job.beat()
    readings = [lamp(T, active_power=1.0)]
    await coast.store.write(readings)
    await job.wrote(readings)
    await done(job)
    assert [level for level, _ in await coast.everything()] == [*ROLLUPS, "zones"]


@pytest.mark.asyncio
async def test_it_waits_while_the_server_is_away_and_goes_on(tmp_path: Path):
    store = MemoryStore()
    coast = Coast(store, MemoryRollups(store), tmp_path, HandClock(T + DAY))
    await store.write([lamp(T, active_power=1.0)])
    store.away = "away for now"
    rounds: list[str] = []

    async def look(_: float) -> None:
        """In place of a pause: what is seen between two beats."""
        rounds.append(job.waiting_for)
        store.away = None if job.waiting_for else store.away
        if [one for level, one in await coast.everything() if level == "1h"]:
            running.cancel()
        await asyncio.sleep(0)

    job = coast.job(pause=look)
    running = asyncio.create_task(job.run())
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 5)
    assert rounds[0] == "away for now"
    assert not job.waiting_for


@pytest.mark.asyncio
@pytest.mark.parametrize("width", [6 * HOUR, 5 * MINUTE])
async def test_a_long_history_is_drawn_from_the_roll_up_and_what_is_newer_from_the_readings(
    coast: Coast, width: Millis
):
    if not isinstance(coast.points, InfluxRollups):
        pytest.skip("the memory has no history of its own")
    readings = [lamp(T + n * 40 * MINUTE, active_power=n * 0.7, lamp_failure=n % 3 == 0) for n in range(110)]
    readings += [one._replace(device="other-1", values={"supply_voltage": 220.0}) for one in readings[::4]]
    await coast.store.write(readings)
    since, until = T + HOUR, T + 3 * DAY + 17 * MINUTE
    history = InfluxHistory(coast.settings, site="shinan")
    points = await history.points("light", since, until, facility="light-1")
    expected = bucketed(points, since, until, width)
    for rolled in (False, True):
        if rolled:
            await done(coast.job())
        found = await history.buckets("light", "light-1", since, until, width)
        assert list(found) == list(expected)
        for name, ones in expected.items():
            assert [one._replace(mean=pytest.approx(one.mean)) for one in ones] == list(found[name]), name
    await history.close()
    assert history.source(since, until, width) == ("1h" if width >= HOUR else "5m")
    assert history.source(since, since + DAY, width) == history.source(since + 1, until, width) == "readings"
    assert history.source(aligned(since + 7, until, width), until, width) != "readings"
