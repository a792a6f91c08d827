"""The machine of docs/deploy.md, part B: its folders in a scratch folder, and whoever stands in for systemd."""

import os
import re
import signal
from pathlib import Path

from tests.machines.mosquitto import Mosquitto
from tests.walk.processes import Program

FOLDERS = (
    "etc/mosquitto",
    "etc/tidewalk",
    "etc/systemd",
    "etc/grafana",
    "opt/tidewalk",
    "var/lib/tidewalk",
    "var/backups",
)
DEBIANS = """\
persistence true
persistence_location {folder}/
log_dest file {folder}/mosquitto.log
include_dir {etc}/mosquitto/conf.d
"""
RUNUSER = """\
#!/bin/sh
while [ "$1" != "--" ]; do shift; done
shift
exec "$@"
"""


class Machine:
    """Plays `systemctl` for mosquitto and tidewalk; everything else that is left out stays left out."""

    def __init__(self, scratch: Path, ports: dict[int, int]) -> None:
        self.root = scratch / "root"
        self.swaps = [
            *((rf"\b{known}\b", str(ours)) for known, ours in ports.items()),
            *((rf"(?<![\w/.-])/{folder}\b", f"{self.root}/{folder}") for folder in FOLDERS),
        ]
        self.bin = scratch / "bin"
        self.bin.mkdir()
        (self.bin / "runuser").write_text(RUNUSER)
        (self.bin / "runuser").chmod(0o755)
        self._broker: Mosquitto | None = None
        self._service: Program | None = None
        self._started: list[Program] = []
        self._scratch = scratch
        self._ports = ports

    def swap_in(self, *files: Path) -> None:
        """Give files of the clone the ports and folders of this machine, as the page's own lines get them."""
        for file in files:
            text = file.read_text("utf-8")
            for pattern, ours in self.swaps:
                text = re.sub(pattern, lambda _, ours=ours: ours, text)
            file.write_text(text)

    def systemctl(self, line: str) -> None:
        """What a line of a block does that is left out."""
        match line.split():
            case ["systemctl", "restart", "mosquitto"]:
                self._start_broker()
            case ["systemctl", "reload", "mosquitto"]:
                assert self._broker is not None
                self._broker._signal(signal.SIGHUP)
            case ["systemctl", "enable", "--now", "tidewalk"] | ["systemctl", "start" | "restart", "tidewalk"]:
                self._stop_service()
                self._start_service()
            case ["systemctl", "stop", "tidewalk"]:
                self._stop_service()

    def close(self) -> None:
        """End what was started."""
        self._stop_service()
        if self._broker is not None:
            self._broker.kill()

    def _start_broker(self) -> None:
        folder = self._scratch / "broker"
        folder.mkdir()
        self._broker = Mosquitto(folder)
        self._broker.port = self._ports[1883]
        become = "user root\n" if os.geteuid() == 0 else ""
        text = become + DEBIANS.format(folder=folder, etc=self.root / "etc")
        (folder / "mosquitto.conf").write_text(text, encoding="utf-8")
        self._broker.start()

    def _start_service(self) -> None:
        unit = (self.root / "etc/systemd/system/tidewalk.service").read_text("utf-8")
        said = dict(re.findall(r"^(\w+)=(.+)$", unit, re.MULTILINE))
        lines = Path(said["EnvironmentFile"]).read_text("utf-8").splitlines()
        environment = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
        (self.root / "var/lib" / said["StateDirectory"]).mkdir(parents=True, exist_ok=True)
        tries = len(self._started)
        before = Program(*said["ExecStartPre"].split(), log=self._scratch / f"before-{tries}.log", env=environment)
        assert before.wait(30) == 0, before.tail()
        service = Program(*said["ExecStart"].split(), log=self._scratch / f"service-{tries}.log", env=environment)
        self._service = service
        self._started.append(service)
        service.says(" listens ", 30)

    def _stop_service(self) -> None:
        service, self._service = self._service, None
        if service is not None:
            assert service.stop() == 0, service.tail()
