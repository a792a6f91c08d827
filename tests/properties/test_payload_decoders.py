"""Whatever bytes come on whatever port, a payload decoder says what they mean or rejects them, and no more."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import RejectedError
from ingest.payloads.registry import DECODERS

_PORTS = st.sampled_from(
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 15, 50, 60, 82, 83, 85, 100, 101, 104, 125, 147)
) | st.integers(0, 255)
_STARTS = st.sampled_from(
    (b"", b"\x01", b"\x02\x01\x2f\x00", b"\x80\x00\x01\x01\x11\x07", b"\x11\x0a\x00", b"\x0b\x01")
)
_FRAMES = st.builds(bytes.__add__, _STARTS, st.binary(max_size=60))


def _plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(name, str) and _plain(one) for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return all(_plain(one) for one in value)
    return value is None or isinstance(value, (bool, int, float, str))


@pytest.mark.parametrize("name", sorted(DECODERS))
@settings(max_examples=40, deadline=None)
@given(payload=_FRAMES, port=_PORTS)
def test_any_bytes_are_decoded_into_plain_values_or_rejected(name: str, payload: bytes, port: int) -> None:
    with contextlib.suppress(RejectedError):
        decoded = DECODERS[name](payload, port)
        assert _plain(dict(decoded.fields))
        assert all(_plain(dict(earlier.fields)) for earlier in decoded.history)


@pytest.mark.parametrize("name", sorted(DECODERS))
def test_no_bytes_say_nothing(name: str) -> None:
    for port in range(256):
        with contextlib.suppress(RejectedError):
            assert not DECODERS[name](b"", port).fields
