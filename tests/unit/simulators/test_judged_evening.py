"""The demo's evening on the shipped coast in one process: world → door → shipped rules → judge → crews → world."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from domain.messages import Message, Row
from domain.naming import LINK, Element, Kind, clock_topic
from domain.site import Site
from ingest.pipeline import Pipeline
from rules.book import shipped
from rules.context.all import surroundings
from rules.runners.live import Live
from services.judge import Judge
from services.site import find, load_site
from simulators.almanac import stamp
from simulators.causes import Cause
from simulators.plans import plan_named
from simulators.world import World
from tests.unit.simulators.toy_coast import HOUR, MINUTE, START

CALM = frozenset({"fault", "natural"})


@dataclass
class Evening:
    site: Site
    orders: Mapping[str, Any]
    alarms: Mapping[str, Any]
    causes: Mapping[str, Cause]
    silent: frozenset[str]  # devices that never spoke
    world_s: float

    def told(self) -> str:
        """What must be the same whatever delays there were."""
        alarms = sorted((a.rule, a.subject, a.since, a.until, a.state) for a in self.alarms.values())
        orders = sorted((o.id, o.priority, o.crew, o.states) for o in self.orders.values())
        return json.dumps([alarms, orders])


def play(seed: int, delay_ms: tuple[int, int] = (0, 0)) -> Evening:
    site, book = load_site(find("shinan")), shipped()
    world = World(site, seed, START, plan_named("demo"), delay_ms)
    pipeline, judge = Pipeline(site), Judge(site, book.rules, Live(book, site, surroundings(site, book)))
    orders: dict[str, Any] = {}
    alarms: dict[str, Any] = {}
    spoke: set[str] = set()
    numbers: Iterator[int] = iter(range(1, 1_000_000))
    spent = 0.0

    def judged(at: int, *messages: Message) -> list[Any]:
        outcome = judge.fold(pipeline.read(Row(next(numbers), at, messages)))
        orders.update((order.id, order) for order in outcome.orders)
        alarms.update((alarm.id, alarm) for alarm in outcome.alarms)
        return list(outcome.outbox)

    judged(START, Message(LINK, b'{"state": "started"}', START), Message(LINK, b'{"state": "passed"}', START))
    for n in range(1, 361):
        before, at = START + (n - 1) * MINUTE, START + n * MINUTE
        begun = time.process_time()
        sent = world.step(at)
        spent += time.process_time() - begun
        spoke.update(p.device for p in sent)
        clock = json.dumps({"step": n, "at": stamp(at)}).encode()
        outbox = judged(before, *(Message(p.topic, p.payload, before) for p in sent))
        outbox += judged(before, Message(clock_topic(site.id), clock, before))
        for one in outbox:
            world.hear(one.topic, one.payload, False, at)
    causes = {cause.id: cause for cause in world.told()}
    return Evening(site, orders, alarms, causes, frozenset(site.devices) - spoke, spent)


@pytest.fixture(scope="module")
def evening() -> Evening:
    return play(7)


def test_there_is_enough_to_see(evening: Evening):
    counted = [order for order in evening.orders.values() if order.counted]
    assert len(evening.alarms) >= 40
    assert Counter(o.rule for o in counted)["lamp-out"] >= 8
    assert {o.element for o in counted} == set(Element)


def test_each_kind_and_element_has_orders_that_telemetry_closed(evening: Evening):
    closed = [o for o in evening.orders.values() if o.state == "closed" and o.closed_by == "telemetry" and o.counted]
    assert {Kind.LIGHT, Kind.BIN, Kind.TOILET, Kind.PARKING, Kind.GREEN} <= {o.kind for o in closed}
    assert {o.element for o in closed} == set(Element)
    assert len(closed) >= 30


def test_the_feeder_of_42_lamps_is_one_order(evening: Evening):
    (trip,) = [o for o in evening.orders.values() if o.rule == "feeder-outage"]
    lamps = set(evening.site.lamps_of[trip.facility])
    assert len(lamps) == 42
    assert set(trip.members) <= lamps
    assert len(trip.members) >= 38  # a few last gasps are never heard
    assert not [o for o in evening.orders.values() if o.rule == "lamp-out" and o.facility in lamps]


def test_every_alarm_has_its_cause_in_the_ledger_and_no_near_miss_raised_one(evening: Evening):
    for alarm in evening.alarms.values():
        reasons = [
            cause.what
            for cause in evening.causes.values()
            if cause.sort in CALM
            and (cause.facility == alarm.facility or alarm.facility in cause.members)
            and cause.since <= alarm.cause <= (cause.until or START + 6 * HOUR)
        ]
        assert reasons, (alarm.rule, alarm.subject)


def test_every_fault_of_the_evening_was_found(evening: Evening):
    found = {alarm.facility for alarm in evening.alarms.values()}
    faults = [cause for cause in evening.causes.values() if cause.sort == "fault"]
    assert len(faults) >= 38
    assert {cause.facility for cause in faults} <= found


def test_crews_do_not_always_do_what_they_say(evening: Evening):
    assert sum(order.reworks for order in evening.orders.values()) >= 1


def test_the_bin_of_the_hand_is_played_by_nobody(evening: Evening):
    assert {evening.site.devices[device].facility for device in evening.silent} == {"bin-hand"}


def test_delays_change_neither_alarms_nor_orders(evening: Evening):
    assert play(7, (0, 200)).told() == evening.told()


def test_a_virtual_minute_of_the_coast_costs_a_few_milliseconds_of_a_processor(evening: Evening):
    assert evening.world_s / 360 < 0.006
