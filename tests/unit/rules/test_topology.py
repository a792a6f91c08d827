"""Groups over every part of the topology, groups of alarms, and which of them speaks for whom."""

from dataclasses import replace

import pytest

from domain.alarms import AlarmChange
from domain.errors import FaultyFileError
from domain.naming import Kind
from domain.readings import Millis, Value
from domain.site import Device, Facility, Grade, Section, Site
from rules.book import RuleBook
from rules.runners.live import Live
from tests.unit.rules.coast import HERE, HOUR, MINUTE, NIGHT, book_of, facility, live_on, said, site_of

LAMPS = [
    replace(
        facility(f"lamp-{n}", Kind.LIGHT, f"feeder-{n // 5}", rated_power=100.0), cabinet="cab", section=f"s{n // 5}"
    )
    for n in range(10)
]
FEEDERS = [replace(facility(f"feeder-{n}", Kind.FEEDER), cabinet="cab") for n in range(2)]
LOTS = [facility(f"lot-{n}", Kind.PARKING, capacity=100.0) for n in range(5)]


def coast() -> Site:
    things: list[Facility] = [*LAMPS, *FEEDERS, facility("cab", Kind.CABINET), *LOTS]
    site = site_of(things, [Device(f.id, f.id, interval_s=86_400) for f in things])
    stretches = {f"s{n}": Section(f"s{n}", "bay", (HERE,), 0.0, 100.0, Grade.ORDINARY) for n in range(2)}
    return replace(site, sections=stretches)


SITE = coast()
DARK = """
kind: light
when: active_power < 10
for: 5m
clear: active_power > 60
inhibited_by: [feeder-dark, cabinet-dark]
spin_off: 10m"""
FEEDER = """
quorum: {over: feeder, member: active_power < 10, share: 60%, least: 3, within: 10m, clear_share: 80%, gather: 5s}
inhibited_by: [cabinet-dark]"""
CABINET = """
quorum:
  {over: cabinet, kind: light, member: active_power < 10, share: 60%, least: 6, within: 10m, clear_share: 80%,
   gather: 20s}"""
TREE = book_of(dark=DARK, feeder_dark=FEEDER, cabinet_dark=CABINET)
FULL = """
kind: parking
when: occupied_spots >= 0.95 * capacity
clear: occupied_spots <= 0.85 * capacity"""
THREE = """
quorum: {over: zone, kind: parking, alarm: lot-full, least: 3, within: 12h}
clear_for: 10m"""


def power(live: Live, at: Millis, names: list[str], watts: float) -> list[AlarmChange]:
    return live.hear([said(SITE, name, at, {"active_power": watts}) for name in names], at)


def briefly(changes: list[AlarmChange]) -> list[tuple[str, str, str, int]]:
    return [(c.rule, c.subject, c.state.value, len(c.members)) for c in changes]


def test_all_lamps_of_a_cabinet_are_the_cabinets_alarm_and_no_feeders_and_no_lamps():
    live = live_on(TREE, SITE)
    names = [lamp.id for lamp in LAMPS]
    changes = power(live, NIGHT, names, 1.0) + live.hear([], NIGHT + HOUR)
    assert briefly(changes) == [("cabinet-dark", "cabinet:cab", "open", 10)]
    assert changes[0].facility == "cab"


def test_one_feeder_dark_is_the_feeders_and_the_other_feeders_lamps_are_their_own():
    live = live_on(TREE, SITE)
    changes = power(live, NIGHT, ["lamp-0", "lamp-1", "lamp-2", "lamp-3", "lamp-9"], 1.0) + live.hear([], NIGHT + HOUR)
    assert briefly(changes) == [("feeder-dark", "feeder:feeder-0", "open", 4), ("dark", "facility:lamp-9", "open", 0)]


def test_who_is_left_dark_when_the_cabinet_is_back_has_an_alarm_of_its_own():
    live = live_on(TREE, SITE)
    names = [lamp.id for lamp in LAMPS]
    power(live, NIGHT, names, 1.0)
    live.hear([], NIGHT + 20 * MINUTE)
    changes = power(live, NIGHT + 20 * MINUTE, names[1:], 90.0) + power(live, NIGHT + 25 * MINUTE, names[:1], 1.0)
    changes += live.hear([], NIGHT + HOUR)
    assert briefly(changes) == [("cabinet-dark", "cabinet:cab", "cleared", 10), ("dark", "facility:lamp-0", "open", 0)]
    assert changes[1].at - changes[0].at == 10 * MINUTE
    assert changes[1].cause == NIGHT


def test_a_stretch_of_trail_is_a_group_with_its_own_place():
    book = book_of(
        stretch="quorum: {over: section, kind: light, member: active_power < 10, share: 30%, least: 2, within: 1h}"
    )
    live = live_on(book, SITE)
    (change,) = power(live, NIGHT, ["lamp-5", "lamp-6", "lamp-0"], 1.0) + live.hear([], NIGHT + MINUTE)
    assert (change.subject, change.facility, change.members) == ("section:s1", "s1", ("lamp-5", "lamp-6"))
    (over,) = power(live, NIGHT + 2 * MINUTE, ["lamp-5"], 90.0) + live.hear([], NIGHT + 5 * MINUTE)
    assert over.state == "cleared"


def lots(book: RuleBook, *said_: tuple[int, dict[int, Value]], cut: bool = False) -> list[AlarmChange]:
    live, rows, changes = live_on(book, SITE), dict[str, bytes](), list[AlarmChange]()
    for minute, occupied in said_:
        at = NIGHT + minute * MINUTE
        readings = [said(SITE, f"lot-{n}", at, {"occupied_spots": value}) for n, value in occupied.items()]
        changes += live.hear(readings, at)
        if cut:
            rows |= live.drain_dirty()
            live = live_on(book, SITE, start=None)
            live.load(rows.items())
    return changes


@pytest.mark.parametrize("cut", [False, True])
def test_three_full_lots_of_a_zone_are_an_alarm_of_the_zone(cut: bool):
    book = book_of(lot_full=FULL, zone_full=THREE)
    changes = lots(
        book,
        (0, {0: 99.0, 1: 99.0, 2: 50.0}),
        (30, {3: 96.0}),
        (40, {0: 99.0}),
        (60, {1: 20.0}),
        (80, {0: 99.0}),
        cut=cut,
    )
    zone = [c for c in changes if c.rule == "zone-full"]
    assert [(c.subject, c.facility, c.state.value, c.members, (c.at - NIGHT) // MINUTE) for c in zone] == [
        ("zone:bay", "bay", "open", ("lot-0", "lot-1", "lot-3"), 30),
        ("zone:bay", "bay", "cleared", ("lot-0", "lot-1", "lot-3"), 70),
    ]
    assert len([c for c in changes if c.rule == "lot-full"]) == 4


def test_alarms_of_groups_are_counted_at_their_hub():
    book = book_of(
        feeder_dark=FEEDER.replace("inhibited_by: [cabinet-dark]", ""),
        both="quorum: {over: cabinet, kind: feeder, alarm: [feeder-dark], least: 2, within: 1h}",
    )
    live = live_on(book, SITE)
    changes = power(live, NIGHT, [f"lamp-{n}" for n in range(10)], 1.0) + live.hear([], NIGHT + MINUTE)
    (both,) = [c for c in changes if c.rule == "both"]
    assert (both.subject, both.facility, both.members) == ("cabinet:cab", "cab", ("feeder-0", "feeder-1"))


@pytest.mark.parametrize(("minute", "same"), [(20, True), (70, False)])
def test_a_group_that_fails_again_within_the_cool_down_is_the_same_alarm(minute: int, same: bool):
    live = live_on(book_of(feeder_dark=FEEDER.replace("inhibited_by: [cabinet-dark]", "reopen_within: 1h")), SITE)
    names = ["lamp-0", "lamp-1", "lamp-2"]
    first = (
        power(live, NIGHT, names, 1.0) + power(live, NIGHT + MINUTE, names, 90.0) + live.hear([], NIGHT + 2 * MINUTE)
    )
    assert [c.state.value for c in first] == ["open", "cleared"]
    live.hear([], NIGHT + (minute - 1) * MINUTE)
    (again,) = power(live, NIGHT + minute * MINUTE, names, 1.0) + live.hear([], NIGHT + (minute + 1) * MINUTE)
    assert (again.alarm == first[0].alarm) is same


def test_a_member_with_two_alarms_is_at_fault_until_both_are_over():
    book = book_of(
        lot_full=FULL,
        lot_shut='kind: parking\nwhen: lot_status == "closed"\nclear: lot_status == "open"',
        zone_shut="quorum: {over: zone, kind: parking, alarm: [lot-full, lot-shut], least: 2, within: 1h}",
    )
    live, at = live_on(book, SITE), NIGHT
    changes: list[AlarmChange] = []
    for name, values in [
        ("lot-0", {"occupied_spots": 99.0, "lot_status": "closed"}),
        ("lot-1", {"occupied_spots": 99.0, "lot_status": "open"}),
        ("lot-0", {"occupied_spots": 9.0}),
        ("lot-0", {"lot_status": "open"}),
    ]:
        at += MINUTE
        changes += live.hear([said(SITE, name, at, values)], at)
    changes += live.hear([], at + MINUTE)
    zone = [(c.state.value, (c.at - NIGHT) // MINUTE) for c in changes if c.rule == "zone-shut"]
    assert zone == [("open", 2), ("cleared", 4)]


@pytest.mark.parametrize(
    ("bodies", "what"),
    [
        ({"a": "quorum: {over: zone, member: tipped, share: 50%, least: 2, within: 1h}"}, "members of many kinds"),
        ({"a": "quorum: {over: gateway, kind: bin, least: 2, within: 1h}"}, "nothing in common but silence"),
        ({"a": "quorum: {over: zone, kind: bin, silence: false, least: 2, within: 1h}"}, "nothing makes a member"),
        ({"a": "quorum: {over: zone, kind: bin, alarm: b, least: 2, within: 1h}"}, "there is no rule 'b'"),
        (
            {"a": "quorum: {over: zone, kind: bin, alarm: b, member: tipped, least: 2, within: 1h}"},
            "alarms are counted",
        ),
        (
            {"a": "quorum: {over: zone, kind: bin, alarm: lot-full, least: 2, within: 1h}", "lot_full": FULL},
            "lot-full is about parking; expected a rule about bin",
        ),
        (
            {
                "a": "quorum: {over: zone, kind: light, member: lit, least: 2, within: 1h}\ninhibited_by: [b]",
                "b": "quorum: {over: section, kind: light, member: lit, least: 2, within: 1h}\ninhibited_by: [a]",
            },
            "depends on itself",
        ),
        (
            {"a": "quorum: {over: zone, kind: bin, member: nh3_ppm > 1, least: 2, within: 1h}"},
            "nh3_ppm is not of a bin",
        ),
    ],
)
def test_groups_that_cannot_be_are_refused(bodies: dict[str, str], what: str):
    with pytest.raises(FaultyFileError) as refused:
        book_of(**bodies)
    assert what in str(refused.value)
