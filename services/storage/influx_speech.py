"""How we speak to InfluxDB, and what its answers mean to us."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import influxdb_client
from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync
from influxdb_client.rest import ApiException
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from domain.errors import UnavailableError

# The client library marks itself as typed, yet annotates none of what its generator made.
library: Any = influxdb_client

CONFIGURATION_RETRY_S: Final = 30.0  # somebody has to act first
LONGEST_REASON: Final = 500  # characters of a server's message that we keep

_ADVICE: Final = {
    401: "does not accept our token: give one that may write to and read from bucket {bucket!r}",
    403: "does not let our token use bucket {bucket!r}: give one that may write to and read from it",
    404: "has no bucket {bucket!r} or no organisation {org!r}: create it, or name another",
}


class InfluxSettings(BaseModel):
    """Where InfluxDB is. `bucket` is the database's name on 1.x and 3.x; `org` and `create` count on 2.x."""

    model_config = ConfigDict(frozen=True)

    url: str
    bucket: str
    org: str = ""
    token: SecretStr = SecretStr("")
    timeout_s: float = Field(default=10.0, gt=0)
    create: bool = True  # make the bucket where it is missing
    retention_days: int = Field(default=0, ge=0)  # of a bucket that we make; 0 keeps for ever


class NoBucketError(UnavailableError):
    """The server is there, the bucket is not."""


class BodyError(Exception):
    """The server's 400, 413 or 422: about what was sent, and no use to send again. Never leaves this package."""


def client_of(settings: InfluxSettings) -> Any:
    """An `InfluxDBClientAsync`. Make it inside the running loop, and close it."""
    return InfluxDBClientAsync(
        url=settings.url.rstrip("/"),
        token=settings.token.get_secret_value(),
        org=settings.org,
        timeout=int(settings.timeout_s * 1000),
        allow_redirects=False,  # a redirected POST would arrive as a GET, and be answered with 200
    )


@asynccontextmanager
async def speaking(settings: InfluxSettings) -> AsyncIterator[None]:
    """Turns whatever goes wrong inside into UnavailableError, NoBucketError or BodyError."""
    try:
        yield
    except ApiException as error:
        raise meaning(settings, int(error.status or 0), error.body or error.reason, error.headers or {}) from error
    except TimeoutError as error:
        raise UnavailableError(f"InfluxDB at {settings.url} did not answer within {settings.timeout_s:g} s") from error
    except (aiohttp.ClientError, OSError) as error:
        raise UnavailableError(f"InfluxDB at {settings.url} cannot be reached: {error}") from error


def meaning(settings: InfluxSettings, status: int, body: object, headers: Mapping[str, str]) -> Exception:
    """What an answer other than 2xx asks of us."""
    said = _message(body)
    retry_after = _seconds(headers.get("Retry-After"))
    if status in {400, 413, 422}:
        return BodyError(said or f"status {status}")
    if status in {408, 429} or status >= 500:
        return UnavailableError(f"InfluxDB at {settings.url} is busy or ailing ({status}): {said}", retry_after)
    advice = _ADVICE.get(status, "is not the InfluxDB we expect there: check its address")
    missing = status == 404 and _is_object(body)  # every version says in JSON that a bucket or a database is missing
    if status == 404 and not missing:
        advice = "has no such path: it is older than InfluxDB 1.8, or something else; `tidewalk doctor` says which"
    text = advice.format(bucket=settings.bucket, org=settings.org)
    kind = NoBucketError if missing else UnavailableError
    return kind(f"InfluxDB at {settings.url} {text} ({status}: {said})", retry_after or CONFIGURATION_RETRY_S)


def _is_object(body: object) -> bool:
    try:
        return isinstance(json.loads(_text(body)), dict)
    except ValueError:
        return False


def _text(body: object) -> str:
    return body.decode("utf-8", "replace") if isinstance(body, bytes | bytearray) else str(body or "")


def _message(body: object) -> str:
    """1.x says {"error"}, 2.x {"code", "message"}, a proxy anything at all."""
    text = _text(body)
    try:
        told = json.loads(text)
    except ValueError:
        return text.strip()[:LONGEST_REASON]
    if isinstance(told, dict):
        text = str(told.get("message") or told.get("error") or text)
    return text.strip()[:LONGEST_REASON]


def _seconds(retry_after: str | None) -> float | None:
    """The seconds form only; a date would need a clock that agrees with the server's."""
    return float(retry_after) if retry_after and retry_after.strip().isdigit() else None
