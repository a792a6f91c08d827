"""What the page about rules shows of explaining, proving, editing and shadows, typed as it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.walk.docs_blocks import ROOT, Block, blocks

PAGE = ROOT / "docs/rules.md"
HEADINGS = (
    "## Why, and why not: explain",
    "## Where an order comes from: prove",
    "## Edit safely: versions, reload",
    "## Beside those in force: shadow",
)


def _mine() -> list[Block]:
    """The blocks of the parts of the page that are about this."""
    lines = PAGE.read_text("utf-8").splitlines()
    heads = [n for n, line in enumerate(lines, 1) if line.startswith("## ")]

    def part(place: str) -> str:
        return lines[max(n for n in heads if n < int(place.rpartition(":")[2])) - 1]

    return [one for one in blocks(PAGE) if part(one.place) in HEADINGS]


def _shown(said: str, shows: str) -> None:
    """Each line of `shows` comes in `said`, in order; `…` stands for anything."""
    lines = iter(said.splitlines())
    for wanted in shows.splitlines():
        pattern = re.compile(".*".join(re.escape(part) for part in wanted.strip().split("…")))
        assert any(pattern.fullmatch(line.strip()) for line in lines), f"{wanted!r} does not come in:\n{said}"


def test_the_page_shows_what_is_said(tmp_path: Path):
    found = _mine()
    assert len(found) == 8
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TIDEWALK_")}
    environment = inherited | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    for block in found:
        if block.mark == "not run here":
            continue
        ran = subprocess.run(
            ["bash", "-ec", block.text], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, f"{block.place}: {ran.stdout}{ran.stderr}"
        _shown(ran.stdout, block.shows)
