"""One contract for letters in memory and in SQL of both makes; what people may do with them is SQL's alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.errors import ConflictError, NotFoundError
from domain.naming import Priority
from services.dispatch.letters import Letter
from services.dispatch.postman import Letterbox
from services.judge.outcome import Outcome
from services.storage.letters import SqlLetterbox
from services.storage.sql import JudgeStore
from tests.machines.postgres import url_of
from tests.unit.dispatch.letterbox import T0, MemoryBox, a_letter


class Place:
    """A letterbox, and how letters come into it."""

    def __init__(self, box: Letterbox, put: object) -> None:
        self.box, self._put = box, put

    def put(self, *letters: Letter) -> None:
        if isinstance(self._put, JudgeStore):
            self._put.commit(Outcome(1, T0, changed=True, letters=letters), {})
        elif isinstance(self.box, MemoryBox):
            self.box.put(*letters)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "memory":
        yield Place(MemoryBox(), None)
        return
    yield from kept_at(url_of(request.param, request, tmp_path))


def kept_at(url: str) -> Iterator[Place]:
    store, box = JudgeStore(url), SqlLetterbox(url)
    yield Place(box, store)
    box.close()
    store.close()


def keys(place: Place, limit: int = 100) -> list[str]:
    return [letter.key for _, letter, _ in place.box.waiting(limit)]


def numbers(place: Place) -> list[int]:
    return [number for number, _, _ in place.box.waiting(100)]


def test_the_most_urgent_wait_first_then_the_oldest(place: Place):
    place.put(a_letter("a"), a_letter("b", Priority.P0), a_letter("c", Priority.P1), a_letter("d"))
    assert keys(place) == ["b:1:crew:0", "c:1:crew:0", "a:1:crew:0", "d:1:crew:0"]
    assert keys(place, 2) == ["b:1:crew:0", "c:1:crew:0"]


def test_a_letter_decided_twice_is_there_once_and_as_it_was(place: Place):
    letter = a_letter("a", Priority.P0, to="office", place=1, last=False)
    place.put(letter)
    place.put(letter._replace(body=b"{}"))
    ((_, kept, batch),) = place.box.waiting(10)
    assert (kept, batch) == (letter, "")


def test_what_is_begun_keeps_its_message_and_waits_until_it_is_taken(place: Place):
    place.put(a_letter("a"), a_letter("b"))
    place.box.begin(numbers(place), "digest:1", T0 + 5)
    assert [batch for _, _, batch in place.box.waiting(10)] == ["digest:1", "digest:1"]
    place.box.failed(numbers(place), "no answer", T0 + 6)
    assert len(keys(place)) == 2
    place.box.sent(numbers(place), T0 + 7)
    assert keys(place) == []


def test_a_message_counts_once_however_many_letters_are_in_it_and_when_it_was_last_tried(place: Place):
    place.put(a_letter("a"), a_letter("b"), a_letter("c"), a_letter("d", address="env:TIDEWALK_B"))
    a, b, c, d = numbers(place)
    place.box.begin([a, b], "digest:1", T0 + 1)
    place.box.begin([c], "c:1:crew:0", T0 + 2)
    place.box.begin([d], "d:1:crew:0", T0 + 3)
    assert place.box.spoken(T0) == {
        "wecom env:TIDEWALK_A": [T0 + 1, T0 + 2],
        "wecom env:TIDEWALK_B": [T0 + 3],
    }
    assert place.box.spoken(T0 + 2) == {"wecom env:TIDEWALK_B": [T0 + 3]}


def test_what_is_buried_or_covered_waits_no_more(place: Place):
    place.put(a_letter("a"), a_letter("b"))
    first, second = numbers(place)
    place.box.bury([first], "93000", T0)
    place.box.cover(second, "b:2:crew:0", T0)
    assert keys(place) == []


# --- people


@pytest.fixture(params=["sqlite", "postgres"])
def sql(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    yield from kept_at(url_of(request.param, request, tmp_path))


def test_a_dead_letter_can_be_tried_again_or_let_be_and_no_other(sql: Place):
    box = sql.box
    assert isinstance(box, SqlLetterbox)
    sql.put(a_letter("a"), a_letter("b"), a_letter("c"))
    a, b, _ = numbers(sql)
    box.bury([a, b], "93000", T0)
    assert box.again("a:1:crew:0", "wang").state == "pending"
    gone = box.discard("b:1:crew:0", "wang", "told by telephone", T0 + 1)
    assert (gone.state, gone.who, gone.why) == ("discarded", "wang", "told by telephone")
    for key in ("b:1:crew:0", "c:1:crew:0"):
        with pytest.raises(ConflictError, match="only a dead one"):
            box.again(key, "wang")
    with pytest.raises(NotFoundError):
        box.again("nothing", "wang")
    assert keys(sql) == ["a:1:crew:0", "c:1:crew:0"]
    assert box.counts() == {"wecom": {"pending": 2, "discarded": 1}}


def test_they_are_listed_newest_first_and_page_by_page(sql: Place):
    box = sql.box
    assert isinstance(box, SqlLetterbox)
    sql.put(*(a_letter(f"o{n}")._replace(at=T0 + n) for n in range(5)))
    first = box.posted(newest=2)
    assert [one.order for one in first] == ["o4", "o3"]
    assert first[1].at is not None
    rest = box.posted(newest=9, before=(first[1].at, first[1].key))
    assert [one.order for one in rest] == ["o2", "o1", "o0"]
    assert box.posted(state="dead") == []


def test_what_is_over_is_forgotten_and_what_is_dead_is_not(sql: Place):
    box = sql.box
    assert isinstance(box, SqlLetterbox)
    sql.put(a_letter("a"), a_letter("b"), a_letter("c"))
    a, b, _ = numbers(sql)
    box.sent([a], T0)
    box.bury([b], "x", T0)
    box.prune(T0 + 1)
    assert sorted(one.key for one in box.posted()) == ["b:1:crew:0", "c:1:crew:0"]
