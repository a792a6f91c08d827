"""How far an instrument is believed.

A rule about a device may *hold* quantities: while its alarm is open, what the device says of them neither raises nor
clears anything. An instrument that was at fault lately, or of which people said that its alarm was false, has a *mark*;
with `BAD` of them in `MEMORY` its record is bad. Then nobody is woken by it alone: at night what it says counts only
where another instrument of the facility says so too, or waits until the sun has risen. Safety does not wait.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from domain.readings import Millis, Reading, Value
from rules.core.rule import Rule

EVERYTHING: Final = "all"  # in place of a quantity
BAD: Final = 2  # marks; one may be an accident
MEMORY: Final[Millis] = 14 * 86_400_000  # two weeks: a visit by the instruments' crew is two days away, with some more
KEPT: Final = 8  # marks of one device


def marked(marks: Sequence[Millis], at: Millis) -> tuple[Millis, ...]:
    """The marks of a device with one more, those that are forgotten left out."""
    return tuple(sorted({*(mark for mark in marks if at - mark < MEMORY), at}))[-KEPT:]


def record(marks: Iterable[Millis], at: Millis) -> int:
    """How many marks count at a moment, where they make the record bad; else 0."""
    counted = sum(1 for mark in marks if mark <= at < mark + MEMORY)
    return counted if counted >= BAD else 0


def believed(reading: Reading, held: frozenset[str]) -> Reading:
    """The reading without what is held, nor what was made of it (`fill_level before`)."""
    if not held:
        return reading
    kept: Mapping[str, Value] = {
        name: value
        for name, value in reading.values.items()
        if EVERYTHING not in held and name.partition(" ")[0] not in held
    }
    return reading._replace(values=kept)


def wakes(rule: Rule) -> bool:
    """Whether somebody is sent by a rule at any hour, and it could wait until they can see for themselves."""
    return rule.order is not None and rule.order.counted and not rule.order.safety and rule.subject == "facility"
