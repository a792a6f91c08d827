"""Rules that change while the service runs: a row of the journal first, and from that row on they are in force.

So a replay changes them at the same row, and no message and no timer is lost: what was pending goes on under the edited
rule, or begins anew, as its author says (`on_edit`).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec

from domain.errors import TidewalkError
from domain.messages import Heard
from domain.naming import EDIT
from rules.book import RuleBook, read_rules
from rules.runners.editing import begun_anew, versions
from services.judge import Saved

_log = logging.getLogger(__name__)

RULES: Final = "rules"  # among what the judge notes: the versions with which its engine's state was made
IN_FORCE: Final = "rules.in-force"  # and their files, so that a start goes on by the rules of the row it had come to


class Remembered(Protocol):
    """Where the judge's state is kept. Blocking. Raises UnavailableError."""

    def load(self) -> Saved:
        """Where the judge stood at its last commit."""
        ...

    def subjects(self) -> list[tuple[str, bytes]]:
        """The rule engine's state."""
        ...


@dataclass(frozen=True, slots=True)
class Resumed:
    """What a judge and its engine take up. `changed` and `noted` are to be kept with the next commit."""

    saved: Saved
    subjects: Mapping[str, bytes]
    changed: Mapping[str, bytes] = field(default_factory=dict)
    noted: Mapping[str, bytes] = field(default_factory=dict)


def resumed(books: Remembered, rules: RuleBook) -> Resumed:
    """What is kept, with what these rules make of it."""
    saved, subjects = books.load(), dict(books.subjects())
    said = saved.meta.get(RULES, b"")
    before = msgspec.json.decode(said, type=dict[str, str]) if said else {}
    changed = begun_anew(subjects.items(), before, rules)
    now = {RULES: msgspec.json.encode(versions(rules), order="sorted"), IN_FORCE: rules.packed.encode()}
    noted = {name: text for name, text in now.items() if saved.meta.get(name) != text}
    return Resumed(saved, subjects | changed, changed, noted)


def in_force_at_start(saved: Saved, files: RuleBook) -> RuleBook:
    """The rules by which the judge goes on from where it stood; `files` where nothing was noted. Files that were edited
    while the service was away come into force at the row that says so, like any other edit: what was heard before it is
    judged by the rules of its own time.
    """
    text = saved.meta.get(IN_FORCE, b"")
    if not text or text == files.packed.encode():
        return files
    try:
        book = read_rules(msgspec.json.decode(text, type=dict[str, str]))
    except (msgspec.DecodeError, TidewalkError) as wrong:
        _log.warning("the rules of before this start cannot be read any more", extra={"why": str(wrong)})
        return files
    return files if book.version == files.version else book


def rules_edited(heard: Heard, in_force: str) -> RuleBook | None:
    """The rules that a row puts in force; None where it changes none. What cannot be read is said, and changes nothing:
    it was read before it was written, by a service of another version perhaps.
    """
    book: RuleBook | None = None
    for note in heard.notes:
        if note.topic == EDIT and (found := _rules_of(note.payload)) is not None:
            book = found
    return None if book is None or book.version == in_force else book


class _Edited(msgspec.Struct, frozen=True):
    what: str
    text: str


def _rules_of(payload: bytes) -> RuleBook | None:
    try:
        said = msgspec.json.decode(payload, type=_Edited)
        return read_rules(msgspec.json.decode(said.text, type=dict[str, str])) if said.what == "rules" else None
    except (msgspec.DecodeError, TidewalkError) as wrong:
        _log.critical("edited rules cannot be read: those in force go on", extra={"why": str(wrong)})
        return None
