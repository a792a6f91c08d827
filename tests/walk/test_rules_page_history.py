"""What docs/rules.md says of backtests and scores can be typed as it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/rules.md").read_text("utf-8")


@pytest.mark.soak
@pytest.mark.parametrize("chapter", ["What it would have done: backtest", "Is it any good: score"])
def test_the_blocks_of_a_chapter_run_one_after_the_other(chapter: str, tmp_path: Path):
    text = PAGE.split(f"## {chapter}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    assert blocks
    script = "set -e\n" + "".join(blocks).replace("/tmp/tidewalk-", f"{tmp_path}/tidewalk-")  # noqa: S108
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIDEWALK_")}
    done = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, env={**environment, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said = "appear" if "backtest" in chapter else "recall"
    assert said in done.stdout
