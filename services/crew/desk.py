"""The operators' side of the crew's page: links given out and revoked, and the photos of an order."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from domain.errors import NotFoundError
from services.api import problems
from services.api.access import Access
from services.api.named import V1
from services.api.routes.crews import CrewId
from services.api.scoping import Asking, Left, must_see
from services.api.seams import Behind
from services.api.shown import Time
from services.crew.jpeg import looked_at
from services.crew.links import DAY, LONGEST, CrewLinks
from services.crew.ports import Photos
from services.people.policy import lacks_zone
from services.people.reception import Reception

NONE, BAD, AWAY = HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
GIVEN: Final[dict[str, Any]] = {
    "crew": "collect-w1",
    "url": "https://coast.example/crew/…",
    "expires": "2026-10-31T08:00:00.000Z",
}
PHOTO: Final = "5f0c1c9e8a394e0e9b530b8f8a1d7c11"
PhotoId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="As a history names it", examples=[PHOTO])]
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}, "example": "the bytes of a JPEG"}
_JPEG: Final[dict[int | str, dict[str, Any]]] = {
    int(HTTPStatus.OK): {"description": "The photo", "content": {"image/jpeg": _BINARY}}
}


class Wanted(BaseModel):
    """How long the link is to open."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"days": 30}]})

    days: int = Field(30, ge=1, le=LONGEST // DAY)


class LinkGiven(BaseModel):
    """A link, which is whoever has it: hand it to the crew alone. It is not kept, and not shown again."""

    model_config = ConfigDict(json_schema_extra={"examples": [GIVEN]})

    crew: str
    url: str
    expires: Time


class Nothing(BaseModel):
    """Nothing more is to be said."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})


class LinksRevoked(BaseModel):
    """All links of the crew that were given out are void."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"crew": "collect-w1", "revoked": True}]})

    crew: str
    revoked: bool


def router(behind: Behind, links: CrewLinks, reception: Reception, photos: Photos, access: Access) -> APIRouter:
    """Links of crews, and photos."""
    made = APIRouter(prefix=V1)

    def theirs(crew: str, asking: Asking) -> None:
        """Whoever has a link may act wherever the crew works: so must who gives it out."""
        known = behind.site.crews.get(crew)
        if known is None:
            raise NotFoundError(f"there is no crew {crew}")
        lacking = lacks_zone(asking.person, frozenset(known.zones), every=True)
        if lacking is not None:
            raise problems.ForbiddenError(lacking)

    @made.post("/crews/{crew}/links", tags=["people"], response_model=LinkGiven, responses=_told("The link"))
    async def link(crew: CrewId, wanted: Wanted, asking: Asking, left: Left) -> LinkGiven:
        """Make a link to the crew's page: whoever has it answers for the crew. Say over whom it goes, and how long."""
        theirs(crew, asking)
        given = links.given(crew, wanted.days * DAY)
        left.after = f"a link of {crew}, for {wanted.days} days"
        return LinkGiven(crew=crew, url=given.url, expires=given.expires)

    @made.post(
        "/crews/{crew}/links/revoke", tags=["people"], response_model=LinksRevoked, responses=_told("They are void")
    )
    async def revoke(crew: CrewId, said: Nothing, asking: Asking, left: Left, request: Request) -> LinksRevoked:
        """Make every link of the crew void, also those in messages: a phone was lost, or somebody left."""
        del said
        theirs(crew, asking)
        await reception.revoke_links(crew, asking.by, access.proxies.address(request.scope))
        left.after = f"all links of {crew} are void"
        return LinksRevoked(crew=crew, revoked=True)

    @made.get(
        "/photos/{photo}",
        tags=["cases"],
        response_class=Response,
        responses=_JPEG | problems.responses(NONE, BAD, AWAY),
    )
    async def shown(photo: PhotoId, asking: Asking) -> Response:
        """What a crew photographed; an order's history names it as `photo:…`."""
        found = await asyncio.to_thread(photos.find, photo)
        orders = [await asyncio.to_thread(behind.cases.order, one) for one in found.orders]
        must_see(asking, {one.zone for one in orders})
        looked_at(found.body)
        headers = {
            "Cache-Control": "private, max-age=3600",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        return Response(found.body, media_type="image/jpeg", headers=headers)

    return made


def _told(what: str) -> dict[int | str, dict[str, Any]]:
    return {int(HTTPStatus.OK): {"description": what}} | problems.responses(NONE, BAD, AWAY, *problems.OF_BODIES)
