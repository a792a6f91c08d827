"""Points that are not readings, as line protocol: roll-ups, and what happened."""

from collections.abc import Mapping
from typing import Final

Field = float | int | bool | str
Fields = Mapping[str, Field]

_LINE_BREAKS: Final = str.maketrans({"\n": " ", "\r": " ", "\t": " ", "\0": " "})


def line_of(measurement: str, tags: Mapping[str, str], fields: Fields, at: int) -> str:
    """One line, without its line break; `at` in whatever precision is written. The same values give the same line:
    tags without a value are left out, fields are sorted. An int is an integer field, a float a number.
    """
    head = measurement + "".join(f",{name}={_tag(value)}" for name, value in tags.items() if value)
    return f"{head} {','.join(f'{name}={_field(value)}' for name, value in sorted(fields.items()))} {at}"


def _field(value: Field) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return f"{value}i"
        case float():
            return repr(value)
        case _:
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'


def _tag(text: str) -> str:
    """Line protocol has no escape for a line break, nor for a backslash at the end."""
    plain = text.translate(_LINE_BREAKS).rstrip("\\")
    return plain.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")
