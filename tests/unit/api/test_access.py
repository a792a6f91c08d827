"""Tokens, and by which names we may be called."""

from hashlib import sha256
from pathlib import Path

import pytest
from pydantic import SecretStr

from domain.errors import ConflictError
from services.api.access import Access, Tokens, access_of
from services.settings import Settings

LONG = "a-token-long-enough-not-to-be-guessed"
HEX = sha256(LONG.encode()).hexdigest()


def said(api: str = "0.0.0.0:8090", tokens: str = "", file: Path | None = None, hosts: str = "") -> Settings:
    return Settings(api=api, api_tokens=SecretStr(tokens), api_tokens_file=str(file or ""), api_hosts=hosts)


def test_a_token_is_known_by_its_name_as_it_is_and_by_its_hash():
    for tokens in (f"Li Wei={LONG}", f"Li Wei=sha256:{HEX}", f" 李伟 = sha256:{HEX.upper()} , Li Wei={LONG}"):
        known = access_of(said("127.0.0.1:1", tokens)).tokens
        assert known.whose(LONG) == "Li Wei"
        assert known.whose(LONG + "x") is None
        assert known.whose("") is None
        assert known.whose("\ud800") is None


def test_a_name_may_have_two_tokens_while_one_is_changed():
    known = access_of(said(tokens=f"desk={LONG},desk={LONG}2", hosts="*")).tokens
    assert (known.whose(LONG), known.whose(f"{LONG}2"), known.names) == ("desk", "desk", ("desk",))


def test_a_file_has_hashes_alone_and_says_where_it_is_wrong(tmp_path: Path):
    file = tmp_path / "tokens"
    file.write_text(f"# who may act\n\nLi Wei=sha256:{HEX}   # since October\n", "utf-8")
    assert access_of(said(file=file, hosts="coast.example")).tokens.whose(LONG) == "Li Wei"
    for line, why in ((f"Li={LONG}", "hashes alone"), ("Li", "say NAME=sha256:HEX"), ("Li=sha256:12", "64 hex digits")):
        file.write_text(f"\n{line}\n", "utf-8")
        with pytest.raises(ConflictError, match=why) as wrong:
            access_of(said(file=file))
        assert f"{file}:2:" in str(wrong.value)
        assert LONG not in str(wrong.value)
    for unreadable in (tmp_path, tmp_path / "none"):
        with pytest.raises(ConflictError, match="cannot be read"):
            access_of(said(file=unreadable))


@pytest.mark.parametrize(
    ("tokens", "why"),
    [
        ("Li=short", "at least 20 characters"),
        ("Li", "say NAME="),
        (f"={LONG}", "say NAME="),
        (f"L\x07={LONG}", "say NAME="),
    ],
)
def test_tokens_that_cannot_be_are_refused_without_being_shown(tokens: str, why: str):
    with pytest.raises(ConflictError, match=why) as wrong:
        access_of(said(tokens=tokens))
    assert "short" not in str(wrong.value)


def test_beyond_this_machine_there_must_be_a_token_and_a_name():
    with pytest.raises(ConflictError, match="this machine alone"):
        access_of(said("0.0.0.0:8090"))
    with pytest.raises(ConflictError, match="TIDEWALK_API_HOSTS"):
        access_of(said("[::]:8090", f"desk={LONG}"))
    assert access_of(said("10.0.0.5:8090", f"desk={LONG}")) != Access()
    named = access_of(said("0.0.0.0:8090", f"desk={LONG}", hosts="Coast.example, 10.0.0.5"))
    assert named.beyond
    assert [named.answers_to(host) for host in ("coast.example", "COAST.example", "10.0.0.5", "127.0.0.1")] == [
        True
    ] * 4
    assert [named.answers_to(host) for host in ("", "evil.example", "10.0.0.6")] == [False] * 3
    assert access_of(said("0.0.0.0:8090", f"desk={LONG}", hosts="*")).answers_to("whoever.example")


def test_who_may_is_told_at_the_start():
    assert "this machine alone, without tokens" in access_of(said("127.0.0.1:8090")).told
    assert access_of(said("127.0.0.1:8090", f"desk={LONG}")).told == "changing needs a token of: desk"
    assert access_of(said("10.0.0.5:1", f"desk={LONG}")).told == "reading and changing need a token of: desk"
    assert not Tokens()
