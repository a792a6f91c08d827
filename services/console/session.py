"""Who may look: a page that we served, on this host. A signed cookie says the first, Origin the second."""

import hmac
from hashlib import blake2b
from secrets import token_bytes, token_hex
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from domain.ports import Clock
from domain.readings import Millis

COOKIE: Final = "tidewalk_page"
LASTS: Final[Millis] = 12 * 3_600_000
_SIGNATURE_BYTES: Final = 16


class Sessions:
    """Hands out cookies and knows them again. Its key lives as long as the process: after a restart pages ask anew."""

    def __init__(self, wall: Clock) -> None:
        self._wall, self._key = wall, token_bytes(32)

    def fresh(self) -> str:
        """A new cookie."""
        told = f"{self._wall.now() + LASTS:x}.{token_hex(8)}"
        return f"{told}.{self._signed(told)}"

    def knows(self, cookie: str) -> bool:
        """Whether it is ours, and has not run out."""
        told, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signed(told).encode()):
            return False
        return int(told.partition(".")[0], 16) > self._wall.now()

    def _signed(self, told: str) -> str:
        return blake2b(told.encode("utf-8", "replace"), key=self._key, digest_size=_SIGNATURE_BYTES).hexdigest()


def is_same_origin(headers: Headers) -> bool:
    """Whether a browser says that the page which asks came from the very host it asks. Who says no Origin is no page
    of ours.
    """
    origin, host = headers.get("origin", ""), headers.get("host", "")
    try:
        return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:  # no browser says such a one
        return False
