"""YAML with the line of everything in it.

Scalars stay text exactly as written (no `no` that becomes false, no 13:30 that becomes 810): what a scalar means is
the business of the shape it is fitted to.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from services.site.faults import Faults

Path = tuple[str | int, ...]
DEEPEST = 12
NULLS = ("", "~", "null", "Null", "NULL")

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Marked(NamedTuple):
    """A document, and the line at which each key or element of it stands."""

    value: Any  # dict, list, str or None, nested
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of `path`, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_marked(text: str, file: str, faults: Faults) -> Marked | None:
    """Read one YAML document; None where it cannot be read, with a fault that says where and why."""
    try:
        return _Reader(text, file, faults).document()
    except _TooDeepError as wrong:
        faults.add(file, wrong.line, "nested too deep", f"at most {DEEPEST} levels")
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        why = wrong.problem or wrong.context or "cannot be read"
        faults.add(file, mark.line + 1 if mark else 1, f"not YAML: {why}", "indentation by spaces, `key: value`")
    except yaml.reader.ReaderError as wrong:
        character = chr(wrong.character) if isinstance(wrong.character, int) else wrong.character
        line = text[: wrong.position].count("\n") + 1
        faults.add(file, line, f"a character that YAML does not allow ({character!r})", "plain text in UTF-8")
    return None


class _TooDeepError(Exception):
    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class _Reader:
    """Reads events and not composed nodes: libyaml composes by recursion, and deep nesting would end the process."""

    def __init__(self, text: str, file: str, faults: Faults) -> None:
        self.events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)
        self.file, self.faults = file, faults
        self.lines: dict[Path, int] = {(): 1}

    def document(self) -> Marked:
        value: Any = None
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.fault(event, "a second document begins", "one document, without `---` between")
                    break
                value = self.value(next(self.events), ())
        return Marked(value, self.lines)

    def value(self, event: yaml.Event, path: Path) -> Any:
        self.lines.setdefault(path, _line(event))
        if len(path) > DEEPEST:
            raise _TooDeepError(_line(event))
        match event:
            case yaml.MappingStartEvent():
                return self.mapping(path)
            case yaml.SequenceStartEvent():
                return self.sequence(path)
            case yaml.ScalarEvent():
                return None if not event.style and event.value in NULLS else event.value
            case _:
                self.fault(event, "an alias (*)", "everything written out")
                return None

    def sequence(self, path: Path) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            found.append(self.value(event, (*path, len(found))))
        return found

    def mapping(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self.fault(event, "a key that is not text", "`key: value`")
                self.value(event, (*path, ""))
                self.value(next(self.events), (*path, ""))
                continue
            key, line = event.value, _line(event)
            if key in found:
                first = self.lines[*path, key]
                self.faults.add(self.file, line, f"{key} is there twice", f"one only (the first is on line {first})")
                self.value(next(self.events), (*path, key))
                continue
            self.lines[*path, key] = line
            found[key] = self.value(next(self.events), (*path, key))
        return found

    def fault(self, event: yaml.Event, what: str, expected: str) -> None:
        self.faults.add(self.file, _line(event), what, expected)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
