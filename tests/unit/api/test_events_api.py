"""What changes, as a stream of events."""

import asyncio
import json
from typing import Any

import pytest

from domain.errors import UnavailableError
from domain.messages import Heard
from domain.readings import Reading
from services.api.listening import BEAT, OVER, STOPPING, Listeners
from services.api.places import GIVEN_AWAY
from services.live.changes import What
from tests.unit.api.gate import Gate
from tests.unit.dispatch.coast import MINUTE, T0

ALL = frozenset(What)


def reports(gate: Gate, facility: str = "lamp-1", at: int = T0, power: float = 61.0) -> None:
    one = Reading(facility, f"{facility}-s", "light", "west", at, {"active_power": power}, 0, -1, at)
    gate.hub.heard(Heard(1, at, (one,), (), (), ()))
    gate.hub.flush()


def read(frames: str) -> list[tuple[str, str, Any]]:
    """Event, id and data of each."""
    found = []
    for frame in frames.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in frame.splitlines() if not line.startswith(":"))
        if lines:
            found.append((lines["event"], lines["id"], json.loads(lines["data"])))
    return found


@pytest.mark.asyncio
async def test_who_does_not_ask_for_a_stream_gets_what_changed_since_and_no_more():
    gate = Gate()
    async with gate.client as client:
        first = await client.get("/api/v1/events")
        assert first.headers["content-type"].startswith("text/event-stream")
        ((event, begun, data),) = read(first.text)
        assert (event, data) == ("start", {"epoch": "e0", "number": gate.hub.snapshot().number})
        reports(gate)
        more = read((await client.get("/api/v1/events", headers={"Last-Event-ID": begun})).text)
        assert [(event, data["id"]) for event, _, data in more] == [("facility", "lamp-1")]
        assert more[0][2]["body"]["values"] == {"active_power": 61.0}
        assert read((await client.get("/api/v1/events", headers={"Last-Event-ID": more[0][1]})).text) == []
        some = await client.get("/api/v1/events?what=order&what=alarm", headers={"Last-Event-ID": begun})
        assert read(some.text) == []
        assert (await client.get("/api/v1/events?what=weather")).status_code == 422


@pytest.mark.asyncio
@pytest.mark.parametrize("last", ["e1-3", "e0-99999999999999999999999", "e0-x", "nonsense", "-", "e0-²"])
async def test_who_comes_back_from_elsewhere_is_told_to_read_anew(last: str):
    gate = Gate()
    async with gate.client as client:
        headers = {"Last-Event-ID": last.encode("latin-1", "replace")}
        ((event, at, _),) = read((await client.get("/api/v1/events", headers=headers)).text)
    assert (event, at) == ("reset", f"e0-{gate.hub.snapshot().number}")


@pytest.mark.asyncio
async def test_a_listener_hears_of_changes_and_now_and_then_that_there_are_none():
    gate = Gate()
    listeners = Listeners(gate.hub, heartbeat_s=0.01)
    frames = listeners.listen("", ALL, stays=True)
    assert read(await anext(frames))[0][0] == "start"
    assert await anext(frames) == BEAT
    assert listeners.open == 1
    reports(gate)
    while (frame := await anext(frames)) == BEAT:
        pass
    assert [event for event, _, _ in read(frame)] == ["facility"]
    listeners.leave()
    assert [frame async for frame in frames if frame != BEAT] == [f": {STOPPING}\n\n"]
    assert listeners.open == 0


@pytest.mark.asyncio
async def test_who_reads_too_slowly_is_told_to_read_anew_and_goes_on():
    gate = Gate()
    frames = Listeners(gate.hub, heartbeat_s=0.01).listen("", ALL, stays=True)
    await anext(frames)
    for n in range(1, 60):  # more than are remembered
        reports(gate, at=T0 + n * MINUTE, power=float(n))
    told = list[tuple[str, str, Any]]()
    while not any(event == "reset" for event, _, _ in told):
        told += read(await anext(frames))
    reports(gate, at=T0 + 99 * MINUTE, power=99.0)
    while told[-1][0] != "facility":
        told += read(await anext(frames))
    assert told[-1][2]["body"]["values"] == {"active_power": 99.0}


@pytest.mark.asyncio
async def test_there_is_room_for_so_many_and_a_place_is_free_again():
    gate = Gate()
    listeners = Listeners(gate.hub, most=2, heartbeat_s=0.01)
    streams = [listeners.listen("", ALL, stays=True) for _ in range(2)]
    for one in streams:
        await anext(one)
    with pytest.raises(UnavailableError, match="2 listeners already"):
        listeners.listen("", ALL, stays=True)
    await asyncio.gather(*(one.aclose() for one in streams))
    assert listeners.open == 0
    await anext(listeners.listen("", ALL, stays=False))


@pytest.mark.asyncio
async def test_an_address_with_most_places_gives_one_up_for_another_and_is_told_why():
    gate = Gate()
    listeners = Listeners(gate.hub, most=3, heartbeat_s=0.01)
    greedy = [listeners.listen("", ALL, stays=True, address="10.0.0.9") for _ in range(3)]
    for one in greedy:
        await anext(one)
    with pytest.raises(UnavailableError, match="3 listeners already"):
        listeners.listen("", ALL, stays=True, address="10.0.0.9")
    other = listeners.listen("", ALL, stays=True, address="10.0.0.1")
    await anext(other)
    assert [one async for one in greedy[0] if one != BEAT] == [f": {GIVEN_AWAY}\n\n"]
    with pytest.raises(UnavailableError):  # the two are even enough: nobody takes from the other by turns
        listeners.listen("", ALL, stays=True, address="10.0.0.1")
    assert (listeners.open, await anext(greedy[1])) == (3, BEAT)
    await asyncio.gather(*(one.aclose() for one in (*greedy, other)))


@pytest.mark.asyncio
async def test_a_stream_that_has_lasted_long_ends_and_goes_on_where_it_was():
    gate = Gate()
    listeners = Listeners(gate.hub, heartbeat_s=0.01, longest_s=0.03)
    told = [frame async for frame in listeners.listen("", ALL, stays=True) if frame != BEAT]
    ((event, at, _),) = read(told[0])
    assert (event, told[1:], listeners.open) == ("start", [f": {OVER}\n\n"], 0)
    reports(gate)
    again = await anext(listeners.listen(at, ALL, stays=True))
    assert [event for event, _, _ in read(again)] == ["facility"]
