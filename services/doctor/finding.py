"""What a look came to."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"  # it works, and will not under some load, outage or misuse
    FAIL = "fail"  # it does not work, or loses data


_CODES: Final = {Level.OK: 0, Level.WARN: 1, Level.FAIL: 2}


class Finding(NamedTuple):
    """What was found where, why it matters, and what would mend it. `why` and `remedy` are empty where all is well."""

    part: str
    level: Level
    what: str
    why: str = ""
    remedy: str = ""


def ok(part: str, what: str) -> Finding:
    """All is well."""
    return Finding(part, Level.OK, what)


def warn(part: str, what: str, why: str, remedy: str) -> Finding:
    """It works for now."""
    return Finding(part, Level.WARN, what, why, remedy)


def fail(part: str, what: str, why: str, remedy: str) -> Finding:
    """It does not work, or loses data."""
    return Finding(part, Level.FAIL, what, why, remedy)


def worst(findings: Iterable[Finding]) -> Level:
    """The worst level of them."""
    return max((one.level for one in findings), key=_CODES.__getitem__, default=Level.OK)


def exit_code(level: Level) -> int:
    """0, 1 or 2."""
    return _CODES[level]
