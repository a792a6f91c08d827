"""MQTT 3.1.1 or 5 on paho-mqtt: for brokers that speak no 5, and as insurance against a young codec.

One paho client for each connection: the session lies with the broker, and a token of an old connection cannot reach a
new one.
"""

import asyncio
from collections.abc import AsyncIterator

from domain.errors import UnavailableError
from domain.ports import Arrived, Clock, SettleToken
from ingest.sources.paho_line import Line, PahoSettings
from ingest.sources.retry import Loss, TakenOverError, thrown_out
from ingest.sources.upkeep import Upkeep, inbox_of, link_of, retry_of

__all__ = ["PahoSettings", "PahoSource"]


class PahoSource:
    """A `domain.ports.Source` on paho-mqtt. Settle each token once, in order."""

    def __init__(self, settings: PahoSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._inbox = inbox_of(settings)
        self._link = link_of(settings, self._inbox, clock)
        self._line: Line | None = None
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
        """See `Source.settle`."""
        line = self._line
        if line is not None and line.epoch == token.epoch:
            line.acknowledge(token.packets)

    async def close(self) -> None:
        """See `Source.close`."""
        await self._upkeep.stop()

    async def _hold(self) -> Loss:
        """Make one connection; return how it was lost."""
        line = self._line = Line(self._settings, link=self._link, inbox=self._inbox, clock=self._clock)
        why: Exception | None = None
        try:
            async with asyncio.timeout(self._settings.connect_timeout):
                await line.connect()
                await line.either()
            why = await line.over()
        except TimeoutError:
            why = UnavailableError(f"no CONNACK within {self._settings.connect_timeout:g} s")
        except OSError as refused:
            why = UnavailableError(str(refused))
        finally:
            self._line = None
            line.drop()
            lived = asyncio.get_running_loop().time() - self._link.up_since if self._link.up else 0.0
            taken = self._link.lost(lived=lived, taken_over=isinstance(why, TakenOverError))
        return Loss(thrown_out(why) if taken else why, lived)

    async def _leave(self) -> None:
        if self._line is not None:
            await self._line.leave()

    def _read_again(self) -> None:
        if self._line is not None:
            self._line.resume()
