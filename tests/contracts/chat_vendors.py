"""Chat vendors on loopback: each enforces what its page documents of robots: form, length, signature, limit."""

import asyncio
import hmac
import json
from base64 import b64encode
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from aiohttp import web

MINUTE_MS = 60_000


@dataclass
class Vendor:
    """One robot of one vendor. `trouble` is answered once each, before anything else is looked at."""

    now: Callable[[], int]
    secret: str = ""
    taken: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    over: int = 0  # how often its limit was overrun
    trouble: deque[web.Response | None] = field(default_factory=deque)  # None: it hangs
    times: list[int] = field(default_factory=list)
    url: str = ""

    def limited(self, most: int, span: int) -> bool:
        """Whether one more within the span is too many."""
        return len([at for at in self.times if at > self.now() - span]) >= most


def wecom(vendor: Vendor, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """企业微信: errcode and errmsg; 2,048 bytes; 20 a minute."""
    if request.query.get("key") != "k-1":
        return {"errcode": 93000, "errmsg": "invalid webhook url"}
    if vendor.limited(20, MINUTE_MS):
        vendor.over += 1
        return {"errcode": 45009, "errmsg": "api freq out of limit"}
    if body.get("msgtype") != "text" or len(body["text"]["content"].encode()) > 2048:
        return {"errcode": 40058, "errmsg": "text.content exceed max length 2048"}
    vendor.taken.append(body["text"]["content"])
    return {"errcode": 0, "errmsg": "ok"}


def dingtalk(vendor: Vendor, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """钉钉: signed in the query over ms, within the hour; 20 a minute, then silence for ten."""
    at, sign = request.query.get("timestamp", ""), request.query.get("sign", "")
    said = b64encode(hmac.new(vendor.secret.encode(), f"{at}\n{vendor.secret}".encode(), sha256).digest()).decode()
    if sign != said or abs(int(at) - vendor.now()) > 3_600_000:
        return {"errcode": 310000, "errmsg": "sign not match"}
    if vendor.limited(20, MINUTE_MS):
        vendor.over += 1
        vendor.times += [vendor.now() + 540_000] * 20
        return {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}
    if body.get("msgtype") != "text":
        return {"errcode": 40035, "errmsg": "json"}
    vendor.taken.append(body["text"]["content"])
    return {"errcode": 0, "errmsg": "ok"}


def feishu(vendor: Vendor, _request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """飞书: signed in the body over seconds, the secret in the key; 5 a second and 100 a minute; 20 KB."""
    at = body.get("timestamp", "")
    said = b64encode(hmac.new(f"{at}\n{vendor.secret}".encode(), b"", sha256).digest()).decode()
    if body.get("sign") != said or abs(int(at) * 1000 - vendor.now()) > 3_600_000:
        return {"code": 19021, "msg": "sign match fail or timestamp is not within one hour from current time"}
    if vendor.limited(5, 1000) or vendor.limited(100, MINUTE_MS):
        vendor.over += 1
        return {"code": 11232, "msg": "frequency limited"}
    if len(json.dumps(body, ensure_ascii=False).encode()) > 20_480 or body.get("msg_type") != "text":
        return {"code": 9499, "msg": "Bad Request"}
    vendor.taken.append(body["content"]["text"])
    return {"code": 0, "msg": "success", "data": {}}


Rules = Callable[[Vendor, web.Request, dict[str, Any]], dict[str, Any]]
VENDORS: dict[str, tuple[Rules, str]] = {
    "wecom": (wecom, "/cgi-bin/webhook/send?key=k-1"),
    "dingtalk": (dingtalk, "/robot/send?access_token=t-1"),
    "feishu": (feishu, "/open-apis/bot/v2/hook/h-1"),
}


@asynccontextmanager
async def vendor_at(name: str, now: Callable[[], int], secret: str = "") -> AsyncIterator[Vendor]:
    """A vendor's robot on a free port of loopback."""
    rules, path = VENDORS[name]
    vendor = Vendor(now, secret)

    async def answer(request: web.Request) -> web.Response:
        body = await request.json()
        vendor.bodies.append(body)
        if vendor.trouble:
            given = vendor.trouble.popleft()
            if given is None:
                await asyncio.sleep(3600)
                raise AssertionError
            return given
        said = rules(vendor, request, body)
        vendor.times.append(vendor.now())
        return web.json_response(said)

    async with served(answer) as base:
        vendor.url = base + path
        yield vendor


@asynccontextmanager
async def served(answer: Callable[[web.Request], Any]) -> AsyncIterator[str]:
    """Anything that answers posts, on a free port of loopback: its URL."""
    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
