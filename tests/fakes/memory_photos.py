"""Photos in memory, as `services.storage.photos` keeps them; and a picture."""

from collections.abc import Callable
from hashlib import blake2b

from domain.errors import ConflictError, NotFoundError
from domain.readings import Millis
from services.crew.ports import Photo

MOST = 12


def picture(width: int = 4, height: int = 3, *, exif: bool = False, xmp: bool = False, more: bytes = b"") -> bytes:
    """The frame of a JPEG, with nothing in it."""
    about = b"\xff\xe1" + (2 + 8).to_bytes(2) + b"Exif\x00\x00MM" if exif else b""
    about += b"\xff\xe1" + (2 + 8).to_bytes(2) + b"http://n" if xmp else b""
    frame = b"\xff\xc0" + (11).to_bytes(2) + b"\x08" + height.to_bytes(2) + width.to_bytes(2) + b"\x01\x01\x11\x00"
    scan = b"\xff\xda" + (8).to_bytes(2) + b"\x01\x01\x00\x00\x3f\x00" + b"\x2a" * 16 + more
    return b"\xff\xd8" + about + frame + scan + b"\xff\xd9"


class MemoryPhotos:
    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], bytes] = {}

    def keep(self, order: str, body: bytes) -> str:
        photo = blake2b(body, digest_size=16).hexdigest()
        if (order, photo) not in self._kept and len(self.of(order)) >= MOST:
            raise ConflictError(f"an order has at most {MOST} photos")
        self._kept[order, photo] = body
        return photo

    def find(self, photo: str) -> Photo:
        found = sorted((order, body) for (order, one), body in self._kept.items() if one == photo)
        if found:
            return Photo(tuple(order for order, _ in found), found[0][1])
        raise NotFoundError("there is no such photo, or its order is too long ago")

    def of(self, order: str) -> tuple[str, ...]:
        return tuple(sorted(photo for one, photo in self._kept if one == order))

    def prune(self, before: Millis, over: Callable[[str, Millis], bool]) -> None:
        self._kept = {key: body for key, body in self._kept.items() if not over(key[0], before)}
