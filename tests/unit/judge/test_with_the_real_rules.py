"""The judge with the rule engine that ships, on the coast that ships."""

import json
from functools import cache
from typing import Any

import pytest

from domain.alarms import AlarmState
from domain.messages import Heard
from domain.naming import Kind, replies_topic
from domain.readings import Reading
from domain.site import Facility, Site
from rules.book import RuleBook, shipped
from rules.context.all import surroundings
from rules.runners.live import Live
from services.dispatch.orders import Order, OrderState, Step
from services.judge import Judge, Saved
from services.run_hash import run_hash
from services.site.load import load_site, sample
from tests.contracts.memory_judge_store import MemoryJudgeStore
from tests.unit.dispatch.coast import HOUR, MINUTE, T0, S, note


@cache
def shipped_coast() -> tuple[Site, RuleBook]:
    return load_site(sample()), shipped()


def first(kind: Kind, number: int = 0) -> Facility:
    return [f for f in shipped_coast()[0].facilities.values() if f.kind is kind][number]


def reading(facility: Facility, at: int, **values: float | bool) -> Reading:
    device = shipped_coast()[0].devices_of[facility.id][0]
    return Reading(facility.id, device, facility.kind, facility.zone, at, values, 0, -1, at)


class Coast:
    """Judge, engine and store together; may be thrown away and taken up again."""

    def __init__(self, store: MemoryJudgeStore) -> None:
        site, rules = shipped_coast()
        self.store, self.saved = store, store.load()
        self.engine = Live(rules, site, surroundings(site, rules))
        self.engine.load(store.subjects())
        self.judge = Judge(site, rules.rules, self.engine)
        self.judge.load(self.saved)

    def hear(self, heard: Heard) -> None:
        outcome = self.judge.fold(heard)
        self.store.commit(outcome, self.engine.drain_dirty())


def story() -> list[Heard]:
    """A bin is full and emptied, a lamp post leaks and is isolated, while the clock goes on every ten seconds."""
    bin_, post = first(Kind.BIN), first(Kind.LIGHT)
    heard: dict[int, list[Reading]] = {}
    for minute in range(0, 60, 2):
        at = T0 + minute * MINUTE
        full, leaks = 4 <= minute < 20, 6 <= minute < 10
        heard[at] = [
            reading(bin_, at, fill_level=97.0 if full else 20.0),
            reading(post, at, leakage_current=60.0 if leaks else 0.2),
        ]
    return [
        Heard(number, at, tuple(heard.get(at, ())), (), (), ())
        for number, at in enumerate(range(T0, T0 + 60 * MINUTE, 10 * S), 1)
    ]


def told(cuts: set[int]) -> tuple[MemoryJudgeStore, str]:
    """Play it; crews answer `done` two minutes after they get an order. Cut: all but the store is thrown away."""
    store = MemoryJudgeStore()
    coast, answered = Coast(store), dict[str, int]()
    for heard in story():
        notes = []
        for pending in store.pending(10_000):
            topic, body = pending.message.topic, json.loads(pending.message.payload or b"{}")
            if body.get("state") == "dispatched":
                crew, at = topic.split("/")[3], answered.setdefault(body["order"], heard.at)
                if heard.at == at + 2 * MINUTE:
                    reply = {"id": body["order"], "order": body["order"], "revision": 1, "action": "done"}
                    notes.append(note(replies_topic("shinan", crew), reply, heard.at))
        coast.hear(heard._replace(notes=tuple(notes)))
        if heard.row in cuts:
            coast = Coast(store)
    return store, run_hash(*store.everything())


def test_a_bin_is_emptied_and_closed_by_telemetry_and_a_leak_waits_for_a_person():
    store, _ = told(set())
    orders = {o.rule: o for o in store.everything()[1] if o.counted}
    assert set(orders) == {"bin-full", "leakage"}
    assert (orders["bin-full"].state, orders["bin-full"].closed_by) == (OrderState.CLOSED, "telemetry")
    assert (orders["leakage"].state, orders["leakage"].desk) == (OrderState.DONE, True)


@pytest.mark.parametrize("every", [5, 41])
def test_cutting_it_anywhere_changes_nothing(every: int):
    assert told(set(range(every, 360, every)))[1] == told(set())[1]


def orders_of(store: MemoryJudgeStore, rule: str) -> list[Order]:
    return [order for order in store.everything()[1] if order.rule == rule]


def sent(store: MemoryJudgeStore, order: str) -> list[dict[str, Any]]:
    """Every revision of an order that was sent, in order; a recipient's copy is the same but for its text."""
    letters = [p.message for p in store.pending(10_000) if p.message.order == order]
    found = [json.loads(letter.payload) for letter in letters if letter.payload]
    return list({body["revision"]: body for body in found}.values())


TRIP, GASPS = T0 + MINUTE, 60 * S


def trip(cuts: set[int], *, late: bool = False) -> tuple[MemoryJudgeStore, tuple[str, ...]]:
    """A feeder of 42 trips; its lamps' last gasps trickle in over a minute, said so late or only heard so late."""
    site, _ = shipped_coast()
    feeder, lamps = next((f, lamps) for f, lamps in site.lamps_of.items() if len(lamps) == 42)
    told = [(TRIP, reading(site.facilities[feeder], TRIP, breaker_tripped=True))]
    for n, lamp in enumerate(lamps):
        heard = TRIP + n * GASPS // len(lamps)
        gasp = reading(site.facilities[lamp], TRIP if late else heard, supply_loss=True)
        told.append((heard, gasp._replace(received=heard)))
    store = MemoryJudgeStore()
    coast = Coast(store)
    for number, at in enumerate(range(T0, T0 + 10 * MINUTE, S), 1):
        mine = tuple(gasp for heard, gasp in told if at - S < heard <= at)
        coast.hear(Heard(number, at, mine, (), (), ()))
        if number in cuts:
            coast = Coast(store)
    return store, lamps


@pytest.mark.parametrize("late", [False, True])
def test_last_gasps_that_trickle_in_are_one_alarm_one_order_and_42_members_in_the_end(late: bool):
    store, lamps = trip(set(), late=late)
    alarms, _ = store.everything()
    (alarm,) = [a for a in alarms if a.rule == "feeder-outage"]
    (order,) = orders_of(store, "feeder-outage")
    assert (alarm.cause, alarm.since, alarm.members, alarm.order) == (TRIP, TRIP, lamps, order.id)
    assert 0 < alarm.why["at_fault"] < 10, "what opened it is pinned"
    assert (order.members, order.why["at_fault"], order.alarms) == (lamps, 42.0, (alarm.id,))
    assert {(a.rule, a.subject) for a in alarms} == {("feeder-outage", alarm.subject)}


@pytest.mark.parametrize("late", [False, True])
def test_the_crew_hears_once_of_all_who_joined_in_a_minute(late: bool):
    store, lamps = trip(set(), late=late)
    (order,) = orders_of(store, "feeder-outage")
    first, *news, last = [body for body in sent(store, order.id) if body["state"] == "dispatched"]
    assert len(first["members"]) < 10
    assert len(news) <= 1
    assert last["members"] == list(lamps)
    assert "42" in last["text"]
    assert last["limits"] == first["limits"]
    assert [line.step for line in order.history].count(Step.AMEND) == len(news) + 1


def test_of_42_lamps_that_went_dark_the_two_that_do_not_come_back_are_two_orders():
    """Dark for an hour as one alarm and one order; 40 are back, and half an hour later the two are lamps' own."""
    site, _ = shipped_coast()
    feeder, lamps = next((f, lamps) for f, lamps in site.lamps_of.items() if len(lamps) == 42)
    store, night = MemoryJudgeStore(), T0 + 12 * HOUR  # 20:00, lit
    coast, orders = Coast(store), list[tuple[int, int]]()
    for number, at in enumerate(range(night, night + 4 * HOUR, 5 * MINUTE), 1):
        down, left = night + 10 * MINUTE <= at < night + HOUR, at >= night + HOUR
        said = [reading(site.facilities[feeder], at, breaker_tripped=down, supply_loss=down)]
        for n, lamp in enumerate(lamps):
            dark = down or (left and n < 2)
            watts = 0.0 if dark else site.facilities[lamp].attributes["rated_power"]
            said.append(reading(site.facilities[lamp], at, commanded_level=100.0, active_power=watts))
        coast.hear(Heard(number, at, tuple(said), (), (), ()))
        mine = [o for o in store.everything()[1] if o.facility in (feeder, *lamps)]
        orders.append((len([o for o in mine if o.rule == "feeder-outage"]), len(mine)))
    assert set(orders[4:12]) == {(1, 1)}
    assert orders[-1] == (1, 3)
    two = [o for o in store.everything()[1] if o.rule == "lamp-out" and o.facility in lamps]
    assert sorted(o.facility for o in two) == sorted(lamps[:2])
    alarms = [a for a in store.everything()[0] if a.facility in (feeder, *lamps)]
    assert len(alarms) == 3
    (outage,) = [a for a in alarms if a.rule == "feeder-outage"]
    assert outage.members == lamps


@pytest.mark.parametrize("every", [1, 7])
def test_a_trickle_cut_anywhere_is_the_same(every: int):
    whole, cut = trip(set(), late=True)[0], trip(set(range(60, 150, every)), late=True)[0]
    assert cut.everything() == whole.everything()
    assert cut.keys() == whole.keys()


def silence(gateway: str) -> MemoryJudgeStore:
    """Every device says something every ten minutes of five hours; those behind a gateway nothing from the second to
    the fourth.
    """
    site, _ = shipped_coast()
    gone = set(site.devices_behind[gateway])
    store = MemoryJudgeStore()
    coast = Coast(store)
    for number, at in enumerate(range(T0, T0 + 5 * HOUR, MINUTE), 1):
        away = T0 + HOUR <= at < T0 + 3 * HOUR
        speak = [d for n, d in enumerate(sorted(site.devices)) if (at // MINUTE) % 10 == n % 10]
        said = [site.devices[d] for d in speak if not (away and d in gone)]
        readings = [reading(site.facilities[d.facility], at, battery=90.0)._replace(device=d.id) for d in said]
        coast.hear(Heard(number, at, tuple(readings), (), (), ()))
    return store


def test_a_gateway_that_takes_its_devices_with_it_is_one_order_for_the_instruments_crew_at_its_place():
    site, _ = shipped_coast()
    store = silence("gw-q1")
    alarms, orders = store.everything()
    (alarm,), (order,) = alarms, orders
    members = {site.devices[d].facility for d in site.devices_behind["gw-q1"]}
    assert (alarm.rule, alarm.subject, alarm.facility) == ("gateway-silent", "gateway:gw-q1", "gw-q1")
    assert (alarm.state, set(order.members)) == (AlarmState.CLEARED, members)
    assert "instruments" in site.crews[order.crew].trades
    assert (order.facility, order.zone, order.kind, order.counted) == ("gw-q1", "qingdaowan", Kind.CABINET, False)
    assert order.state is OrderState.WITHDRAWN  # nobody accepted, and it came back
    first = sent(store, order.id)[0]
    at = site.gateways["gw-q1"].position
    assert first["position"] == {"lat": at.lat, "lon": at.lon, "datum": "WGS-84"}
    assert first["place"]["zh"] == f"{site.zones['qingdaowan'].name.zh} gw-q1"
    assert first["text"].startswith("【演练】【P2 市政设施·网关】案号 SN-20261001-0001 网关失联：检查网关")
    assert f"gw-q1 涉及{len(members)}处" in first["text"]


def test_a_store_that_never_ran_is_where_it_starts():
    assert Coast(MemoryJudgeStore()).saved == Saved()
