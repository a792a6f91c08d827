"""What an operator sets, and what is said where it does not fit."""

from pathlib import Path

import pytest

from domain.errors import ConflictError
from services import wiring
from services.settings import settled


def test_a_setting_that_does_not_fit_is_named_and_no_traceback(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TIDEWALK_RETENTION_DAYS", "soon")
    with pytest.raises(ConflictError, match=r"retention_days: .*valid integer"):
        settled()


@pytest.mark.parametrize("port", ["0", "65536", "99999999"])
def test_there_are_65535_ports(port: str):
    with pytest.raises(ConflictError, match=f"there is no port {port}"):
        settled(broker=f"127.0.0.1:{port}").broker_address()


def test_two_services_do_not_share_a_folder(tmp_path: Path):
    held = wiring._alone(tmp_path / "state")
    with pytest.raises(ConflictError, match="another service runs on"):
        wiring._alone(tmp_path / "state")
    held.close()
    wiring._alone(tmp_path / "state").close()


def test_a_folder_that_cannot_be_made_is_said_to_be_so():
    with pytest.raises(ConflictError, match="cannot be written"):
        wiring._alone(Path("/proc/nobody/state"))
