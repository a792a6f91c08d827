"""A whole service on its files, in one process: what it does when they are not those that it left."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from domain.errors import UnavailableError
from domain.messages import Quarantined
from domain.naming import up_topic
from ingest.lockstep import DomainClock
from services import wiring
from services.clocks import WallClock
from services.judge import Outcome
from services.people.roles import Entry
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

    async def says(self, level: object) -> None:
        """A reading, taken in by everybody."""
        said = json.dumps({"values": {"fill_level": level}}).encode()
        self._ends.deliver([(self.topic, said)])
        async with asyncio.timeout(10):
            while not self._heard(said):  # noqa: ASYNC110  # a thread is waited for
                await asyncio.sleep(0.005)
            await self.service.drain()

    def _heard(self, said: bytes) -> bool:
        newest = self.service.fan.newest
        rows = self.service.journal.read(max(0, newest - 9), 99)
        return any(said == message.payload for row in rows if row.number <= newest for message in row.messages)

    async def stored(self) -> list[float]:
        """Levels in the store."""
        points = await self.service.outside.history.points(BIN, 0, 1 << 60)
        return [float(point.values["fill_level"]) for point in points]


@asynccontextmanager
async def living(state: Path, clock: DomainClock | None = None, **said: Any) -> AsyncIterator[Lived]:
    """The sample on these files, until the end of the block."""
    settings = Settings(**{"site": "shinan", "state": state, **said})
    site, clock = wiring.site_of(settings), clock or DomainClock(WallClock())
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


def books(state: Path) -> list[Path]:
    return list(state.glob("tidewalk.sqlite*"))


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


async def test_what_lies_in_quarantine_is_not_mistaken_for_what_is_heard_after_journal_and_books_were_lost(
    tmp_path: Path,
):
    async with living(tmp_path) as first:
        await first.says("full")
        (kept,) = first.service.quarantine.list(newest=9)
    lost(tmp_path)
    for file in books(tmp_path):
        file.unlink()
    async with living(tmp_path) as second:
        await second.says("empty")
        found = second.service.quarantine.list(newest=9)
    assert len(found) == 2
    assert found[1] == kept
    assert b"empty" in found[0].payload
    assert found[0].row > kept.row


class Later(WallClock):
    """A clock that is ahead of the time of day."""

    by = 0

    def now(self) -> int:
        return super().now() + self.by


@pytest.mark.parametrize("days", [0, 2])
async def test_everything_is_kept_as_long_as_was_said_and_zero_is_for_ever(tmp_path: Path, days: int):
    later = Later()
    async with living(tmp_path, DomainClock(later), retention_days=days, journal_days=days, audit_days=days) as lived:
        service = lived.service
        trail = service.outside.trail
        assert trail is not None
        trail.note([Entry(later.now(), "li", "command", "user add", "wang", "done", "", "")])
        await lived.says(10)
        service.quarantine.keep([Quarantined(1, 0, "", "not JSON: x", "t", b"x", later.now(), b"k")])
        await asyncio.to_thread(service.books.move, "quarantine", 1)
        later.by = 3 * 86_400_000
        await lived.says(11)
        await asyncio.to_thread(service.books.commit, Outcome(service.fan.newest, later.now()), {})
        service.judging.kept_to = service.keeping.cursor = service.fan.newest
        await service.housekeeping.once()
        (oldest,) = service.journal.read(0, 1)
        assert (oldest.number == 1) == (days == 0)
        assert len(service.quarantine.list(newest=9)) == (1 if days == 0 else 0)
        assert await lived.stored() == ([10, 11] if days == 0 else [11])
        assert len(trail.entries(newest=9)) == (1 if days == 0 else 0)


async def test_a_journal_that_is_too_large_forgets_what_all_have_passed(tmp_path: Path):
    async with living(tmp_path, journal_days=0, journal_mb=1) as lived:
        for level in range(10):
            await lived.says([level] * 60_000)
        service = lived.service
        service.judging.kept_to = service.fan.newest
        await service.housekeeping.once()
        (oldest,) = service.journal.read(0, 1)
        assert 1 < oldest.number <= service.fan.newest
