"""No envelope codec raises anything but RejectedError, on any bytes and on any JSON that looks like one of its own."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import RejectedError
from ingest.codecs.envelopes import ENVELOPES
from ingest.codecs.uplink import Uplink

WORDS = """
deviceInfo devEui devEUI tags data object objectJSON rxInfo fPort fCnt dr time nsTime gwTime rssi snr loRaSNR
end_device_ids dev_eui uplink_message decoded_payload normalized_payload frm_payload received_at rx_metadata
result version_ids last_battery_percentage cmd EUI ts fcnt port gws bat encdata decoded DevEUI_uplink DevEUI
Time FPort FCntUp payload_hex LrrRSSI Lrrs Lrr DriverCfg CustomerData payload value mod pId mId alr pro
last_seen
"""
KEYS = WORDS.split()
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.sampled_from(
        ["rx", "gw", "0011aabbccddeeff", "AXVf", "01755f", "2023-11-14T22:13:20.1Z", "9999-99-99T99:99:99Z"]
    ),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=8)),
    max_leaves=25,
)


def read(server: str, payload: bytes) -> None:
    try:
        found = ENVELOPES[server](payload)
    except RejectedError:
        return
    assert all(isinstance(one, Uplink) and isinstance(one.eui, str) and one.port >= 0 for one in found)


@pytest.mark.parametrize("server", ENVELOPES)
@given(payload=st.binary(max_size=60))
@settings(max_examples=25, deadline=None)
def test_any_bytes_are_read_or_refused(server: str, payload: bytes):
    read(server, payload)


@pytest.mark.parametrize("server", ENVELOPES)
@given(said=st.dictionaries(st.sampled_from(KEYS), JSON, max_size=10))
@settings(max_examples=80, deadline=None)
def test_any_json_is_read_or_refused(server: str, said: dict[str, Any]):
    read(server, json.dumps(said).encode())
