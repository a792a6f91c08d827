"""What all pictures of panels share: what a panel says of itself, and how values become places and colours."""

from collections.abc import Callable, Sequence
from datetime import tzinfo
from html import escape
from typing import Any, Final, NamedTuple

from dashboards.preview.answers import Cell, Json, Line, lines_of
from domain.readings import Millis

PALETTE: Final = ("#4e8fc7", "#d98c21", "#3f8f6b", "#8e7cc3", "#c8627a", "#5fa8a0", "#a7893c", "#7a869a", "#b0603c")
Answers = Sequence[Sequence[Json]]  # of each target, its series
Scale = Callable[[float], float]


class Scene(NamedTuple):
    """Where and when a panel is drawn: its size within the frame, the range, the place's time."""

    wide: int
    high: int
    since: Millis
    until: Millis
    zone: tzinfo


def lines(panel: Json, answers: Answers) -> list[Line]:
    """All lines that a panel shows, under the names that it gives them."""
    return [line for target, series in zip(panel["targets"], answers, strict=True) for line in lines_of(target, series)]


def defaults(panel: Json) -> Json:
    """How its fields look."""
    found: Json = panel["fieldConfig"]["defaults"]
    return found


def steps(panel: Json) -> list[Json]:
    """Its thresholds."""
    return list(defaults(panel).get("thresholds", {}).get("steps", ()))


def mapped(panel: Json, value: Cell, look: Json | None = None) -> tuple[str, str] | None:
    """What a value is called, and its colour, where the panel has a name for it."""
    key = str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float | int) else value
    for mapping in (*(look or {}).get("mappings", ()), *defaults(panel).get("mappings", ())):
        if key in mapping["options"]:
            one = mapping["options"][key]
            return one.get("text", str(key)), one.get("color", "")
    return None


def nothing(panel: Json) -> str:
    """What a panel shows that has no answer."""
    return f'<div class="nothing">{escape(defaults(panel).get("noValue", "—"))}</div>'


def scale(low: float, high: float, first: float, last: float) -> Scale:
    """From values to places."""
    slope = (last - first) / ((high - low) or 1)
    return lambda value: first + (value - low) * slope


def look(panel: Json, name: str) -> dict[str, Any]:
    """How one field looks other than the rest."""
    return {
        one["id"]: one["value"]
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"]["options"] == name
        for one in override["properties"]
    }
