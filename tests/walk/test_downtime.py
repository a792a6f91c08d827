"""The service is killed while a rule counts minutes, and comes back later; or is away for an hour, while the broker
keeps what comes. Real processes, a real broker, a clock that runs fast for all of them.
"""

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from domain.naming import up_topic
from domain.readings import Millis
from domain.site import Site
from services import wiring
from services.clocks import WallClock
from services.dispatch.orders import Alarm, Order, Step
from services.settings import Settings
from tests.machines.mosquitto import Mosquitto
from tests.walk.clocks import SharedClock, shared_clock
from tests.walk.processes import PYTHON, Program, until

pytestmark = pytest.mark.machine

START = round(datetime.fromisoformat("2025-10-01T16:00+08:00").timestamp() * 1000)
MINUTE = 60_000


class Shore:
    """A site, its clock and its service on one broker."""

    def __init__(self, broker: Mosquitto, folder: Path, speed: int) -> None:
        self.broker, self.folder = f"127.0.0.1:{broker.port}", folder
        self.settings = Settings(state=folder / "state", broker=self.broker)
        self.site: Site = wiring.site_of(self.settings)
        self._shared = f"{START},{WallClock().now()},{speed}"
        self.clock: SharedClock = shared_clock(self._shared, WallClock())
        self._speed = speed
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "shore")
        self._client.max_inflight_messages_set(1000)
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    @contextmanager
    def served(self, *, killed: bool = False) -> Iterator[None]:
        """One life of the service: at the end it is killed with SIGKILL, or told to leave."""
        command = (PYTHON, "-m", "tests.walk.mortal", "--broker", self.broker, "--state", self.settings.state)
        log = self.folder / f"service-{self.clock.now()}.log"
        with Program(*command, "--scaled", self._shared, log=log) as service:
            service.says(" listens ")
            yield
            if killed:
                life = service.lines()[-1]["life"]
                service.kill()  # it would give birth to another one
                os.kill(life, signal.SIGKILL)

    def wait_for(self, moment: Millis) -> None:
        """Return when the clock shows it."""
        while (left := moment - self.clock.now()) > 0:
            time.sleep(min(1.0, left / 1000 / self._speed + 0.001))

    def say(self, device: str, at: Millis, values: Mapping[str, object]) -> mqtt.MQTTMessageInfo:
        """A device says what it measured then."""
        facility = self.site.facilities[self.site.devices[device].facility]
        told = {"at": datetime.fromtimestamp(at / 1000, UTC).isoformat(), "values": values}
        topic = up_topic(self.site.id, facility.zone, facility.kind, device)
        return self._client.publish(topic, json.dumps(told), qos=1)

    def found(self) -> tuple[list[Alarm], list[Order]]:
        """What there is in the books now."""
        books = wiring.open_books(self.settings)
        try:
            alarms, orders = books.everything()
            return list(alarms), list(orders)
        finally:
            books.close()


@pytest.fixture
def shore(mosquitto: Mosquitto, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shore]:
    made = Shore(mosquitto, tmp_path, request.param)
    yield made
    made.close()


@pytest.mark.parametrize("shore", [60], indirect=True)
@pytest.mark.soak
def test_killed_in_the_middle_of_ten_minutes_and_back_after_five_it_fires_once_and_at_its_time(shore: Shore):
    with shore.served(killed=True):
        fell = shore.clock.now()
        shore.say("bin-hand", fell, {"tipped": True, "fill_level": 20}).wait_for_publish(5)
        shore.wait_for(fell + 3 * MINUTE)
    killed = shore.clock.now()
    assert not [alarm for alarm in shore.found()[0] if alarm.rule == "bin-tipped"]
    shore.wait_for(killed + 5 * MINUTE)
    with shore.served():
        until(lambda: any(o.rule == "bin-tipped" for o in shore.found()[1]), 30, "the order")
        shore.wait_for(fell + 15 * MINUTE)
    alarms, orders = ([one for one in some if one.rule == "bin-tipped"] for some in shore.found())
    assert [(a.facility, a.since, a.opened) for a in alarms] == [("bin-hand", fell, fell + 10 * MINUTE)]
    (order,) = orders
    assert [change.step for change in order.history].count(Step.DISPATCH) == 1
    assert order.dispatched is not None
    assert order.dispatched >= fell + 10 * MINUTE


@pytest.mark.soak
@pytest.mark.parametrize("shore", [180], indirect=True)
def test_an_hour_away_and_twenty_thousand_messages_raise_no_storm_of_silence(shore: Shore):
    devices = sorted(device for device, one in shore.site.devices.items() if one.played)
    with shore.served(killed=True):
        began = shore.clock.now()
        said = [shore.say(device, began, {"battery": 80}) for device in devices]
        for one in said:
            one.wait_for_publish(10)
        shore.wait_for(began + 4 * MINUTE)
    away = shore.clock.now()
    last = away
    while (now := shore.clock.now()) < away + 60 * MINUTE:
        for device in devices:
            shore.say(device, now, {"battery": 80})
            last = now
        shore.wait_for(now + 45_000)
    with shore.served():
        back = shore.clock.now()
        while (now := shore.clock.now()) < back + 40 * MINUTE:
            for device in devices:
                shore.say(device, now, {"battery": 80})
            shore.wait_for(now + 4 * MINUTE)
    assert last - away > 55 * MINUTE
    alarms, orders = shore.found()
    assert not [alarm for alarm in alarms if alarm.rule in ("silent", "gateway-silent")]
    assert not orders
    assert asyncio.run(_heard(shore)) > 20_000


async def _heard(shore: Shore) -> int:
    journal = wiring.open_journal(shore.settings)
    try:
        last = journal.last()
        rows = journal.read(0, last.number if last else 0)
        return sum(message.topic.endswith("/up") for row in rows for message in row.messages)
    finally:
        journal.close()
