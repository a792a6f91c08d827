"""The content hash of a site, and the one text that a journal row keeps of it."""

import pytest

from domain.errors import NotFoundError, RejectedError
from services.site import content_hash, find, pack, parse, read_files, sample, unpack


def test_the_hash_is_a_pure_function_of_names_and_bytes():
    golden = "8fb356826339ac1fe66ba0e145111d37"
    assert content_hash({"site.yaml": b"a", "facilities.csv": b"b"}) == golden
    assert content_hash({"facilities.csv": b"b", "site.yaml": b"a"}) == golden


def test_any_change_of_a_byte_or_a_name_changes_the_hash(small: dict[str, bytes]):
    before = content_hash(small)
    assert content_hash({**small, "site.yaml": small["site.yaml"] + b"\n"}) != before
    assert content_hash({"a": b"bc"}) != content_hash({"ab": b"c"})


def test_the_site_carries_the_hash_of_its_files():
    files = read_files(sample())
    assert parse(files).site.hash == content_hash(files)


def test_a_packed_site_is_the_same_site(small: dict[str, bytes]):
    assert parse(unpack(pack(small))).site == parse(small).site


@pytest.mark.parametrize("text", ["", "[]", "3", "{"])
def test_what_is_not_a_packed_site_is_rejected(text: str):
    with pytest.raises(RejectedError, match="not a packed site"):
        unpack(text)


def test_a_place_that_is_nowhere_says_what_would_do():
    with pytest.raises(NotFoundError, match=r"no folder nowhere; expected one with site\.yaml, or one of the samples"):
        find("nowhere")
    with pytest.raises(NotFoundError, match="there is no sample 'x'; expected one of the samples shinan"):
        sample("x")
    assert find("shinan") == sample()
