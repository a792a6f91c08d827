"""Two nodes beside one PostgreSQL and one mosquitto: one leads and the other takes over, whatever becomes of the first.
Bins fill all the while: each gets one order, and nobody writes or speaks who does not lead.
"""

import json
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as mqtt
import pytest

from domain.naming import order_topic, up_topic
from domain.site import Site
from services.clocks import WallClock
from services.dispatch.when import rfc3339
from services.settings import Settings
from services.site import find, load_site
from services.storage.lease import leader_of
from services.storage.sql import JudgeStore
from tests.machines.mosquitto import Mosquitto, free_port
from tests.machines.postgres import Postgres
from tests.walk.processes import TIDEWALK, Program, until
from tests.walk.test_over_http import Api

pytestmark = pytest.mark.machine

SITE: Final = "shinan"
LEASE_S: Final = 1.0
EVERY_S: Final = 0.4  # between two bins that say that they are full
DEAD_S: Final = 10.0  # within which another leads where the leader has died
LEFT_S: Final = 2.0  # and where it has left in order


class Node:
    """One `tidewalk serve` of its own state folder."""

    def __init__(self, name: str, common: list[object], folder: Path, lease_s: float) -> None:
        self.name, self._common, self._folder, self._lease_s = name, common, folder, lease_s
        self._lives = 0

    def begin(self) -> None:
        """Start it, again after it has ended."""
        self._lives += 1
        self.api = Api(free_port())
        where = ("--state", self._folder / self.name, "--api", self.api.url.removeprefix("http://"))
        env = {"TIDEWALK_LEASE_S": str(self._lease_s), "TIDEWALK_NODE": self.name}
        log = self._folder / f"{self.name}-{self._lives}.log"
        self.program = Program(TIDEWALK, "serve", *self._common, *where, log=log, env=env)

    def end(self) -> None:
        """Let nothing of it stay."""
        if self.program.running:
            self.program.kill()

    def standing(self) -> str:
        """What its readyz says."""
        try:
            return str(self.api.get("/readyz").body["status"])
        except Exception:  # noqa: BLE001  # whatever keeps it from answering
            return ""

    def leads(self, within_s: float = 20) -> float:
        """Return when it does, and after how long."""
        began = time.monotonic()
        until(lambda: self.standing() == "ready", within_s, f"{self.name} to lead: {self.program.tail()}")
        return time.monotonic() - began

    def stands_by(self) -> None:
        """Return when it does."""
        until(lambda: self.standing() == "standby", 20, f"{self.name} to stand by: {self.program.tail()}")


class Coast:
    """Bins that fill, one after the other, each saying so twice; and what crews hear of it."""

    def __init__(self, client: mqtt.Client, site: Site) -> None:
        self._client = client
        bins = [one for one in site.devices.values() if site.facilities[one.facility].kind == "bin"]
        self.bins = {one.facility: up_topic(SITE, site.facilities[one.facility].zone, "bin", one.id) for one in bins}
        self.letters: dict[tuple[str, int], set[bytes]] = defaultdict(set)
        self.filled: list[str] = []
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._fill)
        client.on_message = lambda _, __, message: self._heard(message.payload)

    def begin(self) -> None:
        """Fill one after the other."""
        self._thread.start()

    def end(self) -> None:
        """Fill no more, and let those say it a second time that have not yet."""
        self._enough.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _fill(self) -> None:
        waits: list[tuple[float, str]] = []
        for facility in self.bins:
            if self._enough.wait(EVERY_S):
                break
            self._says(facility, 97.0)
            self.filled.append(facility)
            waits.append((time.monotonic() + 2, facility))
            while waits and waits[0][0] < time.monotonic():
                self._says(waits.pop(0)[1], 97.5)
        for _, facility in waits:
            self._says(facility, 97.5)

    def _says(self, facility: str, level: float) -> None:
        said = json.dumps({"at": rfc3339(WallClock().now()), "values": {"fill_level": level}})
        self._client.publish(self.bins[facility], said, qos=1).wait_for_publish(10)

    def _heard(self, payload: bytes) -> None:
        if payload:
            order = json.loads(payload)
            self.letters[order["order"], order["revision"]].add(payload)


class Stage:
    """Two nodes, the coast, and what is kept in the end."""

    def __init__(self, url: str, coast: Coast, first: Node, second: Node) -> None:
        self.url, self.coast, self.first, self.second = url, coast, first, second

    def each_has_one_order(self) -> None:
        """Every bin that was full, and nobody has been told anything else than is kept."""
        self.coast.end()
        books = JudgeStore(self.url)
        try:
            until(lambda: len(self._of_bins(books)) >= len(self.coast.filled), 15, "an order for each")
            orders = self._of_bins(books)
            assert sorted(order.facility for order in orders) == sorted(self.coast.filled)
            until(lambda: books.outbox_counts()["pending"] == 0, 10, "crews to be told")
        finally:
            books.close()
        kept = {order.id for order in orders}
        told = {order for order, _ in self.coast.letters}
        assert kept <= told
        assert all(len(said) == 1 for said in self.coast.letters.values()), "said twice, and not the same"

    def _of_bins(self, books: JudgeStore) -> list[Any]:
        return [order for order in books.orders(newest=100_000) if order.rule == "bin-full"]

    def token(self) -> int:
        """Of whoever leads."""
        there = leader_of(self.url)
        return there.token if there is not None else 0


@contextmanager
def two(broker: Mosquitto, postgres: Postgres, folder: Path, lease_s: float) -> Iterator[Stage]:
    """The first leads, the second stands by, and bins fill."""
    url = postgres.database("newest")
    common = ["--broker", f"127.0.0.1:{broker.port}", "--sql", url, "--log", "info"]
    first, second = (Node(name, common, folder, lease_s) for name in ("first", "second"))
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    coast = Coast(client, load_site(find(SITE)))
    listening = threading.Event()
    client.on_subscribe = lambda *_: listening.set()
    client.connect(broker.host, broker.port)
    client.subscribe(order_topic(SITE, "+", "+"), qos=1)
    client.loop_start()
    with ExitStack() as stack:
        stack.callback(client.loop_stop)
        stack.callback(client.disconnect)
        stack.callback(coast.end)
        first.begin()
        stack.callback(first.end)
        until(lambda: (there := leader_of(url)) is not None and there.leads, 20, "a leader")
        second.begin()
        stack.callback(second.end)
        assert listening.wait(10)
        first.leads()
        second.stands_by()
        coast.begin()
        until(lambda: len(coast.letters) > 2, 20, f"orders: {first.program.tail()}")
        yield Stage(url, coast, first, second)


def test_one_that_stood_still_ends_itself_and_where_the_leader_is_killed_the_other_goes_on(
    mosquitto: Mosquitto, postgres: Postgres, tmp_path: Path
):
    with two(mosquitto, postgres, tmp_path, LEASE_S) as stage:
        first, second = stage.first, stage.second
        refused = second.api.get("/api/v1/orders")
        assert (refused.status, "first leads" in refused.body["detail"]) == (503, True)
        assert second.api.get("/healthz").status == 200
        first.program.send(signal.SIGSTOP)
        second.leads()
        first.program.send(signal.SIGCONT)
        assert first.program.wait(10) == 1
        assert "second leads now: this one was away for longer than its lease" in first.program.log()
        assert second.standing() == "ready"
        first.begin()
        first.stands_by()
        second.program.kill()
        before, took = len(stage.coast.filled), first.leads()
        print(f"the other led after {took:.1f} s, of which {LEASE_S} s are the lease")
        assert "its journal of then is put aside" in first.program.log()
        assert (tmp_path / "first" / "journal-of-run-1.sqlite").exists()
        stage.each_has_one_order()
        assert len(stage.coast.filled) > before, "none of them was filled after the death"
        assert stage.token() == 3


@pytest.mark.soak
@pytest.mark.alone
def test_with_the_lease_as_it_is_by_default_the_other_leads_in_time(
    mosquitto: Mosquitto, postgres: Postgres, tmp_path: Path
):
    with two(mosquitto, postgres, tmp_path, Settings().lease_s) as stage:
        first, second = stage.first, stage.second
        first.program.kill()
        took = second.leads()
        print(f"the other led after {took:.1f} s")
        assert took < DEAD_S
        first.begin()
        first.stands_by()
        assert second.program.stop() == 0
        left = first.leads()
        print(f"the other led {left:.1f} s after the end of who left in order")
        assert left < LEFT_S
        stage.each_has_one_order()
