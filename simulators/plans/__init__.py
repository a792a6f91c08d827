"""Fault plans: the shipped ones (`none`, `demo`, `steady`, `score`) and how a plan is read from YAML."""

import re
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import yaml

from domain.errors import FaultyFileError
from simulators.almanac import MINUTE
from simulators.faults import SORTS, Edge, Entry, FaultPlan

SHIPPED: Final = ("none", "demo", "steady", "score")
_KEYS: Final = {"what", "count", "per_day", "after", "every", "daily", "facility", "zone"}
_SPAN = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)")
_SUN = re.compile(r"(sunrise|sunset)(?:([+-])(\w+))?")


def plan_named(name: str) -> FaultPlan:
    """A shipped plan by its name, or a YAML file by its path.

    Raises FaultyFileError where the file cannot be read or does not say what a plan says.
    """
    if name in SHIPPED:
        return read_plan(files(__name__).joinpath(f"{name}.yaml").read_text("utf-8"), f"{name}.yaml")
    try:
        text = Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FaultyFileError(name, 1, f"no such plan: {error}", f"one of {', '.join(SHIPPED)}, or a file") from error
    return read_plan(text, name)


def read_plan(text: str, file: str) -> FaultPlan:
    """A plan from YAML: `name`, and `faults`: a list of entries. Raises FaultyFileError with file and line."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        told = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise FaultyFileError(file, mark.line + 1 if mark else 1, "not YAML") from error
    if not isinstance(told, dict) or not isinstance(told.get("faults"), list):
        raise FaultyFileError(file, 1, "no list of faults", "name: …, faults: [{what: …, daily: …}]")
    lines = _lines(root)
    entries = [_entry(one, file, lines[n] if n < len(lines) else 1) for n, one in enumerate(told["faults"])]
    return FaultPlan(str(told.get("name", Path(file).stem)), tuple(entries))


def _lines(root: yaml.Node | None) -> list[int]:
    if isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            if key.value == "faults" and isinstance(value, yaml.SequenceNode):
                return [item.start_mark.line + 1 for item in value.value]
    return []


def _entry(told: Any, file: str, line: int) -> Entry:
    if not isinstance(told, dict) or told.get("what") not in SORTS:
        raise FaultyFileError(file, line, "unknown fault", f"what: one of {', '.join(SORTS)}")
    if odd := set(told) - _KEYS:
        raise FaultyFileError(file, line, f"unknown key {min(map(str, odd))}", ", ".join(sorted(_KEYS)))
    if ("after" in told) == ("daily" in told):
        raise FaultyFileError(file, line, "when is not said", "either `after: 2m..10m` or `daily: 18:00..19:30`")
    try:
        since, _, until = str(told.get("after", told.get("daily"))).partition("..")
        read = _after if "after" in told else _daily
        opens, closes = read(since), read(until or since)
        return Entry(
            what=told["what"],
            opens=opens,
            closes=closes,
            count=int(told.get("count", 1)),
            per_day=float(told.get("per_day", 0.0)),
            every=round(_span(str(told["every"])) * MINUTE) if "every" in told else 0,
            facility=str(told.get("facility", "")),
            zone=str(told.get("zone", "")),
        )
    except ValueError as error:
        raise FaultyFileError(file, line, str(error), "2m..10m, 18:00..19:30 or sunset+20m..sunset+1h30m") from error


def _after(text: str) -> Edge:
    return Edge("start", _span(text.strip()))


def _daily(text: str) -> Edge:
    text = text.strip()
    if text.isdecimal():  # YAML 1.1 reads a bare 19:02 as the number 1142
        return Edge("day", int(text))
    if clock := _CLOCK.fullmatch(text):
        return Edge("day", int(clock[1]) * 60 + int(clock[2]))
    if by_sun := _SUN.fullmatch(text):
        shift = _span(by_sun[3]) if by_sun[3] else 0.0
        return Edge(by_sun[1], -shift if by_sun[2] == "-" else shift)
    raise ValueError(f"not a time of day: {text}")


def _span(text: str) -> float:
    parts = _SPAN.fullmatch(text)
    if not text or parts is None:
        raise ValueError(f"not a length of time: {text}")
    return float(parts[1] or 0) * 60 + float(parts[2] or 0)
