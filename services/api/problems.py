"""What went wrong, as problem details (RFC 9457). The HTTP numbers of our errors stand in this one table."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from math import ceil
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from domain.errors import ConflictError, NotFoundError, RejectedError, TidewalkError, UnavailableError
from services.dispatch.legal import commands
from services.dispatch.orders import Order
from services.people.policy import Lacking

STATUS: Final[Mapping[type[TidewalkError], HTTPStatus]] = {
    RejectedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}
MEDIA: Final = "application/problem+json"
ANYWHERE: Final = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.MISDIRECTED_REQUEST,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
OF_BODIES: Final = (
    HTTPStatus.LENGTH_REQUIRED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)
_RETRY_S: Final = 5.0  # where nobody said when


# What each answer means, and what it may say.
_MEANT: Final[Mapping[HTTPStatus, tuple[str, str]]] = {
    HTTPStatus.UNAUTHORIZED: ("A token is needed, or that one is not known", "send Authorization: Bearer TOKEN"),
    HTTPStatus.FORBIDDEN: (
        "Whoever asks may not; `needs` says what would be needed",
        "it is in zone fushanwan, and Li Wei has zone qingdaowan",
    ),
    HTTPStatus.NOT_FOUND: ("There is no such thing", "there is no order SN-20261001-0007"),
    HTTPStatus.CONFLICT: (
        "It does not fit the present state; `legal` says what would",
        "confirm does not fit an order that is dispatched; legal now: close, reassign, note",
    ),
    HTTPStatus.LENGTH_REQUIRED: ("A body says how long it is", "send a Content-Length"),
    HTTPStatus.PRECONDITION_FAILED: ("It is not as you saw it", "SN-20261001-0007 is not as you saw it: look again"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("The body is too large", "a body has at most 65536 bytes"),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("Bodies are JSON", "send Content-Type: application/json"),
    HTTPStatus.MISDIRECTED_REQUEST: ("We are not called so", "nobody of that name is served here"),
    HTTPStatus.UNPROCESSABLE_ENTITY: (
        "It can never be done so; `faults` says what is wrong",
        "query.limit: Input should be greater than or equal to 1",
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: ("A fault of ours", "this is a fault of ours; the log says more"),
    HTTPStatus.SERVICE_UNAVAILABLE: ("What is asked for is away: try later", "database: disk I/O error"),
}
_RETRY: Final = {"Retry-After": {"description": "In how many seconds", "schema": {"type": "integer"}, "example": 5}}


class Fault(BaseModel):
    """One thing that is wrong with what was sent."""

    where: str = Field(description="Such as `body.reason` or `query.limit`")
    what: str


class Needs(BaseModel):
    """What somebody would need, to be allowed: one of these roles, these zones, or (`whole`) no limit to zones."""

    roles: list[str]
    zones: list[str]
    whole: bool


class Problem(BaseModel):
    """RFC 9457, with what helps to do better: `faults` of the request, `legal` actions on the order, what it `needs`
    to be allowed.
    """

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str
    faults: list[Fault] | None = None
    legal: list[str] | None = None
    needs: Needs | None = None


class ForbiddenError(ConflictError):
    """Whoever asks may not; `lacking` says what would be needed."""

    def __init__(self, lacking: Lacking) -> None:
        super().__init__(lacking.why)
        self.lacking = lacking


class ChangedError(ConflictError):
    """It is no longer as whoever asks saw it."""


class IllegalError(ConflictError):
    """The judge refused it; `order` is as it now is, and says what would be legal."""

    def __init__(self, why: str, order: Order) -> None:
        super().__init__(why)
        self.order = order


def responses(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """These answers for the OpenAPI document."""
    return {int(status): _documented(status) for status in statuses}


def answer(
    status: int,
    detail: str,
    instance: str,
    *,
    faults: Sequence[Fault] | None = None,
    legal: Sequence[str] | None = None,
    needs: Needs | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A problem as a response."""
    problem = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=instance,
        faults=None if faults is None else list(faults),
        legal=None if legal is None else list(legal),
        needs=needs,
    )
    told = problem.model_dump(exclude_none=True)
    return JSONResponse(told, status, headers=dict(headers or {}), media_type=MEDIA)


def needs_of(lacking: Lacking) -> Needs:
    """As it is told."""
    return Needs(roles=[str(role) for role in lacking.roles], zones=list(lacking.zones), whole=lacking.whole)


def _documented(status: HTTPStatus) -> dict[str, Any]:
    what, detail = _MEANT[status]
    example = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        "instance": "/api/v1/orders",
    }
    content = {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}}
    headers = _RETRY if status is HTTPStatus.SERVICE_UNAVAILABLE else {}
    return {"description": what, "content": content} | ({"headers": headers} if headers else {})


def install(app: FastAPI, *, security: Callable[[str, str], bool]) -> None:
    """Let every error of the app be answered as a problem, and its document say so; and where it needs a token:
    `security` knows by verb and path.
    """
    app.add_exception_handler(TidewalkError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)
    plain = app.openapi

    def documented() -> dict[str, Any]:
        found = plain()
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        found["components"]["schemas"] |= {**schema.pop("$defs"), "Problem": schema}
        token = {"type": "http", "scheme": "bearer", "description": "A token that the service knows"}
        session = {"type": "apiKey", "in": "cookie", "name": "tidewalk_session", "description": "Of who signed in"}
        found["components"]["securitySchemes"] = {"token": token, "session": session}
        for path, verbs in found["paths"].items():
            for verb, said in verbs.items():
                if security(verb, path):
                    said["security"] = [{"token": []}, {"session": []}]
        return found

    app.openapi = documented  # type: ignore[method-assign]  # the way that FastAPI documents for extending it


def _ours(request: Request, error: Exception) -> JSONResponse:
    status = next((s for kind, s in STATUS.items() if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
    if isinstance(error, ChangedError):
        status = HTTPStatus.PRECONDITION_FAILED
    if isinstance(error, ForbiddenError):
        return answer(HTTPStatus.FORBIDDEN, str(error), request.url.path, needs=needs_of(error.lacking))
    legal = commands(error.order.state) if isinstance(error, IllegalError) else None
    headers = {}
    if isinstance(error, UnavailableError):
        headers["Retry-After"] = str(ceil(error.retry_after or _RETRY_S))
    return answer(status, str(error), request.url.path, legal=legal, headers=headers)


def _invalid(request: Request, error: Exception) -> JSONResponse:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    faults = [Fault(where=".".join(str(part) for part in one["loc"]), what=one["msg"]) for one in found]
    told = "; ".join(f"{one.where}: {one.what}" for one in faults)
    return answer(HTTPStatus.UNPROCESSABLE_ENTITY, told, request.url.path, faults=faults)


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  # by its registration
    return answer(error.status_code, str(error.detail), request.url.path, headers=error.headers)


def _unexpected(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001  # logged by whoever serves
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, "this is a fault of ours; the log says more", request.url.path)
