"""`tidewalk doctor` before real machines: it finds what loses data, and finds nothing where nothing does."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.clocks import WallClock
from services.doctor import broker, line
from services.doctor.finding import Finding, Level
from services.doctor.influx import Asked
from services.doctor.influx import look as looked_at
from services.doctor.line import Line, Place
from tests.machines import mosquitto as machine
from tests.machines.influx import InfluxMachine
from tests.machines.influx_forwarder import ORG
from tests.machines.mosquitto import Mosquitto
from tests.walk.brokers import pocket_broker
from tests.walk.influx_beside import forwarding

LIMITS = Path(__file__).parents[2] / "deploy/mosquitto/limits.conf"
BURST = 3_000


def levels(findings: list[Finding]) -> set[Level]:
    return {one.level for one in findings}


def only(findings: list[Finding], level: Level) -> Finding:
    (found,) = (one for one in findings if one.level is level)
    assert found.why
    assert found.remedy
    return found


def place(of: Mosquitto, **more: str) -> Place:
    return Place(of.host, of.port, **more)


@pytest.fixture
def as_it_comes(monkeypatch: pytest.MonkeyPatch, start_mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    """A mosquitto with its own defaults."""
    bare = "listener {port} 127.0.0.1\nallow_anonymous {anonymous}\n# {folder}\n{more}\n"
    monkeypatch.setattr(machine, "CONFIGURATION", bare)
    return start_mosquitto()


@pytest.mark.machine
def test_the_defaults_of_mosquitto_are_found_to_drop_what_they_acknowledged(as_it_comes: Mosquitto):
    found = broker.look(place(as_it_comes), "shinan", rate=100.0, burst=BURST)
    loses = only(found, Level.FAIL)
    assert "it kept 1,000 of 3,000 messages" in loses.what
    assert "10 seconds at the present 100.0 messages a second" in loses.what
    assert "max_queued_messages" in loses.remedy


@pytest.mark.machine
def test_the_limits_that_we_ship_are_clean_and_the_session_that_tried_them_is_gone(
    monkeypatch: pytest.MonkeyPatch, start_mosquitto: Callable[..., Mosquitto]
):
    shipped = "listener {port} 127.0.0.1\nallow_anonymous {anonymous}\npersistence_location {folder}/\n{more}\n"
    monkeypatch.setattr(machine, "CONFIGURATION", shipped + LIMITS.read_text())
    monkeypatch.setattr(broker.secrets, "token_hex", lambda _: "known")
    there = start_mosquitto()
    found = broker.look(place(there), "shinan", rate=100.0, burst=BURST)
    assert levels(found) == {Level.OK}
    assert "mosquitto version" in found[0].what
    again = Line(place(there), "tidewalk-doctor-known")
    again.open(clean=False, expiry_s=0)
    assert not again.resumed
    again.close()


@pytest.mark.machine
def test_a_login_that_is_refused_and_rights_that_lack_are_told_apart(
    start_mosquitto: Callable[..., Mosquitto], tmp_path: Path
):
    rights = tmp_path / "acl"
    rights.write_text("topic readwrite elsewhere/#\n")
    closed, narrow = start_mosquitto(anonymous=False), start_mosquitto(more=f"acl_file {rights}")
    assert "TIDEWALK_BROKER_USER" in only(broker.look(place(closed), "shinan", 1.0, BURST), Level.FAIL).remedy
    assert "could not be tried" in only(broker.look(place(narrow), "shinan", 1.0, BURST), Level.WARN).what


def test_where_nobody_listens_or_somebody_else_does_that_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(line, "PATIENCE_S", 0.3)
    nobody = broker.look(Place("127.0.0.1", 1), "shinan", 1.0, BURST)
    assert "Connection refused" in only(nobody, Level.FAIL).what
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mute.settimeout(0)
        found = broker.look(Place("127.0.0.1", mute.getsockname()[1]), "shinan", 1.0, 0)
    assert only(found, Level.FAIL).why


def test_the_pocket_broker_is_looked_at_like_any_other():
    with pocket_broker() as where:
        host, _, port = where.partition(":")
        found = broker.look(Place(host, int(port)), "shinan", 1.0, 500)
    assert Level.FAIL not in levels(found)


def asked(url: str, days: int = 0, bucket: str = "tidewalk-simulated") -> Asked:
    return Asked(url, ORG, bucket, "", days)


@pytest.mark.machine
def test_an_influxdb_before_1_8_is_found_unfit(influx: InfluxMachine):
    unfit = only(looked_at(asked(influx.url), WallClock()), Level.FAIL)
    assert "1.6.7" in unfit.what
    assert "/api/v2/write" in unfit.what


@pytest.fixture
def like_2x(influx: InfluxMachine) -> Iterator[str]:
    with forwarding(influx) as url:
        yield url


@pytest.mark.machine
def test_a_2_x_without_our_bucket_is_a_warning(like_2x: str):
    found = looked_at(asked(like_2x, bucket="nobodys"), WallClock())  # the engine is shared with other tests
    assert "there is no bucket nobodys" in only(found, Level.WARN).what
    assert Level.FAIL not in levels(found)


def test_no_influxdb_at_all_is_a_failure_with_what_happens_meanwhile():
    nobody = only(looked_at(asked("http://127.0.0.1:1"), WallClock()), Level.FAIL)
    assert "readings wait in the journal" in nobody.why
