"""A whole service on its files, in one process: what it does when they are not those that it left."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from domain.errors import UnavailableError
from domain.naming import up_topic
from ingest.lockstep import DomainClock
from services import wiring
from services.clocks import WallClock
from services.service import Service
from services.settings import Settings

pytestmark = pytest.mark.asyncio

BIN = "bin"


class Lived:
    """A service that runs, and one bin of the sample that speaks to it."""

    def __init__(self, service: Service, ends: wiring.MemoryEnds) -> None:
        self.service, self._ends = service, ends
        site = service.site
        facility = next(one for one in site.facilities.values() if one.kind == BIN)
        device = next(one for one in site.devices.values() if one.facility == facility.id)
        self.topic = up_topic(site.id, facility.zone, BIN, device.id)

    async def says(self, level: int) -> None:
        """A reading, taken in by everybody."""
        before = self.service.door.messages
        self._ends.deliver([(self.topic, json.dumps({"values": {"fill_level": level}}).encode())])
        async with asyncio.timeout(10):
            while self.service.door.messages == before or self._unheard():  # noqa: ASYNC110  # a thread is waited for
                await asyncio.sleep(0.005)
            await self.service.drain()

    def _unheard(self) -> bool:
        last = self.service.journal.last()
        return last is not None and last.number > self.service.fan.newest

    async def stored(self) -> list[float]:
        """Levels in the store."""
        points = await self.service.outside.history.points(BIN, 0, 1 << 60)
        return [float(point.values["fill_level"]) for point in points]


@asynccontextmanager
async def living(state: Path) -> AsyncIterator[Lived]:
    """The sample on these files, until the end of the block."""
    settings = Settings(site="shinan", state=state)
    site, clock = wiring.site_of(settings), DomainClock(WallClock())
    ends = wiring.MemoryEnds(clock, lambda _topic, _payload, _retain: None)
    async with wiring.service(settings, site, ends.source, ends.publisher, clock) as service:
        running = asyncio.create_task(service.run())
        try:
            await asyncio.wait_for(service.listening(), 10)
            yield Lived(service, ends)
            await asyncio.wait_for(service.stop(), 10)
            await running
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def files(state: Path) -> list[Path]:
    return list(state.glob("journal.sqlite*"))


def lost(state: Path) -> None:
    for file in files(state):
        file.unlink()


async def test_what_comes_after_the_journal_was_lost_is_judged_and_stored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async with living(tmp_path) as first:
        for level in (10, 11, 12):
            await first.says(level)
        reached = first.service.fan.newest
    lost(tmp_path)
    async with living(tmp_path) as second:
        await second.says(20)
        assert second.service.judging.cursor > reached
        assert await second.stored() == [10, 11, 12, 20]
    assert "the journal is younger than the books" in caplog.text


async def test_what_comes_after_an_older_copy_of_the_journal_was_put_back_is_judged_and_stored(tmp_path: Path):
    async with living(tmp_path) as first:
        await first.says(10)
    copy = {file: file.read_bytes() for file in files(tmp_path)}
    async with living(tmp_path) as second:
        for level in (11, 12):
            await second.says(level)
        reached = second.service.fan.newest
    lost(tmp_path)
    for file, was in copy.items():
        file.write_bytes(was)
    async with living(tmp_path) as third:
        await third.says(20)
        assert third.service.fan.newest > reached
        assert await third.stored() == [10, 11, 12, 20]


async def test_a_service_that_cannot_begin_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with living(tmp_path) as first:
        service = first.service
    again = Service(service.site, wiring.rules_of(Settings(site="shinan", state=tmp_path)), service.outside)

    async def fails() -> None:
        raise UnavailableError("no disk")

    monkeypatch.setattr(again.fan, "begin", fails)
    running = asyncio.create_task(again.run())
    await asyncio.wait_for(again.stop(), 5)
    with pytest.raises(UnavailableError):
        await running
