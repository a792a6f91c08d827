"""Chinese and English from one source: every text stands in both, side by side; a dashboard is built once in each."""

from collections.abc import Callable
from typing import Final

Tongue = Callable[[str, str], str]  # given both, it picks its own
Said = tuple[str, str]  # a text in both: `t(*said)`


def english(en: str, zh: str) -> str:  # noqa: ARG001
    """Of the two, the English."""
    return en


def chinese(en: str, zh: str) -> str:  # noqa: ARG001
    """Of the two, the Chinese."""
    return zh


TONGUES: Final[dict[str, Tongue]] = {"en": english, "zh": chinese}


def code(tongue: Tongue) -> str:
    """Which it is: en or zh."""
    return tongue("en", "zh")
