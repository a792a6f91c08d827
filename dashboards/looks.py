"""Colours with a meaning, and where they begin. Calm is slate: where all is well there is no colour to look at."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.models import dashboard as grafana

from domain.series import FACILITY_STATES

CALM: Final = "#5b7083"  # all is well: white on it can be read, in the dark and in the light
GOOD: Final = "#3f8f6b"  # something good, where good must be told from nothing
AMBER: Final = "#d98c21"  # look at it today
RED: Final = "#c8382e"  # somebody must go
UNKNOWN: Final = "#8e7cc3"  # we are blind to it
DULL: Final = "#9c8f7a"  # known, and cannot be done now
NOTED: Final = "#4d83b5"  # due with the next round
FAINT: Final = "#8a99a6"  # nothing is known, or nothing matters
CLEAR: Final = "transparent"

Step = tuple[float, str]


def steps(bottom: str, *rest: Step) -> grafana.ThresholdsConfig:
    """The first colour from the bottom, each other from its number on."""
    return grafana.ThresholdsConfig(
        mode=grafana.ThresholdsMode.ABSOLUTE,
        steps=[grafana.Threshold(None, bottom), *(grafana.Threshold(value, colour) for value, colour in rest)],
    )


def bad_from(red: float, amber: float | None = None) -> grafana.ThresholdsConfig:
    """Too much is bad."""
    return steps(CALM, *([(amber, AMBER)] if amber is not None else []), (red, RED))


def bad_below(red: float, amber: float | None = None) -> grafana.ThresholdsConfig:
    """Too little is bad."""
    if amber is None:
        return steps(RED, (red, CALM))
    return steps(RED, (red, AMBER), (amber, CALM))


def line_at(*marks: Step) -> grafana.ThresholdsConfig:
    """Lines across a panel of curves; nothing below them is coloured."""
    return steps(CLEAR, *marks)


NEVER: Final = steps(CALM)
# How a facility stands, as on Tidewalk's own page.
STATES: Final[dict[str, tuple[str, str, str]]] = {
    "unknown": (FAINT, "never heard", "未知"),
    "ok": (CALM, "well", "正常"),
    "noted": (NOTED, "due, next round", "待办"),
    "silent": (UNKNOWN, "silent", "失联"),
    "held": (DULL, "on hold", "挂账"),
    "verifying": (GOOD, "being verified", "核查中"),
    "attended": (AMBER, "in hand", "处置中"),
    "alarm": (RED, "alarm", "报警"),
}
RANK: Final = {state: rank for rank, state in enumerate(FACILITY_STATES)}
STANDING: Final = steps(
    STATES[FACILITY_STATES[0]][0], *((rank, STATES[state][0]) for state, rank in RANK.items() if rank)
)


def names(of: Sequence[tuple[str, str, str | None]]) -> list[grafana.ValueMapping]:
    """Values that have a name, and a colour of their own or None."""
    return [
        grafana.ValueMap(
            options={
                value: grafana.ValueMappingResult(text=text, color=colour, index=n)
                for n, (value, text, colour) in enumerate(of)
            }
        )
    ]
