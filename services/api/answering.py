"""How a GET is answered: as JSON with an ETag, as 304 where nothing changed, and with a link to what follows."""

from hashlib import blake2b
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

ETAG: Final = {
    "description": "Changes when the answer does: send it back as `If-None-Match`",
    "schema": {"type": "string"},
    "example": '"5f0c1c9e8a394e0e"',
}
LINK: Final = {
    "description": 'Where there is more: `<…>; rel="next"`',
    "schema": {"type": "string"},
    "example": '</api/v1/orders?limit=50&cursor=5b312c226f225d>; rel="next"',
}
SAME: Final[dict[int | str, dict[str, Any]]] = {
    int(HTTPStatus.NOT_MODIFIED): {"description": "As it was: what you have is still so", "headers": {"ETag": ETAG}}
}


def etag_of(body: bytes) -> str:
    """Of an answer's bytes."""
    return f'"{blake2b(body, digest_size=8).hexdigest()}"'


def matches(said: str, etag: str) -> bool:
    """Whether an `If-Match` or `If-None-Match` names that ETag."""
    return any(one.strip().removeprefix("W/") in ("*", etag) for one in said.split(","))


class Answering:
    """Answers one GET."""

    def __init__(
        self,
        request: Request,
        if_none_match: Annotated[
            str, Header(max_length=1024, description="The ETag of what you have: 304 where it is still so")
        ] = "",
    ) -> None:
        self._request, self._known = request, if_none_match

    def __call__(self, shown: BaseModel, *, after: str = "") -> Response:
        """The answer. `after` is the cursor of the next page, where there is one."""
        body = shown.model_dump_json(by_alias=True).encode()
        headers = {"ETag": etag_of(body), "Cache-Control": "private, no-cache"}
        if after:
            headers["Link"] = f'<{self._next(after)}>; rel="next"'
        if self._known and matches(self._known, headers["ETag"]):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(body, headers=headers, media_type="application/json")

    def _next(self, cursor: str) -> str:
        url = self._request.url
        kept = [(name, value) for name, value in parse_qsl(url.query) if name != "cursor"]
        return f"{url.path}?{urlencode([*kept, ('cursor', cursor)])}"


Answer = Annotated[Answering, Depends()]


def found(model: type[BaseModel], what: str, *, linked: bool = False) -> dict[int | str, dict[str, Any]]:
    """The 200 and the 304 of such a route, for the OpenAPI document."""
    headers = {"ETag": ETAG} | ({"Link": LINK} if linked else {})
    return {int(HTTPStatus.OK): {"model": model, "description": what, "headers": headers}} | SAME
