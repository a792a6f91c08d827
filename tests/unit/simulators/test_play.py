"""The players of a world, against a transport in memory that plays the service's part."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from domain.readings import Millis
from simulators import play
from simulators.clocks import ScaledClock
from simulators.ledger import Ledger, read_ledger
from simulators.plans import plan_named
from simulators.play import Played, play_live, play_lockstep
from simulators.transport import Incoming, Outgoing
from simulators.world import World
from tests.unit.simulators.toy_coast import HOUR, MINUTE, NOTHING, START, order, toy_site

ORDER_TOPIC = "tidewalk/toy/crew/alpha/orders/00ff00ff00ff00ff"


class Service:
    """A transport with a service behind it: it judges each step, and gives one order in the second."""

    def __init__(self, *, deaf_for: int = 0, fails_at: int = 0) -> None:
        self.heard: list[Outgoing] = []
        self.filters: list[str] = []
        self.closed = False
        self._to_hear: asyncio.Queue[Incoming | Exception] = asyncio.Queue()
        self._deaf_for, self._fails_at = deaf_for, fails_at

    async def subscribe(self, filters: Sequence[str]) -> None:
        self.filters += filters

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        for message in messages:
            self.heard.append(message)
            if message.topic == "tidewalk/toy/clock":
                self._judge(json.loads(message.payload))

    async def receive(self) -> Incoming:
        found = await self._to_hear.get()
        if isinstance(found, Exception):
            raise found
        return found

    async def close(self) -> None:
        self.closed = True

    def _judge(self, told: dict[str, object]) -> None:
        if self._deaf_for:
            self._deaf_for -= 1
            return
        if told["step"] == self._fails_at:
            self._to_hear.put_nowait(ConnectionError("gone for good"))
            return
        if told["step"] == 2:
            at = round(datetime.fromisoformat(str(told["at"])).timestamp() * 1000)
            self._to_hear.put_nowait(Incoming(ORDER_TOPIC, order("bin-02", at, safety=True), retained=False))
        self._to_hear.put_nowait(Incoming("tidewalk/toy/clock/judged", b"rubbish", retained=False))
        self._to_hear.put_nowait(Incoming("tidewalk/toy/clock/judged", b'{"step": 0}', retained=False))
        judged = json.dumps({"step": told["step"]}).encode()
        self._to_hear.put_nowait(Incoming("tidewalk/toy/clock/judged", judged, retained=False))

    def steps(self) -> list[int]:
        return [json.loads(m.payload)["step"] for m in self.heard if m.topic == "tidewalk/toy/clock"]


def world(**more: object) -> World:
    return World(toy_site(), 7, START, plan_named("demo") if more.get("faults") else NOTHING)


@pytest.mark.asyncio
async def test_lock_step_publishes_a_step_then_the_clock_and_waits_for_the_judgement(tmp_path: Path):
    service, seen = Service(), list[int]()
    with Ledger(tmp_path / "l") as ledger:
        played = await play_lockstep(
            world(), service, START + HOUR, ledger=ledger, on_progress=lambda p: seen.append(p.steps)
        )
    assert service.steps() == list(range(1, 61)) == seen
    assert played.at == START + HOUR
    at = START
    for message in service.heard:
        told = json.loads(message.payload) if message.payload.startswith(b"{") else {}
        if message.topic == "tidewalk/toy/clock":
            at = round(datetime.fromisoformat(told["at"]).timestamp() * 1000)
        elif message.topic.endswith("/up"):
            assert at < round(datetime.fromisoformat(told["at"]).timestamp() * 1000) <= at + MINUTE
    assert played.replies == 3
    assert [json.loads(m.payload)["action"] for m in service.heard if m.topic.endswith("/replies")] == [
        "accept",
        "arrive",
        "done",
    ]
    assert (
        len(read_ledger(tmp_path / "l").acked)
        == played.published
        == sum(m.topic.endswith("/up") for m in service.heard)
    )


@pytest.mark.asyncio
async def test_two_plays_with_crews_are_the_same_to_the_byte():
    told = []
    for _ in range(2):
        service = Service()
        await play_lockstep(World(toy_site(), 7, START, plan_named("demo")), service, START + HOUR)
        told.append(service.heard)
    assert told[0] == told[1]


@pytest.mark.asyncio
async def test_the_clock_is_sent_again_until_the_service_answers():
    service = Service(deaf_for=3)
    played = await play_lockstep(world(), service, START + 2 * MINUTE, again_s=0.01)
    assert service.steps() == [1, 1, 1, 1, 2]
    assert played.steps == 2


@pytest.mark.asyncio
async def test_a_transport_that_is_gone_for_good_ends_the_play():
    with pytest.raises(ConnectionError):
        await play_lockstep(world(), Service(fails_at=2), START + HOUR)


class Hand:
    """A clock that moves a minute at every look."""

    def __init__(self, at: Millis) -> None:
        self.at = at

    def now(self) -> Millis:
        self.at += MINUTE
        return self.at


@pytest.mark.asyncio
async def test_live_follows_its_clock_and_tells_no_future(tmp_path: Path):
    service, clock = Service(), Hand(START)
    with Ledger(tmp_path / "l") as ledger:
        played = await play_live(
            world(), service, clock, stop=asyncio.Event(), until=START + HOUR, slice_s=0.0, ledger=ledger
        )
    same = World(toy_site(), 7, START, NOTHING).step(START + HOUR)
    assert [m.payload for m in service.heard] == [p.payload for p in same]
    assert (played.at, played.published) == (START + HOUR, len(read_ledger(tmp_path / "l").acked))


@pytest.mark.asyncio
async def test_live_ends_when_it_is_told_to():
    stop, seen = asyncio.Event(), list[Played]()

    def watch(played: Played) -> None:
        seen.append(played)
        stop.set()

    played = await play_live(world(), Service(), Hand(START), stop=stop, slice_s=5.0, on_progress=watch)
    assert played.steps == len(seen) == 1


class Away(Service):
    """A broker that is away: nothing is ever acknowledged."""

    async def publish(self, _: Sequence[Outgoing]) -> None:
        await asyncio.Event().wait()


@pytest.mark.asyncio
async def test_live_ends_when_it_is_told_to_though_the_broker_is_away(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(play, "LEAVE_S", 0.01)
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.02, stop.set)
    async with asyncio.timeout(5):
        played = await play_live(world(), Away(), Hand(START), stop=stop, slice_s=0.0)
    assert played.published == 0


def test_a_scaled_clock_hurries_to_the_present_and_never_passes_it():
    class Wall:
        at = START + HOUR

        def now(self) -> Millis:
            return self.at

    wall = Wall()
    clock = ScaledClock(wall, START, 60)
    assert clock.now() == START
    wall.at += 30_000
    assert clock.now() == START + 30 * MINUTE
    assert not clock.caught_up
    wall.at += 60_000
    assert clock.now() == wall.at
    assert clock.caught_up
