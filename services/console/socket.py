"""The sockets of all tabs: a snapshot each, then the same frames for everybody."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import msgspec
from fastapi import WebSocket, WebSocketDisconnect

from domain.errors import UnavailableError
from services.api.places import Places
from services.live.changes import Batch
from services.live.hub import Hub
from services.live.sight import Sight

MOST: Final = 500  # sockets at one time
BEAT_S: Final = 1.0
TAKE_S: Final = 20.0  # a tab that takes nothing for so long is gone
TAKES_NOTHING: Final = "this tab took nothing for too long"
MAY_NOT: Final = "this tab may not look any longer: sign in again"
_TRY_LATER, _MAY_NOT, _GOES = 1013, 1008, 1001

Beat = Callable[[], Mapping[str, Any]]
May = Callable[[], Awaitable[bool]]


async def _always() -> bool:
    return True


class Sockets:
    """Serves any number of tabs from one hub. `beat` says how time goes and how much comes in: told once a second, so
    that a tab that hears nothing knows that it is not live.
    """

    def __init__(self, hub: Hub, beat: Beat, *, most: int = MOST) -> None:
        self._hub, self._beat = hub, beat
        self._beaten: tuple[float, str] = (-BEAT_S, "")
        self._places = Places(most, "tabs")

    @property
    def open(self) -> int:
        """How many tabs look on."""
        return self._places.open

    async def serve(
        self, socket: WebSocket, sight: Sight | None = None, may: May = _always, *, address: str = ""
    ) -> None:
        """Until the tab leaves, takes nothing any more, may not look any longer, or its place goes to another address:
        it is closed with the reason. `sight`: theirs; None: all.
        """
        await socket.accept()
        sent_away = asyncio.get_running_loop().create_future()

        def leave(why: str) -> None:
            if not sent_away.done():
                sent_away.set_result((_TRY_LATER, why))

        try:
            with self._places.take(address, leave):
                code, why = await self._served(socket, sight, may, sent_away)
        except UnavailableError as full:
            code, why = _TRY_LATER, str(full)
        with suppress(RuntimeError, WebSocketDisconnect):  # it may be closed already
            await socket.close(code, why)

    async def _served(
        self, socket: WebSocket, sight: Sight | None, may: May, sent_away: "asyncio.Future[tuple[int, str]]"
    ) -> tuple[int, str]:
        """Until it ends; with which code, and why."""
        turn = asyncio.Lock()
        tells, beats, hears = (
            asyncio.create_task(work)
            for work in (self._tell(socket, turn, sight), self._beats(socket, turn, may), self._hear(socket))
        )
        tasks = (tells, beats, hears)
        try:
            ends: list[asyncio.Future[Any]] = [*tasks, sent_away]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if sent_away.done():
                return sent_away.result()
            if beats.done() and beats.exception() is None:
                return _MAY_NOT, MAY_NOT
            late = any(task.done() and isinstance(task.exception(), TimeoutError) for task in tasks)
            return _GOES, TAKES_NOTHING if late else ""
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell(self, socket: WebSocket, turn: asyncio.Lock, sight: Sight | None) -> None:
        """Who is too slow for the changes gets another snapshot. What is told to some alone has numbers of its own, so
        that a tab sees that nothing is missing.
        """
        while True:
            snapshot = self._hub.snapshot()
            told = snapshot.number
            await _send(socket, turn, (snapshot if sight is None else sight.of(snapshot)).encoded)
            async for batch in self._hub.batches(snapshot.number):
                if sight is None:
                    await _send(socket, turn, batch.encoded)
                elif theirs := sight.changes(batch.changes):
                    numbered = Batch(tuple(one._replace(number=told + n) for n, one in enumerate(theirs, 1)))
                    told += len(theirs)
                    await _send(socket, turn, numbered.encoded)

    async def _beats(self, socket: WebSocket, turn: asyncio.Lock, may: May) -> None:
        while await may():
            await _send(socket, turn, self._newest_beat())
            await asyncio.sleep(BEAT_S)

    def _newest_beat(self) -> str:
        """The same for all tabs of one second."""
        now = asyncio.get_running_loop().time()
        if now - self._beaten[0] >= BEAT_S / 2:
            self._beaten = now, msgspec.json.encode({"beat": self._beat()}).decode()
        return self._beaten[1]

    async def _hear(self, socket: WebSocket) -> None:
        """A tab has nothing to say; that it left is all there is to hear."""
        with suppress(WebSocketDisconnect):
            await socket.receive_text()


async def _send(socket: WebSocket, turn: asyncio.Lock, frame: str) -> None:
    async with turn:
        async with asyncio.timeout(TAKE_S):  # wait_for may swallow that we are cancelled, and then nobody ends
            await socket.send_text(frame)
