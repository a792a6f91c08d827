"""Who looks at the page: by a token, by the cookie of who signed in, or, where nobody has to say who they are, by the
cookie that says that we served it.
"""

from dataclasses import dataclass
from http import HTTPStatus

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from domain.errors import RejectedError
from services.api.access import Access
from services.api.guard import SESSION, Caller, Refusal, allowed, cookie
from services.api.origins import is_same_origin
from services.console.session import COOKIE, LASTS, Sessions
from services.people.policy import READERS
from services.people.reception import TooManyError
from services.people.roles import Person


class Entering(BaseModel):
    """What somebody shows: a token, or a name and a password."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field("", max_length=512)
    name: str = Field("", max_length=128)
    password: str = Field("", max_length=512, repr=False)


@dataclass(frozen=True)
class Entrance:
    """The door of the page."""

    access: Access
    sessions: Sessions

    def looks(self, asked: HTTPConnection) -> Caller | None:
        """Who looks, None where they may not."""
        found = self.who(asked.headers)
        return found if found is not None and found.person.role in READERS else None

    def who(self, headers: Headers) -> Caller | None:
        """Who it is by what they brought; None where that is not enough."""
        asked = allowed(self.access, headers, changing=False)
        if isinstance(asked, Caller) and (asked.by or not self.access.asks_who):
            return asked
        if isinstance(asked, Refusal) and asked.status is not HTTPStatus.UNAUTHORIZED:
            return None
        served = self.sessions.whose(cookie(headers, COOKIE))
        if served is not None and served in self.access.tokens.names:
            return Caller(Person(served))
        return asked if isinstance(asked, Caller) else None

    def served(self, headers: Headers) -> Caller | None:
        """The same for a socket, or for what changes something: from a page that we served, on this very host."""
        if not is_same_origin(headers):
            return None
        found = self.who(headers)
        if found is None or found.session:
            return found
        return found if self.sessions.knows(cookie(headers, COOKIE)) else None

    async def enter(self, request: Request, said: Entering) -> Response:
        """A cookie for whoever may; 403, or 429 where they guess too fast."""
        answer = Response(status_code=HTTPStatus.NO_CONTENT)
        if not is_same_origin(request.headers):
            return Response(status_code=HTTPStatus.FORBIDDEN)
        if said.token and (by := self.access.tokens.whose(said.token)) is not None:
            self.hand_out(request, answer, by)
            return answer
        reception, address = self.access.reception, self.access.proxies.address(request.scope)
        if reception is None:
            return Response(status_code=HTTPStatus.FORBIDDEN)
        try:
            if said.token:
                text = await reception.sign_in_with_token(said.token, address)
            else:
                text = await reception.sign_in(said.name, said.password, address)
        except RejectedError:
            return Response(status_code=HTTPStatus.FORBIDDEN)
        except TooManyError as early:
            wait = max(1, round(early.retry_after or 1))
            return Response(status_code=HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": str(wait)})
        self._set(request, answer, SESSION, text)
        self.hand_out(request, answer)
        return answer

    async def leave(self, request: Request) -> Response:
        """Sign out: the session ends here too, and not in the browser alone."""
        if not is_same_origin(request.headers):
            return Response(status_code=HTTPStatus.FORBIDDEN)
        reception, shown = self.access.reception, self.access.by_session(cookie(request.headers, SESSION))
        if reception is not None and shown is not None:
            address = self.access.proxies.address(request.scope)
            await reception.sign_out(shown.session, shown.person.name, address)
        answer = Response(status_code=HTTPStatus.NO_CONTENT)
        for name in (SESSION, COOKIE):
            answer.delete_cookie(name, httponly=True, samesite="strict")
        return answer

    def hand_out(self, request: Request, answer: Response, by: str = "") -> None:
        """The cookie that says that we served the page, and to whom where a token of the settings was shown."""
        told = by if by in self.access.tokens.names else ""
        self._set(request, answer, COOKIE, self.sessions.fresh(told))

    def _set(self, request: Request, answer: Response, name: str, text: str) -> None:
        secure = self.access.proxies.is_secure(request.scope)
        answer.set_cookie(name, text, max_age=LASTS // 1000, httponly=True, samesite="strict", secure=secure)
