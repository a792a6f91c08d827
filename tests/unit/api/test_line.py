"""Connections to the API: what is said in time goes on, what is held open ends."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
import uvicorn
from uvicorn.server import ServerState

from services.api import line
from services.api.line import SAY_S, TAKE_S, Line

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n"


class Wire(asyncio.Transport):
    """What is at the other end."""

    def __init__(self, address: str = "127.0.0.1", waits: int = 0) -> None:
        super().__init__({"peername": (address, 50_000)})
        self.aborted = self.closing = False
        self._waits = waits

    def get_write_buffer_size(self) -> int:
        return self._waits

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def write(self, data: object) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class Hours:
    """A loop whose time a test lets pass."""

    def __init__(self) -> None:
        self._due: list[tuple[float, Callable[[], object], asyncio.TimerHandle]] = []
        self._loop = asyncio.get_running_loop()

    def call_later(self, after: float, do: Callable[[], object]) -> asyncio.TimerHandle:
        handle = self._loop.call_later(3600, do)
        self._due.append((after, do, handle))
        return handle

    def create_task(self, work: Any, **_: Any) -> "asyncio.Task[None]":
        return self._loop.create_task(work)

    def pass_by(self, seconds: float) -> None:
        for after, do, handle in self._due:
            if after <= seconds and not handle.cancelled():
                do()
            handle.cancel()


async def app(_: Any, __: Any, send: Callable[[Any], Awaitable[None]]) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


def opened(state: ServerState, address: str = "127.0.0.1", waits: int = 0) -> tuple[Line, Wire, Hours]:
    hours, wire = Hours(), Wire(address, waits)
    made = Line(uvicorn.Config(app, log_config=None, lifespan="off"), state, {}, cast("Any", hours))
    made.connection_made(wire)
    return made, wire, hours


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("said", "ends"),
    [([], True), ([GET[:-2]], True), ([POST], True), ([POST, b"12"], True), ([GET], False), ([POST, b"1234"], False)],
)
async def test_a_request_is_said_in_time_or_the_connection_ends(said: list[bytes], ends: bool):
    made, wire, hours = opened(ServerState())
    for part in said:
        made.data_received(part)
    hours.pass_by(SAY_S)
    assert wire.aborted is ends


@pytest.mark.asyncio
async def test_a_second_request_has_as_long_as_the_first():
    made, wire, hours = opened(ServerState())
    made.data_received(GET)
    await asyncio.gather(*made.tasks)
    made.data_received(GET[:9])
    hours.pass_by(SAY_S)
    assert wire.aborted


@pytest.mark.asyncio
@pytest.mark.parametrize("taken", [True, False])
async def test_who_takes_nothing_of_an_answer_is_let_go(taken: bool):
    made, wire, hours = opened(ServerState())
    made.data_received(GET)
    made.pause_writing()
    if taken:
        made.resume_writing()
    hours.pass_by(TAKE_S)
    assert wire.aborted is not taken
    made.connection_lost(None)
    await asyncio.gather(*made.tasks)


@pytest.mark.asyncio
async def test_there_is_an_end_to_how_many_there_may_be(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(line, "most", lambda: 2)
    state = ServerState()
    (first, *_), *others = [opened(state) for _ in range(3)]
    assert [wire.aborted for _, wire, _ in others] == [False, True]
    others[-1][0].connection_lost(None)
    first.connection_lost(None)
    assert not opened(state)[1].aborted


@pytest.mark.asyncio
async def test_of_one_too_many_the_slowest_goes_of_who_have_most(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(line, "most", lambda: 4)
    state = ServerState()
    theirs = [opened(state, "10.0.0.66", waits)[1] for waits in (0, 90_000, 10)]
    ours = [opened(state, "10.0.0.1")[1] for _ in range(2)]
    assert [wire.aborted for wire in (*theirs, *ours)] == [False, True, False, False, False]


def test_the_broker_and_the_stores_keep_half_of_the_files(monkeypatch: pytest.MonkeyPatch):
    for soft, told in ((256, 128), (65_536, line.MOST), (line.resource.RLIM_INFINITY, line.MOST)):
        monkeypatch.setattr(line.resource, "getrlimit", lambda _, soft=soft: (soft, soft))
        assert line.most() == told
