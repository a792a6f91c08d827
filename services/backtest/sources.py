"""Where history comes from: stores, which keep readings, and what keeps messages, which are read as the door does."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack
from typing import Final, NamedTuple, Protocol

from domain.messages import Heard, Message, Row
from domain.naming import LINK
from domain.ports import Journal, ReadingHistory
from domain.readings import Millis, Reading
from domain.site import Site
from ingest.fanout import Reader, replayed
from ingest.pipeline import Pipeline
from rules.runners.backtest import rows
from services.replay.recording import Recording
from services.slices import Slices, in_order

Wanted = Callable[[str], frozenset[str] | None]
_AT_ONCE: Final = 20_000  # readings
_ROW_MS: Final[Millis] = 1_000  # messages of a file are put together to a row up to this


class Piece(NamedTuple):
    """Some history: a row of readings with its Tick, or a row of messages that a judge must hear whole."""

    heard: Heard
    judged: bool


class History(Protocol):
    """A span of history. `since` ≤ t < `until`."""

    name: str
    since: Millis
    until: Millis

    def pieces(self) -> Iterator[Piece]:
        """All of it, in order. Blocking."""
        ...


class Columns(Protocol):
    """A store that is read by itself."""

    def readings(self, since: Millis, until: Millis, wanted: Wanted) -> Iterator[Sequence[Reading]]:
        """In order of event time."""
        ...


class OfColumns:
    """Readings as a store gives them in order, column by column or line by line."""

    def __init__(
        self,
        name: str,
        opened: AbstractContextManager[Columns],
        since: Millis,
        until: Millis,
        wanted: Wanted = lambda _: None,
    ) -> None:
        self.name, self.since, self.until = name, since, until
        self._opened, self._wanted = opened, wanted

    def pieces(self) -> Iterator[Piece]:
        """See `History`."""
        with self._opened as columns:
            yield from _pieces(columns.readings(self.since, self.until, self._wanted))


class OfPoints:
    """Readings of a store that is asked for one kind and one stretch of time after the other."""

    def __init__(
        self, name: str, opened: AbstractAsyncContextManager[ReadingHistory], since: Millis, until: Millis
    ) -> None:
        self.name, self.since, self.until = name, since, until
        self._opened = opened

    def pieces(self) -> Iterator[Piece]:
        """See `History`."""
        with asyncio.Runner() as runner:
            history = runner.run(self._opened.__aenter__())
            try:
                yield from _pieces(self._batches(runner, history))
            finally:
                runner.run(self._opened.__aexit__(None, None, None))

    def _batches(self, runner: asyncio.Runner, history: ReadingHistory) -> Iterator[list[Reading]]:
        slices = Slices(self.since, self.until, _AT_ONCE)
        while (span := slices.take()) is not None:
            some = runner.run(in_order(history, *span))
            slices.held(len(some))
            if some:
                yield [Reading(*point, point.at) for point in some]


class OfJournal:
    """The journal: all that was heard when it was heard, with crews' answers and our own deafness."""

    name = "journal"

    def __init__(
        self, opened: Callable[[], Journal], fresh: Callable[[], Pipeline], since: Millis, until: Millis
    ) -> None:
        self.since, self.until = since, until
        self._opened, self._fresh = opened, fresh

    def pieces(self) -> Iterator[Piece]:
        """See `History`."""
        journal = self._opened()
        with ExitStack() as stack:
            stack.callback(getattr(journal, "close", lambda: None))
            after = _just_before(journal, self.since)
            reader = Reader(lambda _: self._fresh())
            reader.stand(journal, after)
            for row in replayed(journal, after):
                if row.at >= self.until:
                    return
                yield Piece(reader.read(row), judged=True)


class OfRecording:
    """Messages that somebody recorded, read as if they came in now."""

    def __init__(self, recording: Recording, pipeline: Pipeline) -> None:
        self.name = recording.name
        self.since, self.until = recording.messages[0].at, recording.messages[-1].at + 1
        self._recording, self._pipeline = recording, pipeline

    def pieces(self) -> Iterator[Piece]:
        """See `History`."""
        number, some = 1, list[Message]()
        yield self._piece(number, self.since, [Message(LINK, b'{"state": "passed"}', self.since)])
        for sent in self._recording.messages:
            if some and sent.at - some[0].received >= _ROW_MS:
                number += 1
                yield self._piece(number, some[-1].received, some)
                some = []
            some.append(Message(sent.topic, sent.payload, sent.at))
        if some:
            yield self._piece(number + 1, some[-1].received, some)

    def _piece(self, number: int, at: Millis, messages: Sequence[Message]) -> Piece:
        return Piece(self._pipeline.read(Row(number, at, tuple(messages))), judged=True)


def of_site(site: Site) -> Callable[[], Pipeline]:
    """What reads messages of a site."""
    return lambda: Pipeline(site)


def _pieces(batches: Iterator[Sequence[Reading]]) -> Iterator[Piece]:
    for number, (row, at) in enumerate(rows(batches), 1):
        yield Piece(Heard(number, at, row, (), (), ()), judged=False)  # type: ignore[arg-type]  # a list does as well


def _just_before(journal: Journal, since: Millis) -> int:
    """The number of the last row before a moment."""
    last = journal.last()
    low, high = 0, last.number if last else 0
    while low < high:
        middle = (low + high) // 2
        row = next(iter(journal.read(middle, 1)), None)
        if row is None or row.at >= since:
            high = middle
        else:
            low = row.number
    return low
