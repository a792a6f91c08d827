"""The signed webhook against a receiver that checks it: signature, time, and what comes twice."""

import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256

import pytest
from aiohttp import web

from domain.errors import RejectedError, UnavailableError
from services.channels.addresses import Addresses
from services.channels.web import Web
from services.channels.webhook import Webhook
from services.dispatch.packing import Parcel
from tests.contracts.chat_vendors import served

NOW_S = 1_790_812_800
PARCEL = Parcel(
    "o-1:2:office:0",
    "env:TIDEWALK_HOOK",
    "env:TIDEWALK_HOOK_SECRET",
    "P1 feeder",
    "全文",
    urgent=True,
    orders=(b'{"order":"o-1","revision":2}',),
)


class Still:
    def now(self) -> int:
        return NOW_S * 1000 + 7


class Office:
    """What a receiver does: check the signature over time and body, and take each key once."""

    def __init__(self) -> None:
        self.status = 200
        self.taken: dict[str, dict[str, object]] = {}
        self.heard = 0
        self.headers: dict[str, str] = {}

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.heard += 1
        at = request.headers["Tidewalk-Timestamp"]
        wanted = "v1=" + hmac.new(b"s3cret", at.encode() + b"." + body, sha256).hexdigest()
        if not hmac.compare_digest(wanted, request.headers["Tidewalk-Signature"]) or abs(int(at) - NOW_S) > 300:
            return web.Response(status=401)
        if self.status != 200:
            return web.Response(status=self.status, headers=self.headers)
        self.taken[request.headers["Idempotency-Key"]] = json.loads(body)
        return web.Response(status=204)


@asynccontextmanager
async def office(said: str = "s3cret") -> AsyncIterator[tuple[Office, Webhook]]:
    receiver = Office()
    async with served(receiver.answer) as url, Web(timeout_s=0.5) as posting:
        names = Addresses({"TIDEWALK_HOOK": f"{url}/orders", "TIDEWALK_HOOK_SECRET": said})
        yield receiver, Webhook(posting, names, Still())


@pytest.mark.asyncio
async def test_the_receiver_can_check_it_and_twice_is_once():
    async with office() as (receiver, channel):
        await channel.send(PARCEL)
        await channel.send(PARCEL)
        assert receiver.heard == 2
        body = receiver.taken["o-1:2:office:0"]
        assert body["orders"] == [{"order": "o-1", "revision": 2}]
        assert (body["text"], body["urgent"], body["key"]) == ("全文", True, "o-1:2:office:0")


@pytest.mark.asyncio
async def test_another_secret_is_refused_for_good():
    async with office("other") as (_, channel):
        with pytest.raises(RejectedError, match="401"):
            await channel.send(PARCEL)


@pytest.mark.asyncio
async def test_without_a_secret_nothing_is_sent():
    async with office() as (receiver, channel):
        with pytest.raises(RejectedError, match="signed"):
            await channel.send(PARCEL._replace(secret=""))
        assert receiver.heard == 0


@pytest.mark.asyncio
@pytest.mark.parametrize(("status", "wait"), [(429, 30.0), (503, 30.0), (500, 30.0), (408, 30.0)])
async def test_who_is_busy_says_when(status: int, wait: float):
    async with office() as (receiver, channel):
        receiver.status, receiver.headers = status, {"Retry-After": "30"}
        with pytest.raises(UnavailableError) as busy:
            await channel.send(PARCEL)
        assert busy.value.retry_after == wait


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [302, 307, 400, 404, 410, 422])
async def test_a_refusal_is_final_and_nobody_is_followed_elsewhere(status: int):
    async with office() as (receiver, channel):
        receiver.status, receiver.headers = status, {"Location": "http://127.0.0.1:9/elsewhere"}
        with pytest.raises(RejectedError):
            await channel.send(PARCEL)
        assert receiver.heard == 1
