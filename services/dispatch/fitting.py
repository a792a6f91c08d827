"""Text cut to what a channel takes: the least important part goes first, whole; never half a character, nor a link."""

from collections.abc import Sequence
from typing import Final, NamedTuple

BREAK: Final = "\n"
_MORE: Final = "…"


class Piece(NamedTuple):
    """A part of a message. 0 stays to the last and is cut only then; the higher the rank, the earlier it goes."""

    text: str
    rank: int = 0
    link: bool = False  # goes whole or not at all; at rank 0 it never goes


class Room(NamedTuple):
    """How long a text may be: in bytes of UTF-8, or in characters."""

    most: int
    in_bytes: bool = True

    def takes(self, text: str) -> bool:
        """Whether a text is short enough."""
        return self.length(text) <= self.most

    def length(self, text: str) -> int:
        """How long a text is here."""
        return len(text.encode()) if self.in_bytes else len(text)


def fitted(pieces: Sequence[Piece], room: Room) -> str:
    """The pieces that there is room for, a line each, in their order."""
    left = [piece for piece in pieces if piece.text]
    while not room.takes(whole := BREAK.join(piece.text for piece in left)):
        spare = max(left, key=lambda piece: piece.rank, default=None)
        if spare is None or spare.rank == 0:
            return _cut(left, room)
        left.remove(spare)
    return whole


def shortened(text: str, room: Room) -> str:
    """The beginning of a text that there is room for, with a mark where something went."""
    if room.takes(text):
        return text
    most = room.most - room.length(_MORE)
    if most < 0:
        return ""
    if room.in_bytes:
        return text.encode()[:most].decode(errors="ignore") + _MORE
    return text[:most] + _MORE


def _cut(left: list[Piece], room: Room) -> str:
    """Nothing can be left out: the longest words are shortened, then the next; links are as they are."""
    texts = [piece.text for piece in left]
    for index in sorted((i for i, piece in enumerate(left) if not piece.link), key=lambda i: -len(texts[i])):
        others = BREAK.join(text for i, text in enumerate(texts) if text and i != index)
        spare = room.most - room.length(others) - room.length(BREAK)
        texts[index] = shortened(texts[index], room._replace(most=max(spare, 0)))
        if room.takes(whole := BREAK.join(text for text in texts if text)):
            return whole
    return BREAK.join(text for text in texts if text)
