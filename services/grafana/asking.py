"""InfluxQL put to an InfluxDB over `/query`, as Grafana puts it."""

import json
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from domain.errors import ConflictError, NotFoundError, UnavailableError

_PATIENCE_S: Final = 60.0


class InfluxQl:
    """One server, asked over one connection. `token` may be empty where none is asked for."""

    def __init__(self, url: str, token: str = "") -> None:
        where = urlsplit(url)
        if where.scheme not in ("http", "https") or not where.hostname:
            raise ConflictError(f"--influx {url!r}: say a URL, such as http://127.0.0.1:8086")
        kind = HTTPConnection if where.scheme == "http" else HTTPSConnection
        self._url = url
        self._connection = kind(where.hostname, where.port, timeout=_PATIENCE_S)
        self._headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if token:
            self._headers["Authorization"] = f"Token {token}"

    def series(self, database: str, query: str) -> Sequence[Mapping[str, Any]]:
        """The series of the answer. Raises NotFoundError where there is no such database, ConflictError where the
        question is refused, UnavailableError.
        """
        body = urlencode({"db": database, "q": query, "epoch": "ms"})
        try:
            self._connection.request("POST", "/query", body, self._headers)
            answered = self._connection.getresponse()
            said = answered.read()
        except (OSError, HTTPException) as error:
            raise UnavailableError(f"no InfluxDB answers at {self._url}: {error}") from error
        try:
            told = json.loads(said)
        except ValueError:
            raise UnavailableError(f"{self._url} answers {answered.status} and no JSON") from None
        result = told.get("results", [told])[0]
        if why := result.get("error") or told.get("error") or told.get("message"):
            if "database not found" in why:
                raise NotFoundError(f"there is no bucket {database}: tidewalk influx setup makes it")
            raise ConflictError(f"InfluxDB refuses a question to {database}: {why}")
        found: Sequence[Mapping[str, Any]] = result.get("series", [])
        return found
