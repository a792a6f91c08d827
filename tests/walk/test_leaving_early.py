"""`tidewalk serve` that is told to stop before it has begun: always in order, always 0."""

import signal
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tests.walk.processes import TIDEWALK, Program, until

AFTER_S: Final = (0.0, 0.3, 0.6, 0.9, 1.2, 1.6)  # modules are loaded, files are read, databases made, connections tried


def hears(one: Program) -> bool:
    """Python is there, and has begun with what is ours. Before that nobody could leave in order."""
    status = Path(f"/proc/{one.pid}/status").read_text()
    caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def test_at_any_moment_of_the_start_it_leaves_in_order(tmp_path: Path):
    codes = []
    with ExitStack() as running:
        starting = []
        for after in AFTER_S:
            command = (TIDEWALK, "serve", "--broker", "127.0.0.1:1", "--state", tmp_path / str(after), "--no-api")
            one = running.enter_context(Program(*command, log=tmp_path / f"{after}.log"))
            starting.append(one)
        for one in starting:
            until(lambda one=one: hears(one), 20, "it to listen to signals")
        began = time.monotonic()
        for after, one in zip(AFTER_S, starting, strict=True):
            time.sleep(max(0.0, began + after - time.monotonic()))
            one.send(signal.SIGHUP)
            one.send(signal.SIGTERM)
        for one in starting:
            codes.append(one.wait(60))  # it still loads its modules, six times on however busy a machine
            assert "Traceback" not in one.log(), one.tail()
    assert codes == [0] * len(AFTER_S)
