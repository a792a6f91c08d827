"""A full bin, seen over HTTP and in the terminal, and closed by an operator: the crew's list is cleared."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import paho.mqtt.client as mqtt
import pytest

from domain.naming import order_topic, up_topic
from tests.machines.mosquitto import Mosquitto, free_port
from tests.walk.processes import TIDEWALK, Program, serving, until

SITE = "shinan"
SOON_S = 10.0


class Answered(NamedTuple):
    status: int
    body: dict[str, Any]


class Api:
    """Speaks to the service as curl does."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._client = httpx.Client(base_url=self.url, trust_env=False, timeout=SOON_S)

    def get(self, path: str) -> Answered:
        answer = self._client.get(path)
        return Answered(answer.status_code, answer.json())

    def post(self, path: str, body: dict[str, Any]) -> Answered:
        answer = self._client.post(path, json=body)
        return Answered(answer.status_code, answer.json())

    def ready(self) -> bool:
        return self.get("/readyz").status == 200


class Crews:
    """What lies retained for crews, and a bin to fill."""

    def __init__(self, client: mqtt.Client) -> None:
        self._client = client
        self.orders: dict[str, bytes] = {}
        client.on_message = lambda _, __, message: self.orders.update({message.topic: message.payload})

    def bin_says(self, level: float) -> None:
        topic = up_topic(SITE, "qingdaowan", "bin", "bin-hand")
        self._client.publish(topic, json.dumps({"values": {"fill_level": level}}), qos=1).wait_for_publish(SOON_S)


@contextmanager
def crews_of(broker: Mosquitto) -> Iterator[Crews]:
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    crews, listening = Crews(client), threading.Event()
    client.on_subscribe = lambda *_: listening.set()
    client.connect(broker.host, broker.port)
    client.subscribe(order_topic(SITE, "+", "+"), qos=1)
    client.loop_start()
    assert listening.wait(SOON_S)
    yield crews
    client.disconnect()
    client.loop_stop()


def tidewalk(*words: object) -> subprocess.CompletedProcess[str]:
    """A command, to its end."""
    return subprocess.run([str(TIDEWALK), *map(str, words)], capture_output=True, text=True, check=False, timeout=30)


def said(*words: object) -> Any:
    done = tidewalk(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def only_order(api: Api) -> dict[str, Any]:
    until(lambda: bool(api.get("/api/v1/orders").body["orders"]), SOON_S, "an order")
    (order,) = api.get("/api/v1/orders").body["orders"]
    return dict(order)


@pytest.mark.machine
def test_an_operator_sees_a_full_bin_and_closes_its_order(mosquitto: Mosquitto, tmp_path: Path):
    api, state = Api(free_port()), tmp_path / "state"
    with crews_of(mosquitto) as crews:
        with serving(f"127.0.0.1:{mosquitto.port}", state, "--api", api.url.removeprefix("http://")) as service:
            until(api.ready, SOON_S, "the service to be ready")
            crews.bin_says(97)
            order = only_order(api)
            topic = order_topic(SITE, order["crew"], order["id"])
            until(lambda: bool(crews.orders.get(topic)), SOON_S, "the crew to have it")
            assert (order["rule"], order["state"], order["why"]) == ("bin-full", "dispatched", {"fill_level": 97.0})
            assert said("orders", "--state", state, "list", "--state", "dispatched") == {"orders": [order]}
            early = tidewalk("orders", "confirm", order["case"], "--by", "Li Wei", "--api", api.url)
            assert (early.returncode, "legal now: close, reassign, note" in early.stderr) == (1, True), early.stderr
            noted = said("orders", "note", order["case"], "--by", "Li Wei", "--reason", "a call", "--api", api.url)
            assert noted["standing"] == "done"
            action = {"id": str(uuid4()), "action": "close", "by": "李伟", "reason": "emptied by hand"}
            closed, again = (api.post(f"/api/v1/orders/{order['id']}/actions", action) for _ in range(2))
            assert (closed.status, closed.body["standing"]) == (200, "done")
            assert again == closed
            until(lambda: crews.orders[topic] == b"", SOON_S, "the crew's list to be cleared")
            whole = api.get(f"/api/v1/orders/{order['case']}").body
            assert [line["step"] for line in whole["history"]] == ["file", "dispatch", "note", "overrule"]
            assert (whole["state"], whole["closed_by"], whole["legal"]) == ("closed", "李伟", ["follow_up"])
            status = api.get("/status").body
            assert status["dispatch"]["outbox"] == {"pending": 0, "sent": 2, "dead": 0}
            mosquitto.stop()
            until(lambda: api.get("/readyz").status == 503, SOON_S, "the loss of the broker to be seen")
            assert "broker" in api.get("/readyz").body["parts"]["door"]["why"]
            mosquitto.start()
            until(api.ready, SOON_S, "the broker to be heard again")
            assert service.stop() == 0
        assert said("orders", "--state", state, "show", order["id"]) == whole
        gone = tidewalk("orders", "close", order["id"], "--by", "Li", "--reason", "x", "--api", api.url)
        assert (gone.returncode, "no service answers" in gone.stderr) == (1, True)


def test_a_port_that_is_taken_is_said_before_anything_begins(tmp_path: Path):
    from services.api.server import bound, url_of

    with bound("127.0.0.1:0") as door:
        address = url_of(door).removeprefix("http://")
        command = (TIDEWALK, "serve", "--broker", "127.0.0.1:1", "--state", tmp_path / "state", "--api", address)
        with Program(*command, log=tmp_path / "serve.log") as service:
            assert service.wait(SOON_S) == 1
    assert f"--api {address}: Address already in use; say another port, or --no-api" in service.log()
    assert not (tmp_path / "state").exists()


def test_orders_are_not_looked_for_where_no_service_has_run(tmp_path: Path):
    found = tidewalk("orders", "--state", tmp_path / "nowhere", "list")
    assert (found.returncode, "holds no orders" in found.stderr) == (1, True)
    assert not (tmp_path / "nowhere").exists()
