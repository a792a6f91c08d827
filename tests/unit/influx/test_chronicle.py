"""What happens is written down: all of it, once whatever dies, in the types that dashboards count on."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from domain.alarms import AlarmState
from domain.errors import UnavailableError
from domain.readings import Millis, Reading
from domain.series import EVENT_SERIES, FACILITY_STATES, HOUR
from domain.site import Device
from services.api.seams import Pulse, Reach
from services.dispatch.orders import Alarm, Order
from services.influx.chronicle import Chronicle
from services.influx.happened import Event
from services.influx.kpis import Numbers, Place
from services.influx.rolled import Rolled, Whose
from services.judge import Saved
from services.live.standing import Standing
from tests.unit.dispatch.coast import MINUTE, RULES, T0, Play, coast, well, wrong

SITE = coast(devices={one: Device(one, one) for one in ("lamp-1", "lamp-2", "bin-1")})
TYPES = {"int": int, "float": float, "bool": bool, "text": str}


class Books:
    """What a played hour came to; `touched` is like the database's."""

    def __init__(self, play: Play) -> None:
        self.orders_at: dict[str, tuple[int, Order]] = {}
        self.alarms_at: dict[str, tuple[int, Alarm]] = {}
        self.cursors: dict[str, int] = {}
        self.told = 0
        self._play = play
        self.take()

    def take(self) -> None:
        for outcome in self._play.outcomes[self.told :]:
            self.alarms_at |= {one.id: (outcome.row, one) for one in outcome.alarms}
            self.orders_at |= {one.id: (outcome.row, one) for one in outcome.orders}
        self.told = len(self._play.outcomes)

    def touched(self, after: int, limit: int) -> tuple[int, list[Alarm], list[Order]]:
        rows = sorted({row for row, _ in (*self.alarms_at.values(), *self.orders_at.values()) if row > after})[:limit]
        if not rows:
            return after, [], []
        alarms = [one for row, one in self.alarms_at.values() if row in rows]
        return rows[-1], alarms, [one for row, one in self.orders_at.values() if row in rows]

    def cursor(self, name: str) -> int:
        return self.cursors.get(name, 0)

    def move(self, name: str, row: int) -> None:
        self.cursors[name] = row

    def alarms(self, *, state: AlarmState | None = None, newest: int = 200) -> list[Alarm]:
        return [one for _, one in self.alarms_at.values() if state in (None, one.state)][:newest]

    def open_orders(self, newest: int = 1000) -> list[Order]:
        return [one for _, one in self.orders_at.values() if not one.ended][:newest]

    def load(self) -> Saved:
        return Saved(orders=tuple(one for _, one in self.orders_at.values()))


class Pages:
    """Points as a store keeps them: one a series, tags and time. `dies_at`: the write at which it goes away."""

    def __init__(self) -> None:
        self.kept: dict[tuple[Any, ...], Event] = {}
        self.writes = 0
        self.dies_at = 0

    async def write(self, events: Sequence[Event]) -> None:
        self.writes += 1
        whole = self.writes != self.dies_at
        for event in events if whole else events[: len(events) // 2]:
            self.kept[event.series, tuple(sorted(event.tags.items())), event.at] = event
        if not whole:
            raise UnavailableError("died in the middle")

    async def skew_s(self) -> float | None:
        return 0.0

    async def added(self, since: Millis, until: Millis) -> Mapping[Place, Numbers]:
        found: dict[Place, Numbers] = {}
        for one in self.of("kpi"):
            if one.tags["every"] == "1h" and since <= one.at // 1_000_000 < until:
                into = found.setdefault((one.tags["zone"], one.tags["element"]), {})
                for name in ("lamp_hours_due", "lamp_hours_lit", "bin_minutes", "overflow_minutes"):
                    if name in one.fields:
                        into[name] = into.get(name, 0.0) + float(one.fields[name])
        return found

    def of(self, series: str, **tags: str) -> list[Event]:
        found = [one for one in self.kept.values() if one.series == series and tags.items() <= one.tags.items()]
        return sorted(found, key=lambda one: one.at)


class Rolls:
    """Two lamps of which one is dark, and a bin that runs over at the half hour."""

    def __init__(self, upto: Millis = 1 << 62) -> None:
        self.upto = upto

    async def behind(self) -> tuple[Millis, int]:
        return self.upto, 3

    async def finest(self, since: Millis, until: Millis, kinds: Sequence[str]) -> Sequence[Rolled]:  # noqa: ARG002
        found = []
        for at in range(since, until, 15 * MINUTE):
            for lamp, watts in (("lamp-1", 80.0), ("lamp-2", 0.0)):
                fields = {"commanded_level_mean": 100.0, "active_power_mean": watts}
                found.append(Rolled(Whose("light", "west", lamp, lamp), at, fields))
            level = 96.0 if at >= until - HOUR // 2 else 40.0
            found.append(Rolled(Whose("bin", "west", "bin-1", "b-1"), at, {"fill_level_last": level}))
        return found


class Hands:
    def __init__(self, at: Millis) -> None:
        self.at = at

    def now(self) -> Millis:
        return self.at


def pulse() -> Pulse:
    reach = Reach(7, T0, "")
    return Pulse("up", "", 10, 0, 9, T0 + 2_000, reach, 7, reach, 8, 0, 0, 0, 7, "")


def an_hour() -> Play:
    play = Play()
    play.hear(T0, wrong("lamp-1", T0), wrong("lamp-2", T0), wrong("bin-1", T0, rule="bin-full"))
    lamp = next(o.id for o in play.outcomes[0].orders if o.facility == "lamp-1")
    play.reply(T0 + MINUTE, "lamps-w", lamp, "accept")
    play.hear(T0 + 2 * MINUTE, well("bin-1", T0 + 2 * MINUTE, rule="bin-full"))
    return play


WAYS = {"mqtt": {"pending": 1, "sent": 4, "dead": 0}, "wecom": {"pending": 2, "sent": 9, "covered": 3}}


def chronicle(books: Books, pages: Pages, clock: Hands, rolls: Rolls | None = None) -> Chronicle:
    upkeep = {"journal_bytes": 4096, "quarantined": 2, "ways": WAYS}
    return Chronicle(SITE, books, pages, clock, rollups=rolls or Rolls(), upkeep=lambda: upkeep)


async def written(play: Play, *beats: Millis, dies_at: int = 0) -> Pages:
    """What is there after a beat at each of these times, by one that dies at a write and starts again."""
    books, pages, clock = Books(play), Pages(), Hands(T0)
    pages.dies_at = dies_at
    job = chronicle(books, pages, clock)
    for at in beats:
        clock.at = at
        try:
            await job.beat(RULES, pulse())
        except UnavailableError:
            job = chronicle(books, pages, clock)
            await job.beat(RULES, pulse())
    return pages


BEATS = (T0 + 3 * MINUTE, T0 + 10 * MINUTE, T0 + 61 * MINUTE, T0 + 9 * HOUR, *(T0 + 9 * HOUR + n for n in range(18)))


@pytest.mark.asyncio
async def test_alarms_and_orders_are_points_of_their_moments_and_two_of_one_moment_stay_two():
    play = an_hour()
    pages = await written(play, T0 + 3 * MINUTE)
    assert [(one.fields["facility"], one.tags["state"]) for one in pages.of("alarm", rule="bin-full")] == [
        ("bin-1", "open"),
        ("bin-1", "cleared"),
    ]
    assert pages.of("alarm", state="cleared")[0].fields["lasted_s"] == 120
    lamps = pages.of("alarm", rule="lamp-out")
    assert {one.fields["facility"] for one in lamps} == {"lamp-1", "lamp-2"}
    assert [one.at // 1_000_000 for one in lamps] == [T0, T0]
    changes = [one for one in pages.of("order") if one.fields["facility"] == "lamp-1"]
    order = next(o for _, o in Books(play).orders_at.values() if o.facility == "lamp-1")
    assert [one.tags["state"] for one in sorted(changes, key=lambda one: one.fields["number"])] == [
        str(line.after) for line in order.history
    ]
    assert min(changes, key=lambda one: one.fields["number"]).fields["before"] == ""


@pytest.mark.asyncio
@pytest.mark.parametrize("dies_at", range(1, 12))
async def test_killed_at_any_write_it_comes_to_the_same(dies_at: int):
    calm = await written(an_hour(), *BEATS)
    again = await written(an_hour(), *BEATS, dies_at=dies_at)
    for series in ("alarm", "order", "kpi"):
        assert again.of(series) == calm.of(series)


@pytest.mark.asyncio
async def test_every_field_is_of_the_series_and_of_its_type():
    pages = await written(an_hour(), *BEATS)
    assert {event.series for event in pages.kept.values()} == set(EVENT_SERIES)
    for event in pages.kept.values():
        series = EVENT_SERIES[event.series]
        assert set(event.tags) == set(series.tags), event.series
        for name, value in event.fields.items():
            assert type(value) is TYPES[series.fields[name]], (event.series, name, value)


@pytest.mark.asyncio
async def test_facilities_stand_each_hour_and_when_that_changes():
    play, pages, clock = an_hour(), Pages(), Hands(T0 + 3 * MINUTE)
    job = chronicle(Books(play), pages, clock)
    await job.beat(RULES, pulse())
    stands = {one.tags["facility"]: one.fields for one in pages.of("facility")}
    assert len(stands) == len(SITE.facilities)
    assert stands["lamp-1"]["state"] == "attended"
    assert (stands["lamp-1"]["step"], stands["lamp-1"]["open_orders"]) == ("accepted", 1)
    assert stands["lamp-2"]["state"] == "alarm"
    assert FACILITY_STATES[stands["lamp-2"]["rank"]] == "alarm"
    before = len(pages.kept)
    clock.at += 4_000
    await job.beat(RULES, pulse())
    assert len(pages.kept) == before
    clock.at = T0 + HOUR
    await job.beat(RULES, pulse())
    assert len(pages.of("facility")) == 2 * len(SITE.facilities)


def test_the_states_of_the_series_are_those_of_the_page():
    assert set(FACILITY_STATES) == {str(one) for one in Standing}


@pytest.mark.asyncio
async def test_service_levels_of_an_hour_and_of_a_day():
    pages = await written(an_hour(), *BEATS)
    first = next(one for one in pages.of("kpi", zone="west", element="municipal", every="1h"))
    assert (first.fields["lamp_hours_due"], first.fields["lamp_hours_lit"], first.fields["lit_share"]) == (
        2.0,
        1.0,
        0.5,
    )
    assert (first.fields["orders_opened"], first.fields["orders_open"]) == (2, 2)
    bins = next(one for one in pages.of("kpi", zone="west", element="sanitation", every="1h"))
    assert (bins.fields["bin_minutes"], bins.fields["overflow_minutes"]) == (60.0, 30.0)
    assert (bins.fields["orders_ended"], bins.fields["orders_open"]) == (1, 0)
    night = T0 + 16 * HOUR + MINUTE  # past midnight
    pages = await written(an_hour(), T0, *(night + n for n in range(17)))
    hours = pages.of("kpi", zone="west", element="sanitation", every="1h")
    (day,) = pages.of("kpi", zone="west", element="sanitation", every="1d")
    assert (len(hours), day.fields["overflow_minutes"]) == (16, 16 * 30.0)
    assert (day.fields["overflow_share"], day.fields["orders_ended"]) == (0.5, 1)


@pytest.mark.asyncio
async def test_a_window_waits_for_its_roll_ups_unless_there_are_none():
    play, pages, clock = an_hour(), Pages(), Hands(T0)
    rolls = Rolls(upto=T0)
    job = chronicle(Books(play), pages, clock, rolls)
    for at in (T0, T0 + HOUR + MINUTE):
        clock.at = at
        await job.beat(RULES, pulse())
    assert not pages.of("kpi")
    clock.at = T0 + HOUR + 16 * MINUTE
    await job.beat(RULES, pulse())
    assert not pages.of("kpi")
    rolls.upto = 0  # nobody ever measured anything: alarms and orders are counted all the same
    await job.beat(RULES, pulse())
    assert pages.of("kpi")


@pytest.mark.asyncio
async def test_our_health_is_told_every_half_minute_with_what_is_blind():
    play, pages, clock = an_hour(), Pages(), Hands(T0)
    job = chronicle(Books(play), pages, clock)
    job.wrote([Reading("lamp-1", "lamp-1", "light", "west", T0, {}, 0, -1, T0)])
    for seconds in range(0, 61, 5):
        clock.at = T0 + seconds * 1000
        await job.beat(RULES, pulse())
    told = pages.of("ingest")
    assert [one.at // 1_000_000 - T0 for one in told] == [0, 30_000, 60_000]
    assert (told[1].fields["messages_per_s"], told[1].fields["lag_judge_s"], told[1].fields["rollup_dirty"]) == (
        0,
        2,
        3,
    )
    assert told[0].fields["link_up"] is True
    assert told[-1].fields["blind"] == 0
    clock.at = T0 + HOUR
    await job.beat(RULES, pulse())
    assert pages.of("ingest")[-1].fields["blind"] == len(SITE.devices)
