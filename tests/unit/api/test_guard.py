"""Who may speak to the API: this machine, and no other site's page."""

import socket

import pytest

from domain.errors import ConflictError
from services.api.access import host_of, is_loopback
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
