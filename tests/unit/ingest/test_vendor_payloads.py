"""What vendors' bytes say, in the vendors' words. Payloads written by hand from the published formats."""

from typing import Any

import pytest

from domain.errors import RejectedError
from ingest.payloads.registry import DECODERS

# decoder, FPort, bytes, what must be among the fields
SAYS: list[tuple[str, int, str, dict[str, Any]]] = [
    ("bosch", 1, "01", {"type": "parking status", "occupied": True}),
    ("bosch", 2, "00 f6", {"type": "heartbeat", "occupied": False, "temperature": -10}),
    ("nwave-g4-parking", 1, "b5", {"previous_state_duration": 90, "previous_state_duration_error": 4}),
    ("nwave-g4-parking", 1, "f2", {"occupied": False, "previous_state_duration": 300}),
    ("nwave-g4-parking", 1, "fe", {"previous_state_duration": 660, "previous_state_duration_overflow": True}),
    ("nwave-g4-parking", 2, "01 7d f0 00 00 00", {"battery_voltage": 3.0, "battery_health": "normal"}),
    ("nwave-g4-parking", 10, "0b 00 00 00 0a", {"type": "user_registration", "tag_id": "A"}),
    ("nwave-g4-counter", 1, "01 00", {"counter_value": 256}),
    ("netvox", 6, "01 59 01 24 01 00 00 00 00 00 00", {"Device": "R719A", "Volt": 3.6, "CarOnOff": 1}),
    ("netvox", 6, "01 59 01 9f 00 00 00 00 00 00 00", {"Volt": 3.1, "LowBattery": True, "CarOnOff": 0}),
    ("netvox", 6, "01 05 07 78 ff ff 00 0f 00 c8 00", {"Volt": 12.0, "CO2": "NoSensor", "NH3": 1.5, "Noise": 20.0}),
    ("netvox", 6, "01 0b 01 24 ff 38 17 70 00 00 00", {"Temp": -2.0, "Humi": 60.0}),
    ("decentlab-mbx", 1, "02 0001 0003 04d2 0001 0bb8", {"distance": {"value": 1234, "unit": "mm"}}),
    ("decentlab-sht21", 1, "02 0001 0001 6666 8000", {"air_humidity": {"value": 56.5, "unit": "%"}}),
    ("decentlab-iam", 1, "02 0001 0008 03e8 0064", {"illuminance": {"value": 1296.1344, "unit": "lx"}}),
    ("yobiiq-three-phase", 1, "010c 000008fc 011f 9c", {"voltageL1N": {"data": 230, "unit": "V"}, "powerFactorL3": -1}),
    ("yobiiq-smoke", 8, "050001", {"smokeAlarm": "Alarm"}),
    ("dragino-ultrasonic", 2, "0d0a 03e8 00 0000 01", {"Distance": "1000 mm", "Bat": 3.338}),
    ("dragino-inputs", 2, "000003e8 00000000 a0 ff 42", {"Count1_times": 1000, "First_status": "Yes"}),
    ("dragino-climate", 2, "cbf6 0bb8 0376 01 ff38 7fff", {"TempC_SHT": 30.0, "Hum_SHT": 88.6, "TempC_DS": -2.0}),
    ("terabee-level", 1, "0000 ff 0e10 00", {"distance": "TARGET_TOO_CLOSE", "levelPercentage": "LEVEL_ERROR"}),
    ("teneo-filling-degree", 2, "0d 04", {"valid": True, "distance": -1}),
    ("wilsen", 1, "03 0c04 19", {"sensor_1_status": "Not connected", "sensor_2_status": "Target detected"}),
    ("wilsen", 1, "02 aaaa 04 0b01 0064", {"proxx": 100}),
    ("vegapuls-air", 1, "04 01 40000000 2d 32 ffec 00000001", {"batteryLevel": 50, "temperature": -2.0}),
    ("enginko-level", 1, "14 00 00000000 e803 6400 c800 32", {"distance1": {"value": 200, "unit": "mm"}}),
    ("elsys", 1, "0c ff38 12 01 14 000f69b9", {"externalTemperature": -20.0, "waterleak": 1, "pressure": 1010.105}),
    ("strega", 4, "33 36 30 30 31", {"Bat": 100, "Actuator": "1", "Leak": "0"}),
    ("sensecap-s2120", 1, "4a ff38 32 00000000 00 0000", {"err": 0}),
    ("advantech-eva", 6, "01 95 01 9f fe 05 02 00 00 00 00", {"Battery": "3.1V(low battery)"}),
    ("mclimate-dry-switch", 1, "04 02 05 01 85 01", {"internalTemperature": -5, "relayState": "ON"}),
    ("watteco", 125, "51 0a 800b 0000 41 06 08fc 0032 ffff", {"Vrms_c": 230.0, "Irms_c": 5.0, "angle_c": -1}),
    ("browan", 106, "01 0b 34 32 20", {"status": 1, "humidity": 50, "temperature": 0}),
    ("tektelic-room", 10, "0367 00c8 ee 01", {"ambient_temperature": 20.0}),
]  # fmt: skip

REJECTS: list[tuple[str, int, str]] = [
    ("bosch", 1, "02"),
    ("bosch", 7, "01"),
    ("nwave-nps310", 1, "95"),
    ("netvox", 6, "01 59 02 24 01 00 00 00 00 00 00"),
    ("decentlab-mbx", 1, "02 0001 0003 04d2 0001"),
    ("decentlab-mbx", 1, "02 0001 0007 04d2 0001 0bb8 0000"),
    ("yobiiq-three-phase", 1, "01ee 00"),
    ("dragino-soil", 3, "ce29 00f1 07a5 099b 6e28 90"),
    ("terabee-level", 1, "03e8 19 0e10 08"),
    ("dingtek-dc410", 3, "80 00 01 02 11 06 a4 00 16 01 00 00 00 00 01 00 80"),
    ("sensecap-s210x", 1, "01 0610 dc500000 9191"),
    ("watteco", 125, "20 10 00 00 c0 8f 03 44"),
]


@pytest.mark.parametrize(("name", "port", "payload", "says"), SAYS)
def test_a_payload_says_what_its_format_says(name: str, port: int, payload: str, says: dict[str, Any]) -> None:
    fields = DECODERS[name](bytes.fromhex(payload.replace(" ", "")), port).fields
    assert {key: fields.get(key) for key in says} == {
        key: pytest.approx(value) if _number(value) else value for key, value in says.items()
    }


@pytest.mark.parametrize(("name", "port", "payload"), REJECTS)
def test_what_is_no_message_of_the_device_is_rejected(name: str, port: int, payload: str) -> None:
    with pytest.raises(RejectedError):
        DECODERS[name](bytes.fromhex(payload.replace(" ", "")), port)


def test_what_follows_an_unknown_type_stays_unread() -> None:
    decoded = DECODERS["elsys"](bytes.fromhex("0229ee01"), 5)
    assert (decoded.fields, decoded.unread) == ({"humidity": 41}, b"\xee\x01")


def test_a_meter_tells_when_it_measured_and_not_when_it_sent() -> None:
    decoded = DECODERS["yobiiq-three-phase"](bytes.fromhex("0101673b240c0203673b21b4"), 1)
    assert decoded.at == 0x673B21B4 * 1000


def _number(value: Any) -> bool:
    return isinstance(value, float)
