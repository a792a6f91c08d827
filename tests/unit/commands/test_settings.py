"""What an operator sets, and what is said where it does not fit."""

from pathlib import Path

import pytest

from domain.errors import ConflictError
from services import wiring
from services.roles import ALL, Role, named, roles_of
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
    held = wiring.alone(tmp_path / "state", ALL)
    with pytest.raises(ConflictError, match="another service runs on"):
        wiring.alone(tmp_path / "state", ALL)
    held.close()
    wiring.alone(tmp_path / "state", ALL).close()


def test_each_role_of_a_folder_is_one_process_and_one_that_is_refused_holds_none(tmp_path: Path):
    judge = wiring.alone(tmp_path, frozenset({Role.JUDGE}))
    with pytest.raises(ConflictError, match="another process has the role judge"):
        wiring.alone(tmp_path, frozenset({Role.DOOR, Role.JUDGE}))
    wiring.alone(tmp_path, frozenset({Role.DOOR, Role.API})).close()
    judge.close()


def test_a_folder_that_cannot_be_made_is_said_to_be_so():
    with pytest.raises(ConflictError, match="cannot be written"):
        wiring.alone(Path("/proc/nobody/state"), ALL)


def test_roles_are_named_or_refused():
    assert roles_of("judge, door") == {Role.DOOR, Role.JUDGE}
    assert named(roles_of("judge,door")) == "door,judge"
    with pytest.raises(ConflictError, match="there is no role 'judg'; there are door, store, judge, dispatch, api"):
        roles_of("judg")
    with pytest.raises(ConflictError, match="name at least one"):
        roles_of(" , ")


def test_secrets_are_found_wherever_they_hide(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TIDEWALK_BROKER_PASSWORD", "pass-of-the-broker")
    monkeypatch.setenv("TIDEWALK_INFLUX_TOKEN", "token-of-influx")
    settings = settled(sql="postgresql+psycopg://tidewalk:pass-of-the-books@db/tidewalk")
    assert set(settings.secrets()) >= {"pass-of-the-broker", "pass-of-the-books", "token-of-influx"}


def test_two_coasts_on_one_broker_have_sessions_of_their_own():
    assert settled().session("shinan") == "tidewalk-shinan"
    assert settled(client_id="staging").session("shinan") == "staging"
