"""The page where people are known: signing in, what a cookie may do, and whose page it is."""

import json
from concurrent.futures import CancelledError
from contextlib import suppress

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from services.api.access import Access
from services.api.guard import SESSION, Guard
from services.api.proxies import Proxies, proxies_of
from services.console.pages import OWN, Console, router
from services.console.session import COOKIE, Sessions
from services.console.socket import MAY_NOT
from services.live.hub import Hub
from services.people.roles import Role
from services.site.scenery import Scenery
from tests.unit.dispatch.coast import T0, coast
from tests.unit.people.folk import GOOD, Folk

HOST = "http://127.0.0.1:8090"
SAME = {"Origin": HOST}


def page(folk: Folk, proxies: Proxies | None = None) -> TestClient:
    site, access = coast(), Access(reception=folk.reception, proxies=proxies or Proxies())
    hub = Hub(site, folk.clock, epoch="e1", status=lambda: {"status": "ready"})
    beat = {"at": T0, "rate": 1.0, "speed": 1}
    console = Console(site, Scenery(), hub, Sessions(folk.clock), lambda: beat, access=access)
    app = FastAPI()
    app.add_middleware(Guard, access=access, own=OWN)
    app.include_router(router(console))

    @app.post("/api/v1/orders/{order}/actions")
    async def act(order: str) -> str:
        return order

    return TestClient(app, base_url=HOST, client=("10.0.0.7", 5))


def li(*zones: str) -> Folk:
    folk = Folk()
    folk.registry.add_account("Li Wei", Role.DISPATCHER, zones, GOOD)
    return folk


def enter(visitor: TestClient, password: str = GOOD, headers: dict[str, str] | None = None) -> int:
    said = {"name": "Li Wei", "password": password}
    return visitor.post("/live/session", json=said, headers=SAME if headers is None else headers).status_code


def test_nobody_sees_anything_before_they_sign_in_and_only_a_page_of_ours_can_sign_them_in():
    visitor = page(li())
    assert "signin.js" in visitor.get("/").text
    assert visitor.get("/live/chart").status_code == 403
    for strange in ({}, {"Origin": "https://evil.example"}):
        assert enter(visitor, headers=strange) == 403
    assert enter(visitor, "wrong") == 403
    assert SESSION not in visitor.cookies
    assert enter(visitor) == 204
    assert "main.js" in visitor.get("/").text
    assert visitor.get("/live/chart").status_code == 200


def test_a_session_is_a_cookie_that_no_script_and_no_other_site_has():
    visitor = page(li())
    said = visitor.post("/live/session", json={"name": "Li Wei", "password": GOOD}, headers=SAME)
    cookie = next(one for one in said.headers.get_list("set-cookie") if one.startswith(SESSION))
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    through = page(li(), proxies_of("10.0.0.0/8"))
    headers = SAME | {"X-Forwarded-Proto": "https", "X-Forwarded-For": "1.2.3.4, 203.0.113.9"}
    said = through.post("/live/session", json={"name": "Li Wei", "password": GOOD}, headers=headers)
    assert all("Secure" in one for one in said.headers.get_list("set-cookie"))


def test_with_the_cookie_only_our_own_page_may_change_anything():
    visitor = page(li())
    enter(visitor)
    for headers, status in (
        ({}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        (SAME, 200),
    ):
        answer = visitor.post("/api/v1/orders/{order}/actions", json={}, headers=headers)
        assert answer.status_code == status
    visitor.cookies.clear()
    assert visitor.post("/api/v1/orders/x/actions", json={}, headers=SAME).status_code == 401


def test_signing_out_ends_the_session_at_the_service_too():
    visitor = page(li())
    enter(visitor)
    session = visitor.cookies[SESSION]
    assert visitor.post("/live/session/end", json={}).status_code == 403  # not by another site
    assert visitor.post("/live/session/end", json={}, headers=SAME).status_code == 204
    assert visitor.get("/live/chart", headers={"Cookie": f"{SESSION}={session}"}).status_code == 403


def test_who_guesses_is_told_to_wait():
    visitor = page(li())
    statuses = [enter(visitor, "wrong") for _ in range(8)]
    assert statuses == [403] * 6 + [429] * 2
    said = visitor.post("/live/session", json={"name": "Li Wei", "password": GOOD}, headers=SAME)
    assert (said.status_code, said.headers["retry-after"]) == (429, "1")


def test_a_token_of_the_database_opens_the_page_too():
    folk = Folk()
    visitor, text = page(folk), folk.token(Role.VIEWER, "west")
    assert visitor.post("/live/session", json={"token": text}, headers=SAME).status_code == 204
    assert visitor.get("/live/chart").status_code == 200
    visitor.cookies.delete(SESSION)
    assert visitor.get("/live/chart").status_code == 403  # that we served the page opens nothing


def test_the_chart_and_the_socket_show_their_zones_alone():
    visitor = page(li("east"))
    enter(visitor)
    assert [one[0] for one in visitor.get("/live/chart").json()["facilities"]] == ["lamp-3"]
    headers = {**SAME, "Host": "127.0.0.1:8090", "Cookie": f"{SESSION}={visitor.cookies[SESSION]}"}
    with suppress(CancelledError), visitor.websocket_connect("/live", headers=headers) as socket:
        frames = [json.loads(socket.receive_text()) for _ in range(2)]
    snapshot = next(frame["snapshot"] for frame in frames if "snapshot" in frame)
    assert set(snapshot["facilities"]) == {"lamp-3"}
    assert sum(one["facilities"] for one in snapshot["elements"].values()) == 1


@pytest.mark.parametrize("cookies", ["", f"{COOKIE}=made-up", f"{SESSION}=made-up"])
def test_the_socket_is_refused_to_who_did_not_sign_in(cookies: str):
    visitor = page(li())
    headers = {**SAME, "Host": "127.0.0.1:8090", "Cookie": cookies}
    with pytest.raises(WebSocketDisconnect) as refused, visitor.websocket_connect("/live", headers=headers):
        pass
    assert refused.value.code == 1008


def test_a_socket_closes_when_who_looks_may_no_longer():
    folk = li()
    visitor = page(folk)
    enter(visitor)
    headers = {**SAME, "Host": "127.0.0.1:8090", "Cookie": f"{SESSION}={visitor.cookies[SESSION]}"}
    with suppress(CancelledError), visitor.websocket_connect("/live", headers=headers) as socket:
        socket.receive_text()
        folk.registry.disable("Li Wei")
        folk.later(2_000)
        frames = [socket.receive() for _ in range(2)]
    assert frames[-1] == {"type": "websocket.close", "code": 1008, "reason": MAY_NOT}


@pytest.mark.parametrize(
    ("trusted", "direct", "said", "address"),
    [
        ("", "10.0.0.7", "1.2.3.4", "10.0.0.7"),
        ("10.0.0.0/8", "10.0.0.7", "1.2.3.4, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.0/8", "10.0.0.7", "203.0.113.9, 10.0.0.8", "203.0.113.9"),
        ("10.0.0.0/8", "10.0.0.7", "nonsense", "10.0.0.7"),
        ("10.0.0.0/8", "10.0.0.7", "", "10.0.0.7"),
        ("10.0.0.0/8", "192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("::1", "::1", "2001:db8::5", "2001:db8::5"),
    ],
)
def test_the_address_is_the_last_that_no_proxy_of_ours_has(trusted: str, direct: str, said: str, address: str):
    scope = {"type": "http", "client": (direct, 1), "headers": [(b"x-forwarded-for", said.encode())], "scheme": "http"}
    assert proxies_of(trusted).address(scope) == address
