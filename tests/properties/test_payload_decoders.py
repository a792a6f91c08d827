"""Whatever bytes come on whatever port, a payload decoder says what they mean or rejects them, and no more."""

import contextlib
import re
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


_FAMILY = re.compile(r"[a-z0-9]+")
_FAMILIES = {
    family: sorted(name for name in DECODERS if _FAMILY.findall(name)[0] == family)
    for family in {_FAMILY.findall(name)[0] for name in DECODERS}
}


@pytest.mark.parametrize("family", sorted(_FAMILIES))
@settings(max_examples=150, deadline=None)
@given(data=st.data(), payload=_FRAMES, port=_PORTS)
def test_any_bytes_are_decoded_into_plain_values_or_rejected(
    family: str, data: st.DataObject, payload: bytes, port: int
) -> None:
    name = data.draw(st.sampled_from(_FAMILIES[family]))
    with contextlib.suppress(RejectedError):
        decoded = DECODERS[name](payload, port)
        assert _plain(dict(decoded.fields))
        assert all(_plain(dict(earlier.fields)) for earlier in decoded.history)


def test_no_bytes_say_nothing() -> None:
    for decode in DECODERS.values():
        for port in (0, 1, 2, 6, 10, 50, 85, 125):
            with contextlib.suppress(RejectedError):
                assert not decode(b"", port).fields
