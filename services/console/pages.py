"""The routes of the page: itself, its files, what it draws, its socket, and in a demo what may be broken."""

import mimetypes
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from http import HTTPStatus
from importlib.resources import files
from typing import Any, Final, Literal, get_args

import msgspec
from fastapi import APIRouter, Request, Response, WebSocket
from jinja2 import Environment, PackageLoader, select_autoescape
from pydantic import BaseModel, ConfigDict

from domain.site import Name, Site
from services.api.access import LOCAL, Access
from services.api.hearing import still
from services.console.chart import chart_of
from services.console.entering import Entering, Entrance
from services.console.session import Sessions
from services.console.socket import Beat, Sockets
from services.console.words import LANGUAGES, terms, words
from services.live.hub import Hub
from services.live.sight import Sight
from services.live.standing import Standing
from services.site.scenery import Scenery

OWN: Final = ("/", "/live", "/live/", "/static/")  # paths whose routes ask by themselves who may
Breakable = Literal["feeder", "bin", "toilet", "lamp", "gate"]
Break = Callable[[Breakable], Awaitable[str | None]]

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src"
    " 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_REMEMBER_S: Final = 365 * 86_400
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


class Wanted(BaseModel):
    """What a visitor of the demo wants broken."""

    model_config = ConfigDict(extra="forbid")

    what: Breakable


@dataclass(frozen=True)
class Console:
    """What the page stands before. `beat` says `at`, `rate` and `speed` of this moment, `titles` names the rules.
    `breaks` is there in a demo alone: it breaks one thing and gives its facility id.
    """

    site: Site
    scenery: Scenery
    hub: Hub
    sessions: Sessions
    beat: Beat
    titles: Mapping[str, Name] = field(default_factory=dict)
    access: Access = LOCAL
    breaks: Break | None = None
    sockets: Sockets = field(init=False)
    entrance: Entrance = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sockets", Sockets(self.hub, self.beat))
        object.__setattr__(self, "entrance", Entrance(self.access, self.sessions))


def router(console: Console) -> APIRouter:
    """`/`, `/static/…`, `/live` and what is below it."""
    made = APIRouter(include_in_schema=False)
    _page(made, console)
    _files(made)
    _live(made, console)
    _sessions(made, console)
    if console.breaks is not None:
        _breaking(made, console, console.breaks)
    return made


def _page(made: APIRouter, console: Console) -> None:
    templates = Environment(
        loader=PackageLoader("services.console"), autoescape=select_autoescape(default=True), trim_blocks=True
    )
    page, door = templates.get_template("page.html"), templates.get_template("signin.html")

    @made.get("/")
    async def shown(request: Request) -> Response:
        """The page, or the question for a token."""
        language, theme = _language(request), request.cookies.get("theme", "")
        said: dict[str, Any] = {
            "language": language,
            "other": LANGUAGES[1 - LANGUAGES.index(language)],
            "theme": theme if theme in ("dark", "light") else "",
            "w": words(language),
            "terms": terms(language),
            "site": console.site,
            "name": console.site.name.zh if language == "zh" else console.site.name.en,
            "standings": tuple(Standing),
            "breaks": get_args(Breakable) if console.breaks else (),
        }
        looks = console.entrance.looks(request)
        said["who"] = "" if looks is None else looks.by
        answer = Response((page if looks else door).render(**said), media_type="text/html", headers=dict(HEADERS))
        if looks is not None:
            console.entrance.hand_out(request, answer, looks.by)
        if request.query_params.get("lang") in LANGUAGES:
            answer.set_cookie("lang", language, max_age=_REMEMBER_S, httponly=True, samesite="strict")
        return answer


def _files(made: APIRouter) -> None:
    kept = {one.name: one.read_bytes() for one in (files("services.console") / "static").iterdir() if one.is_file()}
    tags = {name: f'"{blake2b(body, digest_size=8).hexdigest()}"' for name, body in kept.items()}

    @made.get("/static/{name}")
    async def static(name: str, request: Request) -> Response:
        """A file of ours: kept by the browser, asked for again each time, sent where it is another one."""
        if name not in kept:
            return Response("no such file", HTTPStatus.NOT_FOUND, media_type="text/plain")
        headers = {**HEADERS, "ETag": tags[name], "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == tags[name]:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        suffix = name[name.rfind(".") :]
        return Response(kept[name], media_type=_TYPES.get(suffix) or mimetypes.guess_type(name)[0], headers=headers)


def _live(made: APIRouter, console: Console) -> None:
    charts = {frozenset[str](): msgspec.json.encode(chart_of(console.site, console.scenery, console.titles))}

    @made.get("/live/chart")
    async def drawn(request: Request) -> Response:
        """What has a place or a name."""
        looks = console.entrance.looks(request)
        if looks is None:
            return _refused()
        zones = looks.person.zones
        chart = charts.get(zones)
        if chart is None:
            drawn = chart_of(console.site, console.scenery, console.titles, zones)
            chart = charts[zones] = msgspec.json.encode(drawn)
        return Response(chart, media_type="application/json", headers=dict(HEADERS))

    @made.websocket("/live")
    async def live(socket: WebSocket) -> None:
        """A snapshot and then changes, to a page that we served and on its own host alone."""
        entrance, headers = console.entrance, socket.headers
        caller = entrance.served(headers)
        if caller is None:
            await socket.close(1008)
            return
        sight = Sight(console.site, caller.person.zones, console.hub.now) if caller.person.zones else None

        async def may() -> bool:
            return await still(console.access, lambda: entrance.served(headers) == caller)

        await console.sockets.serve(socket, sight, may, address=console.access.proxies.address(socket.scope))


def _sessions(made: APIRouter, console: Console) -> None:
    @made.get("/live/session")
    async def session(request: Request) -> Response:
        """A cookie for the socket, where the page has none any more: we began again, or it was open all night."""
        looks = console.entrance.looks(request)
        if looks is None:
            return _refused()
        answer = Response(status_code=HTTPStatus.NO_CONTENT, headers=dict(HEADERS))
        console.entrance.hand_out(request, answer, looks.by)
        return answer

    @made.post("/live/session")
    async def sign_in(request: Request, said: Entering) -> Response:
        """A cookie for whoever has a token, or a name and a password."""
        return _dressed(await console.entrance.enter(request, said))

    @made.post("/live/session/end")
    async def sign_out(request: Request) -> Response:
        """Sign out."""
        return _dressed(await console.entrance.leave(request))


def _breaking(made: APIRouter, console: Console, breaks: Break) -> None:
    @made.post("/live/break")
    async def broken(request: Request, wanted: Wanted) -> Response:
        """Break one thing of the make-believe coast."""
        if console.entrance.served(request.headers) is None:
            return _refused()
        facility = await breaks(wanted.what)
        if facility is None:
            return Response(status_code=HTTPStatus.CONFLICT, headers=dict(HEADERS))
        body = msgspec.json.encode({"facility": facility})
        return Response(body, media_type="application/json", headers=dict(HEADERS))


def _dressed(answer: Response) -> Response:
    answer.headers.update(HEADERS)
    return answer


def _refused() -> Response:
    return Response(status_code=HTTPStatus.FORBIDDEN, headers=dict(HEADERS))


def _language(request: Request) -> str:
    """As the address says, else as it said before, else the first that the browser prefers of ours."""
    for said in (request.query_params.get("lang"), request.cookies.get("lang")):
        if said in LANGUAGES:
            return said
    for part in request.headers.get("accept-language", "").split(","):
        tongue = part.strip()[:2].lower()
        if tongue in LANGUAGES:
            return tongue
    return LANGUAGES[0]
