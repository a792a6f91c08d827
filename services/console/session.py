"""Who may look, where it is known that they may: a page that we served. A signed cookie says so."""

import hmac
from hashlib import blake2b
from secrets import token_bytes, token_hex
from typing import Final

from domain.ports import Clock
from domain.readings import Millis

COOKIE: Final = "tidewalk_page"
LASTS: Final[Millis] = 12 * 3_600_000
_SIGNATURE_BYTES: Final = 16


class Sessions:
    """Hands out cookies and knows them again. Its key lives as long as the process: after a restart pages ask anew."""

    def __init__(self, wall: Clock) -> None:
        self._wall, self._key = wall, token_bytes(32)

    def fresh(self, by: str = "") -> str:
        """A new cookie, for the page of whoever showed the token of that name; "" where none was needed."""
        told = f"{self._wall.now() + LASTS:x}.{token_hex(8)}.{by.encode().hex()}"
        return f"{told}.{self._signed(told)}"

    def knows(self, cookie: str) -> bool:
        """Whether it is ours, and has not run out."""
        return self.whose(cookie) is not None

    def whose(self, cookie: str) -> str | None:
        """For whom it was made; None where it is not ours, or has run out."""
        told, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), self._signed(told).encode()):
            return None
        expires, _, by = told.split(".")
        return bytes.fromhex(by).decode() if int(expires, 16) > self._wall.now() else None

    def _signed(self, told: str) -> str:
        return blake2b(told.encode("utf-8", "replace"), key=self._key, digest_size=_SIGNATURE_BYTES).hexdigest()
