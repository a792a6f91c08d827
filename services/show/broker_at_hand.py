"""A broker for the demo: the mosquitto that is installed, told to lose nothing, or the pocket broker."""

import asyncio
import contextlib
import errno
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

from domain.errors import UnavailableError
from simulators.broker import PocketBroker

PORT: Final = 1883
_READY_S: Final = 10.0
_TRIES: Final = 5  # free ports that may be taken before a broker has them
_LOG: Final = "mosquitto.log"
_RUNNING: Final = " running"
_TAKEN: Final = "Address already in use"
_SBIN: Final = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
_CONFIGURATION: Final = """listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 5
max_queued_messages 1000000
max_queued_bytes 0
max_inflight_messages 0
set_tcp_nodelay true
log_dest file {folder}/mosquitto.log
"""


class AtHand(NamedTuple):
    """Where it listens, and what it is."""

    port: int
    what: str


def mosquitto_path() -> str | None:
    """The mosquitto of this machine; Debian keeps it where no user's PATH looks."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=_SBIN)


@asynccontextmanager
async def broker_at_hand() -> AsyncIterator[AtHand]:
    """One on 127.0.0.1, on port 1883 if that is free; gone at the end, with its files. Raises UnavailableError."""
    binary = mosquitto_path()
    async with AsyncExitStack() as stack:
        for port in (PORT, *(_free_port() for _ in range(_TRIES))):
            try:
                if binary is None:
                    await stack.enter_async_context(PocketBroker(port=port))
                    found = AtHand(port, "the pocket broker")
                else:
                    await stack.enter_async_context(_mosquitto(binary, port))
                    found = AtHand(port, f"mosquitto ({binary})")
            except OSError as taken:  # also by another demo that looked at the same moment
                if taken.errno != errno.EADDRINUSE:
                    raise
            else:
                break
        else:
            raise UnavailableError("no free port for a broker of the demo's own; name one of yours with --broker")
        yield found


@asynccontextmanager
async def _mosquitto(binary: str, port: int) -> AsyncIterator[None]:
    """One that listens. Raises OSError where somebody else has the port, UnavailableError where it does not start."""
    with tempfile.TemporaryDirectory(prefix="tidewalk-broker-") as folder:
        configuration = Path(folder) / "mosquitto.conf"
        # As root, mosquitto gives up its rights for a user who may not write here; `user root` keeps them.
        configuration.write_text(_CONFIGURATION.format(port=port, folder=folder) + "user root\n")
        process = await asyncio.create_subprocess_exec(
            binary, "-c", str(configuration), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            await _until_ready(process, Path(folder) / _LOG)
            async with _while_alive(process):
                yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


@asynccontextmanager
async def _while_alive(process: asyncio.subprocess.Process) -> AsyncIterator[None]:
    """Ends the body when the process ends by itself: nothing would ever come of waiting for it. What the body raises of
    its own comes out as it is.
    """
    body = asyncio.current_task()
    assert body is not None  # noqa: S101
    gone = asyncio.Event()

    def ended(_: asyncio.Task[int]) -> None:
        gone.set()
        body.cancel()

    watching = asyncio.create_task(process.wait(), name="broker")
    watching.add_done_callback(ended)
    try:
        yield
    except (asyncio.CancelledError, Exception) as wrong:
        if not gone.is_set() or (body.uncancel() and isinstance(wrong, asyncio.CancelledError)):
            raise  # also where somebody else wants the body to end
        raise UnavailableError(f"the demo's broker ended by itself (code {process.returncode})") from wrong
    else:
        if gone.is_set():  # and the body took no notice
            body.uncancel()
    finally:
        watching.remove_done_callback(ended)
        watching.cancel()


async def _until_ready(process: asyncio.subprocess.Process, log: Path) -> None:
    """Ask its own log: whoever answers on the port may be somebody else."""
    said = ""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_READY_S):
            while process.returncode is None:
                if _RUNNING in (said := _said(log)):
                    return
                await asyncio.sleep(0.02)
    said = _said(log)
    if _TAKEN in said:
        raise OSError(errno.EADDRINUSE, "the port is taken")
    told = said.strip().splitlines()
    raise UnavailableError(f"mosquitto does not start: {told[-1] if told else 'it says nothing'}")


def _said(log: Path) -> str:
    try:
        return log.read_text(errors="replace")
    except FileNotFoundError:
        return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
