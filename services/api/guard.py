"""Stands before every route: who may speak to us, and what another site's page could make a browser send."""

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.access import LOCAL, Access, host_of
from services.api.problems import answer

MOST_BYTES: Final = 64 * 1024  # of a request's body
OPEN: Final = ("/healthz", "/readyz")  # asked by programs that carry no token
_READING: Final = ("GET", "HEAD", "OPTIONS")
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="tidewalk"'}

Takes = Callable[[Scope], bool]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the name of their token, "" where none is needed and none was sent."""

    by: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, as HTTP says it."""

    status: HTTPStatus
    detail: str
    headers: dict[str, str] = field(default_factory=dict)


def allowed(access: Access, headers: Headers, *, changing: bool, given: str = "") -> Caller | Refusal:
    """Who asks, or why they may not. `given` is a token that came another way than as `Authorization: Bearer`.

    Host is checked here; Origin is for whoever serves pages and sockets. Where tokens are known, a wrong one is refused
    even where none is needed.
    """
    host = host_of(headers.get("host", ""))
    if not access.answers_to(host):
        wanted = "" if access.hosts else " (only localhost is served: there are no others in TIDEWALK_API_HOSTS)"
        return Refusal(HTTPStatus.MISDIRECTED_REQUEST, f"nobody of that name is served here{wanted}")
    scheme, _, token = headers.get("authorization", "").partition(" ")
    token = token.strip() if scheme.lower() == "bearer" else given
    if not access.tokens:
        return Caller()
    if token:
        whose = access.tokens.whose(token)
        return (
            Refusal(HTTPStatus.UNAUTHORIZED, "that token is not known", _CHALLENGE) if whose is None else Caller(whose)
        )
    if changing or access.beyond:
        return Refusal(HTTPStatus.UNAUTHORIZED, "send Authorization: Bearer TOKEN", _CHALLENGE)
    return Caller()


def needs_token(access: Access, verb: str, path: str) -> bool:
    """Whether a request of that kind is answered to who shows a token alone."""
    return bool(access.tokens) and path not in OPEN and (access.beyond or verb.upper() not in _READING)


class Guard:
    """Refuses whoever may not, and what another site's page could make a browser send.

    A page that has its own name resolve to this machine (DNS rebinding) sends that name as Host; a form sends any body
    but JSON; and a script that sends JSON must ask first, which nothing here answers. `own` are paths whose routes ask
    `allowed` themselves (`/` alone, `/live`, and all below `/static/`); everything else is asked here, and who it was
    is `scope["state"]["caller"]`. `takes` says whether a route would take a request.
    """

    def __init__(
        self, app: ASGIApp, *, access: Access = LOCAL, own: tuple[str, ...] = (), takes: Takes = lambda _: True
    ) -> None:
        self._app, self._access, self._own, self._takes = app, access, own, takes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass it on, or refuse it."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def plainly(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(_asked(scope), receive, plainly)
        else:
            refused = answer(refusal.status, refusal.detail, scope["path"], headers=refusal.headers)
            await refused(scope, receive, plainly)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Those of others are closed; for ours, tokens and origins are looked at by whoever serves them."""
        host = host_of(Headers(scope=scope).get("host", ""))
        if self._is_own(scope["path"]) and self._access.answers_to(host):
            await self._app(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers, path = Headers(scope=scope), scope["path"]
        changing = scope["method"] not in _READING
        asked = allowed(self._access, headers, changing=changing)
        if isinstance(asked, Refusal):
            theirs = path in OPEN or self._is_own(path)
            if asked.status is not HTTPStatus.UNAUTHORIZED or not theirs:
                return asked
            asked = Caller()
        scope.setdefault("state", {})["caller"] = asked
        unfit = _unfit(headers) if changing else None
        return unfit if unfit is not None and self._takes(scope) else None

    def _is_own(self, path: str) -> bool:
        return any(path == one or (len(one) > 1 and one.endswith("/") and path.startswith(one)) for one in self._own)


def _asked(scope: Scope) -> Scope:
    """HEAD is GET, of which whoever serves sends no body. It accepts nothing by name, so that no stream stays open."""
    if scope["method"] != "HEAD":
        return scope
    headers = [(name, value) for name, value in scope["headers"] if name != b"accept"]
    return {**scope, "method": "GET", "headers": headers}


def _unfit(headers: Headers) -> Refusal | None:
    """What a form could send, and what is too large."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send Content-Type: application/json")
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        return Refusal(HTTPStatus.LENGTH_REQUIRED, "send a Content-Length")
    if len(length) > len(str(MOST_BYTES)) or int(length) > MOST_BYTES:
        return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {MOST_BYTES} bytes")
    return None
