"""Conservation to the letter: a set difference of keys, and exactly one fate for each message."""

import json

import pytest

from domain.ids import message_key
from domain.messages import Fate, Flag, Heard, Message, Quarantined
from domain.naming import Kind
from domain.readings import Reading
from ingest.pipeline import Pipeline
from services.audit import Identity, acked_keys, conservation, fate_faults, returned_by
from tests.fakes.memory_store import MemoryStore
from tests.unit.ingest.small_coast import AT, coast, raw, row, up

GOOD = [up({"fill_level": n}, at=AT + n, received=AT + n) for n in range(12)]
BAD = raw(b"{")
REPLY = Message("tidewalk/shinan/crew/collect-w1/replies", b'{"id":"u","order":"o","action":"done"}', AT)


def key(message: Message) -> bytes:
    return message_key(message.topic, message.payload)


def points(*numbers: int) -> set[Identity]:
    return {("bin-1", "bin-1-s", AT + n) for n in numbers}


def test_what_is_stored_noted_or_quarantined_is_not_lost():
    messages = (*GOOD[:3], BAD, REPLY)
    found = conservation([row(*messages)], Pipeline(coast()), published=map(key, messages), returned=points(0, 1, 2))
    assert (found.published, found.stored, found.quarantined, found.noted, found.lost) == (5, 3, 1, 1, 0)
    assert found.holds
    assert json.dumps(found.as_json())


def test_an_acknowledged_message_that_the_journal_does_not_have_is_lost():
    found = conservation([row(GOOD[0])], Pipeline(coast()), published=map(key, GOOD), returned=points(0))
    assert found.lost == 11
    assert len(found.first_lost) == 10
    assert set(found.first_lost) <= {key(m).hex() for m in GOOD[1:]}
    assert not found.holds


def test_a_message_whose_point_the_store_does_not_give_back_is_lost():
    found = conservation([row(*GOOD[:2])], Pipeline(coast()), published=map(key, GOOD[:2]), returned=points(0))
    assert found.first_lost == (key(GOOD[1]).hex(),)


def test_a_message_of_several_points_is_lost_with_any_of_them():
    message = up({"fill_level": 1}, history=[{"at": AT - 5, "values": {"fill_level": 2}}])
    found = conservation([row(message)], Pipeline(coast()), published=[key(message)], returned=points(0))
    assert found.lost == 1
    assert found.points == 2


def test_a_loss_cannot_hide_behind_a_duplicate():
    rows = [row(GOOD[0], GOOD[0]), row(GOOD[0], number=2)]
    found = conservation(rows, Pipeline(coast()), published=map(key, GOOD[:3]), returned=points(0))
    assert (found.duplicates, found.stored, found.lost) == (2, 1, 2)


def test_what_nobody_claims_to_have_published_is_no_loss():
    assert conservation([row(*GOOD)], Pipeline(coast()), published=[], returned=points()).lost == 0


def test_what_was_put_back_from_quarantine_counts_as_stored():
    retained = GOOD[0]._replace(flags=Flag.RETAINED)
    rows = [row(retained), row(GOOD[0]._replace(flags=Flag.RETRY), number=2)]
    found = conservation(rows, Pipeline(coast()), published=[key(GOOD[0])], returned=points(0))
    assert (found.stored, found.quarantined, found.lost) == (1, 0, 0)


def test_a_refused_message_that_the_quarantine_does_not_have_is_a_fault():
    found = conservation([row(BAD)], Pipeline(coast()), published=[key(BAD)], returned=points(), kept_aside=[])
    assert found.faults == ("row 1, message 0: not in the quarantine",)
    assert not found.holds


def test_what_the_store_will_never_take_is_quarantined_and_not_lost():
    aside = [(1, 0, "", key(GOOD[0]))]
    found = conservation([row(GOOD[0])], Pipeline(coast()), published=[key(GOOD[0])], returned=set(), kept_aside=aside)
    assert (found.lost, found.quarantined, found.faults) == (0, 1, ())


def test_a_value_kept_aside_does_not_excuse_a_missing_point():
    message = up({"fill_level": 5, "battery": 900})
    aside = [(1, 0, "battery", key(message))]
    found = conservation([row(message)], Pipeline(coast()), published=[key(message)], returned=set(), kept_aside=aside)
    assert found.lost == 1


READING = Reading("bin-1", "bin-1-s", "bin", "bay", AT, {"fill_level": 1.0}, 0, -1, AT)
ASIDE = Quarantined(1, 0, "", "why", "t", b"", AT, b"k")


@pytest.mark.parametrize(
    ("heard", "fault"),
    [
        (Heard(1, AT, (), (), (), ()), "have 0 fates"),
        (Heard(1, AT, (READING,), (), (), (Fate(b"k", 0, ""),)), "fates say 0 points"),
        (Heard(1, AT, (READING,), (), (ASIDE,), (Fate(b"k", 1, "why"),)), "both stored and quarantined"),
        (Heard(1, AT, (), (), (), (Fate(b"k", 0, "why"),)), "disagree"),
        (Heard(1, AT, (), (), (ASIDE,), (Fate(b"k", 0, ""),)), "disagree"),
    ],
)
def test_a_row_that_breaks_the_promise_of_one_fate_is_named(heard: Heard, fault: str):
    assert any(fault in found for found in fate_faults(heard, row(GOOD[0])))


def test_keys_are_read_from_the_lines_of_a_ledger():
    lines = ['{"fault":"x"}', '{"acked":"0102030405060708","device":"d"}', '{"acked":["aa","bb"]}', "\n"]
    assert list(acked_keys(lines)) == [bytes(range(1, 9)), b"\xaa", b"\xbb"]


@pytest.mark.asyncio
async def test_a_query_of_every_kind_and_day_gives_what_the_store_has():
    day = 86_400_000
    history = MemoryStore()
    times = (AT - 1, AT, AT + day - 1, AT + day, AT + 3 * day)
    await history.write(
        [Reading("bin-1", "bin-1-s", Kind.BIN, "bay", at, {"fill_level": 1.0}, 0, -1, at) for at in times]
    )
    found = await returned_by(history, AT, AT + 3 * day)
    assert {at - AT for _, _, at in found} == {0, day - 1, day}
