"""What network servers send, in messages of our own making: who, when, how well heard, and what of it is no uplink."""

import base64
import json
from typing import Any

import pytest

from domain.errors import RejectedError
from ingest.codecs.envelopes import ENVELOPES
from ingest.codecs.uplink import Uplink

EUI = "0011aabbccddeeff"
BYTES = bytes.fromhex("01755f")
B64 = base64.b64encode(BYTES).decode()
AT = 1_700_000_000_123  # 2023-11-14T22:13:20.123Z


def read(server: str, said: object) -> tuple[Uplink, ...]:
    return ENVELOPES[server](json.dumps(said).encode())


CHIRPSTACK: dict[str, Any] = {
    "time": "2023-11-14T22:13:20.123999999+00:00",
    "deviceInfo": {"devEui": EUI.upper(), "deviceProfileName": "Tilt", "tags": {"manufacturer": "Acme", "model": "T1"}},
    "fPort": 85,
    "fCnt": 7,
    "data": B64,
    "rxInfo": [{"rssi": -60, "snr": 5.0}, {"rssi": -90, "snr": 9.5}, {"rssi": -40}],
}
TTN: dict[str, Any] = {
    "end_device_ids": {"device_id": "x", "dev_eui": EUI.upper()},
    "received_at": "2023-11-14T22:13:20.500Z",
    "uplink_message": {
        "f_port": 85,
        "f_cnt": 7,
        "frm_payload": B64,
        "received_at": "2023-11-14T22:13:20.123456789Z",
        "rx_metadata": [{"time": "1980-01-06T00:00:00Z", "rssi": -60, "snr": 5.0}, {"rssi": -90, "snr": 9.5}],
        "version_ids": {"brand_id": "acme", "model_id": "t1"},
    },
}
LORIOT: dict[str, Any] = {"cmd": "rx", "EUI": EUI.upper(), "ts": AT, "fcnt": 7, "port": 85, "data": BYTES.hex()}
THINGPARK: dict[str, Any] = {
    "DevEUI_uplink": {
        "DevEUI": EUI.upper(),
        "Time": "2023-11-14T22:13:20.123+00:00",
        "FPort": "85",
        "FCntUp": "7",
        "payload_hex": BYTES.hex(),
        "LrrRSSI": "-60.0",
        "LrrSNR": "5.0",
        "Lrrs": {"Lrr": [{"LrrRSSI": -90, "LrrSNR": 9.5}, {"LrrRSSI": -60, "LrrSNR": 5.0}]},
        "DriverCfg": {"mod": {"pId": "acme", "mId": "t1"}},
    }
}
MILESIGHT: dict[str, Any] = {
    "devEUI": "00-11-AA-BB-CC-DD-EE-FF",
    "time": "2023-1114T22:13:20.123999Z",  # as a gateway's firmware writes it
    "fPort": 85,
    "fCnt": 7,
    "data": B64,
    "rxInfo": [{"mac": "1", "rssi": -60, "loRaSNR": 5.0}, {"mac": "2", "rssi": -90, "loRaSNR": 9.5}],
}
ALL = {
    "chirpstack": (CHIRPSTACK, "acme/t1"),
    "ttn": (TTN, "acme/t1"),
    "thingpark": (THINGPARK, "acme/t1"),
    "milesight": (MILESIGHT, ""),
}


@pytest.mark.parametrize("server", ALL)
def test_an_uplink_says_who_when_what_and_how_well_it_was_heard(server: str):
    said, model = ALL[server]
    assert read(server, said) == (Uplink(EUI, AT, 85, 7, BYTES, None, -90.0, 9.5, None, model),)


def test_loriot_sends_the_same_uplink_as_rx_and_as_gw():
    rx = read("loriot", {**LORIOT, "rssi": -60, "snr": 5.0, "bat": 127})
    gws = [{"rssi": -60, "snr": 5.0}, {"rssi": -90, "snr": 9.5}]
    gw = read("loriot", {**LORIOT, "cmd": "gw", "gws": gws, "bat": 127})
    assert rx == (Uplink(EUI, AT, 85, 7, BYTES, None, -60.0, 5.0, 49.8),)
    assert gw == (rx[0]._replace(rssi=-90.0, snr=9.5),)


@pytest.mark.parametrize(("code", "percent"), [(0, None), (1, 0.0), (254, 100.0), (255, None), (None, None)])
def test_a_battery_code_of_lorawan_is_a_level_only_between_its_ends(code: int | None, percent: float | None):
    assert read("loriot", {**LORIOT, "bat": code})[0].battery == percent


def test_an_older_chirpstack_writes_its_eui_in_base64_and_its_object_as_text():
    said = {
        "devEUI": base64.b64encode(bytes.fromhex(EUI)).decode(),
        "data": B64,
        "objectJSON": '{"distance": 5}',
        "rxInfo": [{"time": "2023-11-14T22:13:20.123Z", "rssi": -60, "loRaSNR": 5}],
    }
    assert read("chirpstack", said) == (Uplink(EUI, AT, 0, 0, BYTES, {"distance": 5}, -60.0, 5.0),)


def test_what_protobuf_leaves_out_is_zero_and_no_fault():
    said = {"deviceInfo": {"devEui": EUI}, "dr": 5, "rxInfo": [{"rssi": -60}]}
    assert read("chirpstack", said) == (Uplink(EUI, None, 0, 0, b"", None, -60.0),)
    assert read("ttn", {"end_device_ids": {"dev_eui": EUI}, "uplink_message": {}}) == (Uplink(EUI, None, 0, 0, b""),)


@pytest.mark.parametrize("wrapped", [{"name": "as.up.data.forward", "data": {"@type": "x", **TTN}}, {"result": TTN}])
def test_events_and_storage_of_the_things_stack_wrap_the_same_uplink(wrapped: object):
    assert read("ttn", wrapped) == read("ttn", TTN)


def test_what_the_server_decoded_comes_along_and_beside_it_what_it_normalised():
    message = {"decoded_payload": {"a": 1}, "normalized_payload": [{"b": 2}, {"c": 3}]}
    said = {**TTN, "uplink_message": message}
    assert read("ttn", said)[0].fields == {"a": 1, "normalized_payload": {"b": 2, "c": 3}}


def test_a_clock_that_was_never_set_is_passed_over():
    said = {**CHIRPSTACK, "time": "1970-01-01T00:00:09Z", "rxInfo": [{"nsTime": "2023-11-14T22:13:20.123Z"}]}
    assert read("chirpstack", said)[0].at == AT


@pytest.mark.parametrize(
    ("server", "said"),
    [
        ("chirpstack", {"deviceInfo": {"devEui": EUI}, "devAddr": "00189440"}),  # join
        ("chirpstack", {"deviceInfo": {"devEui": EUI}, "margin": 10, "batteryLevel": 88.3}),  # status
        ("chirpstack", {"deviceInfo": {"devEui": EUI}, "level": "ERROR", "code": "UPLINK_MIC"}),  # log
        ("chirpstack", {"deviceInfo": {"devEui": EUI}, "acknowledged": True, "fCntDown": 3}),  # ack
        ("chirpstack", {"deviceInfo": {"devEui": EUI}, "downlinkId": 3, "txInfo": {}}),  # txack
        ("ttn", {"end_device_ids": {"dev_eui": EUI}, "join_accept": {}}),
        ("ttn", {"end_device_ids": {"dev_eui": EUI}, "downlink_failed": {"error": {}}}),
        ("ttn", {"name": "as.up.data.drop", "data": {"error": {}}}),
        ("loriot", {"cmd": "txd", "EUI": EUI}),
        ("thingpark", {"DevEUI_downlink_Sent": {"DevEUI": EUI}}),
        ("bare", {}),
    ],
)
def test_what_is_of_no_concern_makes_no_fuss(server: str, said: object):
    assert read(server, said) == ()


@pytest.mark.parametrize(
    ("server", "said", "why"),
    [
        ("chirpstack", {"data": B64}, "not an uplink: this is no message of ChirpStack: it names no device"),
        ("chirpstack", {**CHIRPSTACK, "data": "*"}, "unreadable bytes: data is *, which is no base64"),
        ("chirpstack", {**CHIRPSTACK, "objectJSON": "{"}, "not an uplink: this is no message of ChirpStack: its obj"),
        ("chirpstack", [], "not an object"),
        ("ttn", {"a": 1}, "not an uplink: this is no message of The Things Stack: it has no uplink_message"),
        ("loriot", {"EUI": EUI}, "not an uplink: this is no message of LORIOT: it has no cmd"),
        ("loriot", {**LORIOT, "data": "0g"}, "unreadable bytes: data is 0g, which is no hex"),
        ("loriot", {"cmd": "rx", "EUI": EUI, "encdata": "00"}, "not an uplink: this is no message of LORIOT: its data"),
        ("thingpark", {"DevEUI": EUI}, "not an uplink: this is no message of ThingPark: it has no DevEUI_uplink"),
    ],
)
def test_what_cannot_be_read_says_why(server: str, said: object, why: str):
    with pytest.raises(RejectedError) as refused:
        read(server, said)
    assert str(refused.value).startswith(why)
