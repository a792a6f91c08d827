"""The judge with the rule engine that ships, on the coast that ships."""

import json
from functools import cache

import pytest

from domain.messages import Heard
from domain.naming import Kind, replies_topic
from domain.readings import Reading
from domain.site import Facility, Site
from rules.book import RuleBook, shipped
from rules.context.sun import sun_over
from rules.runners.live import Live
from services.dispatch.orders import OrderState
from services.judge import Judge, Saved
from services.run_hash import run_hash
from services.site.load import load_site, sample
from tests.contracts.memory_judge_store import MemoryJudgeStore
from tests.unit.dispatch.coast import MINUTE, T0, S, note


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
        self.engine = Live(rules, site, sun_over(site))
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


def test_a_store_that_never_ran_is_where_it_starts():
    assert Coast(MemoryJudgeStore()).saved == Saved()
