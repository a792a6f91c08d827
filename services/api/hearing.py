"""Somebody who goes on listening, to the event stream or over a socket: what is theirs, and for how long."""

from collections.abc import Callable, Sequence

from starlette.datastructures import Headers

from domain.errors import UnavailableError
from domain.ports import Clock
from domain.site import Site
from services.api.access import Access
from services.api.guard import Caller, allowed
from services.live.changes import Change, Snapshot
from services.live.sight import Sight


class Hearing:
    """One of them. They came with `headers`, which must still be good for as long as they listen."""

    def __init__(self, site: Site, caller: Caller, access: Access, headers: Headers, clock: Clock) -> None:
        self._caller, self._access, self._headers = caller, access, headers
        zones = caller.person.zones
        self._sight = Sight(site, zones, clock.now) if zones else None

    def begins(self, snapshot: Snapshot) -> None:
        """From there on."""
        if self._sight is not None:
            self._sight.of(snapshot)

    def hears(self, changes: Sequence[Change]) -> Sequence[Change]:
        """What is theirs to hear."""
        return changes if self._sight is None else self._sight.changes(changes)

    async def may_listen(self) -> bool:
        """Whether what they showed is still good, and for the same. It is looked at every two seconds at the most."""
        return await still(self._access, lambda: allowed(self._access, self._headers, changing=False) == self._caller)


async def still(access: Access, good: Callable[[], bool]) -> bool:
    """Whether that holds by what is known now. Nobody is sent away because the database is."""
    if access.reception is None:
        return good()
    try:
        await access.reception.known.fresh()
    except UnavailableError:
        return True
    return good()
