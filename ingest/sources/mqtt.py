"""MQTT 5 on the mqtt5 codec: the quick way in. Nothing is acknowledged before `settle`."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from mqtt5 import DisconnectReasonCode

from domain.errors import UnavailableError
from domain.ports import Arrived, Clock, SettleToken
from ingest.sources.conversation import Conversation
from ingest.sources.inbox import Inbox
from ingest.sources.link import Link
from ingest.sources.retry import Loss, MalformedError, TakenOverError, thrown_out
from ingest.sources.settings import MqttSettings
from ingest.sources.upkeep import Upkeep, inbox_of, link_of, retry_of

READ_BYTES = 256 * 1024
QUIET_TICKS = 2  # as many half keep-alives without a byte, though asked: the broker is gone
SUBACK_TICKS = 4


class Mqtt5Source:
    """A `domain.ports.Source` over one persistent MQTT 5 session. Settle each token once, in order."""

    def __init__(self, settings: MqttSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._client_id = settings.client_id
        self._inbox = inbox_of(settings)
        self._link = link_of(settings, self._inbox, clock)
        self._wire: _Wire | None = None
        self._inbox.room_again = self._read_again
        self._upkeep = Upkeep(
            hold=self._hold,
            leave=self._leave,
            retry=retry_of(settings),
            inbox=self._inbox,
            where=f"{settings.host}:{settings.port}",
        )

    def batches(self) -> AsyncIterator[Arrived]:
        """See `Source.batches`. `messages` may be empty where only a marker is to be settled."""
        return self._upkeep.stream()

    async def settle(self, token: SettleToken) -> None:
        """See `Source.settle`. One write for the whole batch."""
        wire = self._wire
        if wire is not None and token.packets and token.epoch == wire.conversation.epoch:
            wire.send(wire.conversation.settled(token.packets))

    async def close(self) -> None:
        """See `Source.close`."""
        await self._upkeep.stop()

    async def _hold(self) -> Loss:
        """Make one connection; return how it was lost."""
        s = self._settings
        loop = asyncio.get_running_loop()
        conversation = Conversation(s, self._client_id, link=self._link, inbox=self._inbox, clock=self._clock)
        wire = self._wire = _Wire(conversation, self._inbox, self._link, s.marker_every)
        why: Exception | None = None
        try:
            async with asyncio.timeout(s.connect_timeout):
                await loop.create_connection(lambda: wire, s.host, s.port, ssl=s.tls)
                await wire.either()
            why = await wire.over()
        except TimeoutError:
            why = UnavailableError(f"no CONNACK within {s.connect_timeout:g} s")
        except OSError as refused:
            why = UnavailableError(str(refused))
        finally:
            self._wire = None
            self._client_id = conversation.client_id
            wire.drop()
            lived = loop.time() - self._link.up_since if self._link.up else 0.0
            taken = self._link.lost(lived=lived, taken_over=isinstance(why, TakenOverError))
        return Loss(thrown_out(why) if taken else why, lived)

    async def _leave(self) -> None:
        if self._wire is not None:
            await self._wire.leave(self._settings.close_timeout)

    def _read_again(self) -> None:
        if self._wire is not None:
            self._wire.resume()


class _Wire(asyncio.BufferedProtocol):
    """The socket of one conversation: reads into one buffer, writes what is wanted, watches for silence."""

    def __init__(self, conversation: Conversation, inbox: Inbox, link: Link, marker_every: float) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._inbox = inbox
        self._link = link
        self._marker_every = marker_every
        self._buffer = bytearray(READ_BYTES)
        self._end = 0  # of what is in the buffer
        self._transport: asyncio.Transport | None = None
        self._paused = False
        self._paused_at = 0.0
        self._left = False  # goodbye is said: nothing may follow
        self._quiet = 0
        self._ticks = 0
        self._timers: list[asyncio.TimerHandle] = []
        self.conversation = conversation
        self.admitted: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[Exception] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP_NODELAY is set by asyncio itself on every TCP socket."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (create_connection makes no other)
        self._transport = transport
        self._flush()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 (asyncio's signature)
        """Where to read into. Doubles while one packet fills it."""
        if self._end == len(self._buffer):
            larger = bytearray(2 * len(self._buffer))
            larger[: self._end] = self._buffer
            self._buffer = larger
        return memoryview(self._buffer)[self._end :]

    def buffer_updated(self, nbytes: int) -> None:
        """So many bytes were read."""
        self._quiet = 0
        self._end += nbytes
        self.conversation.now = self._loop.time()
        try:
            used = self.conversation.hear(memoryview(self._buffer)[: self._end])
        except Exception as why:  # noqa: BLE001 (whatever it is ends this connection, and is told where it is held)
            self._break_off(why)
            return
        self._keep(used)
        if not self.admitted.done() and self.conversation.epoch:
            self.admitted.set_result(None)
            self._timers = [
                self._loop.call_later(self.conversation.limits.ping_every, self._tick),
                self._loop.call_later(self._marker_every, self._mark),
            ]
        self._flush()
        if self._inbox.full and not self._paused and self._transport is not None:
            self._paused, self._paused_at = True, self._loop.time()
            self._transport.pause_reading()

    def eof_received(self) -> None:
        """The broker closes."""
        self._end_with(UnavailableError("the broker closed the connection"))

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self._end_with(UnavailableError(str(exc) if exc else "the broker closed the connection"))

    def send(self, data: bytes) -> None:
        """Write now; nothing where the socket is going."""
        if self._transport is not None and not self._left and not self._transport.is_closing():
            self._transport.write(data)

    def resume(self) -> None:
        """The inbox has room again."""
        if self._paused and self._transport is not None and not self._transport.is_closing():
            self._paused = False
            self._quiet = 0
            now = self._loop.time()
            if now - self._paused_at >= self._marker_every and (payload := self._link.held_up(now)) is not None:
                self.conversation.publish_marker(payload)
                self._flush()
            self._transport.resume_reading()

    async def leave(self, timeout: float) -> None:  # noqa: ASYNC109 (the transport must be aborted afterwards)
        """Say goodbye and wait until the broker hangs up: by then it has read every PUBACK. Closing first may reset the
        connection, and what the broker had not read would be gone.
        """
        if self._transport is None or self.lost.done():
            return
        self.send(self.conversation.farewell())
        self._left = True
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self.resume()
        await asyncio.wait([self.lost], timeout=timeout)
        self.drop()

    def drop(self) -> None:
        """No longer: whatever is unsent is lost."""
        self._end_with(UnavailableError("left"))
        if self._transport is not None:
            self._transport.abort()

    async def either(self) -> None:
        """Return when the broker has let us in, or the connection is lost."""
        both: list[asyncio.Future[Any]] = [self.admitted, self.lost]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)

    async def over(self) -> Exception:
        """Return how the connection was lost, once it is."""
        await asyncio.wait([self.lost])
        return self.lost.result()

    def _keep(self, used: int) -> None:
        """Move the part of a packet that is left to the front."""
        left = self._end - used
        if used and left:
            self._buffer[:left] = self._buffer[used : self._end]
        self._end = left
        if not left and len(self._buffer) > READ_BYTES:
            self._buffer = bytearray(READ_BYTES)

    def _flush(self) -> None:
        if self.conversation.outgoing:
            self.send(b"".join(self.conversation.outgoing))
            self.conversation.outgoing.clear()

    def _tick(self) -> None:
        """Every half keep-alive: ask whether the broker is there. While reading is paused its answer waits unread."""
        if not self._paused:
            self._ticks += 1
            self._quiet += 1
            if self._quiet > QUIET_TICKS:
                self._break_off(UnavailableError("the broker has fallen silent"))
                return
            if not self.conversation.up and self._ticks >= SUBACK_TICKS:
                self._break_off(UnavailableError("the broker does not answer SUBSCRIBE"))
                return
        self.conversation.ping()
        self._flush()
        self._timers[0] = self._loop.call_later(self.conversation.limits.ping_every, self._tick)

    def _mark(self) -> None:
        if self.conversation.up and (payload := self._link.due(self._loop.time())) is not None:
            self.conversation.publish_marker(payload)
            self._flush()
        self._timers[1] = self._loop.call_later(self._marker_every, self._mark)

    def _break_off(self, why: Exception) -> None:
        if isinstance(why, MalformedError):
            self.send(self.conversation.farewell(DisconnectReasonCode.MALFORMED_PACKET))
        self._end_with(why)
        if self._transport is not None:
            self._transport.close()

    def _end_with(self, why: Exception) -> None:
        for timer in self._timers:
            timer.cancel()
        if not self.lost.done():
            self.lost.set_result(why)
