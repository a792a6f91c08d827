"""A broker for the demo: the mosquitto that is installed, told to lose nothing, or the pocket broker."""

import asyncio
import contextlib
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

from domain.errors import UnavailableError
from simulators.broker import PocketBroker

PORT: Final = 1883
_READY_S: Final = 5.0
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
    """One on 127.0.0.1, on port 1883 if that is free; gone at the end, with its files."""
    port = PORT if _is_free(PORT) else _free_port()
    binary = mosquitto_path()
    if binary is None:
        async with PocketBroker(port=port) as broker:
            yield AtHand(broker.port, "the pocket broker")
        return
    with tempfile.TemporaryDirectory(prefix="tidewalk-broker-") as folder:
        async with _mosquitto(binary, port, Path(folder)):
            yield AtHand(port, f"mosquitto ({binary})")


@asynccontextmanager
async def _mosquitto(binary: str, port: int, folder: Path) -> AsyncIterator[None]:
    configuration = folder / "mosquitto.conf"
    # As root, mosquitto gives up its rights for a user who may not write here; `user root` keeps them for this process.
    configuration.write_text(_CONFIGURATION.format(port=port, folder=folder) + "user root\n")
    process = await asyncio.create_subprocess_exec(
        binary, "-c", str(configuration), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await _until_ready(process, port, folder)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _until_ready(process: asyncio.subprocess.Process, port: int, folder: Path) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_READY_S):
            while process.returncode is None:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    return
                await asyncio.sleep(0.02)
    raise UnavailableError(f"mosquitto does not start; it says why in {folder}/mosquitto.log")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
