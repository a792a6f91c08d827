"""The image's steps lead to a service that runs as nobody's root, writes its state alone, and says that it is well."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machines.mosquitto import Mosquitto, free_port
from tests.machines.needed import needed
from tests.walk.image_steps import RIGHTS, ROOT, Image, built, instructions
from tests.walk.processes import Program, until

DOCKERFILE = ROOT / "deploy/Dockerfile"


def test_every_step_is_a_list_of_words_and_no_shell_is_asked():
    for word, rest in instructions(DOCKERFILE):
        if word in {"RUN", "ENTRYPOINT", "CMD", "VOLUME"}:
            assert rest.startswith("["), rest
    assert ("USER", "10001:10001") in instructions(DOCKERFILE)


def test_packages_are_installed_as_wheels_with_their_hashes_from_the_locks():
    installs = [
        rest for word, rest in instructions(DOCKERFILE) if word == "RUN" and '"install", "--' in rest and "pip" in rest
    ]
    *locked, ours = installs
    assert len(locked) == 2
    assert all('"--only-binary=:all:", "--require-hashes", "-r"' in one for one in locked)
    assert '"--no-index", "--no-deps"' in ours
    assert "grafana" not in DOCKERFILE.read_text("utf-8").lower()


@pytest.fixture
def image() -> Iterator[Image]:
    """All steps taken; the folder can be looked into by everybody, as an image can."""
    root = Path(tempfile.mkdtemp(prefix="tidewalk-image-"))
    root.chmod(0o755)
    yield built(DOCKERFILE, root)
    shutil.rmtree(root)


@pytest.mark.soak
@pytest.mark.machine
def test_the_steps_lead_to_a_service_that_is_ready(image: Image, mosquitto: Mosquitto, tmp_path: Path):
    root = os.geteuid() == 0
    assert {step.split()[0] for step in image.left_out} <= (set() if root else RIGHTS)
    user, group = image.user.split(":")
    become = (
        [needed("setpriv", "apt-get install util-linux"), "--reuid", user, "--regid", group, "--clear-groups"]
        if root
        else []
    )
    port = free_port()
    environment = {
        **{name: image.inside(value) for name, value in image.environment.items()},
        "TIDEWALK_BROKER": f"127.0.0.1:{mosquitto.port}",
        "TIDEWALK_API": f"127.0.0.1:{port}",
    }
    health = [image.inside(word).replace(":8090/", f":{port}/") for word in image.health]

    def well() -> bool:
        return subprocess.run(health, capture_output=True, check=False).returncode == 0

    assert not well()
    with Program(*become, *image.command(), log=tmp_path / "image.log", env=environment) as service:
        until(lambda: well() or not service.running, 30, f"the health check: {service.tail()}", every_s=0.2)
        assert well(), service.tail()
        asked = subprocess.run(
            [*become, image.command()[0], "orders", "list", "--json"],
            capture_output=True,
            env={**os.environ, **environment},
            text=True,
            check=False,
        )
        assert asked.returncode == 0, asked.stderr
        assert service.stop() == 0
    written = [path for path in image.root.rglob("*") if path.is_file() and path.stat().st_uid == int(user)]
    assert not root or all(path.is_relative_to(f"{image.root}/var/lib/tidewalk") for path in written)
