"""How people write what a rule file says: durations (`90s`, `15m`, `1h30m`, `2d`), shares (`60%`), and one of something
for a list of it.
"""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")

LONGEST = 366 * 86_400  # seconds


def seconds(text: object) -> int:
    """A duration in seconds. Raises ValueError."""
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None or not any(match.groups()):
        raise ValueError(f"{text!r} is no duration such as 90s, 15m, 1h30m or 2d")
    return sum(int(n) * unit for n, unit in zip(match.groups(), _UNITS.values(), strict=True) if n)


def limit(text: object) -> int:
    """A duration that something waits for, in seconds. Raises ValueError where it would run out at once, or never."""
    found = seconds(text)
    if not 1 <= found <= LONGEST:
        raise ValueError("at least 1s, and at most 366d: a limit has to run out, and not at once")
    return found


def share(text: object) -> float:
    """A share in 0–1. Raises ValueError."""
    match = _PERCENT.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None or not 0 < float(match[1]) <= 100:
        raise ValueError(f"{text!r} is no share such as 60%")
    return float(match[1]) / 100


def as_clauses(said: object) -> object:
    """One condition is a list of one clause."""
    return [{"if": said}] if isinstance(said, str) else said


def as_names(said: object) -> object:
    """One name is a list of one."""
    return [said] if isinstance(said, str) else said


def as_seasons(said: object) -> object:
    """One number is the same in every season."""
    return said if isinstance(said, dict) else {"else": said}


def as_params(said: object) -> object:
    """A number, or numbers by season, is a parameter's default."""
    if not isinstance(said, dict):
        return said
    return {name: one if isinstance(one, dict) else {"default": one} for name, one in said.items()}


Seconds = Annotated[int, BeforeValidator(seconds)]
Limit = Annotated[int, BeforeValidator(limit)]
Share = Annotated[float, BeforeValidator(share)]
Text = Annotated[str, Field(min_length=1)]
