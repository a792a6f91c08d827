"""What windows may reach back to: a few values of each reading of the last minutes or hours, by facility.

Whole readings would keep ten times the memory, and keep it from being used again while it is in the cache.
"""

from bisect import insort
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from domain.readings import Millis, Value
from rules.core.expression import Get, function

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
    if len(windowed) == 1:
        (only,) = windowed

        def keep_one(recent: list[Recent], when: Millis, device: str, get: Get) -> None:
            if (value := get(only)) is None:
                return
            if len(recent) == 1 and recent[0][0] < when - recall:
                recent[0] = (when, device, value)
            else:
                _put((when, device, value), recent, when - recall)

        return keep_one

    def keep(recent: list[Recent], when: Millis, device: str, get: Get) -> None:
        values = [get(name) for name in windowed]
        if values.count(None) < len(values):
            _put((when, device, *values), recent, when - recall)

    return keep


def _put(one: Recent, recent: list[Recent], before: Millis) -> None:
    while recent and recent[0][0] < before:
        del recent[0]
    if recent and recent[-1][0] > one[0]:
        insort(recent, one, key=_at)
    else:
        recent.append(one)
