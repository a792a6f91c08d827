"""One connection to the API. Nobody may hold one who says nothing, or takes nothing of what is said.

The door, the journal and the stores open files in the same process: connections that are held for ever, a few hundred
of them where a process may have 1,024 files, would cost it the broker.
"""

import asyncio
import resource
import socket
from collections import Counter
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

SAY_S: Final = 15.0  # for a request, from its first byte to its last; and for the first byte
TAKE_S: Final = 30.0  # for taking anything at all of an answer that waits
SEND_BYTES: Final = 128 * 1024
MOST: Final = 1000
_UNFINISHED: Final = (h11.IDLE, h11.SEND_BODY)


def most() -> int:
    """So many connections at one time: they get at most half of the files that this process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else min(MOST, soft // 2)


def _address(one: Any) -> str:
    """Of the other end; whoever comes through a proxy has the proxy's, and sockets of pages are asked alike."""
    told = one.transport.get_extra_info("peername")
    return str(told[0]) if isinstance(told, tuple) else ""


class Line(H11Protocol):
    """uvicorn's own, which waits for ever and takes any number, with an end to both."""

    _saying: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn's own
        """Where there is one too many, one of those goes who have most; the newcomer, if that is who they are."""
        super().connection_made(transport)
        end = transport.get_extra_info("socket")
        if end is not None:  # what is not taken shows before the system has swallowed hours of it
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)
        if len(self.connections) > most():
            leaves = self._slowest()
            leaves.transport.abort()
            if leaves is self:
                return
        self._saying = self.loop.call_later(SAY_S, transport.abort)

    def _slowest(self) -> Any:
        """Of the address that has most connections the one that takes what it is told most slowly; of several, us."""
        several = Counter(_address(one) for one in self.connections)
        crowd = max(several, key=lambda address: (several[address], address == _address(self)))
        theirs = (one for one in self.connections if _address(one) == crowd)
        return max(theirs, key=lambda one: (one.transport.get_write_buffer_size(), one is self))

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
