"""Door, journal, fan-out and quarantine on real files: kept aside, corrected, tried again, and all accounted for."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from domain.messages import Flag
from domain.readings import Quality
from domain.site import Device, Site
from ingest.batching import Door
from ingest.fanout import FanOut, replayed
from ingest.lockstep import DomainClock
from ingest.oversize import key_of
from ingest.pipeline import Pipeline
from services.audit import conservation
from services.storage.journal import SqliteJournal
from services.storage.quarantine import SqliteQuarantine
from tests.fakes.hand_clock import HandClock
from tests.unit.ingest.doorway import ScriptedSource
from tests.unit.ingest.small_coast import AT, coast, raw, up

pytestmark = pytest.mark.asyncio

NEWCOMER = up({"fill_level": 42}, at=None, topic="tidewalk/shinan/bay/bin/bin-2-s/up")


class Running:
    """A service as small as can be: one door, one consumer that keeps aside."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.site = site
        self.hand = HandClock(AT)
        self.source = ScriptedSource()
        self.journal = SqliteJournal(folder / "journal.sqlite")
        self.aside = SqliteQuarantine(folder / "quarantine.sqlite")
        self.fan = FanOut(self.journal, lambda _: Pipeline(site))
        self.door = Door(
            self.source,
            self.journal,
            DomainClock(self.hand),
            site,
            self._hear,
            retries=self.aside.take_retries,
            look_s=0.01,
        )
        self.points: set[tuple[str, str, int]] = set()
        self.qualities: list[int] = []

    async def _hear(self, new: object) -> None:
        self.fan.hear(new)  # type: ignore[arg-type]  # a row

    async def consume(self) -> None:
        after = self.fan.newest
        while True:
            for heard in await self.fan.consumer().next(after):
                await asyncio.to_thread(self.aside.keep, heard.quarantined)
                self.points |= {(r.facility, r.device, r.at) for r in heard.readings}
                self.qualities += [r.quality for r in heard.readings]
                after = heard.row

    async def __aenter__(self) -> Self:
        await self.fan.begin()
        self._tasks = [asyncio.create_task(self.door.run()), asyncio.create_task(self.consume())]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.door.close()
        await self._tasks[0]
        self._tasks[1].cancel()
        self.journal.close()
        self.aside.close()

    async def until(self, there: object) -> None:
        async with asyncio.timeout(10):
            while not there():  # type: ignore[operator]  # noqa: ASYNC110  # a thread is waited for
                await asyncio.sleep(0.005)


async def test_a_message_of_a_device_that_was_unknown_is_stored_after_the_site_is_corrected_and_a_retry(tmp_path: Path):
    site = coast()
    large = raw(b"x" * 16_000_000)
    async with Running(tmp_path, site) as first:
        first.source.bring(up({"fill_level": 1}), NEWCOMER, large, raw(b"\xff" * 300), up({"fill_level": 2}, at=AT + 1))
        await first.until(lambda: len(first.aside.entries()) == 3)
        await first.until(lambda: len(first.points) == 2)
    assert first.source.settled == [1]
    corrected = replace(site, devices={**site.devices, "bin-2-s": Device("bin-2-s", "bin-1")})
    async with Running(tmp_path, corrected) as second:
        (kept,) = second.aside.list(newest=9, reason="unknown device")
        second.aside.ask_retry(kept.row, kept.place)
        second.hand.at = AT + 3_600_000
        await second.until(lambda: ("bin-1", "bin-2-s", AT) in second.points)
        assert Quality.BACKFILL in second.qualities
        await second.until(lambda: second.aside.retried(kept.row, kept.place) == "taken")
    published = [key_of(m) for m in (up({"fill_level": 1}), NEWCOMER, large, raw(b"\xff" * 300))]
    rows = replayed(SqliteJournal(tmp_path / "journal.sqlite"), 0)
    found = conservation(rows, Pipeline(corrected), published=published, returned=first.points | second.points)
    assert (found.lost, found.quarantined, found.faults) == (0, 2, ())


async def test_twenty_four_hours_of_the_sample_are_accounted_for_in_seconds(tmp_path: Path):
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    messages = [
        up({"fill_level": n % 100, "battery": 80, "bin_temperature": 20.5}, seq=n, at=AT + n, received=AT + n)
        for n in range(30_000)
    ]
    for begin in range(0, len(messages), 500):
        journal.append(messages[begin : begin + 500], AT + begin)
    points = {("bin-1", "bin-1-s", AT + n) for n in range(30_000)}
    loop = asyncio.get_running_loop()
    began = loop.time()
    found = conservation(
        replayed(journal, 0), Pipeline(coast()), published=[key_of(m) for m in messages], returned=points, kept_aside=[]
    )
    assert found.holds
    assert found.stored == 30_000
    assert loop.time() - began < 10  # on a busy machine; half a second on a quiet one


async def test_nothing_that_was_not_settled_is_missing_from_what_comes_again(tmp_path: Path):
    """A kill after the append: the journal has it, the broker sends it again, and it is the same point."""
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    message = up({"fill_level": 5}, at=None)
    journal.append([message], AT)
    async with Running(tmp_path, coast()) as again:
        again.source.bring(message._replace(received=AT + 20_000, flags=Flag.BACKLOG))
        await again.until(lambda: again.source.settled == [1])
        await again.until(lambda: len(again.qualities) == 1)
    assert again.points == {("bin-1", "bin-1-s", AT)}
