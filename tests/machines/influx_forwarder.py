"""Puts the paths of InfluxDB 2.x before a 1.x engine, and breaks on demand. For tests only.

`/api/v2/write?bucket=B&precision=ms` becomes `/write?db=B&precision=ms`; `/query` and `/ping` pass. Buckets,
organisations and mappings are kept here, and a bucket is made as a database of the engine.
"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Self

import aiohttp
from aiohttp import web

ORG = "tidewalk"
ORG_ID = "0000000000000001"


@dataclass
class Fault:
    """What to answer instead of forwarding, `times` times. `then_forward`: the engine gets the request all the same."""

    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "injected"
    body: bytes | None = None  # instead of the JSON that holds `message`
    times: int = 1
    hang_s: float = 0.0
    paths: tuple[str, ...] = ("/api/v2/write", "/query")
    longer_than: int = -1  # bytes of body
    then_forward: bool = False


class InfluxForwarder:
    """Listens on a free loopback port while entered. `url` is what a 2.x client is given."""

    def __init__(self, engine: str, version: str = "v2.7.0") -> None:
        self._engine = engine
        self._version = version
        self._faults: list[Fault] = []
        self._runner: web.AppRunner | None = None
        self._port = 0
        self.buckets: dict[str, str] = {}  # name -> id, those made through us or asked for
        self.mappings: list[dict[str, object]] = []
        self.writes: list[int] = []  # bytes of each write request that came in
        self.tokens: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(auto_decompress=False)
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()
        await self._session.close()

    async def refuse(self) -> None:
        """Stop listening: connections are refused until `listen`, on the same port."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def listen(self) -> None:
        app = web.Application(client_max_size=1 << 28)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, auto_decompress=False, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    def inject(self, fault: Fault) -> None:
        self._faults.append(fault)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.tokens.append(request.headers.get("Authorization", ""))
        fault = self._due(request.path, len(body))
        if fault is not None:
            if fault.hang_s:
                await asyncio.sleep(fault.hang_s)
            if fault.then_forward:
                await self._route(request, body)
            return web.json_response(
                {"code": "?", "message": fault.message}, status=fault.status, headers=fault.headers
            )
        return await self._route(request, body)

    def _due(self, path: str, size: int) -> Fault | None:
        for fault in self._faults:
            if fault.times > 0 and path in fault.paths and size > fault.longer_than:
                fault.times -= 1
                return fault
        return None

    async def _route(self, request: web.Request, body: bytes) -> web.StreamResponse:
        match request.method, request.path:
            case "POST", "/api/v2/write":
                self.writes.append(len(body))
                return await self._write(request, body)
            case _, "/query":
                return await self._query(request, body)
            case "GET", "/ping":
                return web.Response(status=204, headers={"X-Influxdb-Version": self._version})
            case "GET", "/api/v2/orgs":
                if request.query.get("org") != ORG:
                    return _not_found("organization name not found")
                return web.json_response({"orgs": [{"id": ORG_ID, "name": ORG}]})
            case method, "/api/v2/buckets":
                return await self._bucket(method, request, body)
            case method, "/api/v2/dbrps":
                return self._mapping(method, request, body)
            case _:
                return _not_found("path not found")

    async def _write(self, request: web.Request, body: bytes) -> web.Response:
        asked = {"db": request.query["bucket"], "precision": request.query["precision"]}
        headers = {"Content-Encoding": request.headers.get("Content-Encoding", "identity")}
        async with self._session.post(f"{self._engine}/write", params=asked, data=body, headers=headers) as answer:
            said = await answer.read()
        if answer.status == 204:
            return web.Response(status=204)
        try:
            message = json.loads(said)["error"]
        except (ValueError, KeyError):
            message = said.decode("utf-8", "replace")
        return web.json_response({"code": "invalid", "message": message}, status=answer.status)

    async def _query(self, request: web.Request, body: bytes) -> web.StreamResponse:
        headers = {"Content-Type": request.headers.get("Content-Type", "application/octet-stream")}
        async with self._session.request(
            request.method, f"{self._engine}/query", params=request.query, data=body or None, headers=headers
        ) as answer:
            passed = web.StreamResponse(status=answer.status, headers={"Content-Type": "application/json"})
            if "Content-Encoding" in answer.headers:
                passed.headers["Content-Encoding"] = answer.headers["Content-Encoding"]
            await passed.prepare(request)
            async for piece in answer.content.iter_any():
                await passed.write(piece)
            await passed.write_eof()
            return passed

    async def _bucket(self, method: str, request: web.Request, body: bytes) -> web.Response:
        if method == "GET":
            name = request.query["name"]
            if name not in self.buckets and await self._is_database(name):  # made before this forwarder was
                self.buckets[name] = self._id()
            if name not in self.buckets:
                return _not_found(f'bucket "{name}" not found')
            return web.json_response({"buckets": [_bucket(name, self.buckets[name])]})
        asked = json.loads(body)
        name, rules = asked["name"], asked["retentionRules"]
        lasting = f" WITH DURATION {rules[0]['everySeconds']}s" if rules else ""
        self.buckets[name] = self._id()
        async with self._session.post(
            f"{self._engine}/query", params={"q": f'CREATE DATABASE "{name}"{lasting}'}
        ) as answer:
            await answer.read()
        return web.json_response(_bucket(name, self.buckets[name]), status=201)

    async def _is_database(self, name: str) -> bool:
        asked, plain = {"q": "SHOW DATABASES"}, {"Accept-Encoding": "identity"}
        async with self._session.get(f"{self._engine}/query", params=asked, headers=plain) as answer:
            (found,) = (await answer.json())["results"][0]["series"]
        return [name] in found.get("values", [])

    def _id(self) -> str:
        return f"{len(self.buckets) + 2:016x}"

    def _mapping(self, method: str, request: web.Request, body: bytes) -> web.Response:
        if method == "GET":
            found = [one for one in self.mappings if one["database"] == request.query.get("db", one["database"])]
            return web.json_response({"content": found})
        made = {**json.loads(body), "id": f"{len(self.mappings) + 1:016x}", "virtual": False}
        self.mappings.append(made)
        return web.json_response(made, status=201)


def _not_found(message: str) -> web.Response:
    return web.json_response({"code": "not found", "message": message}, status=404)


def _bucket(name: str, bucket: str) -> dict[str, object]:
    return {"id": bucket, "orgID": ORG_ID, "name": name, "type": "user", "retentionRules": []}
