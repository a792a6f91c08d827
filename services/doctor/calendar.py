"""Whether the calendar reaches far enough: of a year without a file nobody knows which days are off."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from domain.ports import Clock
from rules.context.calendar import DECREED, unknown_years
from services.doctor.finding import Finding, ok, warn

SOON: Final = timedelta(days=14)  # the notice for a year is published in the weeks before it


def look(known: Collection[int], asked: Collection[str], wall: Clock, timezone: str) -> list[Finding]:
    """Whether today and the next weeks lie in years that are known. `asked`: the names that the rules ask for."""
    today = datetime.fromtimestamp(wall.now() / 1000, ZoneInfo(timezone)).date()
    missing = unknown_years(known, today, today + SOON)
    if not missing:
        return [ok("calendar", f"holidays and worked weekends are known until the end of {max(known)}")]
    years = ", ".join(map(str, missing))
    named = sorted(DECREED & set(asked))
    what = f"holidays and worked weekends of {years} are unknown"
    if not named:
        return [ok("calendar", f"{what}; no rule asks for them")]
    why = f"rules that name {', '.join(named)} neither raise nor clear in {years}"
    remedy = f"write rules/context/holidays/cn-{missing[0]}.yaml from the State Council's notice (docs/rules.md)"
    return [warn("calendar", what, why, remedy)]
