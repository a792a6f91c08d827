"""Limits that are never overrun, and room for what cannot wait."""

from services.dispatch.pacing import URGENT_EVERY_MS, Limit, free_from, kept, leaves_room, room

MINUTE = 60_000
TWENTY = (Limit(20, MINUTE),)
FEISHU = (Limit(5, 1_000), Limit(100, MINUTE))


def test_no_minute_has_more_than_the_limit_wherever_it_begins():
    sent: list[int] = []
    for now in range(0, 10 * MINUTE, 250):
        if free_from(TWENTY, sent, now) <= now:
            sent.append(now)
    assert max(len([at for at in sent if start <= at < start + MINUTE]) for start in range(0, 9 * MINUTE, 250)) == 20
    assert len(sent) == 200


def test_what_can_wait_always_leaves_room_for_what_cannot():
    sent: list[int] = []
    for now in range(0, 5 * MINUTE, 500):
        if leaves_room(TWENTY, sent, now):
            sent.append(now)
        coming = list(sent)
        for at in range(now, now + MINUTE, URGENT_EVERY_MS):
            assert free_from(TWENTY, coming, at) <= at
            coming.append(at)


def test_a_burst_that_leaves_room_is_short_and_a_steady_stream_is_not_starved():
    assert room(TWENTY, [], 0, 100) == 5
    sent: list[int] = []
    for now in range(0, 10 * MINUTE, 500):
        if leaves_room(TWENTY, sent, now):
            sent.append(now)
    assert len(sent) >= 10 * 5


def test_every_one_of_several_limits_holds():
    assert free_from(FEISHU, [0, 0, 0, 0, 0], 10) == 1_000
    assert free_from(FEISHU, [0] * 100, 2_000) == MINUTE


def test_without_limits_everything_goes():
    assert room((), [0] * 1_000, 0, 7) == 7
    assert kept((), [1, 2], 3) == []


def test_what_is_long_over_no_longer_counts():
    assert kept(TWENTY, [0, 1, 60_001], 60_001) == [60_001]
