"""`tidewalk serve` that is told to stop before it has begun: always in order, always 0."""

import signal
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tests.walk.processes import TIDEWALK, Program

AFTER_S: Final = (0.2, 0.5, 0.8, 1.1, 1.4, 1.8)  # modules are loaded, files are read, databases made, connections tried


def test_at_any_moment_of_the_start_it_leaves_in_order(tmp_path: Path):
    began, codes = time.monotonic(), []
    with ExitStack() as running:
        starting = []
        for after in AFTER_S:
            command = (TIDEWALK, "serve", "--broker", "127.0.0.1:1", "--state", tmp_path / str(after), "--no-api")
            one = running.enter_context(Program(*command, log=tmp_path / f"{after}.log"))
            starting.append((began + after, one))
        for at, one in starting:
            time.sleep(max(0.0, at - time.monotonic()))
            one.send(signal.SIGHUP)
            one.send(signal.SIGTERM)
        for _, one in starting:
            codes.append(one.wait(20))
            assert "Traceback" not in one.log(), one.tail()
    assert codes == [0] * len(AFTER_S)
