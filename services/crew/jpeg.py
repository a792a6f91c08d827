"""Photos as they may be kept: JPEG, of some size, without what a camera writes beside the picture. Pure."""

from collections.abc import Iterator
from typing import Final

from domain.errors import RejectedError

MOST_BYTES: Final = 1_000_000
MOST_PIXELS: Final = 4096  # of a side
_MARK, _END, _SCAN = 0xFF, 0xD9, 0xDA
_TELLING: Final = frozenset({0xE1, 0xED})  # EXIF and XMP, IPTC: where, when and with what it was taken
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})  # markers that nothing follows


def looked_at(body: bytes) -> tuple[int, int]:
    """Width and height of a photo that may be kept. Raises RejectedError: it is no JPEG, is cut short, is too large, or
    has EXIF or its like, which tells where and with what it was taken.
    """
    if len(body) > MOST_BYTES:
        raise RejectedError(f"a photo has at most {MOST_BYTES} bytes")
    if body[:3] != b"\xff\xd8\xff" or body[-2:] != bytes((_MARK, _END)):
        raise RejectedError("that is no JPEG, or is cut short")
    size = (0, 0)
    for marker, held in _segments(body):
        if marker == _SCAN and 0 not in size:
            return size
        if marker in _FRAMES:
            size = int.from_bytes(held[3:5]), int.from_bytes(held[1:3])
            if max(size) > MOST_PIXELS:
                raise RejectedError(f"a photo has at most {MOST_PIXELS} pixels a side")
        if marker in _TELLING:
            raise RejectedError("a photo is sent without EXIF: it tells more than the picture does")
    raise RejectedError("that is no JPEG with a picture in it")


def _segments(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Each marker with what it holds, up to the first scan."""
    at = 2
    while at + 4 <= len(body) and body[at] == _MARK:
        marker = body[at + 1]
        if marker == _MARK:
            at += 1
        elif marker in _ALONE:
            at += 2
        else:
            length = int.from_bytes(body[at + 2 : at + 4])
            yield marker, body[at + 4 : at + 2 + length]
            if marker == _SCAN:
                return
            at += 2 + max(2, length)
