"""Replies and notes that a judge must not trust: unreadable, repeated, late, of others."""

import json
import time

import pytest

from domain.messages import Flag, Message, Row
from domain.naming import COMMAND, CrewAction, replies_topic
from ingest.oversize import kept
from ingest.pipeline import Pipeline
from tests.unit.dispatch.coast import HOUR, MINUTE, T0, Play, note, sent, well, wrong

LAMP = "lamp-1"


@pytest.fixture
def play() -> Play:
    play = Play()
    play.hear(T0, wrong(LAMP, T0))
    return play


def order_of(play: Play) -> str:
    return play.outcomes[0].orders[0].id


def receipts(play: Play) -> list[dict[str, str]]:
    last = play.outcomes[-1].outbox
    return [json.loads(m.payload) for m in last if m.topic.endswith("/receipts")]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"id": "x", "order": "o", "action": "dance"}',
        b'{"id": "x", "order": "o", "action": "done", "at": "2026-10-01T08:00:00"}',
        b'{"id": "x", "order": "o", "action": "done", "at": true}',
        b'{"id": "x", "order": 7, "action": "done"}',
        b'{"id": "x\\u0000", "order": "o", "action": "done"}',
        b'{"id": "\\ud800", "order": "o", "action": "done"}',
        b'{"id": "x", "order": "o", "action": "done", "revision": "2"}',
        b'{"id": "x", "order": "o", "action": "done", "note": NaN}',
        b'{"id": "' + b"x" * 129 + b'", "order": "o", "action": "done"}',
        b"[" * 100_000,
        b'{"id": "x", "note": "' + b"y" * 262_144 + b'"}',
    ],
)
def test_an_unreadable_reply_is_kept_aside_and_refused(play: Play, payload: bytes):
    topic = replies_topic("shinan", "lamps-w")
    heard = Pipeline(play.site).read(Row(2, T0 + MINUTE, (kept(Message(topic, payload, T0 + MINUTE)),)))
    (aside,), (fate,) = heard.quarantined, heard.fates
    assert (aside.place, aside.quantity, aside.reason, fate.points) == (0, "", fate.reason, 0)
    assert fate.reason
    outcome = play.judge.fold(heard)
    play.outcomes.append(outcome)
    (receipt,) = receipts(play)
    assert (receipt["result"], receipt["why"]) == ("refused", fate.reason)
    assert receipt["id"] in ("", "x", "x" * 128)
    assert not outcome.orders


@pytest.mark.parametrize("action", CrewAction)
def test_whatever_the_judge_reads_the_pipeline_notes(play: Play, action: CrewAction):
    body = json.dumps({"id": "x", "order": order_of(play), "action": action}).encode()
    heard = Pipeline(play.site).read(Row(2, T0, (Message(replies_topic("shinan", "lamps-w"), body, T0),)))
    assert (heard.quarantined, heard.fates[0].reason) == ((), "")
    assert len(play.judge.fold(heard).results) == 1


def test_thousands_of_unreadable_replies_in_a_row_are_each_refused_at_once(play: Play):
    topic = replies_topic("shinan", "lamps-w")
    bad = [note(topic, b'{"id": "%d"}' % number) for number in range(4_000)]
    began = time.process_time()
    outcome = play.hear(T0 + MINUTE, notes=[*bad, bad[0]])
    assert time.process_time() - began < 4
    assert len({message.key for message in outcome.outbox}) == 4_001


def test_a_crew_that_nobody_knows_gets_no_answer(play: Play):
    outcome = play.hear(T0 + 1, notes=[note(replies_topic("shinan", "ghosts"), {"id": "1"})])
    assert (outcome.outbox, outcome.results) == ((), ())


def test_the_same_reply_twice_is_one_answer_and_two_receipts(play: Play):
    order = order_of(play)
    reply = note(replies_topic("shinan", "lamps-w"), {"id": "one", "order": order, "revision": 1, "action": "accept"})
    first = play.hear(T0 + MINUTE, notes=[reply])
    again = play.hear(T0 + 2 * MINUTE, notes=[reply, reply])
    assert (len(first.orders), len(again.orders), again.results) == (1, 0, ())
    assert first.outbox[-1] == again.outbox[0]
    assert receipts(play) == [{"id": "one", "result": "ok", "why": ""}]


def test_the_same_id_of_two_crews_is_two_answers(play: Play):
    order = order_of(play)
    theirs = note(replies_topic("shinan", "lamps-e"), {"id": "one", "order": order, "action": "accept"})
    assert sent(play.hear(T0 + MINUTE, notes=[theirs])) == [("lamps-e", "refused")]
    ours = note(replies_topic("shinan", "lamps-w"), {"id": "one", "order": order, "action": "accept"})
    assert sent(play.hear(T0 + MINUTE, notes=[ours])) == [("lamps-w", "accepted"), ("lamps-w", "ok")]


def test_a_refusal_says_what_would_be_legal(play: Play):
    order = order_of(play)
    play.reply(T0 + MINUTE, "lamps-w", order, "accept")
    play.reply(T0 + MINUTE, "lamps-w", order, "accept")
    why = receipts(play)[0]["why"]
    assert why == "accept does not fit an order that is accepted; legal now: decline, arrive, done, extend, hold"


@pytest.mark.parametrize("action", ["decline", "hold", "extend"])
def test_reasons_are_asked_for(play: Play, action: str):
    order = order_of(play)
    play.reply(T0 + MINUTE, "lamps-w", order, "accept")
    play.reply(T0 + MINUTE, "lamps-w", order, action, reason=" ")
    assert receipts(play)[0]["why"] == f"{action} needs a reason"


def test_what_was_retained_is_never_an_answer(play: Play):
    body = {"id": "one", "order": order_of(play), "action": "accept"}
    outcome = play.hear(T0 + 1, notes=[note(replies_topic("shinan", "lamps-w"), body, flags=Flag.RETAINED)])
    assert not outcome.changed


def test_an_answer_counts_when_it_was_given_if_that_lies_between_dispatch_and_receipt(play: Play):
    order = order_of(play)
    said = "2026-10-01T08:03:00.000+08:00"
    outcome = play.reply(T0 + 5 * MINUTE, "lamps-w", order, "accept", at=said)
    assert outcome.orders[0].accepted == T0 + 3 * MINUTE
    for at in (T0 - 1, T0 + HOUR, "1970-01-01T00:00:00Z"):
        outcome = play.reply(T0 + 6 * MINUTE, "lamps-w", order, "hold", reason="x", at=at)
        assert outcome.orders[0].held_at == T0 + 6 * MINUTE
        play.reply(T0 + 6 * MINUTE, "lamps-w", order, "resume")


def test_a_limit_met_offline_is_met_when_the_answer_comes_in_the_row_of_the_limit(play: Play):
    outcome = play.reply(T0 + 20 * MINUTE, "lamps-w", order_of(play), "accept", at=T0 + 15 * MINUTE)
    assert [change.step for _, _, change in outcome.history] == ["accept"]


def test_inside_a_row_things_happen_in_the_order_of_their_times_and_not_of_their_arrival():
    def play_with(turned: bool) -> list[str]:
        play = Play()
        order = play.hear(T0, wrong(LAMP, T0)).orders[0].id
        topic = replies_topic("shinan", "lamps-w")
        notes = [
            note(topic, {"id": "a", "order": order, "action": "accept", "at": T0 + 1000}),
            note(topic, {"id": "b", "order": order, "action": "arrive", "at": T0 + 2000}),
            note(topic, {"id": "c", "order": order, "action": "done", "at": T0 + 4000}),
        ]
        outcome = play.hear(T0 + MINUTE, well(LAMP, T0 + 3000), notes=notes[::-1] if turned else notes)
        return [str(c.step) for _, _, c in outcome.history]

    assert play_with(True) == play_with(False) == ["accept", "arrive", "recover", "done", "verify", "close"]


def test_a_command_is_done_once_and_an_unreadable_one_is_refused(play: Play):
    order = order_of(play)
    command = note(COMMAND, {"id": "c", "order": order, "action": "close", "by": "li", "reason": "drill over"})
    first = play.hear(T0 + 1, notes=[command])
    again = play.hear(T0 + 2, notes=[command])
    assert (len(first.results), again.changed) == (1, False)
    bad = play.hear(T0 + 3, notes=[Message(COMMAND, b'{"id": "d", "action": "sing"}', T0)])
    assert (bad.results[0].id, bad.results[0].ok) == ("d", False)
    assert bad.results[0].why.startswith("unreadable command: ")


def test_limits_do_not_run_out_while_we_are_deaf(play: Play):
    play.link(T0 + MINUTE, "down")
    assert not play.hear(T0 + 20 * MINUTE).orders
    accepted = play.reply(T0 + 20 * MINUTE, "lamps-w", order_of(play), "accept", at=T0 + 14 * MINUTE)
    assert accepted.orders[0].accepted == T0 + 14 * MINUTE
    back = play.link(T0 + 21 * MINUTE, "up", "passed")
    assert not back.orders
    assert play.engine.deaf == [False, True, True, True, False]
    assert play.engine.listened == [T0 + 21 * MINUTE]


def test_after_a_start_we_are_deaf_until_the_back_log_has_passed(play: Play):
    assert play.link(T0 + HOUR, "started", "up").changed
    assert not play.hear(T0 + HOUR + 1000).orders
    assert [h[2].step for h in play.link(T0 + HOUR + MINUTE, "unmeasured").history] == ["escalate"]


def test_a_row_that_changes_nothing_only_moves_the_cursor(play: Play):
    outcome = play.hear(T0 + 1000)
    assert (outcome.row, outcome.changed, outcome.meta) == (2, False, {})
