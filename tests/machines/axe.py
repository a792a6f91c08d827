"""axe-core, which looks for what keeps people out of a page: fetched from npm once, by name and version."""

import json
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.machines.needed import needed

PACKAGE = "axe-core@4.10.3"
INSTALL = "apt-get install npm"
TAKES_S = 60
SERIOUS = ("serious", "critical")
# Beside what is asked by default: 7:1, for whoever reads it in the sun; and that a thumb can hit it.
RULES = {"color-contrast-enhanced": {"enabled": True}, "target-size": {"enabled": True}}


@pytest.fixture(scope="session")
def axe() -> str:
    """Its text. Skips where npm, or what it fetches from, is not there; fails where machines are required."""
    kept = Path(tempfile.gettempdir()) / f"tidewalk-{PACKAGE.replace('@', '-')}.js"
    if not kept.exists():
        _fetch(needed("npm", INSTALL), kept)
    return kept.read_text("utf-8")


def _fetch(npm: str, kept: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", "--silent", PACKAGE, "--pack-destination", folder]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=TAKES_S, cwd=folder)
        except (subprocess.SubprocessError, OSError) as wrong:
            missing = f"npm could not fetch {PACKAGE}: {wrong}"
            if os.environ.get("TIDEWALK_REQUIRE_MACHINES") == "1":
                pytest.fail(missing)
            pytest.skip(missing)
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as packed:
            found = packed.extractfile("package/axe.min.js")
            assert found is not None
            own = kept.with_suffix(f".{os.getpid()}")
            own.write_bytes(found.read())
            own.replace(kept)


def found_by(axe: str, page: Page) -> list[dict[str, Any]]:
    """What it finds that is serious: rule, why, and where."""
    page.evaluate(axe)
    options = json.dumps({"resultTypes": ["violations"], "rules": RULES})
    found = page.evaluate(f"axe.run(document, {options})")
    return [
        {"rule": one["id"], "help": one["help"], "where": [node["html"][:200] for node in one["nodes"]]}
        for one in found["violations"]
        if one["impact"] in SERIOUS
    ]
