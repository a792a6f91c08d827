"""What a vendor's fields become on a facility."""

from typing import Any

import pytest

from domain.errors import FaultyFileError, NotFoundError
from ingest.mapping.load import read_vendor
from tests.unit.mapping.profiles_of_ours import profiles

DEEP = {"depth_mm": 1500.0}
ONE = {"capacity": 1.0}


def read(fields: dict[str, Any], kind: str = "bin", attributes: dict[str, float] | None = None, **named: Any) -> Any:
    profile = profiles().find(named.get("model", "acme/a1"))
    return profile.on(kind, attributes or {}).read(fields, named.get("port", 1))


@pytest.mark.parametrize(
    ("fields", "values"),
    [
        ({"distance": 1200}, {"distance": 1200.0}),
        ({"distance": "1700 mm"}, {"distance": 1700.0}),
        ({"distance": "1.2 m"}, {"distance": 1200.0}),
        ({"distance": " +33.0 "}, {"distance": 33.0}),
        ({"distance": {"displayName": "x", "unit": "cm", "value": 20.5}}, {"distance": 205.0}),
        ({"distance": {"data": 173}}, {"distance": 173.0}),
        ({"distance": [173]}, {"distance": 173.0}),
        ({"distance": 0}, {}),
        ({"distance": None}, {}),
        ({"distance": ""}, {}),
        ({"electricity": 240}, {"soil_ec": 0.24}),
        ({"ec": {"value": 1.5, "unit": "mS⋅cm⁻¹"}}, {"soil_ec": 1.5}),
        ({"battery": "91 %"}, {"battery": 91.0}),
        ({"battery_voltage": 3.3}, {"battery": 50.0}),
        ({"battery_voltage": 3.9}, {"battery": 100.0}),
        ({"battery_voltage": "3450mV"}, {"battery": 75.0}),
        ({"battery_voltage": "3.3V(low battery)"}, {"battery": 50.0}),
        ({"battery": 80, "battery_voltage": 3.0}, {"battery": 80.0}),
        ({"position": "TILT"}, {"tipped": True}),
        ({"position": "normal"}, {"tipped": False}),
        ({"temperature": "22 ℃"}, {"bin_temperature": 22.0}),
        ({"temperature": {"value": 68, "unit": "°F"}}, {"bin_temperature": 20.0}),
        ({"messages": [[{"id": "4097", "value": 12}, {"id": 4098, "value": 13}]]}, {"illuminance": 12.0}),
        ({"messages": [[{"id": 4097.0, "value": 12}]]}, {"illuminance": 12.0}),
        ({"line_1_in": 3, "line_2_in": 4, "line_2_out": 9}, {"people_in": 7.0}),
        ({"level": 40, "valid": True}, {"fill_level": 40.0}),
        ({"level": 40, "valid": False}, {}),
        ({"level": 40}, {}),
        ({"whatever": {"deep": [1]}, "sn": "00"}, {}),
    ],
)
def test_a_field_becomes_the_value_in_our_unit(fields: dict[str, Any], values: dict[str, Any]):
    mapped = read(fields)
    assert (mapped.values, mapped.faults) == (values, ())


@pytest.mark.parametrize(
    ("fields", "quantity", "class_"),
    [
        ({"distance": 65535}, "distance", "sensor fault"),
        ({"distance": "65535"}, "distance", "sensor fault"),
        ({"distance": "no sensor"}, "distance", "sensor fault"),
        ({"distance": "2024-11-12"}, "distance", "unreadable value"),
        ({"distance": "about 12"}, "distance", "unreadable value"),
        ({"distance": True}, "distance", "unreadable value"),
        ({"distance": {"x": 1}}, "distance", "unreadable value"),
        ({"distance": float("nan")}, "distance", "not a number"),
        ({"distance": 10**400}, "distance", "unreadable value"),
        ({"distance": {"value": 3, "unit": "V"}}, "distance", "unknown unit"),
        ({"position": "upside down"}, "tipped", "unreadable value"),
    ],
)
def test_what_cannot_be_a_value_is_a_fault_and_never_a_number(fields: dict[str, Any], quantity: str, class_: str):
    mapped = read(fields)
    assert mapped.values == {}
    assert [(name, why.partition(":")[0]) for name, why in mapped.faults] == [(quantity, class_)]


def test_a_fault_is_forgotten_where_another_field_has_the_value():
    mapped = read({"battery": "low", "battery_voltage": 3.6})
    assert (mapped.values, mapped.faults) == ({"battery": 100.0}, ())


def test_a_field_means_what_it_means_on_the_kind_of_facility():
    assert read({"temperature": 20}, "green", model="acme/other").values == {"soil_temp": 20.0}
    assert read({"temperature": 20}, "toilet", model="acme/other").values == {"temperature": 20.0}


@pytest.mark.parametrize(
    ("fields", "fill"),
    [
        ({"distance": 300}, 80.0),
        ({"distance": 1500}, 0.0),
        ({"distance": 1600}, 0.0),  # the bag hangs lower than was measured
        ({"distance": 300, "level": 55, "valid": True}, 55.0),
        ({"distance": 300, "position": "tilt"}, None),
    ],
)
def test_a_bin_with_a_depth_is_filled_by_its_distance(fields: dict[str, Any], fill: float | None):
    assert read(fields, attributes=DEEP).values.get("fill_level") == fill


def test_a_distance_far_beyond_the_depth_says_that_lid_or_depth_is_wrong():
    mapped = read({"distance": 2116}, attributes=DEEP)
    assert mapped.values == {"distance": 2116.0}
    assert mapped.faults[0][1].startswith("beyond depth: distance 2116 mm in a bin of 1500 mm")


def test_a_sensor_under_one_space_says_nothing_of_a_lot_of_many():
    assert read({"occupied": "on"}, "parking", ONE).values == {"occupied_spots": 1.0, "available_spots": 0.0}
    assert read({"occupied": "on"}, "parking", {"capacity": 50.0}).values == {}


def test_a_heartbeat_or_a_start_is_no_new_event():
    assert read({"press": "short"}).values == {"sos": True}
    assert read({"press": "short"}, port=3).values == {}
    assert read({"press": "short", "type": "Startup"}).values == {}
    assert read({"position": "tilt", "type": "heartbeat"}).values == {"tipped": True}


def test_decoded_history_has_times_of_its_own():
    entries = [{"timestamp": 1_700_000_000, "distance": 5}, {"distance": 6}, {"timestamp": 7, "note": "x"}, "odd"]
    assert [tuple(one) for one in read({"history": entries}).history] == [
        (1_700_000_000_000, {"distance": 5.0}, ()),
        (None, {"distance": 6.0}, ()),
    ]


def test_a_model_like_another_has_all_of_it_but_what_it_says_itself():
    assert read({"distance": 20, "temperature": 5}, "green", model="acme/a2").values == {"distance": 200.0}


def test_models_are_found_by_any_of_their_names_and_unknown_ones_share_what_all_have():
    known = profiles()
    assert known.find("ACME-IoT/a1-eu").name == "acme/a1"
    assert known.find("acme/new-one").name == "acme"
    assert known.find("acme/a3").decode is None
    assert [one.name for one in known] == ["acme/a1", "acme/a2", "acme/a3"]
    with pytest.raises(NotFoundError, match="no vendor 'other' among the profiles; known: acme"):
        known.find("other/a1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fields: {}", "x.yaml:1: vendor is missing"),
        ("vendor: a\npayload: zz", "x.yaml:2: no payload decoder zz; expected none is known yet"),
        ("vendor: a\nfields:\n  x: {to: fil_level}", "x.yaml:3: no quantity fil_level; expected one of fill_level, "),
        ("vendor: a\nfields:\n  x: {to: distance}", "x.yaml:3: distance without a unit; expected a unit that can"),
        ("vendor: a\nfields:\n  x: {to: distance, unit: V}", "x.yaml:3: distance from V; expected a unit that can"),
        ("vendor: a\nfields:\n  x: {to: distance, unit: q}", "x.yaml:3: no unit q; expected a unit of"),
        ("vendor: a\nfields:\n  x: {to: {bin: distance, boat: distance}, unit: mm}", "x.yaml:3: no kind boat"),
        ("vendor: a\nfields:\n  x: {to: tipped, words: {a: 1}}", "x.yaml:3: a means 1.0; expected true or false"),
        ("vendor: a\nfields:\n  x: {to: gate_state, words: {a: open}}", "x.yaml:3: a means open; expected up, down,"),
        ("vendor: a\nfields:\n  x: {to: battery, unit: V, full: 3}", "x.yaml:3: a line needs two ends"),
        ("vendor: a\nfields:\n  x: {to: tide_level, unit: V, full: 3, empty: 1}", "x.yaml:3: tide_level is in cm"),
        ("vendor: a\nfields:\n  x: {to: sos, unti: V}", "x.yaml:3: fields.x.unti is not known"),
        ("vendor: a\nfields:\n  x: {to: sos, needs: {depth: 1}}", "x.yaml:3: no attribute depth"),
        ('vendor: a\nfields:\n  "x|": {to: sos}', "x.yaml:3: an empty name"),
        ("vendor: a\nmodels:\n  m: {kinds: [boat]}", "x.yaml:3: no kind boat"),
        ("vendor: a\nmodels:\n  m: {like: n}", "x.yaml:3: no model n"),
        ("vendor: a\nmodels:\n  m: {aliases: [n]}\n  N:", "x.yaml:4: N twice"),
        ("vendor: a\nlate: soon", "x.yaml:2: late is 'soon'"),
        ("vendor: a\nvendor: b", "x.yaml:2: 'vendor' twice"),
        ("vendor: [a", "x.yaml:1: not YAML"),
        ("- a", "x.yaml:1: not a mapping"),
    ],
)
def test_a_wrong_profile_names_file_line_and_what_would_fit(text: str, said: str):
    with pytest.raises(FaultyFileError) as wrong:
        read_vendor("x.yaml", text, {})
    assert str(wrong.value).startswith(said)
