"""The windows of the roll-ups: where each begins and ends."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from domain.readings import Millis
from domain.series import HOUR, ROLLUPS

LEVELS: Final = tuple(ROLLUPS)  # the finest first; each but the first is drawn from the one before it
BELOW: Final = dict(zip(LEVELS, ("", *LEVELS), strict=False))  # what a level is drawn from; "": the readings
ABOVE: Final = dict(pairwise(LEVELS))


class Windows:
    """Those of a site in its time zone."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)

    def begin(self, level: str, at: Millis) -> Millis:
        """Where the window that has `at` begins."""
        if level == "1d":
            local = datetime.fromtimestamp(at / 1000, UTC).astimezone(self._zone)
            return _millis(local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0))
        width = ROLLUPS[level].width
        return at // width * width

    def end(self, level: str, begin: Millis) -> Millis:
        """Where the window that begins there ends, and the next begins."""
        if level == "1d":
            local = datetime.fromtimestamp(begin / 1000, UTC).astimezone(self._zone)
            return _millis((local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0, fold=0))
        return begin + ROLLUPS[level].width

    def within(self, level: str, since: Millis, until: Millis) -> Iterator[Millis]:
        """The beginnings of the windows that end after `since` and begin before `until`."""
        at = self.begin(level, since)
        while at < until:
            yield at
            at = self.end(level, at)

    def below(self, level: str, begin: Millis) -> str:
        """The level whose windows exactly fill this one. A local day may begin on the half hour."""
        finer = BELOW[level]
        whole = finer != "1h" or (begin % HOUR == 0 and self.end(level, begin) % HOUR == 0)
        return finer if whole else BELOW[finer]


def _millis(moment: datetime) -> Millis:
    return int(moment.timestamp()) * 1000
