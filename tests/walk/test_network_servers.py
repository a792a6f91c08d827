"""From a network server's envelope to a crew and back: the devices of the cove behind ChirpStack and LORIOT."""

import base64
import json
import shutil
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from services.clocks import WallClock
from services.dispatch.orders import TELEMETRY, OrderState
from services.settings import Settings
from tests.machines.mosquitto import Mosquitto
from tests.walk.hands import COVE, Walk, walking

pytestmark = [pytest.mark.asyncio, pytest.mark.machine]

BIN: Final = "24e124136c191967"
TOILET: Final = "24e124136c191968"
DEVICES: Final = """\
id,facility,profile,eui,interval_s
eye-1,bin-1,milesight-iot/em310-udl,24-E1-24-13-6C-19-19-67,1800
nose-1,toilet-1,milesight-iot/gs301,24E124136C191968,600
"""
_frames: Final = count(1)


@pytest_asyncio.fixture
async def walk(mosquitto: Mosquitto, tmp_path: Path) -> AsyncIterator[Walk]:
    site = tmp_path / "cove"
    shutil.copytree(COVE, site)
    (site / "devices.csv").write_text(DEVICES, "utf-8")
    settings = Settings(
        site=str(site),
        rules=str(COVE / "rules"),
        state=tmp_path / "state",
        client_id="walk",
        broker=f"127.0.0.1:{mosquitto.port}",
    )
    async with walking(settings) as one:
        yield one


async def through_chirpstack(walk: Walk, eui: str, payload: str, **more: Any) -> None:
    said = {
        "deviceInfo": {"devEui": eui},
        "time": WallClock().now(),
        "fCnt": next(_frames),
        "fPort": 85,
        "data": base64.b64encode(bytes.fromhex(payload)).decode(),
        "rxInfo": [{"rssi": -80, "snr": 7.5}],
        **more,
    }
    await walk.publish(f"application/7/device/{eui}/event/up", json.dumps(said).encode())


def distance(mm: int) -> str:
    """An EM310-UDL's frame: battery 90 %, so far to what is in the bin, upright."""
    return "01755a" + "0382" + mm.to_bytes(2, "little").hex() + "040000"


async def test_a_full_bin_behind_a_network_server_sends_a_crew_and_its_emptying_closes_the_order(walk: Walk):
    await through_chirpstack(walk, TOILET, "01755a" + "047dffff")  # the NH3 cell has failed: a fault, and no alarm
    await through_chirpstack(walk, "ffffffffffffffff", distance(30))
    await through_chirpstack(walk, BIN, distance(30))  # of 900 mm: 96.7 %
    order = await walk.order("bin-1", state="dispatched")
    assert (order["rule"], order["why"]["fill_level"]) == ("bin-full", pytest.approx(96.6667))
    await walk.repaired(order)
    again = {"cmd": "rx", "EUI": BIN.upper(), "ts": WallClock().now(), "fcnt": 9, "port": 85, "data": distance(850)}
    for command in ("rx", "gw"):
        await walk.publish("tidewalk/cove/uplink/loriot", json.dumps({**again, "cmd": command}).encode())
    await walk.cleared(order)
    kept = await walk.kept(order)
    assert (kept.state, kept.closed_by) == (OrderState.CLOSED, TELEMETRY)
    counted = await walk.accounted()
    assert (counted.lost, counted.quarantined) == (0, 1)
    assert counted.points == 3
    reasons = {one.quantity: one.reason for one in walk.service.quarantine.list(newest=10)}
    assert reasons["nh3_ppm"].startswith("sensor fault")
    assert reasons[""].startswith("unknown eui: no device of the site has the eui ffffffffffffffff")
