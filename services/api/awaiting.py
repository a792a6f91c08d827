"""Waiting for the judge to come to what was said."""

import asyncio
from contextlib import suppress
from typing import Final, Generic, TypeVar

from services.api.seams import Cases
from services.dispatch.orders import Result

Key = TypeVar("Key")
Said = TypeVar("Said")

WAIT_S: Final = 2.0  # for the judge
REMEMBERED: Final = 10_000  # words on their way
_PAUSE_S: Final = (0.01, 0.1)


async def judged(cases: Cases, source: str, given: str, wait_s: float) -> Result | None:
    """What became of the word that `source` said under that id, when the judge has come to it; None where that takes
    longer.
    """
    pause, longest = _PAUSE_S
    with suppress(TimeoutError):
        async with asyncio.timeout(wait_s):
            while (result := await asyncio.to_thread(cases.result, source, given)) is None:
                await asyncio.sleep(pause)
                pause = min(2 * pause, longest)
            return result
    return None


class OnTheWay(Generic[Key, Said]):
    """Words that were said here and are not judged yet, as far as is known. Beyond `REMEMBERED` the oldest go."""

    def __init__(self) -> None:
        self._said: dict[Key, Said] = {}

    def add(self, key: Key, said: Said) -> None:
        """It is on its way."""
        self._said[key] = said
        if len(self._said) > REMEMBERED:
            del self._said[next(iter(self._said))]

    def get(self, key: Key) -> Said | None:
        """What is on its way."""
        return self._said.get(key)

    def arrived(self, key: Key) -> None:
        """It is judged, or was never kept."""
        self._said.pop(key, None)
