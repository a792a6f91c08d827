"""One connection to the API. Nobody may hold one who says nothing, or takes nothing of what is said.

The door, the journal and the stores open files in the same process: connections that are held for ever, a few hundred
of them where a process may have 1,024 files, would cost it the broker.
"""

import asyncio
import resource
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

SAY_S: Final = 15.0  # for a request, from its first byte to its last; and for the first byte
TAKE_S: Final = 30.0  # for taking anything at all of an answer that waits
MOST: Final = 1000
_UNFINISHED: Final = (h11.IDLE, h11.SEND_BODY)


def most() -> int:
    """So many connections at one time: they get at most half of the files that this process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else min(MOST, soft // 2)


class Line(H11Protocol):
    """uvicorn's own, which waits for ever and takes any number, with an end to both."""

    _saying: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn's own
        """Refuse one too many."""
        super().connection_made(transport)
        if len(self.connections) > most():
            transport.abort()
        else:
            self._saying = self.loop.call_later(SAY_S, transport.abort)

    def data_received(self, data: bytes) -> None:
        """More of a request, or all of it."""
        super().data_received(data)
        if self.conn.their_state not in _UNFINISHED:
            self._said()
        elif self._saying is None:
            self._saying = self.loop.call_later(SAY_S, self.transport.abort)

    def pause_writing(self) -> None:
        """More waits to be taken than is good."""
        super().pause_writing()
        if self._taking is None:
            self._taking = self.loop.call_later(TAKE_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It was taken."""
        super().resume_writing()
        self._taken()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._said()
        self._taken()
        super().connection_lost(exc)

    def _said(self) -> None:
        if self._saying is not None:
            self._saying.cancel()
            self._saying = None

    def _taken(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None
