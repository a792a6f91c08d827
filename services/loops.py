"""An event loop for a program, in which what a library leaves lying about is no traceback to whoever watches."""

import asyncio
import errno
import logging
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")
_log = logging.getLogger(__name__)

_WATCHING: Final = (".add_reader(", ".add_writer(")  # in what asyncio says of the callback that failed


def run(work: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`."""

    async def heard() -> T:
        asyncio.get_running_loop().set_exception_handler(hear)
        return await work

    return asyncio.run(heard())


def hear(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What went wrong in a callback that nobody waits for: told as asyncio tells it.

    Except that aiomqtt has the loop watch a socket from its own thread: where a broker dies in between, the socket is
    closed by then, and its number no longer one. Whoever has the connection is told of its end by other means.
    """
    if _is_late(context):
        _log.debug("a connection ended before it was watched", extra={"why": str(context.get("exception"))})
        return
    loop.default_exception_handler(context)


def _is_late(context: dict[str, Any]) -> bool:
    wrong = context.get("exception")
    closed = isinstance(wrong, OSError) and wrong.errno == errno.EBADF
    no_longer_one = isinstance(wrong, ValueError) and "file descriptor" in str(wrong)
    return (closed or no_longer_one) and any(one in context.get("message", "") for one in _WATCHING)
