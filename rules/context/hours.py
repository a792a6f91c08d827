"""Opening hours of facilities, and the windows in which a lot is shared: `open` and `minutes_to_close`."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from domain.readings import Millis
from domain.site import Hours
from rules.context.local import Days
from rules.core.surroundings import Surroundings

MINUTE: Final[Millis] = 60_000
FAR: Final = 1440.0  # minutes to close, of what stays open for a day or longer
_ALWAYS: Final = {"open": True, "minutes_to_close": FAR}
_EVER: Final[Millis] = 2**48
_AHEAD: Final = 2  # days that are looked at: hours end at most a day after the day they began on


class Opening:
    """When things are open, by the site's own clock. `minutely`: say how long it is still open, minute by minute."""

    def __init__(self, timezone: str, *, minutely: bool = True) -> None:
        self._days, self._minutely = Days(timezone), minutely
        self._known: dict[tuple[Hours, ...], tuple[date, list[tuple[Millis, Millis]]]] = {}

    def at(self, hours: tuple[Hours, ...], when: Millis) -> Surroundings:
        """Whether it is open at a moment. No hours: always. Hours past midnight belong to the day they began on."""
        if not hours:
            return Surroundings(0, _EVER, _ALWAYS)
        today = self._days.of(when)
        since, until = self._days.span(when)
        for opens, closes in self._spans(hours, today):
            if closes <= when:
                since = max(since, closes)
            elif opens > when:
                return Surroundings(since, min(until, opens), {"open": False, "minutes_to_close": 0.0})
            else:
                return self._open(opens, closes, when)
        return Surroundings(since, until, {"open": False, "minutes_to_close": 0.0})

    def _open(self, opens: Millis, closes: Millis, when: Millis) -> Surroundings:
        left = -(-(closes - when) // MINUTE)
        if left > FAR:
            far = closes - int(FAR) * MINUTE
            return Surroundings(opens, far, {"open": True, "minutes_to_close": FAR})
        if not self._minutely:
            return Surroundings(opens, closes, {"open": True})
        since = max(opens, closes - left * MINUTE)
        return Surroundings(since, closes - (left - 1) * MINUTE, {"open": True, "minutes_to_close": float(left)})

    def _spans(self, hours: tuple[Hours, ...], today: date) -> list[tuple[Millis, Millis]]:
        """When it is open round a day. Many facilities keep the same hours: they are worked out once a day."""
        day, spans = self._known.get(hours, (None, []))
        if day != today:
            spans = list(self._open_round(hours, today))
            self._known[hours] = today, spans
        return spans

    def _open_round(self, hours: tuple[Hours, ...], today: date) -> Iterator[tuple[Millis, Millis]]:
        """The spans in which it is open round a day, in order; what touches is one."""
        days = [today + timedelta(days=n) for n in range(-1, _AHEAD + 1)]
        found = sorted(
            (self._days.minute(day, one.opens), self._days.minute(day, one.closes))
            for day in days
            for one in hours
            if _in_season(one, day) and one.closes > one.opens
        )
        while found:
            opens, closes = found.pop(0)
            while found and found[0][0] <= closes:
                closes = max(closes, found.pop(0)[1])
            yield opens, closes


def _in_season(hours: Hours, day: date) -> bool:
    here = (day.month, day.day)
    if hours.from_day <= hours.to_day:
        return hours.from_day <= here <= hours.to_day
    return here >= hours.from_day or here <= hours.to_day
