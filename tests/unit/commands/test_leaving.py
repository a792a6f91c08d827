"""Being told to stop, once and twice; and what systemd is told."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.hearing import AT_ONCE, Ear, ear
from services.leaving import Leaving
from services.systemd import Systemd


@pytest.fixture
def heard() -> Iterator[Ear]:
    """Nobody is ended at once by it: what it would have ended with is in `ENDED`."""
    ENDED.clear()
    one = Ear(at_once=ENDED.append)
    yield one
    one.close()


ENDED: list[int] = []


def test_who_is_told_to_stop_while_it_is_loaded_leaves_first_thing(heard: Ear):
    os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGTERM)
    assert ear() is heard

    async def begins() -> bool:
        return Leaving(heard).told.is_set()

    assert asyncio.run(begins())
    os.kill(os.getpid(), signal.SIGTERM)  # its loop is closed: it is leaving
    assert not ENDED


def test_who_is_told_a_second_time_before_it_could_begin_ends_at_once(heard: Ear):
    os.kill(os.getpid(), signal.SIGTERM)
    assert not ENDED
    os.kill(os.getpid(), signal.SIGINT)
    assert ENDED == [AT_ONCE]
    heard.close()
    assert not isinstance(signal.getsignal(signal.SIGTERM), Ear)


@pytest.mark.asyncio
async def test_the_first_signal_asks_and_the_second_ends(heard: Ear):
    ended: list[int] = []
    leaving = Leaving(heard, at_once=ended.append)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(leaving.told.wait(), 5)
    assert not ended
    leaving.hear()
    assert ended == [AT_ONCE]


@pytest.mark.asyncio
async def test_who_takes_too_long_is_ended(heard: Ear):
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    leaving = Leaving(heard, grace_s=0.01, at_once=ended.set_result)
    leaving.hear()
    assert await asyncio.wait_for(ended, 5) == AT_ONCE


@pytest.mark.asyncio
async def test_systemd_hears_that_we_run_and_live(tmp_path: Path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(5)
        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "20000"}
        systemd = Systemd(environment, os.getpid())
        systemd.say(READY=1, STATUS="listens")
        watching = asyncio.create_task(systemd.watch())
        assert heard.recv(100) == b"READY=1\nSTATUS=listens"
        assert await asyncio.to_thread(heard.recv, 100) == b"WATCHDOG=1"
        watching.cancel()


def test_without_systemd_nothing_is_said_and_nothing_fails(tmp_path: Path):
    Systemd({}, 1).say(READY=1)
    Systemd({"NOTIFY_SOCKET": str(tmp_path / "nobody")}, 1).say(READY=1)
    assert Systemd({"WATCHDOG_USEC": "100", "WATCHDOG_PID": "2"}, 1)._every_s == 0
