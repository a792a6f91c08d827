"""People, tokens, sessions and the trail, as databases of both makes keep them and as the fake does."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.people.ports import Kept
from services.people.roles import Account, Entry, Role, Session, Token
from services.storage.people import PeopleStore
from tests.fakes.memory_people import MemoryPeople
from tests.machines.postgres import url_of

LI = Account("李伟", Role.DISPATCHER, frozenset({"west", "east"}), "hash", 1_000)
SHOWN = Token("3f9a01c2", "digest", "prometheus", Role.VIEWER, frozenset(), 1_000, 9_000)
HERE = Session("session", "李伟", "", 1_000, 5_000, "10.0.0.7")


def entry(what: str, who: str = "root") -> Entry:
    return Entry(1_000, who, "command", what, "about", "done", "before", "after")


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    if request.param == "memory":
        yield MemoryPeople()
        return
    store = PeopleStore(url_of(request.param, request, tmp_path))
    yield store
    store.close()


def test_who_was_put_is_there_and_every_change_is_another_version(kept: Kept):
    versions = [kept.version()]
    for change in (
        lambda: kept.put_account(LI, entry("a"), ends_sessions=False),
        lambda: kept.put_token(SHOWN, entry("b")),
        lambda: kept.put_token(replace(SHOWN, id="of-a-user", digest="other", role=None), entry("c")),
        lambda: kept.begin_session(HERE, entry("d")),
        lambda: kept.raise_generation("collect-w1", entry("e")),
    ):
        change()
        versions.append(kept.version())
    assert len(set(versions)) == len(versions)
    found = kept.roster(2_000)
    assert found.version == versions[-1]
    assert found.accounts == (LI,)
    assert {one.id: one.role for one in found.tokens} == {"3f9a01c2": Role.VIEWER, "of-a-user": None}
    assert found.sessions == (HERE,)
    assert found.generations == {"collect-w1": 1}
    assert kept.raise_generation("collect-w1", entry("f")) == 2


def test_a_session_ends_by_time_by_name_and_by_its_token(kept: Kept):
    of_token = replace(HERE, digest="by token", name="prometheus", token=SHOWN.id)
    kept.put_account(LI, entry("a"), ends_sessions=False)
    kept.begin_session(HERE, entry("b"))
    kept.begin_session(of_token, entry("c"))
    kept.put_token(replace(SHOWN, revoked=2_000), entry("d"))
    assert kept.roster(2_000).sessions == (HERE,)
    assert kept.roster(5_000).sessions == ()
    kept.put_account(replace(LI, disabled=True), entry("e"), ends_sessions=True)
    assert kept.roster(2_000).sessions == ()
    assert kept.roster(2_000).accounts == (replace(LI, disabled=True),)
    kept.begin_session(HERE, entry("f"))
    kept.end_sessions(["session"], entry("g"))
    assert kept.roster(2_000).sessions == ()


def test_old_lines_of_the_trail_go_and_numbers_are_not_given_again(kept: Kept):
    old, new = entry("old"), replace(entry("new"), at=2_000)
    kept.note([old, new])
    kept.prune(2_000)
    (left,) = kept.entries(newest=10)
    assert left.entry == new
    kept.note([new])
    assert [one.number for one in kept.entries(newest=10)] == [left.number + 1, left.number]


def test_each_change_is_a_line_of_the_trail_and_lines_are_read_on(kept: Kept):
    kept.put_account(LI, entry("user add"), ends_sessions=False)
    kept.note([entry("sign in", who="李伟"), entry("POST /x", who="李伟")])
    kept.note([])
    whole = kept.entries(newest=10)
    assert [one.entry.what for one in whole] == ["POST /x", "sign in", "user add"]
    assert whole[2].entry == entry("user add")
    assert [one.entry.what for one in kept.entries(newest=1, before=whole[0].number)] == ["sign in"]
    assert len(kept.entries(newest=10, who="李伟")) == 2
