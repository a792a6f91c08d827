"""The demo's own broker: never taken for somebody else's, whoever looks for a port at the same moment."""

import asyncio
import socket

import pytest

from services.show import broker_at_hand as at_hand
from services.show.broker_at_hand import broker_at_hand


@pytest.fixture(params=["mosquitto", "the pocket broker"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "mosquitto":
        if at_hand.mosquitto_path() is None:
            pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    else:
        monkeypatch.setattr(at_hand, "mosquitto_path", lambda: None)
    return str(request.param)


@pytest.mark.asyncio
async def test_brokers_that_begin_at_one_moment_have_ports_of_their_own(kind: str):
    async def one(all_there: asyncio.Barrier) -> int:
        async with broker_at_hand() as broker:
            assert broker.what.startswith(kind)
            await all_there.wait()
            return broker.port

    all_there = asyncio.Barrier(4)
    ports = await asyncio.gather(*(one(all_there) for _ in range(4)))
    assert len(set(ports)) == 4


@pytest.mark.asyncio
async def test_a_port_that_another_program_has_is_left_alone(kind: str, monkeypatch: pytest.MonkeyPatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setattr(at_hand, "PORT", other.getsockname()[1])
        async with broker_at_hand() as broker:
            assert broker.what.startswith(kind)
            assert broker.port != other.getsockname()[1]
