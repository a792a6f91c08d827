"""Every vendor example but Milesight's: each field of our decoder is what the vendor's says, or the reason is here.

A field that we leave out is a gap; a field that says something else is a failure.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from domain.errors import NotFoundError, RejectedError
from ingest.mapping.load import shipped
from tests.realdata import devices_walk
from tests.realdata.devices_walk import Example

# (device, field): why we do not say what the example says
KNOWN: Final = {
    ("nwave/g4_nps_sm", "battery_voltage"): "the converter reads the byte as signed: 0xd3 is 3.344 V by the vendor",
    ("nwave/g4_nps_fm", "battery_voltage"): "as above",
    ("nwave/g4_nps_sm", "battery_health"): "follows from the volts",
    ("nwave/g4_nps_fm", "battery_health"): "follows from the volts",
    (
        "bosch/parking_lot_sensor",
        "firmwareVersion",
    ): "two codecs order the bytes otherwise; the model's name says 0.29.2",
    ("bosch/parking_lot_sensor", "resetCause"): "another codec's words for the same code",
    ("yobiiq/iq-rm200-lrw", "manufacturer"): "the codec puts the firm's full name over what the device says",
    ("dragino/ldds75", "Distance"): "a number in one codec, text with its unit in the other",
    ("watteco/triphaso_v1.1", "reactive_power_a"): "the example reads what is below zero as unsigned",
    ("watteco/triphaso_v1.1", "reactive_power_b"): "as above",
    ("watteco/triphaso_v1.1", "reactive_power_c"): "as above",
    ("watteco/triphaso_v1.1", "reactive_power_abc"): "as above",
}
# Examples that we refuse and the vendor reads, and why.
REFUSED: Final[Mapping[str, str]] = {
    "watteco/intenso_v1.1": "a compressed batch",
    "watteco/smartplug_v1.1": "a compressed batch",
    "watteco/flasho_v1.1": "a compressed batch",
    "yobiiq/em4301": "the vendor says an error in words",
}


@pytest.fixture(scope="module")
def folder() -> Path:
    found = devices_walk.realdata()
    if found is None:
        pytest.skip("no real data; put them beside the repository, or name them by TIDEWALK_REALDATA")
    return found


def others(folder: Path) -> Iterator[tuple[Example, Mapping[str, Any] | str]]:
    """Each example with bytes and a decoder: our fields, or why there are none."""
    profiles = shipped()
    for example in devices_walk.examples(folder):
        try:
            profile = profiles.find(example.device)
        except NotFoundError:
            continue
        if profile.vendor == "milesight-iot" or profile.decode is None or example.payload is None:
            continue
        try:
            yield example, profile.decode(example.payload, example.port).fields
        except RejectedError as rejected:
            yield example, str(rejected)


def test_no_field_says_other_than_the_vendors_codec(folder: Path) -> None:
    walked = [(example, ours) for example, ours in others(folder) if example.decoded and not isinstance(ours, str)]
    wrong = {
        (example.device, name): f"{example.name}: {ours[name]!r}, theirs {theirs!r}"
        for example, ours in walked
        for name, theirs in (example.decoded or {}).items()
        if name in ours and not alike(ours[name], theirs)
    }
    assert len(walked) > 250
    assert wrong.keys() <= KNOWN.keys(), "\n".join(f"{k}: {why}" for k, why in wrong.items() if k not in KNOWN)


def test_what_the_vendor_decodes_is_refused_only_for_a_reason(folder: Path) -> None:
    refused = {example.device for example, ours in others(folder) if example.decoded and isinstance(ours, str)}
    assert refused <= REFUSED.keys()


def test_what_the_vendor_refuses_gives_no_fields(folder: Path) -> None:
    read = [
        example.name
        for example, ours in others(folder)
        if example.decoded is None and not isinstance(ours, str) and ours
    ]
    assert not read


def alike(ours: Any, theirs: Any) -> bool:
    """The same in the vendor's words; labels for people aside."""
    if isinstance(theirs, Mapping) and isinstance(ours, Mapping):
        known = {key: value for key, value in theirs.items() if key != "displayName" and value is not None}
        return all(
            key in ours and alike(ours[key], value) for key, value in known.items() if key in ours or key == "value"
        )
    if isinstance(theirs, list) and isinstance(ours, list | tuple):
        return len(ours) == len(theirs) and all(map(alike, ours, theirs))
    if isinstance(theirs, bool) or isinstance(ours, bool):
        return ours is theirs
    if isinstance(theirs, int | float) and isinstance(ours, int | float):
        return bool(ours == pytest.approx(theirs, rel=1e-6, abs=1e-9))
    return bool(ours == theirs)
