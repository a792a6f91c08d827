"""One node of several leads: it holds a lease in the database, renews it, and does nothing outside without it."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple, Protocol

from domain.errors import ConflictError, UnavailableError
from domain.ports import Arrived, Publisher, SettleToken, Source
from domain.readings import Millis

_log = logging.getLogger(__name__)

RENEWED: Final = 4  # times in the span of a lease
_LOOK_S: Final = 0.05
_LEAVE_S: Final = 2.0


class Leader(NamedTuple):
    """Who leads. `until` and `now` are the database's time; `until` 0: it left in order."""

    token: int
    run: int  # the token with which this node began to lead
    site: str
    node: str
    known_as: str
    since: Millis
    until: Millis
    now: Millis

    @property
    def leads(self) -> bool:
        """Whether its time has not run out."""
        return self.until > self.now


class Lease(Protocol):
    """The lease as it is kept. Blocking. Raises UnavailableError."""

    def take(self) -> Leader:
        """Have it, where nobody else has; who has it then. Raises ConflictError where another site has it."""
        ...

    def renew(self) -> None:
        """Have it for another span. Raises ConflictError where another has had it since."""
        ...

    def release(self) -> None:
        """Let go of it, so that another need not wait."""
        ...

    @property
    def held(self) -> Leader | None:
        """As it was taken; None before."""
        ...


class Leading:
    """The lease of this process, renewed by a thread of its own: what keeps the event loop busy, such as taking up the
    books of a large site, must not cost it. `beat` never jumps, in seconds.
    """

    def __init__(self, lease: Lease, span_s: float, beat: Callable[[], float]) -> None:
        self._lease, self._span_s, self._beat = lease, span_s, beat
        self._until = 0.0  # ours for certain up to here, by `beat`
        self._lost: ConflictError | None = None
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    @property
    def leader(self) -> Leader:
        """We, as we took it."""
        held = self._lease.held
        assert held is not None  # noqa: S101  # nobody asks before `won`
        return held

    async def won(self, waits: Callable[[str], None]) -> None:
        """Return once we lead. `waits` is told why not yet, whenever that changes. Raises ConflictError where the
        database belongs to another site.
        """
        told = ""
        while True:
            began = self._beat()
            try:
                leader = await asyncio.to_thread(self._lease.take)
                why = f"stands by: {leader.known_as} leads"
            except UnavailableError as away:
                why = f"stands by: {away}"
            if self._lease.held is not None:
                break
            if why != told:
                waits(why)
                told = why
            await asyncio.sleep(min(self._span_s / RENEWED, 0.5))
        self._until = began + self._span_s
        self._thread.start()

    @property
    def certain(self) -> bool:
        """Whether nobody else can lead at this moment."""
        return self._lost is None and self._beat() < self._until

    async def sure(self) -> None:
        """Return when nobody else can lead at this moment. Raises ConflictError once somebody has."""
        while not self.certain:
            if self._lost is not None:
                raise self._lost
            await asyncio.sleep(_LOOK_S)

    async def lost(self) -> None:
        """Raises ConflictError as soon as another leads."""
        while True:
            if self._lost is not None:
                raise self._lost
            await asyncio.sleep(_LOOK_S)

    async def leave(self) -> None:
        """Let another lead at once."""
        self._left.set()
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join, _LEAVE_S)
        if self._lost is None and self._lease.held is not None:
            try:
                await asyncio.to_thread(self._lease.release)
            except (UnavailableError, ConflictError) as away:
                _log.warning("the lease runs out by itself", extra={"why": str(away)})

    def _keep(self) -> None:
        away = ""
        while not self._left.wait(self._span_s / RENEWED):
            began = self._beat()
            try:
                self._lease.renew()
            except UnavailableError as why:
                if not away:
                    _log.critical("the lease cannot be renewed: soon nothing is acknowledged", extra={"why": str(why)})
                away = str(why)
            except ConflictError as taken:
                self._lost = taken
                return
            else:
                if away:
                    _log.warning("the lease is renewed again")
                away, self._until = "", began + self._span_s


class LedSource:
    """A source that acknowledges nothing while another might lead: then the broker keeps it for whoever does. Nobody
    waits for that: what comes is heard all the while.
    """

    def __init__(self, inner: Source, leading: Leading) -> None:
        self._inner, self._leading = inner, leading
        self._tokens: deque[SettleToken] = deque()  # not settled yet, in their order
        self._settling: asyncio.Task[None] | None = None

    def batches(self) -> AsyncIterator[Arrived]:
        """See `Source.batches`."""
        return self._inner.batches()

    async def settle(self, token: SettleToken) -> None:
        """See `Source.settle`."""
        if self._leading.certain and not self._tokens:
            await self._inner.settle(token)
            return
        self._tokens.append(token)
        if self._settling is None or self._settling.done():
            self._settling = asyncio.create_task(self._settle_later(), name="settling")

    async def close(self) -> None:
        """See `Source.close`. What is not settled by then comes again."""
        if self._settling is not None:
            self._settling.cancel()
            await asyncio.gather(self._settling, return_exceptions=True)
        await self._inner.close()

    async def _settle_later(self) -> None:
        with suppress(ConflictError):  # then the service ends
            while self._tokens:
                await self._leading.sure()
                await self._inner.settle(self._tokens[0])
                self._tokens.popleft()


class LedPublisher:
    """A publisher that says nothing while another might lead."""

    def __init__(self, inner: Publisher, leading: Leading) -> None:
        self._inner, self._leading = inner, leading

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """See `Publisher.publish`."""
        await self._leading.sure()
        await self._inner.publish(topic, payload, retain=retain)


class LedChannel:
    """A channel to contacts that sends nothing while another might lead."""

    def __init__(self, inner: Any, leading: Leading) -> None:
        self._inner, self._leading = inner, leading

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def send(self, parcel: Any) -> None:
        """See `Channel.send`."""
        await self._leading.sure()
        await self._inner.send(parcel)
