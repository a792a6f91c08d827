"""Whoever follows our pages line by line gets where they lead. What cannot be run here is listed, with its reason."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machines.influx import InfluxMachine
from tests.machines.mosquitto import Mosquitto, free_port
from tests.realdata.devices_walk import realdata
from tests.walk.deployed import Machine
from tests.walk.docs_blocks import ROOT, Reader, blocks, copied
from tests.walk.influx_beside import forwarding
from tests.walk.processes import until

pytestmark = pytest.mark.machine

REASONS = {"docker", "systemctl", "apt", "makes a user", "InfluxDB 2.x", "needs a newer version", "needs a coast"}
VENV = Path(sys.executable).parent.parent


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return copied(tmp_path / "clone")


@pytest.fixture
def influx_url(influx: InfluxMachine) -> Iterator[str]:
    with forwarding(influx) as url:
        yield url


@pytest.fixture
def machine(tmp_path: Path, influx_of_its_own: InfluxMachine) -> Iterator[Machine]:
    """A bare one: nobody has made a bucket on it yet, which the page's first `doctor` says."""
    with forwarding(influx_of_its_own) as url:
        machine = Machine(tmp_path, {1883: free_port(), 8090: free_port(), 8086: int(url.rpartition(":")[2])})
        yield machine
        machine.close()


def made(clone: Path) -> Path:
    """The clone after `make demo` has made its environment: ours, which must not be installed into."""
    folder = clone / ".venv"
    folder.mkdir()
    (folder / "bin").symlink_to(VENV / "bin")
    for stamp in (".made", ".run", ".dev"):
        (folder / stamp).touch()
    return clone


def follow_deploy(clone: Path, machine: Machine, tmp_path: Path, *, hurried: bool) -> Reader:
    machine.swap_in(
        *(clone / "deploy/mosquitto").glob("*.conf"),
        clone / "deploy/tidewalk.env.example",
        clone / "deploy/tidewalk.service",
    )
    environment = {"PATH": f"{machine.bin}:{os.environ['PATH']}:/usr/sbin"}
    if hurried:
        (machine.root / "opt/tidewalk").mkdir(parents=True)
        (machine.root / "opt/tidewalk/venv").symlink_to(VENV)
    reader = Reader(clone, tmp_path, machine.swaps, hurried, machine.systemctl, environment)
    with reader:
        reader.read(ROOT / "docs/deploy.md")
    return reader


def told(reader: Reader, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{len(reader.done)} blocks run; left out:", *reader.left_out, sep="\n  ")


def test_docs_deploy_without_docker_leads_to_a_running_service(
    clone: Path, machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    reader = follow_deploy(clone, machine, tmp_path, hurried=True)
    told(reader, capsys)
    assert len(reader.done) >= 12


@pytest.mark.soak
def test_docs_deploy_without_docker_leads_there_with_packages_of_its_own_as_well(
    clone: Path, machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    reader = follow_deploy(clone, machine, tmp_path, hurried=False)
    told(reader, capsys)
    assert not [one for one in reader.left_out if "slow" in one]


def test_readme_s_commands_lead_to_a_demo_a_service_and_an_order(
    clone: Path, mosquitto: Mosquitto, influx_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    swaps = [(r"\b1883\b", str(mosquitto.port)), (r"\bhttp://127\.0\.0\.1:8086\b", influx_url)]
    environment = {"PYTHONPATH": str(made(clone)), "TIDEWALK_API": f"127.0.0.1:{free_port()}"}
    with Reader(clone, tmp_path, swaps, environment=environment) as reader:
        reader.read(ROOT / "README.md")
        heard = tmp_path / f"{len(reader.done) - 1}.out"
        until(lambda: '"facility":"bin-hand"' in heard.read_text().replace('": "', '":"'), 10, "the order for bin-hand")
    told(reader, capsys)


def test_real_data_s_commands_play_what_lies_beside_the_repository(
    clone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = realdata()
    if folder is None:
        pytest.skip("no real data; put them beside the repository, or name them by TIDEWALK_REALDATA")
    environment = {"PYTHONPATH": str(made(clone)), "TIDEWALK_REALDATA": str(folder)}
    with Reader(clone, tmp_path, [], environment=environment) as reader:
        reader.read(ROOT / "docs/real-data.md")
    assert len(reader.done) == 3
    told(reader, capsys)


@pytest.mark.parametrize("page", ["README.md", "docs/deploy.md", "docs/real-data.md"])
def test_whatever_is_left_out_has_a_reason_that_we_know(page: str):
    marked = {block.said for block in blocks(ROOT / page) if block.mark == "not run here"}
    assert marked <= REASONS
