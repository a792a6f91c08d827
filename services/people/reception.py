"""Where people come in: signing in and out, and the trail of what they did. Used from one event loop."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Final

from domain.errors import RejectedError, UnavailableError
from domain.ports import Clock
from domain.readings import Millis
from services.people import secret
from services.people.known import Known
from services.people.links import Links
from services.people.passwords import Passwords
from services.people.ports import Kept
from services.people.roles import Entry, Numbered, Session
from services.people.secret import Key
from services.people.throttle import ACCOUNT, ADDRESS, Throttle

LASTS: Final[Millis] = 12 * 3_600_000  # a session: a shift and the way home
WRONG: Final = "that name and password do not go together, or that token is not known"
_LONGEST: Final = 256
_log = logging.getLogger("tidewalk.people")


class TooManyError(UnavailableError):
    """Too many wrong guesses: try again after `retry_after` seconds."""


class Reception:
    """Signs people in, and notes what they do. `beat` is a clock that never jumps, in seconds."""

    def __init__(
        self,
        kept: Kept,
        key: Key,
        wall: Clock,
        beat: Callable[[], float],
        passwords: Passwords | None = None,
    ) -> None:
        self._kept, self._key, self._wall, self._beat = kept, key, wall, beat
        self._passwords = passwords or Passwords()
        self._accounts, self._addresses = Throttle(ACCOUNT), Throttle(ADDRESS)
        self.known = Known(kept, key, wall, beat)

    async def sign_in(self, name: str, password: str, address: str) -> str:
        """The text of a session. Raises RejectedError, TooManyError, UnavailableError. A name that nobody has takes as
        long as a wrong password, and is counted as it.
        """
        name = name[:_LONGEST]
        self._may_try(name, address)
        self._count(name, address)  # before the hash is made: of guesses that come together each one counts
        await self.known.fresh()
        account = self.known.account(name)
        kept = None if account is None or account.disabled else account.password
        if not await asyncio.to_thread(self._passwords.fits, kept, password):
            await self.note(self._entry(name, address, "sign in", result="refused: wrong name or password"))
            raise RejectedError(WRONG)
        self._accounts.passed(name)
        self._addresses.excused(address)
        return await self._begin(name, "", address, self._wall.now() + LASTS)

    async def sign_in_with_token(self, text: str, address: str) -> str:
        """The same for whoever shows a token that the database has; it ends with the token at the latest."""
        self._may_try("", address)
        await self.known.fresh()
        shown = self.known.by_token(text)
        if shown is None:
            self._addresses.failed(address, self._now())
            await self.note(self._entry("", address, "sign in", result="refused: unknown token"))
            raise RejectedError(WRONG)
        return await self._begin(shown.person.name, shown.token, address, min(shown.expires, self._wall.now() + LASTS))

    async def sign_out(self, digest: str, name: str, address: str) -> None:
        """End a session."""
        entry = self._entry(name, address, "sign out", result="done")
        await asyncio.to_thread(self._kept.end_sessions, [digest], entry)
        await self.known.fresh(now=True)

    def links(self) -> Links:
        """Links of crews, as this service's key and who is known here have them."""
        return Links(self._key, self.known.generation, self._wall.now)

    async def revoke_links(self, crew: str, by: str, address: str) -> int:
        """All links of a crew are void, at once; the generation of those to come. Raises UnavailableError."""
        entry = Entry(self._wall.now(), by, address, "links revoke", crew, "done", "", "void")
        generation = await asyncio.to_thread(self._kept.raise_generation, crew, entry)
        await self.known.fresh(now=True)
        return generation

    async def note(self, entry: Entry) -> None:
        """Add a line to the trail. What was done stands, also where the line cannot be kept: the log has it then."""
        try:
            await asyncio.to_thread(self._kept.note, [entry])
        except UnavailableError as away:
            _log.error("the audit trail cannot be written", extra={"why": str(away), **asdict(entry)})

    def entries(self, *, newest: int, before: int | None = None, who: str = "") -> Sequence[Numbered]:
        """The trail, newest first. Blocking. Raises UnavailableError."""
        return self._kept.entries(newest=newest, before=before, who=who)

    def now(self) -> Millis:
        """The time of day."""
        return self._wall.now()

    async def _begin(self, name: str, token: str, address: str, until: Millis) -> str:
        text, now = secret.fresh(), self._wall.now()
        session = Session(self._key.digest(text), name, token, now, until, address)
        entry = self._entry(name, address, "sign in", result="done")
        await asyncio.to_thread(self._kept.begin_session, session, entry)
        await self.known.fresh(now=True)
        return text

    def _may_try(self, name: str, address: str) -> None:
        now = self._now()
        wait = max(self._accounts.wait(name, now) if name else 0, self._addresses.wait(address, now))
        if wait:
            raise TooManyError("too many wrong guesses: wait a little", wait / 1000)

    def _count(self, name: str, address: str) -> None:
        now = self._now()
        self._accounts.failed(name, now)
        self._addresses.failed(address, now)

    def _entry(self, who: str, address: str, what: str, *, result: str) -> Entry:
        return Entry(self._wall.now(), who, address, what, "", result)

    def _now(self) -> Millis:
        return int(self._beat() * 1000)
