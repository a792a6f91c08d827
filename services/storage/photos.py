"""Photos of crews as files: a folder for each order, in it a file for each photo, by the hash of its bytes."""

import os
import re
import shutil
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Final

from domain.errors import ConflictError, NotFoundError, UnavailableError
from domain.readings import Millis
from services.crew.ports import Photo

MOST_OF_ONE: Final = 12
MOST_BYTES: Final = 5_000_000_000
_ID: Final = re.compile(r"[0-9a-f]{32}")
_ORDER: Final = re.compile(r"[0-9a-f]{1,64}")


class PhotoFolder:
    """Photos in a folder, which is made when the first one comes. `most` is how many bytes all may have."""

    def __init__(self, folder: Path, most: int = MOST_BYTES) -> None:
        self._folder, self._most = folder, most
        self._size: int | None = None
        self._writing = Lock()

    def keep(self, order: str, body: bytes) -> str:
        """Its id; whole on the disk, or not at all."""
        if not _ORDER.fullmatch(order):
            raise NotFoundError(f"there is no order {order[:64]}")
        photo = blake2b(body, digest_size=16).hexdigest()
        try:
            with self._writing:
                self._write(self._folder / order, photo, body)
        except OSError as refused:
            raise UnavailableError(f"photos: {refused.strerror or refused}") from refused
        return photo

    def find(self, photo: str) -> Photo:
        """Of whichever orders it is."""
        if _ID.fullmatch(photo):
            try:
                found = [file for order in self._orders() if (file := order / f"{photo}.jpg").exists()]
                if found:
                    return Photo(tuple(sorted(file.parent.name for file in found)), found[0].read_bytes())
            except OSError as refused:
                raise UnavailableError(f"photos: {refused.strerror or refused}") from refused
        raise NotFoundError("there is no such photo, or its order is too long ago")

    def of(self, order: str) -> tuple[str, ...]:
        """By id."""
        if not _ORDER.fullmatch(order) or not (self._folder / order).is_dir():
            return ()
        return tuple(sorted(file.stem for file in (self._folder / order).glob("*.jpg")))

    def prune(self, before: Millis, over: Callable[[str, Millis], bool]) -> None:
        """Only folders that nothing was put into since then are asked for."""
        try:
            for order in self._orders():
                if order.stat().st_mtime * 1000 < before and over(order.name, before):
                    shutil.rmtree(order)
                    self._size = None
        except OSError as refused:
            raise UnavailableError(f"photos: {refused.strerror or refused}") from refused

    def _write(self, folder: Path, photo: str, body: bytes) -> None:
        file = folder / f"{photo}.jpg"
        if file.exists():
            return
        if len(self.of(folder.name)) >= MOST_OF_ONE:
            raise ConflictError(f"an order has at most {MOST_OF_ONE} photos")
        if self._used() + len(body) > self._most:
            raise ConflictError("there is no room for more photos: TIDEWALK_PHOTO_DAYS says how long they are kept")
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        own = file.with_suffix(f".{os.getpid()}")
        with own.open("wb") as made:
            made.write(body)
            made.flush()
            os.fsync(made.fileno())
        own.replace(file)
        self._size = self._used() + len(body)

    def _used(self) -> int:
        if self._size is None:
            self._size = sum(file.stat().st_size for order in self._orders() for file in order.iterdir())
        return self._size

    def _orders(self) -> list[Path]:
        return [one for one in self._folder.iterdir() if one.is_dir()] if self._folder.is_dir() else []
