"""Which site and rules a service works by, as its journal says; its settings need not be known."""

from typing import Protocol

import msgspec

from domain.ports import Journal
from domain.site import Site
from rules.book import RuleBook, read_rules
from services.explain.derivation import Edited, edited_by
from services.site import parse, unpack


class Cursors(Protocol):
    """Where consumers of the journal stand. Blocking."""

    def cursor(self, name: str) -> int:
        """The last row that a consumer of the journal has worked on."""
        ...


def last_edits(journal: Journal, books: Cursors) -> dict[str, Edited]:
    """What the last edit rows say, by what they are of; without those that are no more in the journal."""
    found: dict[str, Edited] = {}
    for what in ("site", "rules"):
        number = books.cursor(f"edit.{what}")
        for row in journal.read(number - 1, 1) if number else ():
            said = (edited_by(message) for message in row.messages)
            found.update((one.what, one) for one in said if one is not None and one.what == what)
    return found


def site_said(edited: Edited) -> Site:
    """The site of an edit row."""
    return parse(unpack(edited.text)).site


def rules_said(edited: Edited) -> RuleBook:
    """The rules of an edit row."""
    return read_rules(msgspec.json.decode(edited.text, type=dict[str, str]))
