"""A vendor of our own making, with a decoder, for tests of the mapping and of the door."""

from domain.errors import RejectedError
from ingest.mapping.load import read_vendor
from ingest.mapping.profiles import Profiles
from ingest.payloads.decoded import Decoded, Earlier

NOON = 1_790_841_600_000


def decode(payload: bytes, port: int) -> Decoded:
    """Two bytes of distance; on port 2 also what was measured ten minutes before, on port 3 the device's clock."""
    if port not in (1, 2, 3) or len(payload) < 2:
        raise RejectedError("nothing that this device sends")
    distance = int.from_bytes(payload[:2], "big")
    if port == 2:
        return Decoded({"distance": distance}, (Earlier(NOON - 600_000, {"distance": distance + 100}),))
    return Decoded({"distance": distance}, at=NOON - 30_000 if port == 3 else None)


ACME = """
vendor: acme
aliases: [acme-iot]
payload: acme
late: 7d
fields:
  battery: {to: battery, unit: "%"}
  distance: {to: distance, unit: mm, not: [65535, No Sensor], skip: [0]}
  "ec|electricity": {to: soil_ec, unit: uS/cm}
  battery_voltage: {to: battery, unit: V, empty: 3.0, full: 3.6}
  position: {to: tipped, words: {normal: false, tilt: true}}
  temperature: {to: {bin: bin_temperature, green: soil_temp, other: temperature}, unit: Cel}
  "messages.*.*[id=4097].value": {to: {other: illuminance}, unit: lx}
  "line_*_in": {to: people_in, pick: sum}
  press: {to: sos, words: {short: true}, event: true}
  level: {to: fill_level, unit: "%", when: {valid: true}}
  occupied:
    - {to: occupied_spots, words: {on: 1, off: 0}, needs: {capacity: 1}}
    - {to: available_spots, words: {on: 0, off: 1}, needs: {capacity: 1}}
models:
  a1:
    aliases: [A1-EU]
    kinds: [bin]
    heartbeat: {ports: [3], when: {type: [heartbeat, startup]}}
    ignore_ports: [99]
  a2: {like: a1, kinds: [green], fields: {distance: {to: distance, unit: cm}, temperature: }}
  a3:
    payload: ""
"""


def profiles(text: str = ACME) -> Profiles:
    """The profiles of the one vendor."""
    return Profiles([read_vendor("acme.yaml", text, {"acme": decode})])
