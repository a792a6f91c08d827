"""Whatever is done to the files, a person gets faults and never a traceback."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import TidewalkError
from services.site import faults_of, parse
from tests.fakes.small_site import small_site

WORDS = ["", "~", "[]", "{}", "null", "x", "[a, b]", "{a: b}", "1e999", "nan", "-1", "&a *a", "\n", ",", '"']
WORDS += ["'", ":", "灯", "\t", "\x85"]


@pytest.fixture
def small() -> dict[str, bytes]:
    return small_site()


def outcome(files: dict[str, bytes]) -> str:
    try:
        parse(files)
    except TidewalkError as wrong:
        return "faults" if faults_of(wrong) else "nothing"
    return "sound"


@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_with_a_piece_replaced_is_sound_or_has_faults(small: dict[str, bytes], data: st.DataObject):
    files = dict(small)
    name = data.draw(st.sampled_from(sorted(files)))
    text = files[name].decode()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    piece = data.draw(st.sampled_from(WORDS) | st.text(max_size=8))
    files[name] = (text[:start] + piece + text[end:]).encode("utf-8", "surrogatepass")
    assert outcome(files) in {"sound", "faults"}


@given(data=st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_value_of_the_site_file_of_another_kind_is_sound_or_has_faults(small: dict[str, bytes], data: st.DataObject):
    lines = small["site.yaml"].decode().splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    key, colon, _ = lines[number].partition(":")
    lines[number] = key + colon + " " + data.draw(st.sampled_from(WORDS))
    assert outcome({**small, "site.yaml": "\n".join(lines).encode()}) in {"sound", "faults"}


@given(st.binary(max_size=200), st.binary(max_size=200))
@settings(max_examples=100)
def test_any_bytes_are_faults(site: bytes, facilities: bytes):
    assert outcome({"site.yaml": site, "facilities.csv": facilities}) == "faults"


def test_deep_nesting_is_a_fault():
    assert outcome({"site.yaml": b"a: " + b"[" * 300_000, "facilities.csv": b""}) == "faults"
    assert outcome({"site.yaml": b"{a: " * 300_000, "facilities.csv": b""}) == "faults"
