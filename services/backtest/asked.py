"""Readings from the running service: it holds the file of an embedded store, and tells what is in it."""

from collections.abc import Iterator, Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Final, Self
from urllib.parse import urlencode, urlsplit

import msgspec

from domain.errors import ConflictError, UnavailableError
from domain.ports import Point
from domain.readings import Millis, Reading
from services.dispatch.when import rfc3339

_PATIENCE_S: Final = 60.0
_AT_ONCE: Final = 2_000
_point = msgspec.json.Decoder(Point)


class Asked:
    """The API of a service, at a URL or HOST:PORT. It needs no file and no other right than to read."""

    def __init__(self, api: str, token: str = "") -> None:
        where = urlsplit(api if "://" in api else f"http://{api}")
        if where.scheme not in ("http", "https") or not where.hostname:
            raise ConflictError(f"--api {api!r}: say a URL, such as http://127.0.0.1:8090")
        self._api, self._where = api, where
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left open between two questions."""

    def answers(self) -> bool:
        """Whether anybody does, and is a service of ours."""
        try:
            connection = self._connected(2.0)
            connection.request("GET", "/healthz", headers=self._headers)
            return connection.getresponse().status < 500
        except (OSError, HTTPException):
            return False

    def readings(self, since: Millis, until: Millis, wanted: object = None) -> Iterator[Sequence[Reading]]:  # noqa: ARG002
        """What was measured in since ≤ t < until, in order of event time. Raises UnavailableError, also where the
        answer breaks off.
        """
        try:
            connection = self._connected(_PATIENCE_S)
            query = urlencode({"from": rfc3339(since), "until": rfc3339(until)})
            connection.request("GET", f"{self._where.path.rstrip('/')}/api/v1/readings?{query}", headers=self._headers)
            answer = connection.getresponse()
            if answer.status != 200:
                raise UnavailableError(f"the service at {self._api} answers {answer.status}: {_why(answer)}")
            yield from _told(answer)
        except (OSError, HTTPException) as error:
            raise UnavailableError(f"no service answers at {self._api}: {error}") from error

    def _connected(self, patience: float) -> HTTPConnection:
        kind = HTTPConnection if self._where.scheme == "http" else HTTPSConnection
        return kind(self._where.hostname or "", self._where.port, timeout=patience)


def _told(answer: HTTPResponse) -> Iterator[Sequence[Reading]]:
    some: list[Reading] = []
    for line in answer:
        if line.rstrip() == b"true":
            if some:
                yield some
            return
        point = _point.decode(line)
        some.append(Reading(*point, point.at))
        if len(some) >= _AT_ONCE:
            yield some
            some = []
    raise UnavailableError("the service broke off in the middle of its answer")


def _why(answer: HTTPResponse) -> str:
    try:
        told: Any = msgspec.json.decode(answer.read())
        return str(told["detail"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return answer.reason
