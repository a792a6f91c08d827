"""The door of the crew's page: whose link it is, and how often wrong ones are looked at."""

from collections import defaultdict, deque
from collections.abc import Callable
from typing import Final

from starlette.requests import Request

from domain.errors import RejectedError
from domain.site import Site
from services.api.proxies import Proxies
from services.crew.links import CrewLinks
from services.people.reception import Reception, TooManyError
from services.people.throttle import ADDRESS, Throttle

MINUTE_S: Final = 60.0
A_MINUTE: Final = 120  # answers and photos of one crew: more than hands can tap, and little for a journal


class WrongLinkError(RejectedError):
    """It opens nothing, or nothing any more."""


class Door:
    """Opens links. `beat` is a clock that never jumps, in seconds."""

    def __init__(
        self, links: CrewLinks, reception: Reception, site: Site, proxies: Proxies, beat: Callable[[], float]
    ) -> None:
        self._links, self._reception, self._site, self._proxies = links, reception, site, proxies
        self._beat, self._wrong = beat, Throttle(ADDRESS)
        self._said: defaultdict[str, deque[float]] = defaultdict(deque)

    async def crew(self, request: Request, link: str) -> str:
        """Whose link it is. Raises WrongLinkError; TooManyError where too many wrong ones came from there, which never
        keeps out a right one; UnavailableError where nobody can be told who they are.
        """
        await self._reception.known.fresh()
        try:
            crew = self._links.open(link)
            if crew in self._site.crews:
                return crew
            why = "that crew is no more"
        except RejectedError as wrong:
            why = str(wrong)
        address, now = self._proxies.address(request.scope), int(self._beat() * 1000)
        if wait := self._wrong.wait(address, now):
            raise TooManyError("too many wrong links: wait a little", wait / 1000)
        self._wrong.failed(address, now)
        raise WrongLinkError(why)

    def may_say(self, crew: str) -> None:
        """Return where a crew has not said too much in the last minute. Raises UnavailableError."""
        now, said = self._beat(), self._said[crew]
        while said and said[0] <= now - MINUTE_S:
            said.popleft()
        if len(said) >= A_MINUTE:
            raise TooManyError("so many answers in a minute are no crew's", said[0] + MINUTE_S - now)
        said.append(now)
