"""Times and lengths of time on the command line."""

import re
from datetime import datetime
from typing import Any, Final

import click

from domain.readings import Millis

_PARTS = re.compile(r"(?:([0-9]{1,9})d)?(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?")
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_LONGEST_DAYS: Final = 36_500


class Moment(click.ParamType[Millis]):
    """RFC 3339 with an offset → ms."""

    name = "RFC3339"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Millis:
        """Fails where there is no offset: a time without one is nobody's."""
        if isinstance(value, int):
            return value
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            self.fail(f"{value!r} is no time with an offset; say it like 2026-10-01T16:00+08:00", param, ctx)
        if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
            self.fail(f"{value!r}: years go from {_FIRST_YEAR} to {_LAST_YEAR}", param, ctx)
        return round(found.timestamp() * 1000)


class Span(click.ParamType[Millis]):
    """6h, 90m, 1h30m, 20s → ms."""

    name = "SPAN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Millis:
        """Fails on nothing and on anything else."""
        if isinstance(value, int):
            return value
        parts = _PARTS.fullmatch(value)
        if not value or parts is None:
            self.fail(f"{value!r} is no length of time; say it like 6h, 90m or 1h30m", param, ctx)
        days, hours, minutes, seconds = (int(part or 0) for part in parts.groups())
        span = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
        if not 0 < span <= _LONGEST_DAYS * 86_400_000:
            self.fail(f"{value!r}: lengths of time go from 1s to {_LONGEST_DAYS}d", param, ctx)
        return span


MOMENT, SPAN = Moment(), Span()
