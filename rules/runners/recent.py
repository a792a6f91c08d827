"""What windows may reach back to: a few values of each reading of the last minutes or hours, by facility.

Whole readings would keep ten times the memory, and keep it from being used again while it is in the cache.
"""

from bisect import insort
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from domain.readings import Millis, Value
from rules.core.expression import Get, function
from rules.core.narrowing import Then

# Event time, device, and the facility's windowed quantities in their order, None where one was not measured.
Recent = tuple[Any, ...]
Keep = Callable[[list[Recent], Millis, str, Get], None]
Said = tuple[Value | None, ...]  # what rules compare with the next reading, in the order of its names
Pick = Callable[[Get], Said]
_at = itemgetter(0)


def picker(names: tuple[str, ...]) -> Pick:
    """What takes these out of a reading, by its look-up: as if it were written out."""
    return function("pick(get)", [f"return ({' '.join(f'get({name!r}),' for name in names)})"])


def keeper(windowed: tuple[str, ...], recall: Millis) -> Keep:
    """What keeps a reading, by its time, device and look-up: in order of time, if it says anything of `windowed`. What
    lies further back than `recall` before it is let go.
    """
    loads = [f"q_{name} = get({name!r})" for name in windowed]
    inner = [f"    {line}" for line in (*loads, *_keeping(windowed, recall), "return")]
    made: Keep = function("made(insort, at)", ["def keep(recent, when, device, get):", *inner, "return keep"])(
        insort, _at
    )
    return made


def heeding(compared: tuple[str, ...], windowed: tuple[str, ...], recall: Millis) -> Then:
    """What becomes of a reading in which no rule is interested: it is kept, and what rules compare of it is given."""
    said = f"return ({' '.join(f'q_{name},' for name in compared)})"
    reads = tuple(dict.fromkeys((*compared, *windowed)))
    return Then(("recent", "when", "device"), reads, (*_keeping(windowed, recall), said), {"insort": insort, "at": _at})


def _keeping(windowed: tuple[str, ...], recall: Millis) -> list[str]:
    """Statements. What is new is added first: so a list of one never gives its memory back."""
    if not windowed:
        return []
    named = [f"q_{name}" for name in windowed]
    return [
        f"if {' or '.join(f'{name} is not None' for name in named)}:",
        f"    one = (when, device, {', '.join(named)})",
        "    if recent and recent[-1][0] > when: insort(recent, one, key=at)",
        "    else: recent.append(one)",
        f"    oldest = when - {recall}",
        "    while recent[0][0] < oldest: del recent[0]",
    ]
