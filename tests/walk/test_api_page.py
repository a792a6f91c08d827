"""Every example of docs/api.md, typed in order against a service that runs."""

from pathlib import Path

import pytest

from tests.machines.mosquitto import Mosquitto, free_port
from tests.walk.docs_blocks import ROOT, Reader

pytestmark = pytest.mark.machine


def test_every_example_of_the_page_works_in_its_order(mosquitto: Mosquitto, tmp_path: Path):
    port = free_port()
    swaps = [(r"\b1883\b", str(mosquitto.port)), (r"\b8090\b", str(port)), (r"\.venv/bin/", f"{ROOT}/.venv/bin/")]
    environment = {
        "TIDEWALK_API": f"127.0.0.1:{port}",
        "TIDEWALK_BROKER": f"127.0.0.1:{mosquitto.port}",
        "PYTHONPATH": str(ROOT),
    }
    with Reader(tmp_path, tmp_path, swaps, environment=environment) as reader:
        (tmp_path / "home/.curlrc").write_text("fail-with-body\n")  # an answer from 400 on ends a block
        reader.read(ROOT / "docs/api.md")
    assert reader.left_out == []
    assert len(reader.done) >= 10
