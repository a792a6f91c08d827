"""Whatever a device or a server sends: profiles map it or find a fault, and nothing else ever happens."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import RejectedError
from domain.naming import QUANTITIES, Kind
from domain.readings import Value
from ingest.mapping.load import shipped
from ingest.mapping.profiles import Profile

PROFILES = list(shipped())
KEYS = sorted({name for one in PROFILES for key in one.fields for name in key.replace("*", "1").split("|")})
TYPES = {"float": float, "bool": bool, "text": str}
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["1700 mm", "+33.0", "No Sensor", "normal", "tilt", "on", "2799", "1e999", "²", "٣"]),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from([*KEYS, "value", "unit", "data", "timestamp", "history"]), inner, max_size=5),
    ),
    max_leaves=12,
)
FIELDS = st.dictionaries(st.sampled_from([*KEYS, "history"]), JSON, max_size=8)


def plain(values: dict[str, Value]) -> bool:
    """Every value of its quantity's one type."""
    return all(type(value) is TYPES[QUANTITIES[name].type] for name, value in values.items())


def mapped(profile: Profile, fields: Any, port: int) -> None:
    for kind in profile.kinds or tuple(map(str, Kind)):
        found = profile.on(kind, {"depth_mm": 1500.0}).read(fields, port)
        assert plain(found.values)
        assert all(entry.at is None or isinstance(entry.at, int) for entry in found.history)


@given(
    profile=st.sampled_from([one for one in PROFILES if one.decode]),
    payload=st.binary(max_size=60),
    port=st.integers(0, 255),
)
@settings(max_examples=200, deadline=None)
def test_what_a_decoder_says_is_mapped_without_fuss(profile: Profile, payload: bytes, port: int):
    assert profile.decode is not None
    try:
        found = profile.decode(payload, port)
    except RejectedError:
        return
    mapped(profile, found.fields, port)


@given(profile=st.sampled_from(PROFILES), fields=FIELDS)
@settings(max_examples=300, deadline=None)
def test_any_fields_are_mapped_to_values_of_one_type_or_left_out(profile: Profile, fields: dict[str, Any]):
    mapped(profile, fields, 1)
