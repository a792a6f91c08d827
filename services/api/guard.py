"""Stands before every route: who may speak to us, and what another site's page could make a browser send."""

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.errors import UnavailableError
from services.api.access import LOCAL, Access, host_of
from services.api.origins import is_same_origin
from services.api.problems import Needs, answer, needs_of
from services.api.trailing import Footprint, Trailing
from services.people.policy import Deed, Reach, deed_of, lacks
from services.people.roles import Person, Role

MOST_BYTES: Final = 64 * 1024  # of a request's body
OPEN: Final = ("/healthz", "/readyz")  # asked by programs that carry no token
SESSION: Final = "tidewalk_session"
_READING: Final = ("GET", "HEAD", "OPTIONS")
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="tidewalk"'}
_UNSAID: Final = "send Authorization: Bearer TOKEN"

Found = Callable[[Scope], str | None]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `session` is the digest of the session they came with, "" where it was another way."""

    person: Person = field(default_factory=Person)
    session: str = ""

    @property
    def by(self) -> str:
        """Their name, "" where nobody has to say one and none was said."""
        return self.person.name


NOBODY: Final = Caller(Person(role=Role.VIEWER))  # may read, where that needs no token


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, as HTTP says it."""

    status: HTTPStatus
    detail: str
    headers: dict[str, str] = field(default_factory=dict)
    needs: Needs | None = None


def allowed(access: Access, headers: Headers, *, changing: bool, given: str = "") -> Caller | Refusal:
    """Who asks, or why they may not. `given` is a token that came another way than as `Authorization: Bearer`.

    Host is checked here. A token comes first; then the cookie of a session, with which only our own pages may change
    anything (Origin). Where tokens are known, a wrong one is refused even where none is needed.
    """
    host = host_of(headers.get("host", ""))
    if not access.answers_to(host):
        wanted = "" if access.hosts else " (only localhost is served: there are no others in TIDEWALK_API_HOSTS)"
        return Refusal(HTTPStatus.MISDIRECTED_REQUEST, f"nobody of that name is served here{wanted}")
    if not access.asks_who:
        return Caller()
    scheme, _, token = headers.get("authorization", "").partition(" ")
    token = token.strip() if scheme.lower() == "bearer" else given
    if token:
        person = access.by_token(token)
        if person is None:
            return Refusal(HTTPStatus.UNAUTHORIZED, "that token is not known", _CHALLENGE)
        return Caller(person)
    shown = access.by_session(session) if (session := cookie(headers, SESSION)) else None
    if shown is not None:
        if changing and not is_same_origin(headers):
            return Refusal(HTTPStatus.FORBIDDEN, "with a cookie only pages of this very host may change anything")
        return Caller(shown.person, shown.session)
    if changing or access.is_closed:
        return Refusal(HTTPStatus.UNAUTHORIZED, _UNSAID, _CHALLENGE)
    return NOBODY


def cookie(headers: Headers, name: str) -> str:
    """What a cookie says; "" where there is none."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value


def needs_token(access: Access, verb: str, path: str) -> bool:
    """Whether a request of that kind is answered to who shows a token (or a session) alone."""
    if not access.asks_who or path in OPEN:
        return False
    return access.is_closed or verb.upper() not in _READING or Role.VIEWER not in deed_of(verb, path).roles


class Guard:
    """Refuses whoever may not, and what another site's page could make a browser send.

    A page that has its own name resolve to this machine (DNS rebinding) sends that name as Host; a form sends any body
    but JSON; and a script that sends JSON must ask first, which nothing here answers. `own` are paths whose routes ask
    `allowed` themselves (`/` alone, `/live`, and all below `/static/`), and look at what is sent too where such a
    path ends as one of `bodies`; everything else is asked here, by the table of `services.people.policy`, and who it
    was is `scope["state"]["caller"]`. `found` gives the route that takes a request, as the document writes it. What
    changes something is noted in the trail, whatever came of it.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        access: Access = LOCAL,
        own: tuple[str, ...] = (),
        bodies: tuple[str, ...] = (),
        found: Found = lambda scope: str(scope["path"]),
    ) -> None:
        self._app, self._access, self._own, self._found = app, access, own, found
        self._bodies = bodies
        self._trailing = Trailing(access)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass it on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        away = await self._looked()
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        route = None if self._is_own(scope["path"]) else self._found(scope)
        refusal = self._refusal(scope, route) if away is None or scope["path"] in OPEN else away
        changing = scope["method"] not in _READING
        noted = self._trailing.of(scope, route) if changing and not self._is_own(scope["path"]) else None

        async def plainly(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
                if noted is not None:
                    await noted(message["status"])
            await send(message)

        if refusal is None:
            await self._app(_asked(scope), receive, plainly)
        else:
            refused = answer(
                refusal.status, refusal.detail, scope["path"], headers=refusal.headers, needs=refusal.needs
            )
            await refused(scope, receive, plainly)

    async def _looked(self) -> Refusal | None:
        """See to it that who is known is known as of now, or nearly."""
        if self._access.reception is None:
            return None
        try:
            await self._access.reception.known.fresh()
        except UnavailableError as away:
            why = f"nobody can be told who they are: {away}"
            return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, why, {"Retry-After": "5"})
        return None

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Those of others are closed; for ours, tokens and origins are looked at by whoever serves them."""
        host = host_of(Headers(scope=scope).get("host", ""))
        if self._is_own(scope["path"]) and self._access.answers_to(host):
            await self._app(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _refusal(self, scope: Scope, route: str | None) -> Refusal | None:
        headers, path = Headers(scope=scope), scope["path"]
        changing = scope["method"] not in _READING
        asked = allowed(self._access, headers, changing=changing)
        state = scope.setdefault("state", {})
        state["caller"], state["footprint"] = NOBODY, Footprint()
        if isinstance(asked, Refusal):
            theirs = path in OPEN or self._is_own(path)
            if asked.status is not HTTPStatus.UNAUTHORIZED or not theirs:
                return asked
            asked = NOBODY
        state["caller"] = asked
        if route is not None and (unfit := _unfit(asked, scope, route)) is not None:
            return unfit
        if self._is_own(path) and path.endswith(self._bodies):
            return None
        return _unfit_body(headers) if changing and (route is not None or self._is_own(path)) else None

    def _is_own(self, path: str) -> bool:
        return any(path == one or (len(one) > 1 and one.endswith("/") and path.startswith(one)) for one in self._own)


def _unfit(asked: Caller, scope: Scope, route: str) -> Refusal | None:
    """Whether their role and zones are too little for a route, wherever."""
    verb = "GET" if scope["method"] == "HEAD" else scope["method"]
    deed: Deed = deed_of(verb, route)
    lacking = None if deed.reach is Reach.OPEN else lacks(asked.person, deed)
    if lacking is None:
        return None
    if not asked.person.name:
        return Refusal(HTTPStatus.UNAUTHORIZED, _UNSAID, _CHALLENGE)
    return Refusal(HTTPStatus.FORBIDDEN, lacking.why, needs=needs_of(lacking))


def _asked(scope: Scope) -> Scope:
    """HEAD is GET, of which whoever serves sends no body. It accepts nothing by name, so that no stream stays open."""
    if scope["method"] != "HEAD":
        return scope
    headers = [(name, value) for name, value in scope["headers"] if name != b"accept"]
    return {**scope, "method": "GET", "headers": headers}


def _unfit_body(headers: Headers) -> Refusal | None:
    """What a form could send, and what is too large."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send Content-Type: application/json")
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        return Refusal(HTTPStatus.LENGTH_REQUIRED, "send a Content-Length")
    if len(length) > len(str(MOST_BYTES)) or int(length) > MOST_BYTES:
        return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {MOST_BYTES} bytes")
    return None
