"""A machine that a test needs: found, or skipped with its install line, or failed where machines are required."""

import os
import shutil
from pathlib import Path

import pytest


def needed(binary: str, install: str, also: str = "") -> str:
    """Path of `binary`, looked for in /usr/sbin and the folders `also` too. Skips, or fails where machines are
    required.
    """
    found = shutil.which(binary) or shutil.which(binary, path=f"/usr/sbin:/usr/local/sbin:{also}")
    if found is None:
        missing = f"{binary} is not installed: {install}"
        if os.environ.get("TIDEWALK_REQUIRE_MACHINES") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return str(Path(found))
