"""How the coast's practice is written in a cell: chainage 桩号, hours of the day, seasons."""

import re

from domain.site import Hours

MINUTES_OF_A_DAY = 1440
WHOLE_YEAR = ((1, 1), (12, 31))
DAYS_IN = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

CHAINAGE_EXPECTED = "chainage as K2+350 (kilometres + metres) or metres as 2350"
SPAN_EXPECTED = "hours as 05:30-13:30 (an end at or before the start is on the next day)"
HOURS_EXPECTED = "hours as 05:00-23:00, or by season as 04-01..10-31 05:00-23:00; 11-01..03-31 06:00-22:00"

EUI_EXPECTED = "16 hex digits, with or without dashes, as 24e124136c191967"
VARIABLE = r"env:TIDEWALK_[A-Z0-9_]+"  # no other variable of the environment can be named by a site file
ADDRESS_EXPECTED = (
    "env:TIDEWALK_…, the variable that has the address; an e-mail address or a webhook's URL may stand here"
)

_EUI = re.compile(r"[0-9a-f]{16}", re.ASCII)
_CHAINAGE = re.compile(r"K(\d+)\+(\d{3}(?:\.\d+)?)|(\d+(?:\.\d+)?)", re.IGNORECASE)
_SPAN = re.compile(r"(\d{2}):([0-5]\d)-(\d{2}):([0-5]\d)")
_SEASON = re.compile(r"(\d{2})-(\d{2})\.\.(\d{2})-(\d{2})\s+(\S+)")


def chainage(text: str) -> float:
    """`K2+350` or `2350` → 2350.0 metres. Raises ValueError."""
    found = _CHAINAGE.fullmatch(text.strip())
    if not found:
        raise ValueError(CHAINAGE_EXPECTED)
    km, metres, plain = found.groups()
    return float(plain) if plain is not None else int(km) * 1000 + float(metres)


def chainage_text(metres: float) -> str:
    """2350.0 → `K2+350`, to the nearest metre: the coast's address beside the lamp-post number."""
    km, rest = divmod(round(metres), 1000)
    return f"K{km}+{rest:03d}"


def span(text: str) -> tuple[int, int]:
    """`21:30-05:30` → (1290, 1770): minutes of the local day, the end past 1440 where it is on the next day.
    Raises ValueError.
    """
    found = _SPAN.fullmatch(text.strip())
    if not found:
        raise ValueError(SPAN_EXPECTED)
    opens, closes = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if opens >= MINUTES_OF_A_DAY or closes > MINUTES_OF_A_DAY:
        raise ValueError(SPAN_EXPECTED)
    return opens, closes if closes > opens else closes + MINUTES_OF_A_DAY


def span_text(opens: int, closes: int) -> str:
    """(1290, 1770) → `21:30-05:30`."""
    closes = closes - MINUTES_OF_A_DAY if closes > MINUTES_OF_A_DAY else closes
    return f"{opens // 60:02d}:{opens % 60:02d}-{closes // 60:02d}:{closes % 60:02d}"


def eui(text: str) -> str:
    """`24-E1-24-13-6C-19-19-67` → `24e124136c191967`. Raises ValueError."""
    plain = re.sub(r"[-:.\s]", "", text).lower()
    if not _EUI.fullmatch(plain):
        raise ValueError(EUI_EXPECTED)
    return plain


def hours(text: str) -> tuple[Hours, ...]:
    """Opening hours as they are written in a cell; the empty text is always open. Raises ValueError."""
    return tuple(_season(part.strip()) for part in text.split(";")) if text.strip() else ()


def hours_text(open_hours: tuple[Hours, ...]) -> str:
    """What `hours` reads back."""
    return "; ".join(
        span_text(part.opens, part.closes)
        if (part.from_day, part.to_day) == WHOLE_YEAR
        else f"{_day_text(part.from_day)}..{_day_text(part.to_day)} {span_text(part.opens, part.closes)}"
        for part in open_hours
    )


def _season(text: str) -> Hours:
    found = _SEASON.fullmatch(text)
    try:
        if not found:
            return Hours(*WHOLE_YEAR, *span(text))
        return Hours(_day(found[1], found[2]), _day(found[3], found[4]), *span(found[5]))
    except ValueError:
        raise ValueError(HOURS_EXPECTED) from None


def _day(month: str, day: str) -> tuple[int, int]:
    which, of_month = int(month), int(day)
    if not (1 <= which <= len(DAYS_IN) and 1 <= of_month <= DAYS_IN[which - 1]):
        raise ValueError(HOURS_EXPECTED)
    return which, of_month


def _day_text(day: tuple[int, int]) -> str:
    return f"{day[0]:02d}-{day[1]:02d}"
