"""Asking the running service over its API."""

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from domain.errors import ConflictError, UnavailableError

PATIENCE_S: Final = 15.0


class Answer(NamedTuple):
    """What came back: the HTTP status, and the body as JSON."""

    status: int
    body: Mapping[str, Any]


def ask(api: str, path: str, body: Mapping[str, Any], *, token: str = "") -> Answer:
    """POST it as JSON to the service at `api`, a URL or HOST:PORT. Raises UnavailableError where none answers."""
    where = urlsplit(api if "://" in api else f"http://{api}")
    if where.scheme not in ("http", "https") or not where.hostname:
        raise ConflictError(f"--api {api!r}: say a URL, such as http://127.0.0.1:8090")
    kind = HTTPConnection if where.scheme == "http" else HTTPSConnection
    try:
        connection = kind(where.hostname, where.port, timeout=PATIENCE_S)
    except ValueError:
        raise ConflictError(f"--api {api!r}: the port is a number up to 65535") from None
    said, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        connection.request("POST", where.path.rstrip("/") + path, said, headers)
        answered = connection.getresponse()
        return Answer(answered.status, _object(answered.read()))
    except (OSError, HTTPException) as error:
        why = f"no service answers at {api}: {error}; start one with `tidewalk serve`, or name it with --api"
        raise UnavailableError(why) from error
    finally:
        connection.close()


def _object(body: bytes) -> Mapping[str, Any]:
    """What was answered; somebody else's page says nothing to us."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
