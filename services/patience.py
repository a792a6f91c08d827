"""Trying until it works, for everybody behind the door: what is away now is there later, and nobody ends over it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from domain.errors import UnavailableError

Answer = TypeVar("Answer")

LONGEST_RETRY_AFTER_S: Final = 300.0  # who asks for more is asked again all the same


class Patience:
    """Tries again while a machine is away, and says once that it waits and once that it need not any more."""

    def __init__(
        self,
        log: logging.Logger,
        waits: str,
        goes_on: str,
        *,
        level: int = logging.WARNING,
        pauses_s: tuple[float, float] = (0.2, 10.0),
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`waits` and `goes_on` are what the log says, `level` how loudly it says the first."""
        self._log, self._waits, self._goes_on, self._level = log, waits, goes_on, level
        self._pauses_s, self._pause = pauses_s, pause
        self.waiting_for = ""  # why it cannot be had now; "" where it can
        self.retries = 0

    async def until_available(self, attempt: Callable[[], Awaitable[Answer]]) -> Answer:
        """The first answer that is not UnavailableError. May be cancelled, and asked again."""
        pause, longest = self._pauses_s
        while True:
            try:
                answer = await attempt()
            except UnavailableError as away:
                if not self.waiting_for:
                    self._log.log(self._level, self._waits, extra={"why": str(away)})
                self.waiting_for = str(away)
                self.retries += 1
                await self._pause(pause if away.retry_after is None else min(away.retry_after, LONGEST_RETRY_AFTER_S))
                pause = min(pause * 2, longest)
            else:
                if self.waiting_for:
                    self._log.info(self._goes_on, extra={"retries": self.retries})
                    self.waiting_for = ""
                return answer
