"""Programs of ours as processes of their own: started, waited for, told to stop, killed, and cut short of disk."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = Path(sys.executable)
TIDEWALK = Path(sys.executable).parent / "tidewalk"
STOP_S = 20.0
BEGINS_S = 60.0  # a start is a second of one core, which a busy machine may not have for long


class Program:
    """One process, and what it says. `with` ends it, however the body ends."""

    def __init__(self, *command: object, log: Path, env: dict[str, str] | None = None) -> None:
        """`log` takes its stderr; stdout goes to the same name with `.out`."""
        self.name = Path(str(command[0])).name if str(command[0]) != sys.executable else str(command[2])
        self._log, self._out = log, log.with_suffix(".out")
        with log.open("ab") as stderr, self._out.open("ab") as stdout:
            self._process = subprocess.Popen(
                [str(word) for word in command],
                stdout=stdout,
                stderr=stderr,
                cwd=ROOT,
                env={**os.environ, **(env or {})},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.running:
            self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def log(self) -> str:
        """What it wrote to stderr."""
        return self._log.read_text(errors="replace")

    def out(self) -> str:
        """What it wrote to stdout."""
        return self._out.read_text(errors="replace")

    def lines(self) -> list[dict[str, Any]]:
        """The whole lines of JSON on stdout."""
        whole = self.out().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def says(self, words: str, within_s: float = BEGINS_S) -> None:
        """Return when its log has these words; fail where it ends or takes too long."""
        until(lambda: words in self.log() or not self.running, within_s, f"{self.name} to say {words!r}: {self.tail()}")
        assert words in self.log(), f"{self.name} ended without saying {words!r}: {self.tail()}"

    def wait(self, within_s: float) -> int:
        """Its exit code; fails where it takes longer."""
        try:
            return self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            pytest.fail(f"{self.name} did not end within {within_s:g} s: {self.tail()}")

    def stop(self, within_s: float = STOP_S) -> int:
        """SIGTERM; its exit code. One that will not go is killed, and that is a failure."""
        if not self.running:
            return self._process.wait()
        self._process.terminate()
        try:
            return self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"{self.name} did not leave within {within_s:g} s: {self.tail()}")

    def send(self, number: int) -> None:
        """A signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(STOP_S)

    def may_write_up_to(self, size: int | None, pid: int = 0) -> None:
        """No file may grow past `size` bytes under its hands (or a child's), as on a full disk; None: any again."""
        soft = resource.RLIM_INFINITY if size is None else size
        resource.prlimit(pid or self.pid, resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))

    def tail(self) -> str:
        """The end of what it said, for a failure."""
        return (self.log()[-3000:] + self.out()[-1000:]).strip()


@contextmanager
def serving(broker: str, state: Path, *more: object, env: dict[str, str] | None = None) -> Iterator[Program]:
    """`tidewalk serve`, once it listens; told to stop at the end. Its log lies beside the state folder."""
    log = state.with_name(f"{state.name}-serve.log")
    with Program(TIDEWALK, "serve", "--broker", broker, "--state", state, *more, log=log, env=env) as service:
        service.says(" listens ")
        yield service


def simulating(broker: str, ledger: Path, *more: object) -> Program:
    """`tidewalk simulate --json`, begun; `wait` for its end, and `lines()[-1]` is its report."""
    command = (TIDEWALK, "simulate", "--broker", broker, "--ledger", ledger, "--json", *more)
    return Program(*command, log=ledger.with_suffix(".log"))


def until(true: Callable[[], bool], within_s: float, what: str, every_s: float = 0.02) -> None:
    """Return when it is; fail where it takes longer."""
    deadline = time.monotonic() + within_s
    while not true():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {within_s:g} s for {what}")
        time.sleep(every_s)
