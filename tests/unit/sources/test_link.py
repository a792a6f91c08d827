"""Notes and markers, by the hand of a test's clock."""

import json

import pytest

from domain import naming
from domain.messages import Flag
from ingest.sources.inbox import Inbox
from ingest.sources.link import Link


class Clock:
    def now(self) -> int:
        return 7


class Told:
    """A link with numbers from 100, and what it has noted."""

    def __init__(self) -> None:
        self.inbox = Inbox(linger=0)
        self.link = Link(inbox=self.inbox, clock=Clock(), every=5, patience=60, first=100)

    async def notes(self) -> list[dict[str, object]]:
        said = []
        while self.inbox.waiting[0]:
            batch = await self.inbox.take()
            assert batch is not None
            for note in batch.messages:
                assert (note.topic, note.received) == (naming.LINK, 7)
                said.append(json.loads(note.payload))
        return said


@pytest.mark.asyncio
async def test_a_whole_connection():
    told = Told()
    told.link.connected(session_present=False)
    assert told.link.subscribed(0.0) == b'{"n": 101}'
    told.link.returned(b'{"n": 101}')
    assert told.link.due(5.0) is None
    told.link.lost(lived=100.0, taken_over=False)
    assert await told.notes() == [{"state": "up", "epoch": 1}, {"state": "passed", "marker": 101}, {"state": "down"}]


@pytest.mark.asyncio
async def test_what_waited_while_we_did_not_read_is_measured_like_an_outage():
    told = Told()
    assert told.link.held_up(0.0) is None
    told.link.connected(session_present=False)
    told.link.subscribed(0.0)
    told.link.returned(b'{"n": 101}')
    await told.notes()
    assert told.link.held_up(60.0) == b'{"n": 102}'
    told.link.returned(b'{"n": 101}')
    assert told.link.backlog == Flag.BACKLOG
    assert told.link.due(65.0) == b'{"n": 103}'
    told.link.returned(b'{"n": 102}')
    assert told.link.backlog == Flag.NONE
    assert [note["state"] for note in await told.notes()] == ["down", "up", "passed"]


@pytest.mark.asyncio
async def test_a_connection_that_was_never_up_is_not_told_of():
    told = Told()
    told.link.connected(session_present=True)
    told.link.lost(lived=100.0, taken_over=False)
    assert await told.notes() == []


@pytest.mark.asyncio
async def test_after_a_minute_without_it_is_unmeasured_once_and_goes_on_asking():
    told = Told()
    told.link.connected(session_present=True)
    told.link.subscribed(0.0)
    asked = [told.link.due(5.0 * tick) for tick in range(1, 20)]
    assert asked[0] == b'{"n": 102}'
    assert asked[-1] == b'{"n": 120}'
    assert [note["state"] for note in await told.notes()] == ["up", "unmeasured"]
    told.link.returned(b'{"n": 110}')
    assert await told.notes() == [{"state": "passed", "marker": 110}]


@pytest.mark.asyncio
async def test_a_marker_of_the_connection_before_says_nothing():
    told = Told()
    told.link.connected(session_present=True)
    told.link.subscribed(0.0)
    told.link.lost(lived=100.0, taken_over=False)
    told.link.connected(session_present=True)
    told.link.subscribed(1.0)
    told.link.returned(b'{"n": 101}')
    assert told.link.backlog == Flag.BACKLOG
    told.link.returned(b'{"n": 102}')
    assert told.link.backlog == Flag.NONE


@pytest.mark.parametrize("present", [True, False])
def test_only_a_session_that_was_kept_has_a_back_log(*, present: bool):
    link = Told().link
    link.connected(session_present=present)
    assert link.backlog == (Flag.BACKLOG if present else Flag.NONE)


def test_two_runs_do_not_take_each_others_markers_for_their_own():
    one, other = (Link(inbox=Inbox(), clock=Clock(), every=5, patience=60) for _ in range(2))
    assert one._number != other._number


@pytest.mark.asyncio
async def test_who_is_thrown_out_again_and_again_has_most_likely_been_taken_over():
    """mosquitto 2.0 closes the connection without a word."""
    link = Told().link

    def held_for(seconds: float) -> bool:
        link.connected(session_present=True)
        link.subscribed(0.0)
        return link.lost(lived=seconds, taken_over=False)

    lives = (1.0, 1.0, 100.0, 1.0, 2.0, 3.0, 100.0, 1.0)
    assert [held_for(lived) for lived in lives] == [*[False] * 5, True, False, False]
    assert not link.lost(lived=0.0, taken_over=False)
