"""What changes something is noted in the audit trail: who, from where, what, and what came of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from time import monotonic
from typing import Final

from starlette.types import Scope

from services.api.access import Access
from services.people.roles import Entry

_UNKNOWN: Final = 30  # refusals of people we do not know are noted so often in a minute; more would only fill the disk
_MINUTE_S: Final = 60.0
_LONGEST: Final = 300

Noted = Callable[[int], Awaitable[None]]


@dataclass(slots=True)
class Footprint:
    """How something was before it was changed, and after; said by the route that changes it, for the trail."""

    before: str = ""
    after: str = ""


class Trailing:
    """Notes requests in the trail, where there is one."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._minute, self._refused = 0.0, 0

    def of(self, scope: Scope, route: str | None) -> Noted | None:
        """What to call with the status of the answer, before it goes out; None where no trail is kept."""
        reception = self._access.reception
        if reception is None:
            return None

        async def noted(status: int) -> None:
            state = scope.get("state", {})
            caller, left = state.get("caller"), state.get("footprint", Footprint())
            who = "" if caller is None else caller.by
            if not who and status >= HTTPStatus.BAD_REQUEST and not self._may_note_unknown():
                return
            what, about = f"{scope['method']} {route or 'nothing'}", scope["path"][:_LONGEST]
            result = f"{status} {HTTPStatus(status).phrase}"
            address = self._access.proxies.address(scope)
            entry = Entry(reception.now(), who, address, what, about, result, left.before, left.after)
            await reception.note(entry)

        return noted

    def _may_note_unknown(self) -> bool:
        now = monotonic()
        if now - self._minute >= _MINUTE_S:
            self._minute, self._refused = now, 0
        self._refused += 1
        return self._refused <= _UNKNOWN
