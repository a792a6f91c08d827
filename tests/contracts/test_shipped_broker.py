"""A real mosquitto takes the configuration that we ship, loses nothing by it, and keeps each to their own topics."""

import os
import queue
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.machines.mosquitto import INSTALL, Mosquitto
from tests.machines.needed import needed

pytestmark = pytest.mark.machine

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "deploy/mosquitto"
SECRETS = {
    name: f"secret-{name.lower()}"
    for name in (
        "TIDEWALK_BROKER_PASSWORD",
        "TIDEWALK_INFLUX_TOKEN",
        "TIDEWALK_API_TOKEN",
        "COAST_PASSWORD",
        "HEALTH_PASSWORD",
        "INFLUX_ADMIN_PASSWORD",
        "POSTGRES_PASSWORD",
        "GRAFANA_ADMIN_PASSWORD",
    )
}
DEBIANS = """\
pid_file {folder}/mosquitto.pid
persistence true
persistence_location {folder}/
log_dest file {folder}/mosquitto.log
include_dir {folder}/conf.d
"""
AWAY = 3_000  # messages; mosquitto's own limit is 1,000
SITE = "tidewalk/shinan"
BIN_UP = f"{SITE}/qingdaowan/bin/bin-017/up"
SAID = 10.0


def users(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run users.sh of the container, here."""
    needed("mosquitto_passwd", INSTALL)
    script = folder / "users.sh"
    script.write_text((SHIPPED / "users.sh").read_text("utf-8").replace("/mosquitto/data", str(folder)))
    clean = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(["/bin/sh", script], env=clean, capture_output=True, text=True, check=False)


def grant(folder: Path, *names: str) -> None:
    for name in names:
        command = ["mosquitto_passwd", "-b", folder / "passwords", name, f"secret-{name}"]
        subprocess.run(command, check=True, capture_output=True)


def placed(text: str, folder: Path, port: int) -> str:
    """A shipped file with the port and folders of this test."""
    for ours in ("/mosquitto/data/", "/mosquitto/config/"):
        text = text.replace(ours, f"{folder}/")
    text = text.replace("/etc/mosquitto/tidewalk-passwords", f"{folder}/passwords")
    text = text.replace("/etc/mosquitto/tidewalk-acl", f"{folder}/acl")
    return text.replace("listener 1883", f"listener {port}")


def as_in_docker(folder: Path, port: int) -> str:
    return placed((SHIPPED / "mosquitto.conf").read_text("utf-8"), folder, port)


def as_on_debian(folder: Path, port: int) -> str:
    (folder / "conf.d/tidewalk.conf").write_text(placed((SHIPPED / "debian.conf").read_text("utf-8"), folder, port))
    return DEBIANS.format(folder=folder)


@pytest.fixture(params=[as_in_docker, as_on_debian])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mosquitto]:
    folder = tmp_path / "broker"
    (folder / "conf.d").mkdir(parents=True)
    made = users(folder, SECRETS)
    assert made.returncode == 0, made.stderr
    grant(folder, "bin-017", "bin-018", "collect-w1", "collect-w2", "gw-west", "chirpstack")
    (folder / "acl").write_bytes((SHIPPED / "acl").read_bytes())
    (folder / "conf.d/limits.conf").write_bytes((SHIPPED / "limits.conf").read_bytes())
    broker = Mosquitto(folder)
    become = "user root\n" if os.geteuid() == 0 else ""
    (folder / "mosquitto.conf").write_text(become + request.param(folder, broker.port))
    broker.start()
    yield broker
    broker.kill()


class Client:
    """One connection, MQTT 5: what it hears, and whether the broker took what it said."""

    def __init__(self, broker: Mosquitto, user: str, password: str = "", *, session: str = "") -> None:
        self.heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._answers: queue.Queue[Any] = queue.Queue()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, session, protocol=paho.MQTTv5)
        self._client.username_pw_set(user, password or f"secret-{user}")
        self._client.max_inflight_messages_set(65_000)
        self._client.on_connect = lambda _c, _u, _f, code, _p: self._answers.put(code)
        self._client.on_subscribe = lambda _c, _u, _m, codes, _p: self._answers.put(codes[0])
        self._client.on_publish = lambda _c, _u, _m, code, _p: self._answers.put(code)
        self._client.on_message = lambda _c, _u, message: self.heard.put((message.topic, message.payload))
        kept = Properties(PacketTypes.CONNECT)
        kept.SessionExpiryInterval = 3600 if session else 0
        self._client.connect(broker.host, broker.port, clean_start=not session, properties=kept)
        self._client.loop_start()
        self.welcome = not self._answers.get(timeout=SAID).is_failure

    def says(self, topic: str, payload: str = "{}", *, retain: bool = False) -> bool:
        """Whether the broker takes it."""
        self._client.publish(topic, payload, 1, retain)
        return not self._answers.get(timeout=SAID).is_failure

    def says_many(self, topic: str, count: int) -> None:
        for n in range(count):
            self._client.publish(topic, str(n), 1)
        for _ in range(count):
            assert not self._answers.get(timeout=SAID).is_failure

    def listens(self, topic: str) -> None:
        self._client.subscribe(topic, 1)
        assert not self._answers.get(timeout=SAID).is_failure

    def hears(self, count: int = 1) -> list[tuple[str, bytes]]:
        return [self.heard.get(timeout=SAID) for _ in range(count)]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


Join = Callable[..., Client]


@contextmanager
def joining(broker: Mosquitto) -> Iterator[Join]:
    clients: list[Client] = []

    def join(user: str, password: str = "", **more: str) -> Client:
        clients.append(Client(broker, user, password, **more))
        return clients[-1]

    yield join
    for client in clients:
        client.close()


@pytest.fixture
def join(broker: Mosquitto) -> Iterator[Join]:
    with joining(broker) as join:
        yield join


def service(join: Join, **more: str) -> Client:
    return join("tidewalk", SECRETS["TIDEWALK_BROKER_PASSWORD"], **more)


def test_nobody_comes_in_without_their_password(join: Join):
    assert not join("bin-017", "guessed").welcome
    assert not join("nobody", "nothing").welcome
    assert join("bin-017").welcome


def test_a_device_says_what_is_its_own_and_nothing_else(join: Join):
    device = join("bin-017")
    assert device.says(BIN_UP)
    assert device.says(f"{SITE}/qingdaowan/bin/bin-017/status", "online", retain=True)
    for topic in (
        f"{SITE}/qingdaowan/bin/bin-018/up",
        f"{SITE}/crew/collect-w1/replies",
        f"{SITE}/crew/collect-w1/orders/4f0c",
        f"{SITE}/gateway/gw-west/status",
        f"{SITE}/clock",
        "application/1/device/0011223344556677/event/up",
    ):
        assert not device.says(topic), topic


def test_a_crew_answers_for_itself_alone_and_hears_its_own_orders_alone(join: Join):
    crew, desk = join("collect-w1"), service(join)
    assert crew.says(f"{SITE}/crew/collect-w1/replies")
    assert not crew.says(f"{SITE}/crew/collect-w2/replies")
    assert not crew.says(f"{SITE}/crew/collect-w1/orders/4f0c")
    assert not crew.says(BIN_UP)
    crew.listens(f"{SITE}/crew/+/orders/+")
    crew.listens(f"{SITE}/crew/collect-w2/receipts")
    crew.listens(f"{SITE}/crew/collect-w1/receipts")
    crew.listens(f"{SITE}/+/+/+/up")
    assert desk.says(f"{SITE}/crew/collect-w2/orders/0001", retain=True)
    assert desk.says(f"{SITE}/crew/collect-w2/receipts")
    assert desk.says(f"{SITE}/qingdaowan/bin/bin-018/up")
    assert desk.says(f"{SITE}/crew/collect-w1/orders/0002", retain=True)
    assert desk.says(f"{SITE}/crew/collect-w1/receipts")
    assert [topic for topic, _ in crew.hears(2)] == [
        f"{SITE}/crew/collect-w1/orders/0002",
        f"{SITE}/crew/collect-w1/receipts",
    ]
    assert crew.heard.empty()


def test_a_gateway_and_a_network_server_keep_to_their_places(join: Join):
    gateway, server, us = join("gw-west"), join("chirpstack"), service(join)
    us.listens("application/#")
    assert gateway.says(f"{SITE}/gateway/gw-west/status", "online", retain=True)
    assert not gateway.says(f"{SITE}/gateway/gw-east/status", "offline", retain=True)
    assert server.says("application/1/device/0011223344556677/event/up")
    assert not server.says(BIN_UP)
    assert us.hears()[0][0] == "application/1/device/0011223344556677/event/up"


def test_the_simulated_coast_speaks_for_every_device_and_crew_and_hears_their_orders(join: Join):
    coast, us = join("coast", SECRETS["COAST_PASSWORD"]), service(join)
    coast.listens(f"{SITE}/crew/+/orders/+")
    assert coast.says(BIN_UP)
    assert coast.says(f"{SITE}/crew/collect-w2/replies")
    assert us.says(f"{SITE}/crew/collect-w1/orders/0001", retain=True)
    assert coast.hears()[0][0] == f"{SITE}/crew/collect-w1/orders/0001"
    assert not coast.says("application/1/device/0011223344556677/event/up")


def test_the_service_hears_and_says_all_of_ours_and_the_brokers_own_figures(join: Join):
    us = service(join)
    us.listens("tidewalk/#")
    assert us.says(f"{SITE}/marker/tidewalk", '{"n": 1}')
    assert us.hears() == [(f"{SITE}/marker/tidewalk", b'{"n": 1}')]
    us.listens("$SYS/broker/version")
    assert us.hears()[0][0] == "$SYS/broker/version"


def test_what_comes_while_the_service_is_away_waits_for_it_through_a_restart_of_the_broker(broker: Mosquitto):
    with joining(broker) as join:
        away = service(join, session="tidewalk")
        away.listens(BIN_UP)
        away.close()
        join("bin-017").says_many(BIN_UP, AWAY)
    broker.restart()
    with joining(broker) as join:
        back = service(join, session="tidewalk")
        assert sorted(int(payload) for _, payload in back.hears(AWAY)) == list(range(AWAY))


def test_the_health_check_of_the_container_hears_that_the_broker_is_up(broker: Mosquitto):
    sub = needed("mosquitto_sub", "apt-get install mosquitto-clients")
    word = ["-u", "health", "-P", SECRETS["HEALTH_PASSWORD"], "-t", "$SYS/broker/uptime", "-C", "1", "-W", "5"]
    asked = subprocess.run([sub, "-p", str(broker.port), *word], capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stderr
    assert "seconds" in asked.stdout


@pytest.mark.parametrize("name", SECRETS)
def test_the_containers_stop_at_the_example_s_secrets(name: str, tmp_path: Path):
    refused = users(tmp_path, {**SECRETS, name: "change-me-now"})
    assert refused.returncode == 1
    assert name in refused.stderr
    assert not (tmp_path / "passwords").exists()
    assert users(tmp_path, {**SECRETS, name: ""}).returncode == 1


def test_users_that_people_have_added_stay_and_ours_take_the_new_password(tmp_path: Path):
    assert users(tmp_path, SECRETS).returncode == 0
    grant(tmp_path, "bin-017")
    before = dict(line.split(":", 1) for line in (tmp_path / "passwords").read_text().splitlines())
    assert users(tmp_path, {**SECRETS, "COAST_PASSWORD": "another"}).returncode == 0
    after = dict(line.split(":", 1) for line in (tmp_path / "passwords").read_text().splitlines())
    assert set(after) == {"tidewalk", "coast", "health", "bin-017"}
    assert after["bin-017"] == before["bin-017"]
    assert after["coast"] != before["coast"]
