"""Buckets, mappings and tokens of an InfluxDB: looked at, and made, with a token that may."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Self

import aiohttp

from domain.errors import ConflictError, UnavailableError
from services.influx.setting_up import DAY_S, Bucket, Found, Permission
from services.storage.influx_asking import identifier
from services.storage.influx_bucket import RETENTION_POLICY, authorization, version_of
from services.storage.influx_speech import (
    BodyError,
    InfluxSettings,
    NoBucketError,
    client_of,
    library,
    meaning,
    speaking,
)

_UNITS: Final = {"h": 3600, "m": 60, "s": 1}


class InfluxSetup:
    """The server that the settings name; open it with `async with`. All raise UnavailableError, ConflictError."""

    def __init__(self, settings: InfluxSettings) -> None:
        self._settings = settings
        self._client: Any = None
        self._org = ""

    async def __aenter__(self) -> Self:
        self.version = await version_of(self._settings)
        self._client = client_of(self._settings)
        if not self.version.startswith(("1.", "3.")):
            try:
                async with _with_rights(self._settings):
                    await self._find_org()
            except BaseException:
                await self._client.close()
                raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def look(self, names: Iterable[str]) -> Found:
        """What is there of the buckets named, and of mappings and tokens. Changes nothing."""
        if self.version.startswith("1."):
            return Found(self.version, await self._databases(names), {}, {})
        if self.version.startswith("3."):
            return Found(self.version, {}, {}, {})
        async with _with_rights(self._settings):
            buckets = {name: there for name in names if (there := await self._bucket(name)) is not None}
            mappings = (await library.DBRPsService(self._api).get_dbr_ps_async(org_id=self._org)).content or []
            tokens = (
                await library.AuthorizationsService(self._api).get_authorizations_async(org_id=self._org)
            ).authorizations
        return Found(
            self.version,
            buckets,
            {one.database: one.bucket_id for one in mappings},
            {one.description: _permissions(one) for one in tokens or [] if one.status == "active"},
        )

    async def make_bucket(self, name: str, days: int) -> None:
        """A bucket; on 1.x a database."""
        if self.version.startswith("1."):
            await self._ask(f"CREATE DATABASE {identifier(name)}" + (f" WITH DURATION {days}d" if days else ""))
            return
        async with _with_rights(self._settings):
            asked = library.PostBucketRequest(org_id=self._org, name=name, retention_rules=_rules(days))
            await library.BucketsService(self._api).post_buckets_async(asked)

    async def keep(self, name: str, bucket: Bucket, days: int) -> None:
        """Have a bucket keep what it has for so many days."""
        if self.version.startswith("1."):
            lasting = f"{days}d" if days else "INF"
            await self._ask(f"ALTER RETENTION POLICY {identifier(bucket.id)} ON {identifier(name)} DURATION {lasting}")
            return
        async with _with_rights(self._settings):
            asked = library.PatchBucketRequest(name=name, retention_rules=_rules(days))
            await library.BucketsService(self._api).patch_buckets_id_async(bucket.id, asked)

    async def make_mapping(self, name: str, bucket: str) -> None:
        """Have InfluxQL find the bucket with that id as a database."""
        asked = library.DBRPCreate(
            org_id=self._org, bucket_id=bucket, database=name, retention_policy=RETENTION_POLICY, default=True
        )
        async with _with_rights(self._settings):
            await library.DBRPsService(self._api).post_dbrp_async(asked)

    async def make_token(self, description: str, permissions: Iterable[Permission]) -> str:
        """A token that may do this and no more. It is told this once. One of the same description goes."""
        service = library.AuthorizationsService(self._api)
        asked = library.AuthorizationPostRequest(
            org_id=self._org,
            description=description,
            permissions=[
                library.Permission(
                    action=one.action,
                    resource=library.PermissionResource(type=one.sort, id=one.bucket or None, org_id=self._org),
                )
                for one in sorted(permissions)
            ],
        )
        async with _with_rights(self._settings):
            before = (await service.get_authorizations_async(org_id=self._org)).authorizations or []
            made = await service.post_authorizations_async(asked)
            for one in before:
                if one.description == description:
                    await service.delete_authorizations_id_async(one.id)
        return str(made.token)

    @property
    def _api(self) -> Any:
        return self._client.api_client

    async def _find_org(self) -> None:
        found = (await library.OrganizationsService(self._api).get_orgs_async(org=self._settings.org)).orgs
        if not found:
            raise ConflictError(f"InfluxDB at {self._settings.url} has no organisation {self._settings.org!r}")
        self._org = found[0].id

    async def _bucket(self, name: str) -> Bucket | None:
        try:
            async with speaking(self._settings):
                found = await library.BucketsService(self._api).get_buckets_async(org_id=self._org, name=name)
        except NoBucketError:  # the listing itself answers 404 where it would be empty
            return None
        if not found.buckets:
            return None
        one = found.buckets[0]
        return Bucket(one.id, max((rule.every_seconds or 0 for rule in one.retention_rules or ()), default=0))

    async def _databases(self, names: Iterable[str]) -> dict[str, Bucket]:
        told = await self._ask("SHOW DATABASES")
        there = {row[0] for row in _values(told)}
        found = {}
        for name in names:
            if name in there:
                told = await self._ask(f"SHOW RETENTION POLICIES ON {identifier(name)}")
                policy, lasting = next((row[0], row[1]) for row in _values(told) if row[-1])
                found[name] = Bucket(policy, _seconds(lasting))
        return found

    async def _ask(self, query: str) -> Mapping[str, Any]:
        """Of a 1.x, which wants what changes something as a POST."""
        patience = aiohttp.ClientTimeout(total=self._settings.timeout_s)
        headers = authorization(self._settings)
        url = f"{self._settings.url.rstrip('/')}/query"
        async with (
            _with_rights(self._settings),
            aiohttp.ClientSession(timeout=patience, headers=headers) as session,
            session.post(url, data={"q": query}) as answer,
        ):
            if answer.status >= 300:
                raise meaning(self._settings, answer.status, await answer.read(), answer.headers)
            told: dict[str, Any] = await answer.json(content_type=None)
        if why := next((one["error"] for one in told["results"] if "error" in one), ""):
            raise ConflictError(f"InfluxDB at {self._settings.url} refuses {query!r}: {why}")
        return told


@asynccontextmanager
async def _with_rights(settings: InfluxSettings) -> AsyncIterator[None]:
    """`speaking`, where a refused request is a person's to mend."""
    try:
        async with speaking(settings):
            yield
    except BodyError as refused:
        raise ConflictError(f"InfluxDB at {settings.url} refuses it: {refused}") from refused
    except UnavailableError as away:
        if "our token" not in str(away):
            raise
        raise ConflictError(
            f"InfluxDB at {settings.url} does not let this token look at buckets and tokens, or make them: give one"
            " that may with TIDEWALK_INFLUX_ADMIN_TOKEN (the one InfluxDB was first set up with)"
        ) from away


def _rules(days: int) -> list[Any]:
    return [library.BucketRetentionRules(type="expire", every_seconds=days * DAY_S)]


def _permissions(authorization: Any) -> frozenset[Permission]:
    return frozenset(
        Permission(one.action, one.resource.type, one.resource.id or "") for one in authorization.permissions or ()
    )


def _values(told: Mapping[str, Any]) -> list[list[Any]]:
    return [
        row for result in told["results"] for series in result.get("series", []) for row in series.get("values", [])
    ]


def _seconds(lasting: str) -> int:
    """Of Go's `2160h0m0s`."""
    total, digits = 0, ""
    for letter in lasting:
        if letter.isdigit():
            digits += letter
        else:
            total, digits = total + int(digits) * _UNITS[letter], ""
    return total
