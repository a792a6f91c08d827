"""YAML with the line of every part, so that a fault can be pointed at. All scalars are text: `on` is no flag."""

from typing import Final

import yaml

from domain.errors import FaultyFileError

Path = tuple[str | int, ...]
_LONGEST: Final = 256 * 1024  # characters; a rule file has a few thousand


class Marked:
    """What a file says, and where."""

    def __init__(self, file: str, text: str) -> None:
        """Read it. Raises FaultyFileError."""
        self.file, self._lines = file, dict[Path, int]()
        if len(text) > _LONGEST:
            raise FaultyFileError(file, 1, "the file is too long", f"at most {_LONGEST} characters")
        try:
            for token in yaml.scan(text, Loader=yaml.BaseLoader):
                if isinstance(token, yaml.AliasToken):  # a few lines of them unfold to billions
                    line = token.start_mark.line + 1
                    raise FaultyFileError(file, line, f"*{token.value} refers to another part", "that part written out")
            node = yaml.compose(text, Loader=yaml.BaseLoader)
            self.content: object = self._built(node, ()) if node is not None else {}
        except yaml.MarkedYAMLError as wrong:
            line = wrong.problem_mark.line + 1 if wrong.problem_mark else 1
            raise FaultyFileError(file, line, f"not YAML: {wrong.problem}", "YAML 1.1") from wrong
        except (yaml.YAMLError, RecursionError) as wrong:
            raise FaultyFileError(file, 1, "not YAML, or nested too deeply", "YAML 1.1") from wrong

    def line(self, path: Path) -> int:
        """The line, from 1, of a part; of the nearest part round it that is there."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def fault(self, path: Path, what: str, expected: str = "") -> FaultyFileError:
        """What to raise about a part."""
        return FaultyFileError(self.file, self.line(path), what, expected)

    def _built(self, node: yaml.Node, path: Path) -> object:
        self._lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            made: dict[str, object] = {}
            for key, value in node.value:
                name = key.value
                if not isinstance(name, str) or name in made:
                    raise FaultyFileError(self.file, key.start_mark.line + 1, f"{name!r} twice", "each key once")
                self._lines[*path, name] = key.start_mark.line + 1
                made[name] = self._built(value, (*path, name))
            return made
        if isinstance(node, yaml.SequenceNode):
            return [self._built(value, (*path, i)) for i, value in enumerate(node.value)]
        return node.value
