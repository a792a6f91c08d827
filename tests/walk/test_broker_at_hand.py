"""The demo's own broker: never taken for somebody else's, whoever looks for a port at the same moment."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest

from domain.errors import UnavailableError
from services.show import broker_at_hand as at_hand
from services.show.broker_at_hand import broker_at_hand


def children() -> set[str]:
    return set(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split())


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
async def test_what_goes_wrong_beside_it_comes_out_as_it_is(kind: str):
    async def beside() -> None:
        async with broker_at_hand() as broker:
            assert broker.what.startswith(kind)
            raise KeyError(kind)

    with pytest.raises(KeyError):
        await beside()


@pytest.mark.asyncio
async def test_who_waits_for_a_mosquitto_that_dies_is_told():
    if at_hand.mosquitto_path() is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    before = children()

    async def waits() -> None:
        async with broker_at_hand():
            for broker in children() - before:
                os.kill(int(broker), signal.SIGKILL)
            await asyncio.Event().wait()

    with pytest.raises(UnavailableError, match="ended by itself"):
        await waits()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


@pytest.mark.asyncio
async def test_a_port_that_another_program_has_is_left_alone(kind: str, monkeypatch: pytest.MonkeyPatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setattr(at_hand, "PORT", other.getsockname()[1])
        async with broker_at_hand() as broker:
            assert broker.what.startswith(kind)
            assert broker.port != other.getsockname()[1]
