"""The systemd unit, and the files of settings that are made from their examples."""

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from services.settings import EXAMPLE
from tests.machines.needed import needed

ROOT = Path(__file__).parents[3]
UNIT = (ROOT / "deploy/tidewalk.service").read_text("utf-8")
EXAMPLES = [".env.example", "deploy/tidewalk.env.example"]


def analyzed(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`systemd-analyze` on the unit, with a program that is here in place of the one that will be there."""
    needed("systemd-analyze", "apt-get install systemd")
    unit = folder / "tidewalk.service"
    unit.write_text(UNIT.replace("/opt/tidewalk/venv/bin/tidewalk", sys.executable))
    return subprocess.run(["systemd-analyze", *words, unit], capture_output=True, text=True, check=False)


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path):
    verified = analyzed(tmp_path, "verify", "--man=no")
    assert verified.returncode == 0
    assert not verified.stderr


def test_systemd_calls_the_unit_s_exposure_ok(tmp_path: Path):
    judged = analyzed(tmp_path, "security", "--offline=true", "--threshold=25")
    assert judged.returncode == 0, judged.stdout[-200:]


def test_the_unit_takes_its_settings_from_the_file_that_the_example_becomes():
    assert "EnvironmentFile=/etc/tidewalk/tidewalk.env" in UNIT
    assert "/etc/tidewalk/tidewalk.env" in (ROOT / "deploy/tidewalk.env.example").read_text("utf-8")
    state = re.search(r"^TIDEWALK_STATE=(.+)$", (ROOT / "deploy/tidewalk.env.example").read_text("utf-8"), re.MULTILINE)
    assert state is not None
    assert f"StateDirectory={Path(state[1]).name}\n" in UNIT


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_secret_is_a_fresh_one_and_the_rest_stays(example: str, tmp_path: Path):
    shutil.copy(ROOT / example, tmp_path / "example")
    for name in ("one", "two"):
        subprocess.run(["sh", ROOT / "deploy/fill-env.sh", "example", name], cwd=tmp_path, check=True)
    lines = [(tmp_path / name).read_text("utf-8").splitlines() for name in ("example", "one", "two")]
    secrets = set()
    for said, one, two in zip(*lines, strict=True):
        if EXAMPLE in said and not said.startswith("#"):
            assert one.split("=")[0] == two.split("=")[0] == said.split("=")[0]
            secrets |= {one.split("=")[1], two.split("=")[1]}
            assert re.fullmatch(r"\w+=[0-9a-f]{48}", one)
        else:
            assert one == two == said
    wanted = sum(EXAMPLE in said and not said.startswith("#") for said in lines[0])
    assert len(secrets) == 2 * wanted > 0
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o600


def test_settings_that_are_there_are_never_written_over(tmp_path: Path):
    (tmp_path / ".env.example").write_text("A=change-me\n")
    (tmp_path / ".env").write_text("A=mine\n")
    refused = subprocess.run(["sh", ROOT / "deploy/fill-env.sh"], cwd=tmp_path, capture_output=True, check=False)
    assert refused.returncode == 1
    assert (tmp_path / ".env").read_text() == "A=mine\n"
