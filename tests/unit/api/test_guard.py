"""Who may speak to the API: this machine, and no other site's page."""

import socket
from collections.abc import Sequence
from hashlib import sha256
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter, WebSocket

from domain.errors import ConflictError
from services.api.access import Access, Tokens, host_of, is_loopback
from services.api.app import Mounted, build
from services.api.guard import MOST_BYTES
from services.api.server import bound, url_of
from tests.unit.api.gate import Gate


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "LocalHost", "[::1]", "::1"])
def test_these_hosts_mean_this_machine(host: str):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "[::]", "10.0.0.1", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example"]
)
def test_these_do_not(host: str):
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("authority", "host"), [("a:1", "a"), ("a", "a"), ("[::1]:8090", "[::1]"), ("[::1]", "[::1]"), ("", "")]
)
def test_the_host_of_an_authority(authority: str, host: str):
    assert host_of(authority) == host


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {"Host": "evil.example"}, 421),
        ("GET", {"Host": "evil.example:8090"}, 421),
        ("GET", {"Host": "localhost:9999"}, 200),
        ("GET", {"Host": "[::1]:8090"}, 200),
        ("POST", {"Host": "evil.example", "Content-Type": "application/json"}, 421),
        ("POST", {}, 415),
        ("POST", {"Content-Type": "text/plain"}, 415),
        ("POST", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ("POST", {"Content-Type": "application/json", "Content-Length": str(MOST_BYTES + 1)}, 413),
        ("POST", {"Content-Type": "application/json; charset=utf-8", "Content-Length": "2"}, 422),
    ],
)
async def test_what_another_sites_page_could_send_is_refused(method: str, headers: dict[str, str], status: int):
    gate = Gate()
    async with gate.client:
        path = "/api/v1/orders" if method == "GET" else "/api/v1/orders/SN-20261001-0001/actions"
        answer = await gate.client.request(method, path, headers=headers, content=b"{}" if method != "GET" else None)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert status == 200 or answer.json()["status"] == status


@pytest.mark.asyncio
async def test_a_script_of_another_site_that_asks_first_is_not_let_in():
    gate = Gate()
    async with gate.client:
        headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        answer = await gate.client.options("/api/v1/orders", headers=headers)
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("0.0.0.0:8090", "this machine alone"),
        ("coast.example:80", "this machine alone"),
        ("[::]:80", "this machine alone"),
        ("8090", "say HOST:PORT"),
        (":8090", "say HOST:PORT"),
        ("127.0.0.1:http", "say HOST:PORT"),
        ("127.0.0.1:65536", "say HOST:PORT"),
    ],
)
def test_an_address_that_is_not_for_this_machine_alone_is_refused(address: str, why: str):
    with pytest.raises(ConflictError, match=why), bound(address):
        pass


def test_a_port_that_is_taken_says_so_and_what_to_do():
    with bound("localhost:0") as first:
        address = url_of(first).removeprefix("http://")
        with pytest.raises(ConflictError, match=r"in use; say another port, or --no-api"), bound(address):
            pass


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0"])
def test_the_loop_knows_it_for_tcp_and_does_not_hold_answers_back(address: str):
    with bound(address) as door:
        assert (door.type, door.proto) == (socket.SOCK_STREAM, socket.IPPROTO_TCP)
        assert url_of(door).startswith(f"http://{address.removesuffix(':0')}:")


TOKEN = "a-token-long-enough-not-to-be-guessed"  # noqa: S105  # opens nothing
TOKENS = Tokens([("duty desk", sha256(TOKEN.encode()).digest())])
BEARER = {"Authorization": f"Bearer {TOKEN}"}
NOTE = {"action": "note", "reason": "seen"}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("beyond", "reading", "changing"), [(False, 200, 401), (True, 401, 401)], ids=["on this machine", "beyond it"]
)
async def test_changing_needs_a_token_and_beyond_this_machine_reading_too(beyond: bool, reading: int, changing: int):
    gate = Gate(access=Access(TOKENS, frozenset({"coast.example"}), beyond))
    paths = ("/api/v1/orders", "/status", "/metrics", "/openapi.json", "/nowhere")
    async with gate.client as client:
        for path in paths:
            answer = await client.get(path)
            assert answer.status_code == (404 if path == "/nowhere" and reading == 200 else reading), path
        for path in ("/healthz", "/readyz"):
            assert (await client.get(path)).status_code == 200
        act = f"/api/v1/orders/{gate.order('leak')}/actions"
        refused = await client.post(act, json={"id": str(uuid4()), "by": "Li", **NOTE})
        assert refused.status_code == changing
        assert refused.headers["www-authenticate"].startswith("Bearer")
        assert gate.journal == []
        for wrong in (f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer", ""):
            answer = await client.post(act, json={"id": str(uuid4()), **NOTE}, headers={"Authorization": wrong})
            assert answer.status_code == 401
        assert (await client.get("/api/v1/orders", headers={"Authorization": "Bearer wrong"})).status_code == 401
        assert (await client.get("/api/v1/orders", headers=BEARER | {"Host": "coast.example:80"})).status_code == 200
        assert (await client.get("/api/v1/orders", headers=BEARER | {"Host": "evil.example"})).status_code == 421


@pytest.mark.asyncio
async def test_who_acts_is_the_name_of_the_token_whatever_is_said():
    gate = Gate(access=Access(TOKENS))
    async with gate.client as client:
        act = f"/api/v1/orders/{gate.order('leak')}/actions"
        for said in ({}, {"by": "somebody else"}):
            answer = await client.post(act, json={"id": str(uuid4()), **NOTE, **said}, headers=BEARER)
            assert answer.status_code == 200
    assert [line.who for line in gate.books.order(gate.order("leak")).history[-2:]] == ["duty desk", "duty desk"]


@pytest.mark.asyncio
async def test_what_another_part_guards_itself_is_passed_on_and_only_that():
    gate, made = Gate(), APIRouter()
    asked: list[str] = []

    @made.get("/")
    async def page() -> str:
        asked.append("/")
        return "page"

    @made.get("/static/{name}")
    async def static(name: str) -> str:
        return name

    @made.websocket("/live")
    async def live(socket: WebSocket) -> None:
        asked.append("/live")
        await socket.close()

    access = Access(TOKENS, frozenset({"coast.example"}), beyond=True)
    mounted = Mounted(made, ("/", "/static/", "/live"))
    app = build(gate.behind, gate.watch, gate.actions, access=access, mounts=[mounted])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://coast.example") as client:
        assert [(await client.get(path)).status_code for path in ("/", "/static/a", "/api/v1/site", "/statics")] == [
            200,
            200,
            401,
            401,
        ]
        assert (await client.get("/", headers={"Host": "evil.example"})).status_code == 421
    for path, host, code in (
        ("/live", "coast.example", 1000),
        ("/live", "evil.example", 1008),
        ("/api/v1/events", "coast.example", 1008),
    ):
        assert await _closed(app, path, host) == code, (path, host)
    assert asked == ["/", "/live"]


async def _closed(app: object, path: str, host: str) -> int:
    """With which code a WebSocket is closed."""
    told: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        told.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "websocket.connect"}

    headers: Sequence[tuple[bytes, bytes]] = [(b"host", host.encode())]
    scope = {"type": "websocket", "path": path, "headers": headers, "query_string": b"", "subprotocols": []}
    await app(scope, receive, send)  # type: ignore[operator]
    return int(str(next(one for one in told if one["type"] == "websocket.close").get("code", 1000)))


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/v1/site", "/api/v1/events"])
async def test_head_is_answered_as_get_is_and_no_stream_stays_open(path: str):
    transport = httpx.ASGITransport(Gate().app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        got, head = [await client.request(verb, path, headers={"Accept": "*/*"}) for verb in ("GET", "HEAD")]
        assert (head.status_code, head.headers.get("etag")) == (got.status_code, got.headers.get("etag"))
        streaming = await client.head(path, headers={"Accept": "text/event-stream"})
        assert streaming.status_code == got.status_code
        assert (await client.head("/api/v1/site", headers={"Host": "evil.example"})).status_code == 421
