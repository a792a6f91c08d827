"""Each fault shows in telemetry as its rule will look for it; each near-miss stays on its own side."""

import itertools
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from statistics import mean, median
from typing import Any

import pytest

from domain.errors import FaultyFileError
from domain.naming import Kind
from simulators.almanac import Almanac
from simulators.faults import OF_SENSORS, SORTS
from simulators.lots import Lot
from simulators.plans import plan_named, read_plan
from simulators.spells import Spell
from simulators.world import World
from tests.unit.simulators.toy_coast import HOUR, MINUTE, NOTHING, START, at_once, said_by, toy_site

Values = Mapping[str, Any]
EVENING = 150.0  # minutes after 16:00: all lamps are lit

WRONG: dict[str, tuple[str, Callable[[Values], bool], float]] = {  # facility, what shows it, within so many minutes
    "lamp_dark": ("light-44", lambda v: v["commanded_level"] > 0 and v["active_power"] < 6, 1),
    "feeder_trip": ("feeder-00", lambda v: v["breaker_tripped"] and v["total_active_power"] == 0, 1),
    "leakage": ("light-45", lambda v: v["leakage_current"] >= 30, 1),
    "pole_leaning": ("light-46", lambda v: v["tilt_deg"] > 5, 1),
    "bin_fire": ("bin-03", lambda v: v["bin_temperature"] >= 60, 15),
    "bin_overfull": ("bin-04", lambda v: v["fill_level"] >= 95, 75),
    "bin_tipped": ("bin-05", lambda v: v["tipped"], 1),
    "toilet_foul": ("toilet-02", lambda v: v["nh3_ppm"] >= 1.44, 15),
    "gate_fault": ("parking-01", lambda v: v["gate_state"] == "fault", 1),
    "dry_bed": ("green-02", lambda v: v["soil_moisture"] < 16, 1),
    "sos_pressed": ("toilet-01", lambda v: v["sos"], 1),
    "floor_flooded": ("toilet-03", lambda v: v["floor_wet"], 1),
    "pipe_burst": ("green-01", lambda v: v["valve_open_pct"] == 0 and v["water_flow"] > 0.2, 1),
    "salted": ("green-03", lambda v: v["soil_ec"] > 4, 1),
    "stays_closed": ("parking-02", lambda v: v["lot_status"] == "closed", 1),
}


ELSEWHERE = {"day_burner", "water_runs", "lot_blocked"}  # what shows by day, by night, or in what does not change


def after(what: str, *, minutes: float = EVENING) -> World:
    world = World(toy_site(), 5, START, at_once(what, WRONG[what][0], minutes))
    world.step(START + round((minutes - 1) * MINUTE))
    return world


def test_every_fault_of_a_facility_is_in_the_table():
    assert set(WRONG) == {what for what, sort in SORTS.items() if sort.real} - OF_SENSORS - ELSEWHERE


@pytest.mark.parametrize("what", WRONG)
def test_a_fault_shows_until_it_is_mended_and_then_no_more(what: str):
    facility, shows, within = WRONG[what]
    world = after(what, minutes=10 if facility.startswith("bin") else EVENING)  # before the evening's round
    sent = said_by(world.step(world.now + round((within + 2) * MINUTE)), facility)
    assert shows(sent[-1][1])
    for _, values in said_by(world.step(world.now + 2 * HOUR), facility):
        assert shows(values)
    world.mend(facility, sensors=False, at=world.now)
    after_repair = said_by(world.step(world.now + 40 * MINUTE), facility)
    assert after_repair[0][0] - (world.now - 40 * MINUTE) < MINUTE  # it reports on the event
    assert not shows(after_repair[-1][1])
    assert not world.open_causes(facility)


def test_the_same_facilities_without_a_fault_are_well():
    sent = World(toy_site(), 5, START, NOTHING).step(START + round(EVENING) * MINUTE)
    for facility, shows, _ in WRONG.values():
        said = said_by(sent, facility)
        assert said
        assert not any(shows(values) for _, values in said)


def test_a_feeder_trip_takes_its_42_lamps_and_no_other():
    world = after("feeder_trip")
    trip = world.now + MINUTE
    sent = world.step(trip + 30_000)
    gasps = {p.device: p for p in sent if p.device.startswith("d-light") and p.at > trip}
    assert 38 <= len(gasps) <= 42
    for p in gasps.values():
        values = json.loads(p.payload)["values"]
        assert (values["supply_loss"], values["active_power"]) == (True, 0.0)
        assert p.at - trip <= 5_000
    assert said_by(sent, "feeder-00")[-1][1]["breaker_tripped"] is True
    later = world.step(world.now + HOUR)
    speaking = {p.device for p in later if p.device.startswith("d-light")}
    assert speaking == {f"d-light-{n:02}" for n in range(42, 52)}
    monitor = [when for when, _ in said_by(later, "feeder-00")]
    assert max(b - a for a, b in itertools.pairwise(monitor)) < 305_000
    (cause,) = [c for c in world.told() if c.what == "feeder_trip"]
    assert len(cause.members) == 42
    world.mend("feeder-00", sensors=False, at=world.now)
    back = world.step(world.now + 2 * MINUTE)
    lit = {
        p.device
        for p in back
        if p.device.startswith("d-light") and json.loads(p.payload)["values"]["active_power"] > 30
    }
    assert {f"d-light-{n:02}" for n in range(42)} <= lit


def test_a_silent_device_speaks_again_with_a_new_sensor():
    world = World(toy_site(), 5, START, at_once("silent_device", "bin-06"))
    world.step(START + 2 * MINUTE)
    assert not said_by(world.step(START + 6 * HOUR), "bin-06")
    world.mend("bin-06", sensors=False, at=world.now)
    assert not said_by(world.step(world.now + HOUR), "bin-06")
    world.mend("bin-06", sensors=True, at=world.now)
    assert said_by(world.step(world.now + MINUTE), "bin-06")


@pytest.mark.parametrize(
    ("what", "facility", "shows"),
    [
        ("battery_low", "bin-06", lambda v: v["battery"] < 10),
        ("probe_gone", "toilet-03", lambda v: v["nh3_ppm"] > 600),
    ],
)
def test_a_bad_sensor_is_put_right_by_whoever_sees_to_sensors(
    what: str, facility: str, shows: Callable[[Values], bool]
):
    world = World(toy_site(), 5, START, at_once(what, facility))
    world.step(START + 2 * MINUTE)
    world.mend(facility, sensors=False, at=world.now)
    assert all(shows(values) for _, values in said_by(world.step(world.now + HOUR), facility))
    world.mend(facility, sensors=True, at=world.now)
    mended = said_by(world.step(world.now + HOUR), facility)
    assert mended
    assert not any(shows(values) for _, values in mended)
    assert not world.open_causes(facility)


def test_a_blocked_lot_says_nothing_of_a_fault_and_lets_nobody_through():
    world = World(toy_site(), 5, START, at_once("lot_blocked", "parking-01"))
    said = [values for _, values in said_by(world.step(START + 2 * HOUR), "parking-01")][1:]
    assert {(v["vehicles_in"], v["vehicles_out"]) for v in said} == {(said[0]["vehicles_in"], said[0]["vehicles_out"])}
    assert {v["gate_state"] for v in said} <= {"up", "down"}


def test_water_that_runs_is_seen_when_the_toilet_is_closed_and_nobody_else_draws_any():
    calm, leaks = (World(toy_site(), 5, START, plan) for plan in (NOTHING, at_once("water_runs", "toilet-01")))
    flows = [
        [values["water_flow"] for _, values in said_by(world.step(START + 2 * HOUR), "toilet-01")][1:]
        for world in (calm, leaks)
    ]
    assert min(flows[1]) > 0.5
    assert sum(flows[1]) > sum(flows[0])


def test_a_lost_gateway_is_told_and_its_devices_send_afterwards_what_they_kept():
    world = World(toy_site(), 5, START, at_once("gateway_loss", "gw-1"))
    sent = world.step(START + 90 * MINUTE)
    assert [p.payload for p in sent if p.topic.endswith("gateway/gw-1/status")] == [b"online", b"offline"]
    assert not [p for p in sent if p.device.startswith("d-bin") and p.at > START + MINUTE]
    world.mend("gw-1", sensors=True, at=world.now)
    back = [p for p in world.step(world.now + 2 * MINUTE) if p.device.startswith("d-bin")]
    assert len({p.device for p in back}) == 19
    kept = json.loads(next(p for p in back if p.device == "d-bin-02").payload)["history"]
    assert 1 <= len(kept) <= 4
    assert all(one["values"]["fill_level"] >= 0 for one in kept)


def near(what: str, facility: str, minutes: float = EVENING, *, seeds: int = 4) -> list[list[tuple[int, Values]]]:
    """What the facility said from the near-miss on, for several strengths of it."""
    told = []
    for seed in range(seeds):
        kind = frozenset({Kind(facility.partition("-")[0])})
        world = World(toy_site(), 100 + seed, START, at_once(what, facility, minutes), only=kind)
        start = START + round(minutes * MINUTE)
        sent = said_by(world.step(start + 5 * HOUR), facility)
        assert [c.sort for c in world.told() if c.what == what] == ["near_miss"]
        told.append([one for one in sent if one[0] >= start - HOUR])
    return told


def test_a_dip_in_power_is_over_before_twenty_minutes():
    for sent in near("lamp_dip", "light-44"):
        low = [when for when, v in sent if v["active_power"] < 6 and v["commanded_level"] > 0]
        well = [when for when, v in sent if v["active_power"] > 30]
        assert low
        assert min(when for when in well if when > low[-1]) - low[0] < 20 * MINUTE


def test_risen_leakage_stays_below_thirty():
    for sent in near("leakage_rise", "light-44"):
        assert 15 <= max(v["leakage_current"] for _, v in sent) <= 25


def test_a_pole_in_a_gust_has_a_calm_median():
    for sent in near("pole_gust", "light-44", seeds=10):
        assert max(v["tilt_deg"] for _, v in sent) <= 7.5
        for when, _ in sent:
            window = [v["tilt_deg"] for t, v in sent if when - 10 * MINUTE < t <= when]
            since = [t for t, v in sent if v["tilt_deg"] > 5]
            if median(window) > 5:  # only the blow itself, and for less than a minute
                assert since == [when] or when - since[0] < 70_000
        assert sum(v["tilt_deg"] > 4.5 for _, v in sent) <= 1


def test_a_nearly_full_bin_stays_nearly_full():
    for sent in near("bin_nearly_full", "bin-03", 10):
        levels = [v["fill_level"] for when, v in sent if START + 11 * MINUTE < when < START + 65 * MINUTE]
        assert levels
        assert all(80 <= level <= 93.5 for level in levels)


def test_a_warm_bin_stays_below_sixty():
    for sent in near("bin_warm", "bin-03", 10):
        assert 45 <= max(v["bin_temperature"] for _, v in sent) <= 55


def test_one_bad_sample_of_ammonia_is_one_sample_and_no_quarter_of_an_hour():
    for sent in near("nh3_spike", "toilet-01"):
        bad = [when for when, v in sent if v["nh3_ppm"] >= 1.44]
        assert len(bad) == 1
        means = [(when, mean(v["nh3_ppm"] for t, v in sent if when - 10 * MINUTE < t <= when)) for when, _ in sent]
        over = [when for when, m in means if m >= 1.44]
        assert not over or over[-1] - over[0] < 5 * MINUTE


def test_a_sentinel_is_one_and_raised_ammonia_stays_below_the_limit():
    for sent in near("nh3_sentinel", "toilet-01"):
        odd = [v["nh3_ppm"] for _, v in sent if v["nh3_ppm"] > 1]
        assert odd
        assert set(odd) == {655.35}
    for sent in near("nh3_raised", "toilet-01"):
        assert 0.8 < max(v["nh3_ppm"] for _, v in sent) < 1.3


def test_a_gate_left_open_is_no_fault():
    for sent in near("gate_up", "parking-01", seeds=3):
        assert {v["gate_state"] for _, v in sent} <= {"up", "down"}
        assert sum(v["gate_state"] == "up" for _, v in sent) >= 4


def test_low_soil_stays_above_half():
    for sent in near("soil_low", "green-01", 10):
        assert 0.52 <= min(v["soil_moisture"] / 32 for _, v in sent) <= 0.60


def test_a_quiet_device_is_back_before_three_intervals_and_brings_what_it_kept():
    world = World(toy_site(), 5, START, at_once("device_quiet", "parking-01", 30))
    sent = [p for p in world.step(START + 2 * HOUR) if p.device == "d-parking-01"]
    gaps = [b.at - a.at for a, b in itertools.pairwise(sent)]
    assert 2.2 * 300_000 < max(gaps) < 2.6 * 300_000
    back = json.loads(sent[gaps.index(max(gaps)) + 1].payload)
    assert len(back["history"]) == 2


def test_a_duplicate_is_the_same_bytes_twice():
    world = World(toy_site(), 5, START, at_once("duplicate", "parking-01", 30))
    keys = [p.key for p in world.step(START + 2 * HOUR) if p.device == "d-parking-01"]
    assert len(keys) == len(set(keys)) + 1


def test_a_skewed_clock_is_hours_or_decades_off_once():
    for seed in range(4):
        world = World(toy_site(), seed, START, at_once("clock_skew", "parking-01", 30))
        sent = [p for p in world.step(START + 2 * HOUR) if p.device == "d-parking-01"]
        told = [json.loads(p.payload)["at"] for p in sent]
        times = [t if isinstance(t, int) else round(datetime.fromisoformat(t).timestamp() * 1000) for t in told]
        off = [t - p.at for t, p in zip(times, sent, strict=True) if t != p.at]
        assert len(off) == 1
        assert off[0] == 8 * HOUR or off[0] < -50 * 365 * 24 * HOUR


def test_a_day_burner_burns_unbidden_and_a_lamp_under_test_is_told_to():
    for what, told in (("day_burner", 0), ("lamp_test", 100)):
        sent = World(toy_site(), 5, START, at_once(what, "light-47", 5)).step(START + 30 * MINUTE)
        lit = [v["commanded_level"] for at, v in said_by(sent, "light-47") if v["active_power"] > 50]
        assert len(lit) >= 2
        assert set(lit) == {told}


def test_a_flapping_bin_is_on_either_side_of_eighty_fifty_times():
    (sent,) = near("bin_flapping", "bin-02", 5, seeds=1)
    fills = [v["fill_level"] for _, v in sent]
    assert fills.count(81.0) + fills.count(79.0) >= 50
    assert sum(a != b for a, b in itertools.pairwise(f for f in fills if f in (79.0, 81.0))) >= 45


def test_bleach_is_ammonia_to_a_sensor_for_half_an_hour():
    for sent in near("bleach", "toilet-02", 5):
        foul = [at for at, v in sent if v["nh3_ppm"] > 1.44]
        assert 15 * MINUTE <= foul[-1] - foul[0] <= 35 * MINUTE


@pytest.mark.parametrize("what", ["stuck_value", "clock_ahead"])
def test_a_sensor_that_fails_goes_on_failing_until_it_is_mended(what: str):
    world = World(toy_site(), 5, START, at_once(what, "parking-01", 30))

    def sent(until: int) -> list[tuple[int, Any]]:
        told = [(p.at, json.loads(p.payload)) for p in world.step(until) if p.device == "d-parking-01"]
        return [(round(datetime.fromisoformat(one["at"]).timestamp() * 1000) - at, one["values"]) for at, one in told]

    sent(START + 31 * MINUTE)
    failing = sent(START + 2 * HOUR)
    world.mend("parking-01", sensors=True, at=world.now)
    well = sent(START + 3 * HOUR)
    assert {ahead for ahead, _ in failing} == {8 * HOUR if what == "clock_ahead" else 0}
    assert (len({json.dumps(values) for _, values in failing}) == 1) == (what == "stuck_value")
    assert {ahead for ahead, _ in well} == {0}
    assert len({json.dumps(values) for _, values in well}) > 1


def test_what_is_broken_by_hand_lasts_as_long_as_is_said():
    world = World(toy_site(), 5, START, NOTHING)
    world.step(START + MINUTE)
    assert world.inject("nh3_sentinel", "toilet-01", lasts=3 * HOUR)
    world.step(START + 3 * HOUR)
    assert world.open_causes("toilet-01") == ("nh3_sentinel",)
    world.step(START + 3 * HOUR + 2 * MINUTE)
    assert not world.open_causes("toilet-01")


def test_under_a_spell_the_surroundings_are_what_was_asked_for_and_then_again_what_they_were():
    spells = [
        Spell("surge", START, START + 6 * HOUR, 150.0),
        Spell("wind", START, START + 6 * HOUR, 24.0),
        Spell("visibility", START, START + 6 * HOUR, 200.0),
        Spell("rain", START, START + 6 * HOUR, 9.0),
        Spell("people", START, START + 6 * HOUR, 2.0),
    ]
    usual = World(toy_site(), 5, START, NOTHING).step(START + 12 * HOUR)
    swayed = World(toy_site(), 5, START, NOTHING, spells=spells).step(START + 12 * HOUR)
    before, under = (dict(said_by(sent, "coast-00")) for sent in (usual, swayed))
    three = min(before, key=lambda at: abs(at - START - 3 * HOUR))
    assert under[three]["tide_level"] - before[three]["tide_level"] > 130
    assert (under[three]["wind_gust"] > 26, under[three]["visibility"] < 300, under[three]["rain_rate"]) == (1, 1, 9.0)
    assert before[max(before)] == under[max(before)]
    crowd = [max(v["people_now"] for _, v in said_by(sent, "crowd-00")) for sent in (usual, swayed)]
    assert crowd[1] > 1.5 * crowd[0]


def test_no_near_miss_and_no_natural_wear_of_a_day_looks_like_a_fault_that_is_not_in_the_ledger():
    site = toy_site()
    world = World(site, 21, START, plan_named("demo"))
    sent = world.step(START + 24 * HOUR)
    causes = {c.id: c for c in world.told()}.values()
    for facility, shows, _ in WRONG.values():
        kind = facility.partition("-")[0]
        for one in (f.id for f in site.facilities.values() if f.kind == kind and f.id != "bin-19"):
            wrong = [
                when
                for when, v in said_by(sent, one)
                if v.get("nh3_ppm", 0) < 100 and "supply_loss" not in v and shows(v)
            ]
            spans = [(c.since, c.until or START + 48 * HOUR) for c in causes if c.facility == one]
            for when in wrong:
                assert any(since - 1 <= when <= until + 20 * MINUTE for since, until in spans), (one, when)


def test_one_trouble_at_a_time():
    world = World(toy_site(), 5, START, NOTHING)
    world.step(START + MINUTE)
    assert world.inject("bin_fire", "bin-01")
    assert not world.inject("bin_overfull", "bin-01")
    assert not world.inject("bin_fire", "light-01")
    assert not world.inject("no_such_thing", "bin-02")
    assert not world.inject("bin_fire", "bin-19")
    assert world.inject("gateway_loss", "gw-1")


def test_plans_are_the_same_for_the_same_seed_and_spare_the_lamps_of_a_named_feeder():
    site = toy_site()
    plan = plan_named("demo")
    almanac = Almanac(site, 7)
    first, again = (plan.incidents(site, almanac, 7, START, 0) for _ in range(2))
    assert first == again != plan.incidents(site, almanac, 8, START, 0)
    (trip,) = [one for one in first if one.what == "feeder_trip"]
    assert trip.facility == "feeder-00"
    assert abs(trip.at - (START + 3 * HOUR)) < 3 * MINUTE
    lamps = {one.facility for one in first if one.what in ("lamp_dark", "leakage", "pole_leaning", "lamp_dip")}
    assert lamps <= {f"light-{n:02}" for n in range(42, 52)}
    real = sum(one.real for one in first if one.at < START + 6 * HOUR)
    assert abs(real - sum(not one.real for one in first if one.at < START + 6 * HOUR)) <= 12


def test_a_plan_that_repeats_has_the_same_incidents_whatever_block_asks():
    plan = read_plan("faults: [{what: bin_fire, count: 2, after: 1h..2h, every: 6h}]", "x.yaml")
    many = [one for block in range(3) for one in plan.incidents(toy_site(), Almanac(toy_site(), 7), 7, START, block)]
    assert len(many) == 2 * 12
    assert len({one.id for one in many}) == 24


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("faults:\n  - {what: lamp_drak, daily: 19:00}", 2, "unknown fault"),
        ("faults:\n  - {what: lamp_dark}", 2, "when is not said"),
        ("faults:\n  - {what: lamp_dark, daily: 19:00}\n  - {what: bin_fire, after: soon}", 3, "not a length of time"),
        ("faults:\n  - {what: lamp_dark, daily: noon}", 2, "not a time of day"),
        ("faults:\n  - {what: lamp_dark, daily: 19:00, colour: red}", 2, "unknown key"),
        ("faults: 3", 1, "no list"),
        ("faults: [", 1, "not YAML"),
    ],
)
def test_a_wrong_plan_names_its_line(text: str, line: int, what: str):
    with pytest.raises(FaultyFileError, match=what) as wrong:
        read_plan(text, "plan.yaml")
    assert wrong.value.line == line


@pytest.mark.parametrize("text", ["19:02", "09:05", "sunset-30m..sunset+1h30m", "sunrise", "00:00..24:00"])
def test_times_of_day_are_read(text: str):
    assert len(read_plan(f"faults: [{{what: lamp_dark, daily: {text}}}]", "x").entries) == 1


def test_an_unknown_plan_says_which_there_are():
    with pytest.raises(FaultyFileError, match="none, demo, steady"):
        plan_named("/nowhere/plan.yaml")


def test_a_lot_that_stays_closed_says_so_when_it_is_full_as_well():
    world = after("stays_closed")
    lot = world._things["parking-02"]
    assert isinstance(lot, Lot)
    lot.occupied = lot.spots
    sent = said_by(world.step(world.now + 2 * MINUTE), "parking-02")
    assert sent[-1][1]["lot_status"] == "closed"
