"""What changes: numbered, gathered, bounded, and the same for everybody."""

import asyncio
from dataclasses import replace

import msgspec
import pytest

from domain.messages import Heard
from domain.naming import Element
from domain.readings import Quality, Reading
from services.judge import Outcome
from services.live import hub as hubs
from services.live.changes import What
from services.live.hub import Hub
from services.live.picture import DAY, ENDED_KEPT
from services.live.standing import Standing
from tests.fakes.hand_clock import HandClock
from tests.unit.dispatch.coast import T0, Play, well, wrong

MINUTE = 60_000


class Watched:
    """A judge at work, and a hub that is told of it."""

    def __init__(self) -> None:
        self.play, self.clock = Play(), HandClock(T0)
        self.hub = Hub(self.play.site, self.clock, epoch="e1", status=lambda: {"status": "ready"})

    def told(self, outcome: Outcome) -> None:
        self.hub.cases(outcome.alarms, outcome.orders)
        self.hub.flush()

    def measure(self, facility: str, at: int, quality: int = 0, **values: float) -> None:
        reading = Reading(facility, f"{facility}-d", "light", "west", at, values, quality, -1, at)
        self.hub.heard(Heard(1, at, (reading,), (), (), ()))
        self.hub.flush()

    def stands(self, facility: str) -> str:
        return str(self.hub.snapshot().facilities[facility]["standing"])


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_a_new_hub_shows_every_facility_as_not_heard_yet(watched: Watched):
    shown = watched.hub.snapshot()
    assert set(shown.facilities) == set(watched.play.site.facilities)
    assert {one["standing"] for one in shown.facilities.values()} == {Standing.UNKNOWN}
    assert set(shown.elements) == set(Element)


def test_an_order_is_seen_on_its_way_until_the_sensors_close_it(watched: Watched):
    play, seen = watched.play, []
    watched.measure("lamp-1", T0, active_power=2.0)
    watched.told(play.hear(T0, wrong("lamp-1", T0)))
    order = next(iter(watched.hub.snapshot().orders))
    crew = watched.hub.snapshot().orders[order]["crew"]
    clocks = watched.hub.snapshot().orders[order]["clocks"]
    assert clocks["accept"] == (T0 + 12 * MINUTE, T0 + 15 * MINUTE), "yellow from 80 % on"
    for minute, action in enumerate(("accept", "arrive", "done"), 1):
        seen.append(watched.stands("lamp-1"))
        watched.told(play.reply(T0 + minute * MINUTE, crew, order, action))
    seen.append(watched.stands("lamp-1"))
    watched.told(play.hear(T0 + 5 * MINUTE, well("lamp-1", T0 + 5 * MINUTE)))
    seen.append(watched.stands("lamp-1"))
    assert seen == ["alarm", "attended", "attended", "verifying", "ok"]
    element = watched.hub.snapshot().elements[watched.hub.snapshot().orders[order]["element"]]
    assert (element["orders"], element["ended"]) == (0, 1)
    assert watched.hub.snapshot().orders[order]["closed_by"] == "telemetry"


def test_what_is_due_with_the_next_round_is_no_alarm_that_waits_for_somebody(watched: Watched):
    watched.measure("lamp-1", T0, active_power=2.0)
    asked = watched.play.hear(T0, wrong("lamp-1", T0))
    watched.hub.cases([replace(alarm, order="") for alarm in asked.alarms], [])
    watched.hub.flush()
    assert watched.stands("lamp-1") == Standing.NOTED
    watched.told(asked)
    assert watched.stands("lamp-1") == Standing.ALARM


def test_numbers_rise_by_one_and_a_snapshot_plus_changes_is_the_next_snapshot(watched: Watched):
    before = watched.hub.snapshot()
    watched.told(watched.play.hear(T0, wrong("lamp-1", T0)))
    watched.measure("lamp-1", T0, active_power=2.0)
    after = watched.hub.snapshot()
    changes = [change for batch in watched.hub._log for change in batch.changes]
    assert [change.number for change in changes] == list(range(before.number + 1, after.number + 1))
    facilities, orders = dict(before.facilities), dict(before.orders)
    for change in changes:
        kept = {What.FACILITY: facilities, What.ORDER: orders}.get(change.what)
        if kept is not None and change.body is not None:
            kept[change.id] = change.body
    assert facilities == after.facilities
    assert orders == after.orders


def test_what_is_as_it_was_is_no_change(watched: Watched):
    watched.measure("lamp-1", T0, active_power=2.0)
    number = watched.hub.snapshot().number
    watched.measure("lamp-1", T0, active_power=2.0)
    watched.hub.flush()
    assert watched.hub.snapshot().number == number


def test_a_hundred_readings_of_one_facility_are_one_change(watched: Watched):
    number = watched.hub.snapshot().number
    for n in range(100):
        reading = Reading("lamp-1", "lamp-1-d", "light", "west", T0 + n, {"active_power": float(n)}, 0, -1, T0)
        watched.hub.heard(Heard(1, T0, (reading,), (), (), ()))
    watched.hub.flush()
    batch = watched.hub._log[-1]
    assert [change.id for change in batch.changes if change.what is What.FACILITY] == ["lamp-1"]
    assert watched.hub.snapshot().number <= number + 2  # and the counters of its element
    assert watched.hub.snapshot().facilities["lamp-1"]["values"] == {"active_power": 99.0}


def test_history_and_what_comes_late_change_no_newest_value(watched: Watched):
    watched.measure("lamp-1", T0, active_power=80.0)
    watched.measure("lamp-1", T0 - 1, active_power=1.0)
    watched.measure("lamp-1", T0 + 1, quality=Quality.BACKFILL, active_power=2.0)
    assert watched.hub.snapshot().facilities["lamp-1"]["values"] == {"active_power": 80.0}


def test_who_says_nothing_for_three_intervals_is_silent_until_it_speaks(watched: Watched):
    watched.measure("lamp-1", T0, active_power=80.0)
    assert watched.stands("lamp-1") == "ok"
    watched.clock.at = T0 + 4 * DAY
    watched.hub._picture.look(watched.clock.at)
    watched.hub.flush()
    assert watched.stands("lamp-1") == "silent"
    watched.measure("lamp-1", T0 + 4 * DAY, active_power=80.0)
    assert watched.stands("lamp-1") == "ok"


def test_what_ended_is_kept_within_bounds(watched: Watched):
    outcome = watched.play.hear(T0, wrong("lamp-1", T0))
    order, alarm = outcome.orders[0], outcome.alarms[0]
    ended = [
        replace(order, id=f"o{n}", state="closed", opened=T0 + n, closed=T0 + n, alarms=())
        for n in range(ENDED_KEPT + 50)
    ]
    alarms = [replace(alarm, id=f"a{n}", state="cleared", opened=T0 + n) for n in range(ENDED_KEPT + 50)]
    watched.hub.cases(alarms, ended)
    watched.hub.flush()
    shown = watched.hub.snapshot()
    assert (len(shown.orders), len(shown.alarms)) == (ENDED_KEPT, ENDED_KEPT)
    assert "o0" not in shown.orders
    assert f"o{ENDED_KEPT + 49}" in shown.orders


def test_polled_books_are_the_whole_of_what_is_open(watched: Watched):
    outcome = watched.play.hear(T0, wrong("lamp-1", T0))
    watched.told(outcome)
    assert watched.hub.open_orders() == {outcome.orders[0].id}
    watched.hub.cases((), (), whole=True)
    watched.hub.flush()
    assert not watched.hub.snapshot().orders
    assert watched.stands("lamp-1") == "unknown"


@pytest.mark.asyncio
async def test_everybody_is_given_the_same_batch_encoded_once(watched: Watched):
    after = watched.hub.snapshot().number
    readers = [watched.hub.batches(after) for _ in range(10)]
    asked = [asyncio.ensure_future(anext(reader)) for reader in readers]
    await asyncio.sleep(0)
    watched.measure("lamp-1", T0, active_power=80.0)
    batches = await asyncio.gather(*asked)
    assert len({id(batch) for batch in batches}) == 1
    assert len({id(batch.encoded) for batch in batches}) == 1
    number, what, facility, body = msgspec.json.decode(batches[0].encoded)["changes"][0]
    assert (number, what, facility, body["at"]) == (after + 1, "facility", "lamp-1", T0)


@pytest.mark.asyncio
async def test_who_reads_too_slowly_has_to_take_a_new_snapshot(watched: Watched):
    after = watched.hub.snapshot().number
    for n in range(hubs.BATCHES + 1):
        watched.measure("lamp-1", T0 + n, active_power=float(n))
    assert [batch async for batch in watched.hub.batches(after)] == []
    newest = watched.hub.snapshot()
    reader = watched.hub.changes(newest.number)
    asked = asyncio.ensure_future(anext(reader))
    await asyncio.sleep(0)
    watched.measure("lamp-1", T0 + 1_000, active_power=5.0)
    assert (await asked)[0].number == newest.number + 1


@pytest.mark.asyncio
async def test_it_speaks_at_most_four_times_a_second(watched: Watched, monkeypatch: pytest.MonkeyPatch):
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr(hubs.asyncio, "sleep", pause)
    running = asyncio.ensure_future(watched.hub.run())
    for n in range(200):
        reading = Reading("lamp-1", "d", "light", "west", T0 + n, {"active_power": float(n)}, 0, -1, T0)
        watched.hub.heard(Heard(1, T0, (reading,), (), (), ()))
        await sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert set(pauses) == {hubs.GATHER_S}
    assert hubs.GATHER_S >= 0.25
