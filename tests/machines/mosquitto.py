"""A real mosquitto on a free port, started and ended by the test."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.machines.needed import needed

INSTALL = "apt-get install mosquitto"
START_S = 10.0
STOP_S = 10.0

# Like deploy/mosquitto/limits.conf where it matters: nothing dropped behind a PUBACK, kept through SIGTERM.
CONFIGURATION = """\
listener {port} 127.0.0.1
allow_anonymous {anonymous}
persistence true
persistence_location {folder}/
autosave_interval 1
persistent_client_expiration 14d
max_inflight_messages 65535
max_queued_messages 1000000
max_queued_bytes 1073741824
message_size_limit 16777216
set_tcp_nodelay true
log_dest file {folder}/mosquitto.log
{more}
"""


class Mosquitto:
    """One broker: its port and folder stay the same through `stop`, `kill` and `start`."""

    def __init__(self, folder: Path, *, more: str = "", anonymous: bool = True) -> None:
        self.binary = needed("mosquitto", INSTALL)
        self.folder = folder
        self.host = "127.0.0.1"
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            more = f"user root\n{more}"  # else it becomes nobody, who may not write to the folder
        text = CONFIGURATION.format(port=self.port, folder=folder, more=more, anonymous=str(anonymous).lower())
        (folder / "mosquitto.conf").write_text(text, encoding="utf-8")

    def start(self) -> None:
        """Return when it accepts connections."""
        with (self.folder / "stderr.log").open("ab") as said:
            self._process = subprocess.Popen(
                [self.binary, "-c", str(self.folder / "mosquitto.conf")], stdout=said, stderr=said
            )
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                socket.create_connection((self.host, self.port), timeout=1).close()
            except OSError:
                time.sleep(0.01)
            else:
                return
        pytest.fail(f"mosquitto did not start: {(self.folder / 'stderr.log').read_text()}\n{self.log()}")

    def stop(self) -> None:
        """SIGTERM: it writes its sessions and queues to disk."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: what came since the last autosave is gone."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP: the connections stay and nobody answers."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """Stop in order and start again, on the same port with the same folder."""
        self.stop()
        self.start()

    def log(self) -> str:
        """What it wrote."""
        log = self.folder / "mosquitto.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _end(self, number: int) -> None:
        if self._process is None:
            return
        self._signal(number)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def free_port() -> int:
    """A port of the loopback that nobody listens on now.

    Not one the system hands to clients (32768 and up): a client that reconnects while nobody listens could be given the
    very port it calls, be connected to itself, and hold it against the broker that wants it back.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running broker with the shipped limits, of this test alone."""
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    broker = Mosquitto(folder)
    broker.start()
    yield broker
    broker.go_on()
    broker.kill()


@pytest.fixture
def start_mosquitto(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Start as many brokers as wanted, each with further lines of configuration."""
    started: list[Mosquitto] = []

    def start(*, more: str = "", anonymous: bool = True) -> Mosquitto:
        folder = tmp_path / f"mosquitto-{len(started)}"
        folder.mkdir()
        broker = Mosquitto(folder, more=more, anonymous=anonymous)
        started.append(broker)
        broker.start()
        return broker

    yield start
    for broker in started:
        broker.go_on()
        broker.kill()
