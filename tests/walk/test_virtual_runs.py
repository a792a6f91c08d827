"""The demo's evening, run again and again: other hash seeds, other transports, delays, brokers, and another seed."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from domain.naming import Element
from domain.site import Site
from services import wiring
from services.dispatch.orders import TELEMETRY, Alarm, Order, OrderState
from services.run_hash import tally
from services.settings import Settings
from simulators.ledger import read_ledger
from tests.machines.needed import needed
from tests.walk.brokers import own_mosquitto, pocket_broker
from tests.walk.processes import TIDEWALK, Program
from tests.walk.tracing import Entry, causes_of, entries, overdue, untraced

START: Final = "2026-10-01T16:00+08:00"
UNTIL: Final = round(datetime.fromisoformat("2026-10-01T22:00+08:00").timestamp() * 1000)
KINDS: Final = ("light", "bin", "toilet", "parking")
WITHIN_S: Final = 120.0


@dataclass(frozen=True)
class Evening:
    """What a run said in its last line, and what lies in its state folder."""

    line: Mapping[str, Any]
    alarms: list[Alarm]
    orders: list[Order]
    ledger: list[Entry]

    @property
    def counted(self) -> list[Order]:
        return [order for order in self.orders if order.counted]

    @property
    def verified(self) -> list[Order]:
        """Counted orders that telemetry closed."""
        return [o for o in self.counted if o.state is OrderState.CLOSED and o.closed_by == TELEMETRY]


def played(folder: Path, hash_seed: int, *more: object, seed: int = 7) -> Evening:
    """One run, as a process of its own."""
    command = (TIDEWALK, "demo", "--headless", "--virtual", "--from", START, "--for", "6h", "--json")
    state = folder / "state"
    folder.mkdir(parents=True, exist_ok=True)
    ran = (*command, "--seed", seed, "--state", state, *more)
    with Program(*ran, log=folder / "log", env={"PYTHONHASHSEED": str(hash_seed)}) as demo:
        code = demo.wait(WITHIN_S)
        assert code == 0, demo.tail()
        line = json.loads(demo.out().splitlines()[-1])
    books = wiring.open_books(Settings(state=state))
    alarms, orders = books.everything()
    books.close()
    return Evening(line, alarms, orders, entries(read_ledger(state / "ledger.jsonl").causes.values()))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Evening]:
    """The same evening in every way there is, two at a time."""
    folder = tmp_path_factory.mktemp("virtual")
    needed("mosquitto", "apt-get install mosquitto")
    numbers = itertools.count(1)

    def run(*more: object, seed: int = 7) -> Callable[[], Evening]:
        number = next(numbers)
        return lambda: played(folder / str(number), number * 1009, *more, seed=seed)

    with own_mosquitto(folder / "mosquitto") as mosquitto, pocket_broker() as pocket, ThreadPoolExecutor(2) as pool:
        asked = {
            "in memory": run(),
            "through the mosquitto it finds": run("--transport", "broker", "--delay-ms", 200),
            "through a mosquitto of ours": run("--broker", mosquitto),
            "through the pocket broker": run("--broker", pocket, "--delay-ms", 200),
            "another seed": run(seed=20),
            "another seed, delayed": run("--delay-ms", 200, seed=20),
        }
        under_way = {name: pool.submit(one) for name, one in asked.items()}
        return {name: one.result() for name, one in under_way.items()}


@pytest.fixture(scope="module")
def site() -> Site:
    return wiring.site_of(Settings())


@pytest.fixture(params=["through the mosquitto it finds", "another seed"])
def evening(request: pytest.FixtureRequest, runs: dict[str, Evening]) -> Evening:
    return runs[request.param]


def test_hash_seeds_transports_and_brokers_change_nothing(runs: dict[str, Evening]):
    assert runs["through a mosquitto of ours"].line == runs["in memory"].line


def test_nor_do_delays(runs: dict[str, Evening]):
    for name in ("through the mosquitto it finds", "through the pocket broker"):
        assert runs[name].line == runs["in memory"].line, name
    assert runs["another seed, delayed"].line == runs["another seed"].line


def test_another_seed_is_another_evening(runs: dict[str, Evening]):
    assert runs["another seed"].line["sha256"] != runs["in memory"].line["sha256"]


def test_nothing_is_lost_and_every_message_is_stored_or_put_aside(runs: dict[str, Evening]):
    for name, run in runs.items():
        line = run.line
        assert line["lost"] == 0, name
        assert line["published"] == line["stored"] + line["quarantined"] + line["duplicates"], name
        assert line["published"] > 6_000, name


def test_the_line_says_what_lies_in_the_books(evening: Evening):
    told = tally(evening.alarms, evening.orders)
    assert {key: evening.line[key] for key in told._fields} == told._asdict()


def test_there_are_thirty_alarms_and_every_kind_and_element_has_an_order_that_telemetry_closed(evening: Evening):
    assert evening.line["alarms"] >= 30
    assert all(evening.line["closed_by_kind"].get(kind, 0) >= 1 for kind in KINDS), evening.line
    assert set(evening.line["closed_by_element"]) == set(Element)
    assert Counter(str(o.kind) for o in evening.verified) == Counter(evening.line["closed_by_kind"])


def test_every_order_traces_to_a_fault_or_natural_cause_of_the_ledger(evening: Evening, site: Site):
    assert untraced(evening.orders, evening.alarms, evening.ledger, site) == []


def test_no_two_orders_trace_to_the_same_trouble(evening: Evening, site: Site):
    """A cause that goes on has one order at a time, and one in all unless the first one had ended."""
    known = {alarm.id: alarm for alarm in evening.alarms}
    by_cause: dict[Entry, list[Order]] = {}
    for order in evening.counted:
        for one in causes_of(known[order.alarms[0]], evening.ledger, site):
            by_cause.setdefault(one, []).append(order)
    for orders in by_cause.values():
        in_turn = sorted(orders, key=lambda o: o.opened)
        for first, second in itertools.pairwise(in_turn):
            assert first.closed is not None, (first, second)
            assert first.closed <= second.opened, (first, second)


def test_no_order_is_open_beyond_its_finish_limit(evening: Evening):
    assert overdue(evening.orders, UNTIL) == []


def test_orders_about_our_own_instruments_do_not_count(evening: Evening):
    ours = [order for order in evening.orders if order.rule in ("silent", "gateway-silent")]
    assert ours
    assert not [order for order in ours if order.counted]
    assert evening.line["orders"] == len(evening.orders) - len(ours)


def test_a_feeder_with_42_lamps_trips_and_is_one_order(evening: Evening, site: Site):
    (trip,) = [one for one in evening.ledger if one.what == "feeder_trip"]
    assert len(trip.members) == 42
    (order,) = [o for o in evening.orders if o.facility == trip.facility or o.facility in trip.members]
    assert order.rule == "feeder-outage"
    assert order.kind == "feeder"
    assert set(order.members) <= trip.members
    assert len(order.members) >= 38  # a few lamps die without a last gasp
    assert set(site.lamps_of[trip.facility]) == trip.members


@pytest.mark.soak
def test_many_seeds_have_the_same_virtues(tmp_path: Path, site: Site):
    for seed in range(20, 40):
        run = played(tmp_path / str(seed), seed, "--delay-ms", 200, seed=seed)
        plain = played(tmp_path / f"{seed}-plain", seed + 1, seed=seed)
        assert run.line == plain.line, seed
        assert run.line["lost"] == 0
        assert run.line["alarms"] >= 30, seed
        assert all(run.line["closed_by_kind"].get(kind, 0) >= 1 for kind in KINDS), (seed, run.line)
        assert untraced(run.orders, run.alarms, run.ledger, site) == [], seed
        assert overdue(run.orders, UNTIL) == [], seed
