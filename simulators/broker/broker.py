"""The pocket broker: a TCP server for MQTT 3.1.1 and 5 on one port, all in memory."""

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from simulators.broker.connection import Connection, Limits
from simulators.broker.exchange import Exchange
from simulators.broker.packets import Reason

_FAREWELL_S = 1.0

DEFAULT_LIMITS = Limits()


class PocketBroker:
    """An MQTT broker for the demo and for tests; no promise of the project's rests on it.

    QoS 0 and 1 to subscribers, 0 to 2 from publishers; retained messages, wills, persistent sessions, options and
    properties of MQTT 5. No shared subscriptions, will delay, TLS or disk. A subscriber that is connected loses no
    QoS 1 message: where its queue is full, publishers wait for their acknowledgement. For one that is away the first
    `limits.max_queued` messages are kept, and what comes after them is dropped, counted and logged.

    Closed and opened again it listens on the same port and remembers sessions and retained messages, as a broker
    with persistence does.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        limits: Limits = DEFAULT_LIMITS,
        passwords: Mapping[str, str] | None = None,
    ) -> None:
        self._host, self._port = host, port
        self._limits, self._passwords = limits, passwords
        self._exchange = Exchange(limits.max_queued, _loop_time, _call_later)
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._guests = 0

    @property
    def port(self) -> int:
        """The port it listens on; the free one that was found, where 0 was asked for."""
        return self._port

    @property
    def dropped(self) -> int:
        """Messages dropped so far: queue full and client away (QoS 1) or slow (QoS 0), or larger than it takes."""
        return self._exchange.dropped

    @property
    def connections(self) -> int:
        """How many sockets are open."""
        return len(self._connections)

    async def open(self) -> None:
        """Listen. Raises OSError where the port is taken."""
        self._server = await asyncio.get_running_loop().create_server(self._accept, self._host, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop listening, say goodbye, and close every connection. Harmless the second time."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        ended = [connection.ended for connection in self._connections]
        for connection in tuple(self._connections):
            connection.end(Reason.SHUTTING_DOWN)
        if ended:
            await asyncio.wait(ended, timeout=_FAREWELL_S)
        self.cut()
        if ended:
            await asyncio.wait(ended)
        await server.wait_closed()

    def cut(self) -> None:
        """Break every connection without a word, as a failing network does; it goes on listening."""
        for connection in tuple(self._connections):
            connection.cut()

    def _accept(self) -> Connection:
        self._guests += 1
        default_id = f"pocket-{self._guests}"
        return Connection(self._exchange, self._limits, self._passwords, default_id, self._connected)

    def _connected(self, connection: Connection) -> None:
        if self._server is None:  # it was on its way in when the broker closed
            connection.cut()
            return
        self._connections.add(connection)
        connection.ended.add_done_callback(lambda _: self._connections.discard(connection))


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


def _call_later(delay_s: float, call: Callable[[], None]) -> asyncio.TimerHandle:
    return asyncio.get_running_loop().call_later(delay_s, call)
