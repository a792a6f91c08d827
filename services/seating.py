"""A judge and its engine, as they take up what is kept: at a start, and when the rules change."""

from domain.site import Site
from rules.book import RuleBook
from rules.context.all import surroundings
from rules.runners.live import Live
from services.judge import Judge, Saved
from services.reloading import Remembered, resumed
from services.workers import NEEDED, Beside, Seat


def seated(books: Remembered, site: Site, rules: RuleBook) -> tuple[Seat, Live, Saved]:
    """By these rules, from what is in the books. Blocking. Raises UnavailableError."""
    taken = resumed(books, rules)
    saved = taken.saved
    engine = Live(rules, site, surroundings(site, rules))
    judge = Judge(site, rules.rules, engine)
    engine.load(taken.subjects.items(), int(saved.meta.get(NEEDED, saved.row)))
    judge.load(saved)
    return Seat(judge, engine, Beside(taken.changed, taken.noted)), engine, saved
