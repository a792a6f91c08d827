"""Several letters to one place as one message: what cannot wait line by line, the rest told together by what it is."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final, NamedTuple

from domain.readings import Millis
from services.dispatch.fitting import BREAK, Room, shortened
from services.dispatch.letters import Words
from services.dispatch.tongues import EN, ZH
from services.dispatch.when import local
from services.dispatch.wording import DRILL

_LEAST: Final = 60  # bytes or characters of a line that is shortened, so that it still says which order it is


class Digest(NamedTuple):
    """The text, and how many of the letters, from the first, it covers."""

    text: str
    covers: int


def lines_of(waiting: Sequence[Words], at: Millis, zone: str, room: Room) -> Digest:
    """One line each, whole where there is room for all, else shortened alike: for what a person must act on now."""
    for each in (room.most, 400, 200, 120):
        found = _filled(waiting, at, zone, room, each)
        if found.covers == len(waiting):
            return found
    return _filled(waiting, at, zone, room, _LEAST)


def groups_of(waiting: Sequence[Words], at: Millis, zone: str, room: Room) -> Digest:
    """By what they are about, each with every case number. As many from the first as there is room for."""
    low, high = 1, len(waiting)
    best = Digest(shortened(_grouped(waiting[:1], at, zone), room), 1)
    while low <= high:
        middle = (low + high) // 2
        text = _grouped(waiting[:middle], at, zone)
        if room.takes(text):
            best, low = Digest(text, middle), middle + 1
        else:
            high = middle - 1
    return best


def ranges(cases: Sequence[str]) -> str:
    """Case numbers, those that follow each other drawn together: `SN-20261001-0003…0007, SN-20261001-0011`."""
    found: list[tuple[str, int, int, int]] = []
    for case in sorted(set(cases)):
        stem, dash, tail = case.rpartition("-")
        number = int(tail) if tail.isdecimal() else -1
        if found and number >= 0 and (found[-1][0], found[-1][2]) == (stem + dash, number - 1):
            found[-1] = (*found[-1][:2], number, len(tail))
        else:
            found.append((stem + dash, number, number, len(tail)) if number >= 0 else (case, -1, -1, 0))
    return ", ".join(_range(*one) for one in found)


def _range(stem: str, first: int, last: int, digits: int) -> str:
    if first < 0:
        return stem
    return f"{stem}{first:0{digits}d}" + (f"…{last:0{digits}d}" if last != first else "")


def _filled(waiting: Sequence[Words], at: Millis, zone: str, room: Room, each: int) -> Digest:
    text, covers = "", 0
    for words in waiting:
        line = shortened(words.subject.removeprefix(DRILL), room._replace(most=each))
        longer = _head(waiting[: covers + 1], at, zone) + text + BREAK + line
        if not room.takes(longer) and covers:
            break
        text, covers = text + BREAK + line, covers + 1
    return Digest(shortened(_head(waiting[:covers], at, zone) + text, room), covers)


def _grouped(waiting: Sequence[Words], at: Millis, zone: str) -> str:
    tongue = ZH if waiting[0].chinese else EN
    alike = groupby(sorted(waiting, key=lambda words: words.group), key=lambda words: words.group)
    told = [(what, [words.case for words in together]) for what, together in alike]
    lines = [tongue.alike.format(what=what, n=len(cases)) + ranges(cases) for what, cases in told]
    return BREAK.join([_head(waiting, at, zone), *lines])


def _head(waiting: Sequence[Words], at: Millis, zone: str) -> str:
    tongue = ZH if waiting[0].chinese else EN
    mark = DRILL if any(words.drill for words in waiting) else ""
    return mark + tongue.several.format(n=len(waiting), at=f"{local(at, zone):%H:%M}")
