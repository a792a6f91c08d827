"""Gates: whether what surrounds a place lets a rule look, at a moment and from one moment to another."""

from domain.readings import Millis, Value
from rules.core.expression import Condition, Get
from rules.core.surroundings import Context, Place


def unbroken(given: Condition | None, place: Place, context: Context, since: Millis, until: Millis) -> bool:
    """Whether a gate was open from one moment to another, both included."""
    while given is not None:
        around = context.at(place, since)
        if not is_open(given, place, around.values.get):
            return False
        if around.until > until:
            return True
        since = around.until
    return True


def is_open(given: Condition | None, place: Place, around: Get) -> bool:
    """Whether it lets look, in these surroundings. Without one nothing is in the way."""
    return given is None or given.verdict(_nothing, place.attributes.get, around, ()) is True


def _nothing(_: str) -> Value | None:
    return None
