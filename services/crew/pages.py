"""The routes of the crew's page: itself, its files, its list, answers and photos; all of it below the crew's link."""

import asyncio
import json
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from http import HTTPStatus
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from jinja2 import Environment, PackageLoader, select_autoescape

from domain.errors import ConflictError, NotFoundError, RejectedError
from services.api.answering import etag_of, matches
from services.api.problems import answer
from services.api.seams import Behind
from services.console.pages import HEADERS as CONSOLE
from services.crew.acts import becomes
from services.crew.door import Door, WrongLinkError
from services.crew.jpeg import MOST_BYTES
from services.crew.news import LONGEST_S, News
from services.crew.refusals import REFUSALS
from services.crew.shown import listed
from services.crew.taking import Said, Taking
from services.crew.words import LANGUAGES, said_in
from services.people.reception import TooManyError

OWN: Final = ("/crew/",)  # the link is the key
BODIES: Final = ("/photos",)
NOW: Final = "Tidewalk-Now"  # the service's clock, by which the page counts what is left
HEADERS: Final[Mapping[str, str]] = {
    **CONSOLE,
    # A worker's address may be given to the browser by our one policy alone; canvas and camera need nothing more.
    "Content-Security-Policy": CONSOLE["Content-Security-Policy"] + "; worker-src 'self'; trusted-types tidewalk-crew",
    "X-Robots-Tag": "noindex, nofollow",
}
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_WAITING_S: Final = 20.0  # for a photo to come in


@dataclass(frozen=True)
class CrewPage:
    """What the page stands before."""

    behind: Behind
    door: Door
    taking: Taking
    news: News


def router(page: CrewPage) -> APIRouter:
    """`/crew/…`."""
    made = APIRouter(include_in_schema=False)
    version = _files(made)
    _page(made, page, version)
    _list(made, page)
    _replies(made, page)
    _photos(made, page)
    return made


def _files(made: APIRouter) -> str:
    """The page's files, below a name that changes with them: what a phone has is the same for ever."""
    kept = {one.name: one.read_bytes() for one in (files("services.crew") / "static").iterdir() if one.is_file()}
    whole = blake2b(digest_size=8)
    for name, body in sorted(kept.items()):
        whole.update(name.encode() + b"\0" + body)
    version = whole.hexdigest()

    @made.get("/crew/static/{asked}/{name}")
    async def static(asked: str, name: str) -> Response:
        """A file of ours. The worker may look after the pages of all links."""
        if asked != version or name not in kept:
            return Response("no such file", HTTPStatus.NOT_FOUND, media_type="text/plain")
        headers = {**HEADERS, "Cache-Control": _FOR_EVER, "Service-Worker-Allowed": "/crew/"}
        suffix = name[name.rfind(".") :]
        return Response(kept[name], media_type=_TYPES.get(suffix) or mimetypes.guess_type(name)[0], headers=headers)

    return version


def _page(made: APIRouter, page: CrewPage, version: str) -> None:
    templates = Environment(
        loader=PackageLoader("services.crew"), autoescape=select_autoescape(default=True), trim_blocks=True
    )
    shell, wrong = templates.get_template("crew.html"), templates.get_template("wrong.html")
    site, names = page.behind.site, sorted(one.name for one in (files("services.crew") / "static").iterdir())
    tongues = {language: said_in(language) for language in LANGUAGES}

    @made.get("/crew/{link}")
    async def shown(link: str, request: Request) -> Response:
        """The page of a crew, or what to do where the link opens nothing."""
        root = f"/crew/static/{version}"
        try:
            crew = site.crews[await page.door.crew(request, link)]
        except (WrongLinkError, TooManyError) as no:
            told = wrong.render(root=root, w=tongues, early=isinstance(no, TooManyError))
            return Response(told, _status(no), media_type="text/html", headers={**HEADERS, **_later(no)})
        language = "en" if crew.language == "en" else "zh"
        given = {
            "crew": crew.id,
            "name": {"en": crew.name.en, "zh": crew.name.zh},
            "desk": crew.id == site.desk,
            "zone": site.timezone,
            "site": site.id,
            "language": language,
            "becomes": becomes(),
            "tongues": tongues,
            "refusals": REFUSALS,
            "crews": {one.id: {"en": one.name.en, "zh": one.name.zh} for one in site.crews.values()},
            "files": [f"{root}/{name}" for name in names],
        }
        said: dict[str, Any] = {
            "root": root,
            "language": language,
            "w": tongues[language]["w"],
            "simulated": site.simulated,
            "given": given,
        }
        return Response(shell.render(**said), media_type="text/html", headers=dict(HEADERS))


def _list(made: APIRouter, page: CrewPage) -> None:
    behind = page.behind

    @made.get("/crew/{link}/orders")
    async def orders(link: str, request: Request, wait: float = Query(0, ge=0, le=60)) -> Response:
        """The crew's orders; with `wait` and the ETag of what the page has, as soon as they are others, or 304."""
        try:
            crew = await page.door.crew(request, link)
        except (WrongLinkError, TooManyError) as no:
            return _refused(no)
        known, number = request.headers.get("if-none-match", ""), page.news.number
        body = await _listed(page, crew)

        async def other() -> bool:
            nonlocal body
            body = await _listed(page, crew)
            return not matches(known, etag_of(body))

        if wait and known and matches(known, etag_of(body)):
            await page.news.differs(crew, number, min(wait, LONGEST_S), other, request.app.state.listeners.left)
        etag = etag_of(body)
        headers = {**HEADERS, "ETag": etag, "Cache-Control": "private, no-cache", NOW: str(behind.clock.now())}
        if known and matches(known, etag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(body, media_type="application/json", headers=headers)


async def _listed(page: CrewPage, crew: str) -> bytes:
    found = await asyncio.to_thread(page.taking.orders, crew)
    return listed(page.behind.site, crew, found)


def _replies(made: APIRouter, page: CrewPage) -> None:
    @made.post("/crew/{link}/replies")
    async def replied(link: str, said: Said, request: Request) -> Response:
        """An answer. The same id again is the same answer."""
        try:
            crew = await page.door.crew(request, link)
            page.door.may_say(crew)
            receipt = await page.taking.reply(crew, said)
        except (WrongLinkError, TooManyError, RejectedError, ConflictError) as no:
            return _refused(no)
        return Response(receipt.model_dump_json(), media_type="application/json", headers=dict(HEADERS))

    @made.get("/crew/{link}/replies/{given}")
    async def became(link: str, given: UUID, request: Request) -> Response:
        """What became of an answer."""
        try:
            receipt = await page.taking.became(await page.door.crew(request, link), given)
        except (WrongLinkError, TooManyError, NotFoundError) as no:
            return _refused(no)
        return Response(receipt.model_dump_json(), media_type="application/json", headers=dict(HEADERS))


def _photos(made: APIRouter, page: CrewPage) -> None:
    @made.put("/crew/{link}/orders/{order}/photos")
    async def photographed(link: str, order: str, request: Request) -> Response:
        """A photo, as JPEG, of an order that the crew has or had. Its id is of what is in it."""
        try:
            crew = await page.door.crew(request, link)
            page.door.may_say(crew)
            photo = await page.taking.photo(crew, order, await _body(request))
        except (WrongLinkError, TooManyError, RejectedError, ConflictError, NotFoundError) as no:
            return _refused(no)
        told = json.dumps({"photo": photo})
        return Response(told, media_type="application/json", headers=dict(HEADERS))


async def _body(request: Request) -> bytes:
    """What is sent, as far as a photo may go. Raises RejectedError."""
    taken = bytearray()
    try:
        async with asyncio.timeout(_WAITING_S):
            async for part in request.stream():
                taken += part
                if len(taken) > MOST_BYTES:
                    raise RejectedError(f"a photo has at most {MOST_BYTES} bytes")
    except TimeoutError as slow:
        raise RejectedError("it took too long to come: send a smaller one") from slow
    return bytes(taken)


def _status(no: Exception) -> HTTPStatus:
    kinds = (
        (TooManyError, HTTPStatus.TOO_MANY_REQUESTS),
        (WrongLinkError, HTTPStatus.FORBIDDEN),
        (RejectedError, HTTPStatus.UNPROCESSABLE_ENTITY),
        (NotFoundError, HTTPStatus.NOT_FOUND),
        (ConflictError, HTTPStatus.CONFLICT),
    )
    return next(status for kind, status in kinds if isinstance(no, kind))


def _later(no: Exception) -> dict[str, str]:
    return {"Retry-After": str(max(1, round(no.retry_after or 1)))} if isinstance(no, TooManyError) else {}


def _refused(no: Exception) -> Response:
    """As a problem, in which the link itself does not stand."""
    return answer(_status(no), str(no), "/crew", headers={**HEADERS, **_later(no)})
