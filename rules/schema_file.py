"""The JSON Schema of rule files, for editors: `python -m rules.schema_file` writes `docs/rules.schema.json` anew.

It says of a file what can be said without compiling its conditions: keys, words, numbers, durations. Whether a
condition names what its kind measures, in one unit, `tidewalk rules check` tells.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from rules import written
from rules.schema import RuleSaid

FILE: Final = Path(__file__).parent.parent / "docs" / "rules.schema.json"
LINE: Final = "# yaml-language-server: $schema=../../docs/rules.schema.json"  # first in each file of the library

_NAMED: Final = ("properties", "$defs")
_DURATION: Final[JsonSchemaValue] = {
    "type": "string",
    "pattern": r"^(?=\d)(\d+d)?(\d+h)?(\d+m)?(\d+s)?$",
    "examples": ["90s", "15m", "1h30m", "2d"],
    "description": "A duration: 90s, 15m, 1h30m, 2d.",
}
_SHARE: Final[JsonSchemaValue] = {
    "type": "string",
    "pattern": r"^\d+(\.\d+)?\s*%$",
    "examples": ["60%"],
    "description": "A share: 60%.",
}
_KEYS: Final[Mapping[str, str]] = {
    "id": "R01, R19g: the rule's number. Never given to another rule.",
    "name": "Part of every alarm's id: it never changes its meaning.",
    "title": "What people call it, in both languages.",
    "kind": "The kind of facility that it is about.",
    "subject": "device: each device of a facility is judged by itself.",
    "when": "A condition, or a list of clauses {if, for, repeat}, any of which raises the alarm.",
    "for": "How long it must hold, from the first reading that shows it.",
    "repeat": "How many distinct event times must show it.",
    "given": "A gate on the surroundings: outside it nothing is judged.",
    "absent": "Silent for so many of its reporting intervals (with subject: device).",
    "quorum": "A group over topology: so many of its members must be at fault.",
    "clear": "When it is over; without it, when no clause holds.",
    "clear_for": "How long it must be over.",
    "clear_repeat": "How many distinct event times must show that it is over.",
    "clear_given": "The surroundings in which it may be found to be over.",
    "wait": "How long a settled judgement waits for what is on its way.",
    "settled": "Judged in order of event time, after the wait.",
    "levels": "Several severities, the mildest first, each with its own condition.",
    "params": "Numbers that the conditions call by name: default, and by zone, grade, facility and season.",
    "reopen_within": "Back within so long, it is the same alarm and the same order.",
    "inhibited_by": "Groups whose alarm, where it covers the subject, holds this one back.",
    "spin_off": "After the group is over, how long what is still wrong must go on being so.",
    "order": "The work that it asks for; without it the alarm is kept, and nobody is sent.",
    "holds": "Quantities that count for nothing while this alarm of a device is open.",
}


def _or_text(inner: JsonSchemaValue) -> JsonSchemaValue:
    return {"anyOf": [{"type": "string", "minLength": 1}, inner]}


def _or_number(inner: JsonSchemaValue) -> JsonSchemaValue:
    return {"anyOf": [{"type": "number"}, inner]}


def _of_params(inner: JsonSchemaValue) -> JsonSchemaValue:
    """A parameter that is the same everywhere may be its number alone."""
    one = inner.pop("additionalProperties", None) or inner.pop("patternProperties").popitem()[1]
    return {
        "type": "object",
        "propertyNames": {"pattern": r"^[a-z][a-z0-9_]*$"},
        "additionalProperties": _or_number(one),
    }


_READ: Final[Mapping[object, Callable[[JsonSchemaValue], JsonSchemaValue]]] = {
    written.seconds: lambda _: dict(_DURATION),
    written.limit: lambda _: dict(_DURATION),
    written.share: lambda _: dict(_SHARE),
    written.as_clauses: _or_text,
    written.as_names: _or_text,
    written.as_seasons: _or_number,
    written.as_params: _of_params,
}


class _AsWritten(GenerateJsonSchema):
    """What a file says, and not what becomes of it."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        """A text that is read in a way of its own."""
        inner = super().function_before_schema(schema)
        return _READ[schema["function"]["function"]](inner)


def made() -> str:
    """The schema, as the file has it: the same each time."""
    found = _plain(RuleSaid.model_json_schema(schema_generator=_AsWritten))
    for key, meaning in _KEYS.items():
        found["properties"][key] = {**found["properties"][key], "description": meaning}
    head = {"$schema": GenerateJsonSchema.schema_dialect, "title": "A rule of Tidewalk"}
    return json.dumps(head | found, indent=1, ensure_ascii=False) + "\n"


def _plain(part: Any) -> Any:
    """Without defaults, which are of the core's types, and without titles, which only repeat names."""
    if isinstance(part, list):
        return [_plain(one) for one in part]
    if not isinstance(part, dict):
        return part
    made: dict[str, Any] = {}
    for key, value in part.items():
        if key in _NAMED:  # what stands in it are names of the file's
            made[key] = {name: _plain(one) for name, one in value.items()}
        elif key not in ("title", "default"):
            made[key] = _plain(value)
    if made.get("anyOf", ())[-1:] == [{"type": "null"}]:  # what is not said is left out, and never `null`
        *ways, _ = made.pop("anyOf")
        made = {**(ways[0] if len(ways) == 1 else {"anyOf": ways}), **made}
    return made


if __name__ == "__main__":
    FILE.write_text(made(), encoding="utf-8")
