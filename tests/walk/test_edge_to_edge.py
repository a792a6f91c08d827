"""From a device's message to a closed order and back, by hand: mosquitto and InfluxDB, and everything embedded."""

import asyncio
import json
import urllib.parse
import urllib.request
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from domain.naming import Element, replies_topic, up_topic
from services.dispatch.orders import TELEMETRY, OrderState
from services.settings import Settings
from simulators.broker import PocketBroker
from tests.machines.influx import InfluxMachine
from tests.machines.influx_forwarder import ORG, InfluxForwarder
from tests.machines.mosquitto import Mosquitto
from tests.walk.hands import COVE, Walk, looking, steps, walking

pytestmark = pytest.mark.asyncio

REAL: Final = "mosquitto and InfluxDB"
EMBEDDED: Final = "pocket broker and DuckDB"
BIN_UP: Final = up_topic("cove", "west", "bin", "bin-1")
LOT_UP: Final = up_topic("cove", "west", "parking", "lot-1")
# facility → what is wrong with it, what it measures when it is well again, and whose element it is.
TROUBLES: Final[dict[str, tuple[dict[str, object], dict[str, object], Element]]] = {
    "light-1": ({"lamp_failure": True}, {"lamp_failure": False}, Element.MUNICIPAL),
    "bin-1": ({"fill_level": 97.0}, {"fill_level": 4.0}, Element.SANITATION),
    "toilet-1": ({"nh3_ppm": 7.5}, {"nh3_ppm": 0.1}, Element.SANITATION),
    "lot-1": ({"gate_state": "fault"}, {"gate_state": "down"}, Element.ORDER),
    "bed-1": ({"soil_moisture": 9.0}, {"soil_moisture": 31.0}, Element.GREENING),
}


@pytest_asyncio.fixture(params=[pytest.param(REAL, marks=pytest.mark.machine), EMBEDDED])
async def walk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Walk]:
    common: dict[str, Any] = {
        "site": str(COVE),
        "rules": str(COVE / "rules"),
        "state": tmp_path / "state",
        "client_id": "walk",
    }
    if request.param == REAL:
        broker: Mosquitto = request.getfixturevalue("mosquitto")
        machine: InfluxMachine = request.getfixturevalue("influx")
        bucket = f"walk-{uuid.uuid4().hex}"
        async with InfluxForwarder(machine.url) as forwarder:
            where = {"broker": f"127.0.0.1:{broker.port}", "influx": forwarder.url, "influx_org": ORG}
            async with walking(Settings(**common, **where, influx_bucket=bucket)) as one:
                one.engine = machine.url
                yield one
    else:
        async with PocketBroker() as pocket, walking(Settings(**common, broker=f"127.0.0.1:{pocket.port}")) as one:
            yield one


async def stored(walk: Walk, kind: str, facility: str, quantity: str) -> list[object]:
    """What a query of the store gives: InfluxQL to the engine itself, or DuckDB's own."""
    await walk.service.writing.drain(walk.service.fan.newest)
    if not walk.engine:
        points = await walk.service.outside.history.points(kind, walk.began - 1000, walk.began + 60_000)
        return [p.values[quantity] for p in points if p.facility == facility and quantity in p.values]
    query = f'SELECT "{quantity}" FROM "{kind}" WHERE "facility" = \'{facility}\''  # noqa: S608  # names of ours
    asked = urllib.parse.urlencode({"db": walk.settings.bucket(simulated=False), "q": query})

    def ask() -> Any:
        with urllib.request.urlopen(f"{walk.engine}/query?{asked}", timeout=10) as answer:  # noqa: S310
            return json.load(answer)

    (result,) = (await asyncio.to_thread(ask))["results"]
    return [value for series in result.get("series", ()) for _, value in series["values"]]


async def test_from_a_sensor_to_a_crew_and_back_until_the_sensor_agrees(walk: Walk):
    for facility, (wrong, well, element) in TROUBLES.items():
        await walk.measure(facility, **wrong)
        order = await walk.order(facility, state="dispatched")
        assert (order["crew"], order["element"], order["drill"]) == ("near", str(element), False)
        kind = str(walk.site.facilities[facility].kind)
        ((quantity, value),) = wrong.items()
        assert await stored(walk, kind, facility, quantity) == [value]
        async with looking(walk) as reconnected:
            lies = reconnected.lying()[f"tidewalk/cove/crew/near/orders/{order['order']}"]
            assert lies == order
        await walk.repaired(order)
        assert (await walk.order(facility, state="done"))["revision"] > order["revision"]
        await walk.measure(facility, **well)
        await walk.cleared(order)
        kept = await walk.kept(order)
        assert (kept.state, kept.closed_by) == (OrderState.CLOSED, TELEMETRY)
        assert steps(kept) == ["file", "dispatch", "accept", "arrive", "done", "verify", "close"]
    counted = await walk.accounted()
    assert (counted.published, counted.stored, counted.lost) == (25, 10, 0)


async def test_a_repair_that_was_not_made_is_work_again_for_the_same_crew(walk: Walk):
    await walk.measure("bin-1", fill_level=98)
    order = await walk.order("bin-1", state="dispatched")
    await walk.repaired(order)
    again = await walk.order("bin-1", state="dispatched", rework=1)
    assert (again["order"], again["crew"]) == (order["order"], order["crew"])
    assert again["revision"] > order["revision"]
    await walk.repaired(again)
    await walk.measure("bin-1", fill_level=3)
    await walk.cleared(order)
    kept = await walk.kept(order)
    assert (kept.state, kept.closed_by, kept.reworks) == (OrderState.CLOSED, TELEMETRY, 1)
    assert steps(kept).count("rework") == 1


async def test_after_a_fire_the_sensors_do_not_decide_but_the_duty_desk(walk: Walk):
    await walk.measure("bin-2", bin_temperature=84)
    order = await walk.order("bin-2", state="dispatched")
    assert (order["safety"], order["priority"]) == (True, "P0")
    await walk.measure("bin-2", bin_temperature=21)  # burnt out: somebody goes there all the same
    assert (await walk.order("bin-2", recovered=True))["state"] == "dispatched"
    await walk.repaired(order)
    done = await walk.order("bin-2", state="done")
    refused = await walk.answer(done, "confirm")
    assert refused["result"] == "refused"
    assert "duty desk" in refused["why"]
    assert (await walk.kept(order)).state is OrderState.DONE
    assert (await walk.answer(done, "confirm", crew="desk"))["result"] == "ok"
    await walk.cleared(order)
    await walk.cleared(order, "desk")
    kept = await walk.kept(order)
    assert (kept.state, kept.closed_by) == (OrderState.CLOSED, "desk")


async def test_what_is_over_before_anybody_took_it_in_hand_is_withdrawn(walk: Walk):
    await walk.measure("lot-1", gate_state="fault")
    order = await walk.order("lot-1", state="dispatched")
    await walk.measure("lot-1", gate_state="up")
    await walk.cleared(order)
    assert (await walk.kept(order)).state is OrderState.WITHDRAWN
    late = await walk.answer(order, "accept")
    assert late["result"] == "refused"
    assert "withdrawn" in late["why"]


async def test_a_crew_that_cannot_go_says_why_and_another_one_is_sent(walk: Walk):
    await walk.measure("bed-1", soil_moisture=8)
    order = await walk.order("bed-1", state="dispatched", crew="near")
    assert "reason" in (await walk.answer(order, "decline"))["why"]
    assert (await walk.answer(order, "decline", reason="pump is broken"))["result"] == "ok"
    given = await walk.order("bed-1", crew="far")
    await walk.cleared(order, "near")
    assert (await walk.answer(given, "accept", crew="near"))["result"] == "refused"
    await walk.repaired(given)
    await walk.measure("bed-1", soil_moisture=30)
    await walk.cleared(given, "far")
    kept = await walk.kept(order)
    assert kept.declined == ("near",)
    assert kept.closed_by == TELEMETRY


async def test_a_second_tap_is_answered_and_changes_nothing(walk: Walk):
    await walk.measure("bin-1", fill_level=96)
    order = await walk.order("bin-1", state="dispatched")
    for _ in range(2):
        assert (await walk.answer(order, "accept", id="tap-1"))["result"] == "ok"
    said = "receipt for the second tap"
    await walk.mailbox.until(lambda _: len(walk.mailbox.of("receipts")) == 2, said)
    assert walk.mailbox.of("receipts") == [{"id": "tap-1", "result": "ok", "why": ""}] * 2
    assert steps(await walk.kept(order)) == ["file", "dispatch", "accept"]


UNREADABLE: Final = (
    (b'{"id": "odd-1", "order": "4f0c", "action": "dance"}', "odd-1"),
    (b'{"id": "odd-2", "order": 7, "action": "accept"}', "odd-2"),
    (b'{"id": "odd-3", "order": "4f0c", "action": "accept", "at": "yesterday"}', "odd-3"),
    (b"accept", ""),
)


async def test_an_answer_that_cannot_be_read_is_kept_aside_and_refused(walk: Walk):
    await walk.measure("bin-1", fill_level=50)
    sent = {await walk.publish(replies_topic("cove", "near"), payload): payload for payload, _ in UNREADABLE}
    for _, reply in UNREADABLE:
        receipt = await walk.receipt("near", reply)
        assert receipt["result"] == "refused"
        assert receipt["why"]
    await walk.service.drain()
    aside = walk.service.quarantine.list(newest=10)
    assert {one.key: one.payload for one in aside} == sent
    assert all(one.reason for one in aside)
    assert (await walk.accounted()).quarantined == len(UNREADABLE)


BAD: Final[dict[str, Callable[[], tuple[str, bytes]]]] = {
    "nothing": lambda: (BIN_UP, b""),
    "not JSON": lambda: (BIN_UP, b"fill_level=97"),
    "cut short": lambda: (BIN_UP, b'{"values": {"fill_level": 9'),
    "a list": lambda: (BIN_UP, b"[97]"),
    "no values": lambda: (BIN_UP, b'{"seq": 3}'),
    "a number in words": lambda: (BIN_UP, b'{"values": {"fill_level": "full"}}'),
    "not a number": lambda: (BIN_UP, b'{"values": {"fill_level": NaN}}'),
    "without end": lambda: (BIN_UP, b'{"values": {"fill_level": 1e999}}'),
    "out of range": lambda: (BIN_UP, b'{"values": {"fill_level": 4000}}'),
    "a quantity of nobody's": lambda: (BIN_UP, b'{"values": {"happiness": 1}}'),
    "nested without end": lambda: (BIN_UP, b'{"values":' + b"[" * 50_000 + b"]" * 50_000 + b"}"),
    "a name that is no text": lambda: (BIN_UP, b'{"values": {"fill\xff_level": 9}}'),
    "a value that is no text": lambda: (
        up_topic("cove", "west", "parking", "lot-1"),
        b'{"values": {"gate_state": "\xfe"}}',
    ),
    "zeros": lambda: (BIN_UP, bytes(1000)),
    "large": lambda: (BIN_UP, b'{"values": {"fill_level": 9}, "x": "' + b"y" * 3_000_000 + b'"}'),
    "the largest the broker takes": lambda: (BIN_UP, b" " * 16_000_000),
    "an unknown device": lambda: (up_topic("cove", "west", "bin", "bin-9"), b'{"values": {"fill_level": 9}}'),
    "a device elsewhere": lambda: (up_topic("cove", "east", "bin", "bin-1"), b'{"values": {"fill_level": 9}}'),
    "of another kind": lambda: (up_topic("cove", "west", "light", "bin-1"), b'{"values": {"fill_level": 9}}'),
    "a state that is none": lambda: ("tidewalk/cove/west/bin/bin-1/status", b"asleep"),
    "a crew of nobody's": lambda: (replies_topic("cove", "nobody"), b'{"id": "1", "order": "2", "action": "accept"}'),
}


async def test_bad_input_of_every_kind_is_kept_aside_and_costs_no_good_message_beside_it(walk: Walk):
    good, bad = [], {}
    for n, (what, made) in enumerate(BAD.items()):
        topic, payload = made()
        bad[await walk.publish(topic, payload)] = what
        good.append(await walk.measure("bin-2", fill_level=float(n)))
    await walk.measure("bin-1", fill_level=99)
    assert (await walk.order("bin-1"))["state"] == "dispatched"
    found = await walk.accounted()
    aside = {one.key: one for one in walk.service.quarantine.list(newest=1000) if not one.quantity}
    assert {bad[key] for key in aside} == set(BAD)
    assert (found.lost, found.stored, found.quarantined) == (0, len(good) + 1, len(BAD))
    assert await stored(walk, "bin", "bin-2", "fill_level") == [float(n) for n in range(len(BAD))]
    assert all(one.reason.strip() for one in aside.values())
