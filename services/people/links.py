"""Signed links for crews: whoever has one is that crew until it expires or the crew's links are revoked.

A link says the crew, when it expires and of which generation it is, with a signature of 128 bits by the service's key.
Nothing of it is kept: a crew's links are revoked all together, by the crew's next generation.
"""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Final

from domain.errors import RejectedError
from domain.readings import Millis
from services.people.secret import Key

_HEAD: Final = struct.Struct(">BIQ")  # version, generation, expires (ms)
_VERSION: Final = 1
_SIGNATURE: Final = 16
_LONGEST: Final = 400


class Links:
    """Makes and opens them. `generation` is the present one of a crew, 0 where its links were never revoked; `now` is
    the time of day.
    """

    def __init__(self, key: Key, generation: Callable[[str], int], now: Callable[[], Millis]) -> None:
        self._key, self._generation, self._now = key, generation, now

    def sign(self, crew: str, expires: Millis) -> str:
        """The text of a link, fit for an address; some 60 characters and the crew's id."""
        told = _HEAD.pack(_VERSION, self._generation(crew), expires) + crew.encode()
        return urlsafe_b64encode(self._key.signature(told) + told).decode().rstrip("=")

    def open(self, text: str) -> str:
        """Whose it is. Raises RejectedError where it is not ours, has expired, or was revoked."""
        told = self._told(text)
        version, generation, expires = _HEAD.unpack_from(told)
        crew = told[_HEAD.size :].decode()
        if version != _VERSION or generation != self._generation(crew):
            raise RejectedError("that link was revoked: ask the duty desk for another one")
        if expires <= self._now():
            raise RejectedError("that link has expired: ask the duty desk for another one")
        return crew

    def _told(self, text: str) -> bytes:
        try:
            raw = urlsafe_b64decode(text[:_LONGEST] + "=" * (-len(text[:_LONGEST]) % 4))
        except ValueError:
            raw = b""
        told = raw[_SIGNATURE:]
        canonical = urlsafe_b64encode(raw).decode().rstrip("=") == text
        if not canonical or len(told) <= _HEAD.size or not self._key.signed(told, raw[:_SIGNATURE]):
            raise RejectedError("that is no link of ours: open it as it was sent")
        return told
