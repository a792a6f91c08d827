"""Every Milesight example of the real data, decoded here and compared with what its source claims. Skips without it."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.payloads import milesight
from tests.realdata.devices_walk import realdata

FOLDER = realdata()
pytestmark = pytest.mark.skipif(FOLDER is None, reason="no real data; put them beside the repository")
REALDATA = FOLDER or Path()

# The same bytes under the names of other codec versions.
RENAMED = {
    "ec": "electricity",
    "threhold_x": "threshold_x",
    "threhold_y": "threshold_y",
    "threhold_z": "threshold_z",
    "door": "magnet_status",
    "state": "magnet_status",
    "install": "tamper_status",
    "water_level": "depth",
    "temperature_abnormal": "temperature_alarm",
    "distance_alarming": "distance_alarm",
    "power": "device_status",
}
# … and their words.
REWORDED: dict[tuple[str, Any], Any] = {
    ("daylight", "dark"): "dim",
    ("tamper_status", "no"): "uninstalled",
    ("tamper_status", "yes"): "installed",
    ("temperature_alarm", True): "threshold_alarm",
    ("temperature_alarm", "abnormal"): "threshold alarm",
    ("distance_alarm", True): "threshold_alarm",
    ("report_type", "pir occupancy"): "pir trigger",
}
# Claims that their own bytes do not bear out: (model, bytes) -> the fields, and why.
UNSOUND: dict[tuple[str, str], tuple[set[str], str]] = {
    ("ct105", "ff0bffff0101ff166746d38802580000ff090100ff0a0101ff0f00"): (
        {"hardware_version"},
        "0100 is v1.0 for every other model of the same page",
    ),
    ("ws501", "ff2931"): (
        {"switch_2", "switch_3", "switch_2_change", "switch_3_change"},
        "the example of a three-gang switch on the page of a one-gang one",
    ),
    ("ws502", "ff2931"): (
        {"switch_3", "switch_3_change"},
        "the example of a three-gang switch on the page of a two-gang one",
    ),
    ("ws301", "017564030001040001"): ({"tamper_status"}, "the page's own table and another source say 1: uninstalled"),
}
# Bytes that nobody can read: a channel with more bytes than are published, after which the walk ends.
OVERLONG = {
    "0498b80b00000000",
    "0397102700000498b80b00000000",
    "0499b80b00000000",
    "ff0101ff08660012345678ff090100ff0a1f07004b04c90303000205cc0200010006cd05",
    "03f802010a000f0004f900010002000305fa100000200000300000400006fb3412000301",
}


def _examples() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for file in sorted((REALDATA / "devices").glob("*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            example = json.loads(line)
            vendor, _, model = example["device"].partition("/")
            if vendor.startswith("milesight"):
                yield model, example["raw_hex"], example["decoded"]


def _named(name: str, model: str) -> str:
    if model == "em500-swl" and name == "distance":
        return "depth"
    return RENAMED.get(name, name)


def _ours(claimed: dict[str, Any], model: str) -> dict[str, Any]:
    """A claim in the names and words of the vendor's newest codec."""
    made: dict[str, Any] = {}
    for name, value in claimed.items():
        if name == "history":
            made[name] = [_ours(entry, model) for entry in value]
        else:
            called = _named(name, model)
            made[called] = value if isinstance(value, dict | list) else REWORDED.get((called, value), value)
    return made


def _found(decoded: milesight.Decoded) -> dict[str, Any]:
    fields = dict(decoded.fields)
    if "imei" in fields:  # past a cellular header the last record stands outside the list as well
        fields = {name: value for name, value in fields.items() if name not in fields["data"][0]}
    if decoded.history:
        entries = [{"timestamp": one.at // 1000, **one.fields} for one in decoded.history]
        fields["history"] = [{k: v for k, v in entry.items() if k != "gpio_type"} for entry in entries]
    return fields


def test_every_example_is_decoded_as_its_source_claims() -> None:
    differ = []
    for model, said, claimed in _examples():
        decoded = milesight.decoder(model)(bytes.fromhex(said), 85)
        unsound, _ = UNSOUND.get((model, said), (set(), ""))
        wanted = {name: value for name, value in _ours(claimed, model).items() if name not in unsound}
        found = {name: value for name, value in _found(decoded).items() if name not in unsound}
        if found != wanted or bool(decoded.unread) != (said in OVERLONG):
            differ.append(f"{model} {said}: {found}, claimed {wanted}, unread {decoded.unread.hex()}")
    assert differ == []


def test_no_claim_is_called_unsound_that_is_not_there() -> None:
    there = {(model, said) for model, said, _ in _examples()}
    assert set(UNSOUND) <= there
    assert {said for _, said in there} >= OVERLONG


def _models(device_type: str) -> str:
    kinds = {
        "bathroom odor sensor": "gs301",
        "em300-sld/zld": "em300-sld",
        "ct101/ct103": "ct101",
        "ct101/103": "ct101",
    }
    name = device_type.lower()
    return kinds.get(name, name)


def _payload(envelope: Any) -> bytes | None:
    """The bytes, wherever the envelope keeps them."""
    if isinstance(envelope, dict):
        for name in ("frm_payload", "data"):
            said = envelope.get(name)
            if isinstance(said, str):
                is_hex = len(said) % 2 == 0 and all(c in "0123456789abcdefABCDEF" for c in said)
                return bytes.fromhex(said) if is_hex else base64.b64decode(said)
        return next((found for inner in envelope.values() if (found := _payload(inner))), None)
    return None


def test_every_envelope_of_a_milesight_device_gives_what_is_expected_of_it() -> None:
    differ, read = [], 0
    for file in sorted((REALDATA / "envelopes").glob("*.expected.json")):
        expected = json.loads(file.read_text("utf-8"))
        device = expected[0] if isinstance(expected, list) else expected
        model = milesight.known(_models(device["deviceType"]))
        payload = _payload(json.loads(file.with_name(file.name.replace(".expected", "")).read_text("utf-8")))
        if model is None or payload is None:
            continue
        read += 1
        decoded = milesight.decoder(model)(payload, 85)
        for name, value in _ours(device["telemetry"][0]["values"], model).items():
            called = name.replace(".0_", "_")
            found = decoded.fields.get(called)
            same = found == value or called in {"alarm", "sn"}  # a list of words, and upper-case hex
            if called == "moisture":  # theirs cuts off the half
                same = found is not None and int(found) == value
            if not same:
                differ.append(f"{file.name} {called}: {found}, expected {value}")
    assert differ == []
    assert read >= 40
