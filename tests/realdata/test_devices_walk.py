"""Every vendor example and every recorded envelope lands where it should. Skips where the real data are absent."""

import re
from collections import Counter
from pathlib import Path

import pytest

from ingest.mapping.load import shipped
from ingest.mapping.profiles import Profiles
from tests.realdata import devices_walk
from tests.realdata.devices_walk import FAULT, MAPPED, NOTHING, WRONG, Walked

# The expectation of these is coarser than the device: the same bytes are 57.5 in the vendor's own example.
COARSER = ("chirpstack-em500-smtc", "loriot-em500-smtc", "tts-industries-em500-smtc")
ENVELOPES_THAT_AGREE = 0.85


@pytest.fixture(scope="module")
def folder() -> Path:
    found = devices_walk.realdata()
    if found is None:
        pytest.skip("no real data; put them beside the repository, or name them by TIDEWALK_REALDATA")
    return found


@pytest.fixture(scope="module")
def profiles() -> Profiles:
    return shipped()


@pytest.fixture(scope="module")
def devices(folder: Path, profiles: Profiles) -> list[Walked]:
    return devices_walk.walk_devices(folder, profiles)


@pytest.fixture(scope="module")
def envelopes(folder: Path, profiles: Profiles) -> list[Walked]:
    return devices_walk.walk_envelopes(folder, profiles)


def told(ones: list[Walked]) -> str:
    return "\n".join(f"{one.example} {one.device}: {one.reason}" for one in ones)


def test_the_bytes_of_an_example_mean_what_the_vendor_says_that_they_mean(devices: list[Walked]):
    wrong = [one for one in devices if one.status == WRONG]
    assert not wrong, told(wrong)


def test_every_example_is_walked(folder: Path, devices: list[Walked]):
    lines = sum(len(file.read_text("utf-8").splitlines()) for file in (folder / "devices").glob("*.jsonl"))
    assert len(devices) == lines


def test_envelopes_give_the_values_that_are_expected_of_them(envelopes: list[Walked]):
    wrong = [one for one in envelopes if one.status == WRONG and one.example not in COARSER]
    assert not wrong, told(wrong)
    agree = [one for one in envelopes if one.status in (MAPPED, NOTHING)]
    rest = [one for one in envelopes if one not in agree]
    assert len(agree) >= ENVELOPES_THAT_AGREE * len(envelopes), told(rest)
    assert all(one.reason for one in rest)
    assert {one.status for one in rest} <= {WRONG, FAULT}, told(rest)


def test_the_page_promises_no_more_than_the_walk_keeps(devices: list[Walked]):
    text = devices_walk.PAGE.read_text("utf-8").partition(devices_walk.BEGIN)[2].partition(devices_walk.END)[0]
    promised = {name: int(mapped) for name, mapped in re.findall(r"^\| `(\S+)` \| \d+ \| (\d+) \|", text, re.MULTILINE)}
    kept = Counter(one.device for one in devices if one.status == MAPPED)
    assert promised
    assert {name: kept[name] for name, mapped in promised.items() if kept[name] < mapped} == {}
