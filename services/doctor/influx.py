"""InfluxDB: which version, and what that cannot do; whether the token, the bucket and its mapping are there."""

import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from domain.ports import Clock
from services.doctor.finding import Finding, fail, ok, warn

PART: Final = "influxdb"
_PATIENCE_S: Final = 5.0
_APART_S: Final = 3.0
_DAY_S: Final = 86_400
_WAITS: Final = "readings wait in the journal, until it is as large as it may be; dispatch goes on"


class Asked(NamedTuple):
    """The InfluxDB of the settings."""

    url: str
    org: str
    bucket: str
    token: str
    retention_days: int


class _Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: Any  # of JSON; None where it was none


def look(asked: Asked, wall: Clock) -> list[Finding]:
    """Everything about it; nothing is written."""
    try:
        answer = _get(asked, "/ping")
    except (OSError, HTTPException, ValueError) as away:
        return [
            fail(PART, f"{asked.url} does not answer: {away}", _WAITS, "start it, or name another with --influx URL")
        ]
    version = answer.headers.get("x-influxdb-version", "").lstrip("v")
    found = _clocks(answer, wall)
    try:
        match version.split(".")[:2]:
            case ["1", minor]:
                return [*found, *_one(asked, version, int(minor) if minor.isdecimal() else 0)]
            case ["3", *_]:
                return [*found, *_three(asked, version)]
            case [""] | []:
                what = f"{asked.url} answers, and does not say that it is an InfluxDB"
                return [*found, fail(PART, what, _WAITS, "check the address")]
            case _:
                return [*found, *_two(asked, version)]
    except (OSError, HTTPException, ValueError) as lost:
        return [*found, fail(PART, f"{asked.url} broke off: {lost}", _WAITS, "see its log")]


def _one(asked: Asked, version: str, minor: int) -> list[Finding]:
    if minor < 8:
        what = f"{asked.url} is InfluxDB {version}, which has no /api/v2/write"
        why = f"it cannot be written to: {_WAITS}"
        return [fail(PART, what, why, "use InfluxDB 2.x (or at least 1.8); or leave --influx out for DuckDB")]
    found = [ok(PART, f"{asked.url} is InfluxDB {version}: written through /api/v2/write, a bucket is a database")]
    answer = _get(asked, "/query", q="SHOW DATABASES")
    if answer.status in (401, 403):
        found.append(_no_entry(asked))
    return found


def _two(asked: Asked, version: str) -> list[Finding]:
    found = [ok(PART, f"{asked.url} is InfluxDB {version}")]
    buckets = _get(asked, "/api/v2/buckets", name=asked.bucket, org=asked.org)
    if buckets.status in (401, 403):
        return [*found, _no_entry(asked)]
    listed = buckets.body.get("buckets", []) if buckets.status == 200 and isinstance(buckets.body, dict) else []
    if not listed:
        why = "it is made at the first write, where the token may make buckets; else readings wait"
        remedy = f"tidewalk influx setup --org {asked.org} --bucket {asked.bucket}, with an admin token"
        return [*found, warn(PART, f"there is no bucket {asked.bucket} in organisation {asked.org}", why, remedy)]
    found += _retention(asked, listed[0])
    found += _mapping(asked, listed[0])
    return found


def _retention(asked: Asked, bucket: Mapping[str, Any]) -> list[Finding]:
    seconds = max((int(rule.get("everySeconds", 0)) for rule in bucket.get("retentionRules") or ()), default=0)
    wanted = asked.retention_days * _DAY_S
    kept = f"bucket {asked.bucket} keeps readings {f'{seconds / _DAY_S:g} days' if seconds else 'for ever'}"
    if seconds and (not wanted or wanted > seconds):
        what = f"{kept}, and we think {f'{asked.retention_days} days' if wanted else 'for ever'}"
        why = "points older than that are refused by the server: late ones are kept aside one request at a time"
        return [warn(PART, what, why, f"TIDEWALK_RETENTION_DAYS={max(1, seconds // _DAY_S)}, or a longer bucket")]
    return [ok(PART, kept)]


def _mapping(asked: Asked, bucket: Mapping[str, Any]) -> list[Finding]:
    answer = _get(asked, "/api/v2/dbrps", org=asked.org, bucketID=str(bucket.get("id", "")))
    there = answer.body.get("content", []) if answer.status == 200 and isinstance(answer.body, dict) else []
    if any(one.get("database") == asked.bucket for one in there):
        return [ok(PART, f"InfluxQL finds bucket {asked.bucket}")]
    query = _get(asked, "/query", db=asked.bucket, q="SHOW MEASUREMENTS LIMIT 1")
    if query.status == 200:
        return [ok(PART, f"InfluxQL finds bucket {asked.bucket}")]
    why = "history and dashboards ask in InfluxQL, and find nothing"
    remedy = f"influx v1 dbrp create --db {asked.bucket} --rp autogen --default --bucket-id {bucket.get('id')}"
    return [warn(PART, f"bucket {asked.bucket} has no database mapping", why, remedy)]


def _three(asked: Asked, version: str) -> list[Finding]:
    what = f"{asked.url} is InfluxDB {version}: Core keeps five databases, and asks over about 72 hours at once"
    why = "longer history in the API and on dashboards is refused; nothing of it was tried by us"
    found = [warn(PART, what, why, "use InfluxDB 2.x for history; writing works")]
    if _get(asked, "/query", db=asked.bucket, q="SHOW MEASUREMENTS LIMIT 1").status in (401, 403):
        found.append(_no_entry(asked))
    return found


def _no_entry(asked: Asked) -> Finding:
    what = f"{asked.url} does not accept our token"
    return fail(PART, what, _WAITS, f"set TIDEWALK_INFLUX_TOKEN to one that may read and write bucket {asked.bucket}")


def _clocks(answer: _Answer, wall: Clock) -> list[Finding]:
    """The server's clock against ours: its Date has whole seconds."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (TypeError, ValueError):
        return []
    apart = wall.now() / 1000 - theirs
    if -_APART_S < apart < _APART_S + 1:
        return []
    what = f"our clock and InfluxDB's are {abs(apart):,.0f} s apart"
    return [warn("clock", what, "dashboards end before, or after, what is stored", "keep both by NTP")]


def _get(asked: Asked, path: str, **query: str) -> _Answer:
    where = urlsplit(asked.url)
    kind = HTTPSConnection if where.scheme == "https" else HTTPConnection
    connection = kind(where.hostname or "", where.port, timeout=_PATIENCE_S)
    headers = {"Authorization": f"Token {asked.token}"} if asked.token else {}
    try:
        connection.request("GET", f"{where.path.rstrip('/')}{path}?{urlencode(query)}", headers=headers)
        answer = connection.getresponse()
        said = answer.read()
    finally:
        connection.close()
    try:
        body = json.loads(said)
    except ValueError:
        body = None
    return _Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)
