"""A real InfluxDB on a free port, started and ended by the test.

Debian's is 1.6.7, which has no `/api/v2/write`: tests speak to it through `influx_forwarder`.
"""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.machines.needed import needed

INSTALL = "apt-get install influxdb"
CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{folder}/meta"
logging-enabled = false
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
wal-fsync-delay = "0s"
query-log-enabled = false
cache-snapshot-memory-size = "4m"
max-concurrent-compactions = 1
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:{http}"
log-enabled = false
[continuous_queries]
enabled = false
[subscriber]
enabled = false
"""


class InfluxMachine:
    """One influxd of the 1.x line, with its own folder. Stopping and starting keeps port and data."""

    def __init__(self, binary: str, folder: Path) -> None:
        self._binary = binary
        self._folder = folder
        self._http, self._rpc = _free_ports(2)
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "influxdb.conf").write_text(CONFIG.format(folder=folder, http=self._http, rpc=self._rpc))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http}"

    def start(self, within_s: float = 20) -> None:
        """Return when it answers."""
        log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen(
            [self._binary, "run", "-config", str(self._folder / "influxdb.conf")], stdout=log, stderr=log
        )
        log.close()
        deadline = time.monotonic() + within_s
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                pytest.fail(f"influxd did not start: {(self._folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """SIGTERM, and wait for its end."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def kill(self) -> None:
        """SIGKILL, and wait for its end."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            self._process = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/ping", timeout=2) as answer:  # noqa: S310
                return answer.status == 204
        except (urllib.error.URLError, OSError):
            return False


def named_2x() -> dict[str, str] | None:
    """Address, token and organisation of the 2.x that the environment names; None where it names none."""
    names = {
        "url": "TIDEWALK_TEST_INFLUX_URL",
        "token": "TIDEWALK_TEST_INFLUX_TOKEN",
        "org": "TIDEWALK_TEST_INFLUX_ORG",
    }
    found = {field: os.environ.get(name, "") for field, name in names.items()}
    return found if found["url"] else None


async def forget_bucket(url: str, token: str, org: str, bucket: str) -> None:
    """Delete a bucket that a test has made on a 2.x."""
    headers = {"Authorization": f"Token {token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(f"{url}/api/v2/buckets", params={"org": org, "name": bucket}) as answer:
            found = (await answer.json()).get("buckets", [])
        for one in found:
            async with session.delete(f"{url}/api/v2/buckets/{one['id']}") as answer:
                assert answer.status == 204


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxMachine]:
    """A running InfluxDB, shared by the session: use a database of your own, and leave it running."""
    machine = InfluxMachine(needed("influxd", INSTALL), tmp_path_factory.mktemp("influx"))
    machine.start()
    yield machine
    machine.kill()  # nobody reads again what it would write out in order


@pytest.fixture
def influx_of_its_own(tmp_path: Path) -> Iterator[InfluxMachine]:
    """A running InfluxDB that the test may stop, kill and start."""
    machine = InfluxMachine(needed("influxd", INSTALL), tmp_path)
    machine.start()
    yield machine
    machine.kill()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
