"""A machine that a test needs: found, or skipped with its install line, or failed where machines are required."""

import os
import shutil
from pathlib import Path

import pytest


def needed(binary: str, install: str) -> str:
    """Path of `binary`, also looked for in /usr/sbin. Skips, or fails where machines are required."""
    found = shutil.which(binary) or shutil.which(binary, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        missing = f"{binary} is not installed: {install}"
        if os.environ.get("TIDEWALK_REQUIRE_MACHINES") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return str(Path(found))
