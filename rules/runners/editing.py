"""What an edit of a rule does to what it remembers: it keeps its state, or it begins anew, as its author says.

A state that no longer fits the rule's shape is let go in any case, when it is taken up.
"""

from collections.abc import Iterable, Mapping

import msgspec

from rules.book import RuleBook
from rules.core.groups import WELL
from rules.runners.saved import SavedCircle, SavedSpot

_FACILITY = "facility:"


def versions(rules: RuleBook) -> dict[str, str]:
    """By rule, which version of it is in force."""
    return {name: rule.version for name, rule in rules.rules.items()}


def begun_anew(rows: Iterable[tuple[str, bytes]], before: Mapping[str, str], rules: RuleBook) -> dict[str, bytes]:
    """Of the rows of an engine's state those that an edit changes, as they are after it. `before`: the versions with
    which they were made; of a rule that is not among them nothing is known, and it keeps what it has.
    """
    reset = {
        name
        for name, rule in rules.rules.items()
        if rule.on_edit == "reset" and before.get(name, rule.version) != rule.version
    }
    if not reset:
        return {}
    found = ((key, text, _without(key, text, reset)) for key, text in rows)
    return {key: after for key, text, after in found if after != text}


def _without(key: str, text: bytes, reset: set[str]) -> bytes:
    subject, _, rule = key.partition("/")
    if subject.startswith(_FACILITY) and not rule:
        saved = msgspec.json.decode(text, type=SavedSpot)
        kept = msgspec.structs.replace(
            saved,
            states={name: state for name, state in saved.states.items() if _rule(name) not in reset},
            asleep={name: judged for name, judged in saved.asleep.items() if _rule(name) not in reset},
            past={name: past for name, past in saved.past.items() if _rule(name) not in reset},
        )
        return text if kept == saved else msgspec.json.encode(kept)
    return msgspec.json.encode(SavedCircle(WELL)) if rule in reset else text


def _rule(key: str) -> str:
    return key.partition("/")[0]
