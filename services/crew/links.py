"""Links that crews are given: what they open, and for how long."""

from typing import Final, NamedTuple

from domain.ports import Clock
from domain.readings import Millis
from services.people.links import Links

DAY: Final[Millis] = 86_400_000
WEEK: Final[Millis] = 7 * DAY
LASTS: Final = 30 * DAY  # one that somebody gives out
LONGEST: Final = 366 * DAY


class Given(NamedTuple):
    """A link, and until when it opens."""

    url: str
    expires: Millis


class CrewLinks:
    """Makes and opens them. `base` is where crews reach the service."""

    def __init__(self, links: Links, base: str, wall: Clock) -> None:
        self._links, self._base, self._wall = links, base.rstrip("/"), wall

    def given(self, crew: str, lasts: Millis = LASTS) -> Given:
        """A link that somebody gives out."""
        expires = self._wall.now() + max(0, min(lasts, LONGEST))
        return Given(f"{self._base}/crew/{self._links.sign(crew, expires)}", expires)

    def answer(self, crew: str, order: str) -> str:
        """Where a message about an order is answered. One link a week for each crew, so that a phone has one page of
        it and not one for each message; it opens for one to two weeks.
        """
        expires = (self._wall.now() // WEEK + 2) * WEEK
        return f"{self._base}/crew/{self._links.sign(crew, expires)}#{order}"

    def open(self, text: str) -> str:
        """Whose it is. Raises RejectedError."""
        return self._links.open(text)
