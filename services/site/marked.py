"""YAML with the line of everything in it.

Scalars stay text exactly as written (no `no` that becomes false, no 13:30 that becomes 810): what a scalar means is
the business of the shape it is fitted to.
"""

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
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        why = wrong.problem or wrong.context or "cannot be read"
        faults.add(file, mark.line + 1 if mark else 1, f"not YAML: {why}", "indentation by spaces, `key: value`")
        return None
    except yaml.reader.ReaderError as wrong:
        line = text[: wrong.position].count("\n") + 1
        faults.add(file, line, f"a character that YAML does not allow ({wrong.character!r})", "plain text in UTF-8")
        return None
    lines: dict[Path, int] = {(): 1}
    if node is None:
        return Marked(None, lines)
    return Marked(_Reader(file, faults, lines).value(node, ()), lines)


class _Reader:
    def __init__(self, file: str, faults: Faults, lines: dict[Path, int]) -> None:
        self.file, self.faults, self.lines = file, faults, lines
        self.seen: set[int] = set()

    def value(self, node: yaml.Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        if id(node) in self.seen:
            self.faults.add(self.file, line, "an alias (*) points here", "everything written out, without anchors")
            return None
        self.seen.add(id(node))
        if len(path) > DEEPEST:
            self.faults.add(self.file, line, "nested too deep", f"at most {DEEPEST} levels")
            return None
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        if not isinstance(node, yaml.ScalarNode) or (not node.style and node.value in NULLS):
            return None
        return node.value

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.faults.add(self.file, line, "a key that is not text", "`key: value`")
                continue
            key = key_node.value
            if key in found:
                first = self.lines[*path, key]
                self.faults.add(self.file, line, f"{key} is there twice", f"one only (the first is on line {first})")
                continue
            self.lines[*path, key] = line
            found[key] = self.value(value_node, (*path, key))
        return found
