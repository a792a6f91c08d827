"""Making the bucket that readings go to, with what InfluxQL needs to read it."""

from typing import Any, Final

import aiohttp

from domain.errors import UnavailableError
from services.storage.influx_speech import (
    CONFIGURATION_RETRY_S,
    BodyError,
    InfluxSettings,
    NoBucketError,
    client_of,
    library,
    meaning,
    speaking,
)

DAY_S: Final = 86_400
RETENTION_POLICY: Final = "autogen"  # the name that 2.x gives to the mappings it makes itself


async def ensure_bucket(settings: InfluxSettings) -> None:
    """Have the bucket there and readable by InfluxQL. A second time changes nothing; an existing bucket stays as it is.

    On 2.x the bucket and, where none is, its database mapping (2.x before 2.1 makes none by itself); on 1.x the
    database; 3.x makes its own at the first write. Raises UnavailableError.
    """
    try:
        async with speaking(settings):
            match await _version(settings):
                case 1:
                    await _ensure_database(settings)
                case 2:
                    await _ensure_bucket_and_mapping(settings)
                case _:
                    pass
    except BodyError as error:
        raise UnavailableError(
            f"InfluxDB at {settings.url} does not let us make bucket {settings.bucket!r}: {error}",
            CONFIGURATION_RETRY_S,
        ) from error


async def version_of(settings: InfluxSettings) -> str:
    """The version, such as `2.7.1`; "" where the server does not say. Raises UnavailableError."""
    async with speaking(settings):
        return await _told_version(settings)


async def _version(settings: InfluxSettings) -> int:
    """The major version."""
    version = await _told_version(settings)
    return int(version[0]) if version[:1].isdigit() else 2


async def _told_version(settings: InfluxSettings) -> str:
    """2.x and 3.x want the token on most paths, so it is sent to this one too."""
    url = f"{settings.url.rstrip('/')}/ping"
    async with _session(settings) as session, session.get(url) as answer:
        if answer.status >= 300:
            raise meaning(settings, answer.status, await answer.read(), answer.headers)
        return str(answer.headers.get("X-Influxdb-Version", "")).lstrip("v")


def authorization(settings: InfluxSettings) -> dict[str, str]:
    """The header that lets us in; empty where there is no token."""
    token = settings.token.get_secret_value()
    return {"Authorization": f"Token {token}"} if token else {}


def _session(settings: InfluxSettings) -> aiohttp.ClientSession:
    patience = aiohttp.ClientTimeout(total=settings.timeout_s)
    return aiohttp.ClientSession(timeout=patience, headers=authorization(settings))


async def _ensure_database(settings: InfluxSettings) -> None:
    name = settings.bucket.replace("\\", "\\\\").replace('"', '\\"')
    lasting = f" WITH DURATION {settings.retention_days}d" if settings.retention_days else ""
    asked = {"q": f'CREATE DATABASE "{name}"{lasting}'}
    url = f"{settings.url.rstrip('/')}/query"
    async with _session(settings) as session, session.post(url, data=asked) as answer:
        if answer.status >= 300:
            raise meaning(settings, answer.status, await answer.read(), answer.headers)


async def _ensure_bucket_and_mapping(settings: InfluxSettings) -> None:
    client = client_of(settings)
    try:
        api = client.api_client
        org = (await library.OrganizationsService(api).get_orgs_async(org=settings.org)).orgs[0].id
        bucket = await _bucket(settings, library.BucketsService(api), org)
        mappings = (await library.DBRPsService(api).get_dbr_ps_async(org_id=org, db=settings.bucket)).content
        if not mappings:
            await library.DBRPsService(api).post_dbrp_async(
                library.DBRPCreate(
                    org_id=org,
                    bucket_id=bucket.id,
                    database=settings.bucket,
                    retention_policy=RETENTION_POLICY,
                    default=True,
                )
            )
    finally:
        await client.close()


async def _bucket(settings: InfluxSettings, service: Any, org: str) -> Any:
    try:
        async with speaking(settings):
            return (await service.get_buckets_async(org_id=org, name=settings.bucket)).buckets[0]
    except NoBucketError:  # the listing itself answers 404 where it would be empty
        return await _made(settings, service, org)


async def _made(settings: InfluxSettings, service: Any, org: str) -> Any:
    rules = [library.BucketRetentionRules(type="expire", every_seconds=settings.retention_days * DAY_S)]
    wanted = library.PostBucketRequest(
        org_id=org, name=settings.bucket, retention_rules=rules if settings.retention_days else []
    )
    return await service.post_buckets_async(wanted)
