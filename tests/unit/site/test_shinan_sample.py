"""The shipped sample has what the issue asks for, and loads quickly."""

from collections import Counter
from itertools import pairwise, product
from time import process_time

import pytest

from domain.naming import TRADES, Kind
from domain.site import Facility, Grade, Site
from services.site import load, load_site, sample, samples
from services.site.geometry import metres_between


@pytest.fixture(scope="module")
def site():
    return load_site(sample())


def of_kind(site: Site, kind: Kind) -> list[Facility]:
    return [facility for facility in site.facilities.values() if facility.kind is kind]


def test_it_is_there_by_name_and_without_fault_or_notice():
    assert samples() == ("shinan",)
    assert load(sample("shinan")).notices == ()


def test_it_is_the_shinan_coast_and_says_that_it_is_make_believe(site: Site):
    assert (site.id, site.timezone, site.simulated, site.desk) == ("shinan", "Asia/Shanghai", True, "desk")
    assert list(site.zones) == ["tuandao", "qingdaowan", "huiquan", "taiping", "fushan"]


def test_it_has_the_numbers_that_were_asked_for(site: Site):
    assert Counter(facility.kind for facility in site.facilities.values()) == {
        Kind.LIGHT: 150,
        Kind.FEEDER: 12,
        Kind.CABINET: 6,
        Kind.BIN: 60,
        Kind.TOILET: 12,
        Kind.PARKING: 8,
        Kind.GREEN: 10,
        Kind.CROWD: 5,
        Kind.COAST: 1,
    }


def test_one_feeder_at_zhanqiao_has_42_lamps_and_the_others_9_or_10(site: Site):
    lamps = {feeder: len(lights) for feeder, lights in site.lamps_of.items()}
    assert lamps.pop("feeder-q1-a") == 42
    assert site.facilities["feeder-q1-a"].zone == "qingdaowan"
    assert len(lamps) == 11
    assert set(lamps.values()) == {9, 10}
    cabinets = Counter(feeder.cabinet for feeder in of_kind(site, Kind.FEEDER))
    assert cabinets == dict.fromkeys(("cab-t1", "cab-q1", "cab-h1", "cab-p1", "cab-f1", "cab-f2"), 2)


def test_one_bin_waits_for_a_person_and_all_else_is_played(site: Site):
    assert [device.id for device in site.devices.values() if not device.played] == ["bin-hand"]
    assert site.facilities["bin-hand"].kind is Kind.BIN
    assert site.facilities["bin-hand"].zone == "qingdaowan"


def test_every_facility_has_one_device_of_its_own_name_with_the_interval_of_its_kind(site: Site):
    assert site.devices_of == {key: (key,) for key in site.facilities}
    intervals = {
        (site.facilities[one.facility].kind, one.interval_s, one.lit_interval_s)
        for one in site.devices.values()
        if one.played  # the bin of the hand speaks when somebody does
    }
    assert intervals == {
        (Kind.LIGHT, 3600, 900),
        (Kind.FEEDER, 300, 0),
        (Kind.CABINET, 300, 0),
        (Kind.BIN, 1800, 0),
        (Kind.TOILET, 600, 0),
        (Kind.PARKING, 300, 0),
        (Kind.GREEN, 1800, 0),
        (Kind.CROWD, 600, 0),
        (Kind.COAST, 600, 0),
    }


def test_what_runs_on_a_battery_is_behind_a_gateway(site: Site):
    battery = {one.id for one in (*of_kind(site, Kind.BIN), *of_kind(site, Kind.GREEN))} - {"bin-hand"}
    assert battery == {device for behind in site.devices_behind.values() for device in behind}
    assert len(site.gateways) == 6
    assert max(len(behind) for behind in site.devices_behind.values()) >= 10


def test_toilets_have_6_to_10_stalls_and_hours_by_season(site: Site):
    toilets = of_kind(site, Kind.TOILET)
    assert {toilet.attributes["stalls"] for toilet in toilets} <= {6, 7, 8, 9, 10}
    seasonal = [toilet for toilet in toilets if toilet.hours]
    assert len(seasonal) == 10
    assert all([part.from_day for part in toilet.hours] == [(4, 1), (11, 1)] for toilet in seasonal)


def test_two_car_parks_are_shared_by_other_owners_over_night(site: Site):
    shared = [lot for lot in of_kind(site, Kind.PARKING) if lot.hours]
    assert [(lot.id, lot.owner, lot.hours[0].opens, lot.hours[0].closes) for lot in shared] == [
        ("lot-06", "plaza-owner", 1080, 1890),
        ("lot-07", "marina-owner", 1140, 1920),
    ]


def test_each_zone_has_a_people_counter_and_two_green_beds(site: Site):
    assert Counter(one.zone for one in of_kind(site, Kind.CROWD)) == dict.fromkeys(site.zones, 1)
    assert Counter(one.zone for one in of_kind(site, Kind.GREEN)) == dict.fromkeys(site.zones, 2)


def test_grades_follow_the_key_nodes_and_the_demonstration_zone(site: Site):
    keys = [node.position for zone in site.zones.values() for node in zone.nodes if node.grade is Grade.KEY_NODE]
    for facility in site.facilities.values():
        near = min(metres_between(facility.position, key) for key in keys)
        if near <= 100:
            assert facility.grade is Grade.KEY_NODE, facility.id
        elif near > 250:
            expected = Grade.DEMONSTRATION if facility.zone == "fushan" else Grade.ORDINARY
            assert facility.grade is expected, facility.id


def test_every_position_lies_by_a_node_or_the_trail(site: Site):
    anchors = [point for section in site.sections.values() for point in section.line]
    anchors += [node.position for zone in site.zones.values() for node in zone.nodes]
    assert all(
        min(metres_between(one.position, anchor) for anchor in anchors) < 400 for one in site.facilities.values()
    )


def test_chainage_runs_on_from_section_to_section(site: Site):
    main = [one for one in site.sections.values() if one.id.rsplit("-", 1)[-1].isdigit()]
    assert [one.from_m for one in main] == [0, *(one.to_m for one in main[:-1])]
    assert all(a.line[-1] == b.line[0] for a, b in pairwise(main))


def on_duty(site: Site, zone: str, shift: str) -> set[str]:
    crews = [one for one in site.crews.values() if one.id != site.desk and zone in one.zones and shift in one.shifts]
    return {trade for crew in crews for trade in crew.trades}


def test_every_trade_is_covered_in_every_zone_by_day_and_the_urgent_ones_by_night(site: Site):
    for zone, shift in product(site.zones, ("early", "mid")):
        assert on_duty(site, zone, shift) == set(TRADES), (zone, shift)
    for zone in site.zones:
        assert on_duty(site, zone, "night") == {"lighting", "power", "patrol"}, zone


def test_the_shifts_cover_the_day_without_gap(site: Site):
    assert [(one.starts, one.ends) for one in site.shifts.values()] == [(330, 810), (810, 1290), (1290, 1770)]


def test_the_duty_desk_never_runs_out(site: Site):
    desk = site.crews[site.desk]
    assert (set(desk.trades), set(desk.zones), set(desk.shifts)) == (set(TRADES), set(site.zones), set(site.shifts))
    assert desk.capacity == 1000


def test_it_loads_within_a_second_of_a_processor():
    started = process_time()
    load_site(sample())
    assert process_time() - started < 1.0
