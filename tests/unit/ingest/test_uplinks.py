"""What network servers relay, through the door: whose it is, when, once, and why not."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from domain.messages import Flag, Heard, Message
from domain.naming import Element, Kind
from domain.readings import Quality
from domain.site import Device, Facility, Site
from ingest.pipeline import Pipeline
from ingest.quarantine import class_of
from ingest.uplinks import AGAIN
from tests.unit.ingest.small_coast import AT, HERE, coast, name, row
from tests.unit.mapping.profiles_of_ours import ACME, profiles

EUI = "0011aabbccddeeff"
CHIRPSTACK = f"application/1/device/{EUI}/event/up"
MINUTE = 60_000


def site(profile: str = "acme/a1") -> Site:
    plain = coast()
    bin_2 = Facility("bin-2", Kind.BIN, Element.SANITATION, name("bin"), "bay", HERE, attributes={"depth_mm": 1500.0})
    eye = Device("eye-2", "bin-2", profile, eui=EUI)
    return replace(plain, facilities={**plain.facilities, "bin-2": bin_2}, devices={**plain.devices, "eye-2": eye})


def door(profile: str = "acme/a1", **options: Any) -> Pipeline:
    return Pipeline(site(profile), profiles=profiles(), **options)


def uplink(
    distance: int = 300, *, at: int = AT, fcnt: int = 7, port: int = 1, rssi: float = -60, snr: float = 5.0, **more: Any
) -> Message:
    said = {
        "deviceInfo": {"devEui": EUI},
        "time": at,
        "fCnt": fcnt,
        "fPort": port,
        "data": base64.b64encode(distance.to_bytes(2, "big")).decode(),
        "rxInfo": [{"rssi": rssi, "snr": snr}],
        **more,
    }
    return Message(CHIRPSTACK, json.dumps(said).encode(), at + 200)


def heard(*messages: Message, pipeline: Pipeline | None = None) -> Heard:
    return (pipeline or door()).read(row(*messages))


def test_an_uplink_is_a_reading_of_the_device_with_its_eui():
    said = heard(uplink())
    (reading,) = said.readings
    assert reading[:5] == ("bin-2", "eye-2", "bin", "bay", AT)
    assert reading.values == {"distance": 300.0, "fill_level": 80.0, "rssi": -60.0, "snr": 5.0}
    assert (reading.quality, reading.seq, reading.received) == (Quality.GOOD, 7, AT + 200)
    assert [fate.points for fate in said.fates] == [1]
    assert not said.notes


def test_what_comes_again_through_another_gateway_is_the_same_reading_as_well_heard_as_the_best():
    pipeline = door()
    first = heard(uplink(), pipeline=pipeline).readings[0]
    again = heard(uplink(at=AT + 2 * MINUTE, rssi=-50, snr=9.0), pipeline=pipeline).readings[0]
    worse = heard(uplink(at=AT + 3 * MINUTE, rssi=-99, snr=-9.0), pipeline=pipeline).readings[0]
    assert (again.device, again.at, again.seq) == (first.device, first.at, first.seq)
    assert again.values == {**first.values, "rssi": -50.0, "snr": 9.0}
    assert worse.values == again.values


@pytest.mark.parametrize(
    "other", [uplink(at=AT + MINUTE, fcnt=8), uplink(301, at=AT + MINUTE), uplink(at=AT + AGAIN + MINUTE)]
)
def test_another_counter_payload_or_hour_is_another_reading(other: Message):
    pipeline = door()
    heard(uplink(), pipeline=pipeline)
    assert heard(other, pipeline=pipeline).readings[0].at != AT


def test_loriots_two_messages_are_one_reading():
    rx = {"cmd": "rx", "EUI": EUI, "ts": AT, "fcnt": 1, "port": 1, "data": "012c", "rssi": -60, "snr": 5}
    gw = {**rx, "cmd": "gw", "ts": AT + 900, "gws": [{"rssi": -70, "snr": 8}]}
    topic = "tidewalk/shinan/uplink/loriot"
    said = heard(*(Message(topic, json.dumps(one).encode(), AT + 1000) for one in (rx, gw)))
    assert [reading.at for reading in said.readings] == [AT, AT]


def test_the_networks_word_on_the_battery_counts_for_devices_that_never_speak_of_it():
    rx = {"cmd": "rx", "EUI": EUI, "ts": AT, "fcnt": 1, "port": 1, "data": "012c", "rssi": -60, "snr": 5, "bat": 94}
    message = Message("tidewalk/shinan/uplink/loriot", json.dumps(rx).encode(), AT + 1000)
    assert "battery" not in heard(message).readings[0].values
    silent = profiles("\n".join(line for line in ACME.splitlines() if "to: battery" not in line))
    said = heard(message, pipeline=Pipeline(site(), profiles=silent))
    assert said.readings[0].values["battery"] == pytest.approx(36.8, abs=0.1)


def test_reading_may_begin_in_the_middle_with_the_last_minutes_in_mind():
    first = row(uplink(), number=1)
    fresh = door()
    fresh.warm([first])
    assert fresh.read(row(uplink(at=AT + MINUTE), number=2)).readings[0].at == AT
    assert (fresh.window, Pipeline(coast()).window) == (AGAIN, MINUTE)
    newer = door()
    newer.take_over(fresh)
    assert newer.read(row(uplink(at=AT + MINUTE), number=2)).readings[0].at == AT


def test_history_is_stored_at_its_own_time():
    said = heard(uplink(port=2))
    assert [(r.at, r.values.get("distance"), r.quality) for r in said.readings] == [
        (AT, 300.0, 0),
        (AT - 600_000, 400.0, Quality.BACKFILL),
    ]


def test_decoded_history_older_than_the_device_keeps_is_kept_aside():
    entries = [{"timestamp": AT / 1000 - 3600, "distance": 5e2}, {"timestamp": AT / 1000 - 8 * 86400, "distance": 6e2}]
    said = heard(uplink(object={"distance": 300, "history": entries}))
    assert [reading.at for reading in said.readings] == [AT, AT - 3_600_000]
    assert [class_of(kept.reason) for kept in said.quarantined] == ["clock"]


def test_the_devices_own_clock_goes_before_the_servers_where_it_was_set():
    assert heard(uplink(port=3)).readings[0].at == AT - 30_000
    assert heard(uplink(port=3, at=AT + 30 * 86_400_000)).readings[0].at == AT + 30 * 86_400_000


def test_without_any_clock_the_receive_time_stands():
    assert heard(uplink(time=None)).readings[0].at == AT + 200


def test_a_clock_that_is_ahead_is_corrected_and_kept_aside():
    message = uplink()._replace(received=AT - 3_600_000)
    said = heard(message)
    assert (said.readings[0].at, said.readings[0].quality) == (AT - 3_600_000, Quality.TIME_CORRECTED)
    assert said.quarantined[0].quantity == "at"


def test_what_the_server_decoded_goes_before_the_bytes_unless_nobody_knows_its_words():
    assert heard(uplink(object={"distance": 600})).readings[0].values["distance"] == 600.0
    assert heard(uplink(object={"foo": 1})).readings[0].values["distance"] == 300.0


def test_a_frame_without_a_quantity_of_ours_still_says_how_well_it_was_heard():
    said = heard(uplink(port=99))
    assert said.readings[0].values == {"rssi": -60.0, "snr": 5.0}


def test_a_frame_that_says_nothing_at_all_is_noted():
    said = heard(uplink(port=99, rxInfo=[]))
    assert (said.readings, said.quarantined) == ((), ())
    assert [fate[1:] for fate in said.fates] == [(0, "")]


def test_a_value_that_cannot_be_believed_is_kept_aside_and_the_rest_stored():
    said = heard(uplink(object={"distance": 65535, "battery": 140, "position": "tilt"}))
    assert said.readings[0].values == {"tipped": True, "rssi": -60.0, "snr": 5.0}
    assert said.readings[0].quality == Quality.VALUE_DROPPED
    assert {(kept.quantity, class_of(kept.reason)) for kept in said.quarantined} == {
        ("distance", "sensor fault"),
        ("battery", "out of range"),
    }


@pytest.mark.parametrize(
    ("message", "profile", "class_"),
    [
        (uplink(deviceInfo={"devEui": "ffffffffffffffff"}), "acme/a1", "unknown eui"),
        (uplink(), "other/a1", "unknown profile"),
        (uplink(), "acme/a3", "no decoder"),
        (uplink(port=5), "acme/a1", "unreadable payload"),
        (uplink(data="!"), "acme/a1", "unreadable bytes"),
        (uplink()._replace(payload=b"{"), "acme/a1", "not JSON"),
        (uplink()._replace(flags=Flag.RETAINED), "acme/a1", "retained"),
        (uplink()._replace(topic="tidewalk/shinan/uplink/nobody"), "acme/a1", "unknown server"),
        (uplink()._replace(topic="tidewalk/shinan/uplink/ttn"), "acme/a1", "not an uplink"),
    ],
)
def test_what_cannot_be_read_goes_to_quarantine_whole_with_its_reason(message: Message, profile: str, class_: str):
    said = heard(message, pipeline=door(profile))
    assert said.readings == ()
    assert [(kept.quantity, class_of(kept.reason)) for kept in said.quarantined] == [("", class_)]
    assert [fate.reason for fate in said.fates] == [kept.reason for kept in said.quarantined]


@pytest.mark.parametrize(
    "topic",
    [f"application/1/device/{EUI}/event/join", "v3/app@ttn/devices/x/join", "v3/app@ttn/devices/x/down/failed"],
)
def test_joins_and_the_like_are_noted_without_fuss(topic: str):
    said = heard(uplink()._replace(topic=topic))
    assert (said.readings, said.quarantined, said.notes) == ((), (), ())
    assert [fate[1:] for fate in said.fates] == [(0, "")]


def test_bare_fields_are_of_the_device_that_the_topic_names():
    topic = f"tidewalk/shinan/uplink/bare/0x{EUI.upper()}"
    said = heard(Message(topic, b'{"distance": 600, "linkquality": 12}', AT))
    assert said.readings[0].values == {"distance": 600.0, "fill_level": 60.0}
    assert said.readings[0].at == AT


def test_the_things_stack_is_heard_on_its_own_topic():
    message = {
        "end_device_ids": {"dev_eui": EUI.upper()},
        "uplink_message": {"f_port": 1, "frm_payload": "ASw=", "received_at": "2026-10-01T08:00:00.5Z"},
    }
    said = heard(Message("v3/app@ttn/devices/eye/up", json.dumps(message).encode(), AT + 900))
    assert (said.readings[0].at, said.readings[0].values["distance"]) == (AT + 500, 300.0)


def test_a_sea_of_made_up_euis_fills_no_memory():
    pipeline = door()
    for number in range(50):
        heard(uplink(deviceInfo={"devEui": f"{number:016x}"}), pipeline=pipeline)
    assert not pipeline.uplinks._bound


@pytest.mark.parametrize("digits", ["1" + "0" * 400, "-" + "9" * 400, "1e400", "NaN"])
def test_a_clock_beyond_every_number_is_no_clock_and_costs_no_reading(digits: str):
    plain = uplink()
    said = heard(plain._replace(payload=plain.payload.replace(str(AT).encode(), digits.encode(), 1)))
    assert not said.quarantined
    assert [reading.values["distance"] for reading in said.readings] == [300.0]
