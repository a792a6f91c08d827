"""What Milesight's bytes say, composed by hand from the published format."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import RejectedError
from ingest.mapping.load import SHIPPED, read_vendor
from ingest.payloads import milesight
from ingest.payloads.milesight_table import MODELS

CLOCK = 0x5F5E1000  # 2020-09-13T12:26:40Z
CLOCK_HEX = "00105e5f"


def _read(model: str, said: str) -> milesight.Decoded:
    return milesight.decoder(model)(bytes.fromhex(said), 85)


@pytest.mark.parametrize(
    ("model", "said", "fields"),
    [
        ("em300-th", "ff01 11 ff09 0310 ff0a 0114 ff0f 00 fffe 01 ffff 0100", {
            "ipso_version": "v1.1", "hardware_version": "v3.1", "firmware_version": "v1.14", "lorawan_class": "Class A",
            "reset_event": "reset", "tsl_version": "v1.0",
        }),
        ("ws202", "ff08 6600b0940976 0300 01 0400 00", {"sn": "6600b0940976", "pir": "trigger", "daylight": "dim"}),
        ("em300-th", "fe02 3c00 0367 f6ff", {"temperature": -1}),
        ("em310-udl", "0400 07", {"position": "unknown"}),
        ("em320-th", "0367 0180 0468 ff", {"temperature": "collection_err", "humidity": "collection_err"}),
        ("em320-th-v2", "049a 2a02 059c 03", {"humidity": 55.4, "storage_status": "full"}),
        ("em410-rdl", "b482 ffff 03", {"event": [{"distance_exception": "sensor exception"}]}),
        ("em500-co2", "057d 9001 0673 9027", {"co2": 400, "pressure": 1012.8}),
        ("em500-smtc", "0367 ffff 04ca fdff", {
            "temperature_error": "collection failed", "moisture_error": "out of range",
        }),
        ("em500-swl", "0377 ffff", {"depth_error": "collection failed"}),
        ("gs301", "047d feff 057d ffff", {"nh3_sensor_status": "polarizing", "h2s_sensor_status": "device error"}),
        ("gs601", "09 fa00 0a 11 2c01", {"temperature": 30, "temperature_alarm": {"type": "alarm trigger"}}),
        ("ts601", "01 64 04 10270000 08 20 e8030000 f4010000", {
            "battery": 100, "temperature": 10, "temperature_alarm": {"type": "mutation alarm trigger"},
        }),
        ("am304l", "059f 0580 069d 2c01", {"pir": {"pir_status": "trigger", "pir_count": 5}, "Lux": 300}),
        ("am107", "0665 6400 3200 1900 087d 0a00", {
            "illumination": 100, "infrared_and_visible": 50, "infrared": 25, "tvoc": 10,
        }),
        ("am319-hcho-well", "0f7d 1e00", {"hcho": 0.03}),
        ("ts302-v2", "0367 0a00 8467 e600 00", {
            "temperature_chn1": 1, "temperature_chn2": 23, "temperature_chn2_alarm": "above_threshold_alarm",
            "event": [{"temperature_chn2": 23, "temperature_chn2_alarm": "above_threshold_alarm"}],
        }),
        ("ct303", "0597 64000000 0699 ffff", {"current_chn2_total": 1, "current_chn2_sensor_status": "read failed"}),
        ("ws503", "ff29 45", {
            "switch_1": "on", "switch_1_change": "no", "switch_2": "off", "switch_2_change": "no",
            "switch_3": "on", "switch_3_change": "yes",
        }),
        ("ws513-v3", "0870 01 07c9 e803", {"socket_status": {"switch_status_1": "on"}, "current_rating": 1}),
        ("vs133", "10e4 02 0a00 1e00 50fc 00 01 01", {
            "region_2_avg_dwell": 10, "region_2_max_dwell": 30, "node_1_occlusion_alarm": "alarm_triggered",
        }),
        ("vs373", "06fb 0100 03 01 02", {"events": [
            {"alarm_id": 1, "alarm_type": "out_of_bed", "alarm_status": "alarm_triggered", "region_id": 2},
        ]}),
        ("uc100", "ff19 00 02 84 ffffffff ff15 01", {"modbus_chn_1": -1, "modbus_chn_2_alarm": "read error"}),
        ("uc300", "0be2 0042 0042 0042 0042 ff19 02 04 05 0000c03f", {
            "adc_1": 3, "adc_1_max": 3, "adc_1_min": 3, "adc_1_avg": 3, "modbus_chn_3": 1.5,
        }),
        ("uc501", "0502 e803 d007 b80b a00f", {
            "analog_input_1": 1, "analog_input_1_min": 2, "analog_input_1_max": 3, "analog_input_1_avg": 4,
        }),
        ("uc521", "03f6 01 96", {
            "valve_1_type": "3_way_ball_valve", "valve_1_opening": 50, "valve_1_direction": "right",
        }),
        ("ws302", "055b 05 2602 e001 7002", {"LAF": 55, "LAeq": 48, "LAFmax": 62.4}),
        ("at101", "0488 40420f00 80841e00 31", {
            "latitude": 1, "longitude": 2, "motion_status": "start", "geofence_status": "unknown",
        }),
    ],
)  # fmt: skip
def test_the_channels_of_a_model_say_what_is_published(model: str, said: str, fields: dict[str, Any]) -> None:
    decoded = _read(model, said)
    assert decoded.fields == fields
    assert decoded.unread == b""


def test_the_same_channel_is_another_thing_on_another_model() -> None:
    said = "0300 01"
    assert _read("ws301", said).fields == {"magnet_status": "open"}
    assert _read("vs340", said).fields == {"occupancy": "occupied"}
    assert _read("ws303", said).fields == {"leakage_status": "leak"}
    assert _read("ws202", said).fields == {"pir": "trigger"}


@pytest.mark.parametrize(
    ("model", "said", "fields"),
    [
        ("em300-mld", "20ce {} 000000 01", {"leakage_status": "leak"}),
        ("em300-di", "20ce {} fa00 64 01 01 00000000", {
            "temperature": 25, "humidity": 50, "gpio_type": "gpio", "gpio": "high",
        }),
        ("em300-di-hall", "21ce {} 000000 00 02 00 0a00 1400 0000803f", {
            "alarm": "none", "gpio_type": "counter", "water_conv": 1, "pulse_conv": 2, "water": 1,
        }),
        ("em410-rdl", "20ce {} fdff feff 0000 04", {
            "distance_sensor_status": "no target", "temperature_sensor_status": "disabled",
            "event": ["blind spot alarm"],
        }),
        ("em500-smtc", "20ce {} e803 9600 fdff", {
            "electricity": 1000, "temperature": 15, "moisture_error": "out of range",
        }),
        ("am308", "21ce {} e600 5000 00 02 e803 6400 9027 0500 0600", {
            "temperature": 23, "humidity": 40, "pir": "idle", "light_level": 2, "co2": 1000, "tvoc": 100,
            "pressure": 1012.8, "pm2_5": 5, "pm10": 6,
        }),
        ("am305l", "21ce {} 01 e600 03 50 41 0200 01 2c01 01 e803", {"temperature": 23, "Lux": 300, "co2": 1000}),
        ("ts201", "20ce {} 01 e600", {"read_status": "normal", "temperature": 23}),
        ("ts201-v2", "20ce {} 02 e600 50 11", {
            "sensor_type": "SHT4X", "temperature_sensor_status": "normal", "temperature": 23,
        }),
        ("ts301-v2", "20ce {} a0 19fc 17fc", {"magnet": "open"}),
        ("ts302-v2", "21ce {} a0 5802 e600", {"temperature_chn2": 23, "humidity_chn2": 60}),
        ("ts601", "ed 00 {} 04 10270000", {"temperature": 100}),
        ("vs121", "20ce {} 10 0a00 0b00", {"people_total_in": 10, "people_total_out": 11}),
        ("vs133", "20ce {} 12 05000000", {"line_1_child_total_out": 5}),
        ("vs133", "20ce {} 0e 0100 0200", {"line_4_period_in": 1, "line_4_period_out": 2}),
        ("vs321", "20ce {} 00 0300", {"people_total_counts": 3}),
        ("uc511", "21ce {} 6400", {"pressure": 100}),
        ("uc100", "20cd {} 02 6869", {"custom_message": "hi"}),
        ("uc501", "20dc {} 02 05000000 00 01000000 e8030000 18fcffff", {
            "gpio_counter_1": 5, "gpio_input_2": "on", "analog_input_1": 1, "analog_input_2": -1,
        }),
        ("wts305", "20ce {} fa00 a0 9427 0807 7d00 6400", {
            "temperature": 25, "humidity": 80, "pressure": 1013.2, "wind_direction": 180, "wind_speed": 12.5,
            "rainfall_total": 1,
        }),
    ],
)  # fmt: skip
def test_what_was_kept_comes_at_its_own_time(model: str, said: str, fields: dict[str, Any]) -> None:
    decoded = _read(model, said.format(CLOCK_HEX))
    assert [(one.at, dict(one.fields)) for one in decoded.history] == [(CLOCK * 1000, fields)]
    assert decoded.unread == b""


def test_what_was_kept_before_the_clock_was_set_is_left_out() -> None:
    decoded = _read("em300-th", f"20ce 10000000 fa00 64 00 20ce {CLOCK_HEX} fa00 64 00")
    assert [one.at for one in decoded.history] == [CLOCK * 1000]


def test_the_devices_clock_is_that_of_the_present_values() -> None:
    assert _read("vs350", f"04cc 0100 0200 0aef {CLOCK_HEX}").at == CLOCK * 1000
    assert _read("vs350", "04cc 0100 0200 0aef 01000000").at is None


@pytest.mark.parametrize("cut", ["0468", "04", "", "0468 64 0999 0102", "0468 64 20ce 00105e5f fa"])
def test_what_was_read_before_the_end_stands_and_the_rest_is_told(cut: str) -> None:
    decoded = _read("em300-th", f"0367 fa00 {cut}")
    assert decoded.fields["temperature"] == 25
    assert decoded.history == ()
    assert bytes.fromhex(cut).endswith(decoded.unread)
    assert bool(decoded.unread) == bool(cut)


@pytest.mark.parametrize("said", ["", "ff", "0999 01", "0367 01"])
def test_nothing_at_all_is_rejected(said: str) -> None:
    with pytest.raises(RejectedError):
        _read("em300-th", said)
    with pytest.raises(RejectedError):
        milesight.decode(bytes.fromhex(said), 85)


def test_a_payload_with_the_header_of_a_cellular_model_is_read_past_it() -> None:
    channels = bytes.fromhex("0175 50 0482 e803")
    header = b"\x02\x00\x01" + (81 + len(channels)).to_bytes(2, "big") + b"\x00\x00\x07\x01" + b"01010110"
    header += b"6749D00000000000" + b"8" * 15 + b"4" * 15 + b"9" * 20 + b"\x1f" + len(channels).to_bytes(2, "big")
    decoded = milesight.decoder("em400-tld")(header + channels, 0)
    assert decoded.fields["csq"] == 31
    assert decoded.fields["frameCnt"] == 7
    assert decoded.fields["data"] == [{"battery": 80, "distance": 1000}]
    assert decoded.fields["distance"] == 1000


def test_a_model_that_nobody_knows_says_what_all_agree_on() -> None:
    assert milesight.decode(bytes.fromhex("0175 64 0300 01"), 85).fields == {"battery": 100}
    assert milesight.decode(bytes.fromhex("04d6 20"), 85).fields == {"remaining": 32}


@pytest.mark.parametrize(
    ("name", "model"), [("EM300-TH", "em300-th"), ("em500_smtc-868m", "em500-smtc"), ("xx1", None)]
)
def test_a_model_is_known_whatever_is_said_of_its_region(name: str, model: str | None) -> None:
    assert milesight.known(name) == model


def test_every_model_has_a_profile_that_reads_it_as_that_model() -> None:
    file = SHIPPED / "milesight-iot.yaml"
    profiles = read_vendor(str(file), file.read_text("utf-8")).models
    wanting = {model for model in MODELS if model not in profiles}
    assert wanting == set()
    for model in MODELS:
        assert milesight.BY_MODEL[profiles[model].payload] is not milesight.decode


_STARTS = (
    "0175",
    "0367",
    "0468",
    "20ce",
    "21ce",
    "20dc",
    "ff19",
    "ff0e",
    "06fb",
    "04c9",
    "0300",
    "9482",
    "0a",
    "02",
    "ed",
)
_CHANNELS = st.sampled_from([bytes.fromhex(start) for start in _STARTS])


@given(
    model=st.sampled_from([*MODELS, "unknown"]),
    payload=st.lists(st.one_of(_CHANNELS, st.binary(max_size=12)), max_size=8).map(b"".join),
    port=st.integers(0, 255),
)
def test_any_bytes_are_read_or_rejected(model: str, payload: bytes, port: int) -> None:
    try:
        decoded = milesight.decoder(model)(payload, port)
    except RejectedError:
        return
    assert payload.endswith(decoded.unread)
    assert len(decoded.unread) < len(payload)
