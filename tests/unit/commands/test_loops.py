"""What reaches a program's loop with nobody to catch it."""

import asyncio
import logging
import socket

import pytest

from services import loops


async def watch_late(number: int | None = None) -> None:
    """As aiomqtt does when its broker dies at that moment."""
    loop = asyncio.get_running_loop()
    with socket.socket() as gone:
        found = gone.fileno()
    for watch in (loop.add_reader, loop.add_writer):
        loop.call_soon_threadsafe(watch, found if number is None else number, print)
    await asyncio.sleep(0)
    await asyncio.sleep(0)


@pytest.mark.parametrize("number", [None, -1], ids=["closed", "no number any more"])
def test_a_socket_that_is_closed_before_it_is_watched_is_no_traceback(
    number: int | None, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.INFO):
        loops.run(watch_late(number))
    assert caplog.text == ""


def test_whatever_else_goes_wrong_is_told_as_ever(caplog: pytest.LogCaptureFixture):
    async def fails() -> None:
        asyncio.get_running_loop().call_soon(int, "no number")
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    loops.run(fails())
    assert "invalid literal" in caplog.text
