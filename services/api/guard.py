"""Who may speak to the API while there are no tokens: this machine's programs and people, and nobody's web page."""

from http import HTTPStatus
from ipaddress import ip_address
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.problems import answer

MOST_BYTES: Final = 64 * 1024  # of a request's body
_READING: Final = ("GET", "HEAD", "OPTIONS")


def is_loopback(host: str) -> bool:
    """Whether a host, as written in an address, can only mean this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def host_of(authority: str) -> str:
    """The host of HOST, HOST:PORT, [V6] or [V6]:PORT."""
    if authority.startswith("["):
        return authority.partition("]")[0] + "]"
    return authority.partition(":")[0]


class Guard:
    """Refuses what another site's page could make a browser send.

    A page that has its own name resolve to this machine (DNS rebinding) sends that name as Host; a form sends any body
    but JSON; and a script that sends JSON must ask first, which nothing here answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass it on, or refuse it."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def plainly(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Cache-Control"] = "no-store"
            await send(message)

        refusal = _refusal(scope["method"], Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, plainly)
        else:
            status, detail = refusal
            await answer(status, detail, scope["path"])(scope, receive, plainly)


def _refusal(method: str, headers: Headers) -> tuple[HTTPStatus, str] | None:
    host = headers.get("host", "")
    if not is_loopback(host_of(host)):
        return HTTPStatus.MISDIRECTED_REQUEST, "only localhost is served here: until tokens exist the API is local"
    if method in _READING:
        return None
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send Content-Type: application/json"
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        return HTTPStatus.LENGTH_REQUIRED, "send a Content-Length"
    if int(length) > MOST_BYTES:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {MOST_BYTES} bytes"
    return None
