"""The site's own days, in ms: where each begins, and which one a moment belongs to."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.readings import Millis


class Days:
    """Local days of one timezone. Asked about few days at a time, so that it remembers the newest alone."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._day, self._begins, self._ends = date.min, 0, 0

    def of(self, when: Millis) -> date:
        """The local day of a moment."""
        if not self._begins <= when < self._ends:
            self._day = datetime.fromtimestamp(when / 1000, self._zone).date()
            self._begins, self._ends = self.begins(self._day), self.begins(self._day + timedelta(days=1))
        return self._day

    def begins(self, day: date) -> Millis:
        """Its first moment."""
        return self.minute(day, 0)

    def minute(self, day: date, minute: int) -> Millis:
        """When the clocks of a day show this minute of it; from 1440 on, the next day's."""
        there = datetime(day.year, day.month, day.day, tzinfo=self._zone) + timedelta(minutes=minute)
        return round(there.astimezone(UTC).timestamp() * 1000)

    def span(self, when: Millis) -> tuple[Millis, Millis]:
        """Between which moments the local day of this one lasts."""
        self.of(when)
        return self._begins, self._ends
