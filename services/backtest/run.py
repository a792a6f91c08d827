"""Playing history to the rules, and to another version of them beside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from domain.readings import Millis
from domain.site import Site
from rules.book import RuleBook
from rules.context.all import surroundings
from rules.core.surroundings import Context
from rules.runners.backtest import Past, listening, wanted
from services.backtest.sources import History, Wanted
from services.judge import Judge

Progress = Callable[[Millis, int], None]  # how far it has come, how many readings


@dataclass(slots=True)
class Played:
    """What one run over history came to."""

    readings: int
    from_: Millis
    until: Millis
    versions: Sequence[Past] = field(repr=False)


class Version:
    """One version of the rules, at work on history. Where history has the messages themselves, a judge stands between:
    it knows when we were deaf, and who was at work where.
    """

    def __init__(self, book: RuleBook, site: Site, since: Millis) -> None:
        self.engine = listening(book, site, context_of(site, book), since)
        self._judge = Judge(site, book.rules, self.engine)

    @property
    def hear(self) -> Callable[..., object]:
        """Takes readings and their Tick."""
        return self.engine.hear

    @property
    def fold(self) -> Callable[..., object]:
        """Takes a whole row."""
        return self._judge.fold


def context_of(site: Site, book: RuleBook) -> Context:
    """What surrounds readings, anew for each engine: it learns from what it hears."""
    return surroundings(site, book)


def needed(books: Sequence[RuleBook], site: Site) -> Wanted:
    """The quantities that any of these versions asks for."""
    return wanted(books, [context_of(site, book) for book in books])


def play(history: History, books: Sequence[RuleBook], site: Site, on_progress: Progress) -> Played:
    """Play it to every version at once, and let time run on to its end. Blocking."""
    versions = [Version(book, site, history.since) for book in books]
    readings, at = 0, history.since
    for heard, judged in history.pieces():
        for one in versions:
            if judged:
                one.fold(heard)
            else:
                one.hear(heard.readings, heard.at)
        readings += len(heard.readings)
        at = max(at, heard.at)
        on_progress(at, readings)
    end = history.until - 1
    if end > at:
        for one in versions:
            one.hear((), end)
    return Played(readings, history.since, history.until, [one.engine for one in versions])
