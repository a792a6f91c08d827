"""Where a field lies in what a vendor's codec says: a name, a pattern, or a way into nested objects and lists.

`a|b` tries one name after the other. `a.b.0` goes into objects and lists; `*` is every element, `line_*_in` every name
that fits; `messages.*.*[id=4097].value` takes the elements whose `id` is 4097. A name with dots in it is first looked
for as it stands.
"""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

_SEGMENT: Final = re.compile(r"((?:[^.\[\]]|\[[^\]=]*\](?!=))*)((?:\[[^\]=]+=[^\]]*\])*)(?:\.|$)")
_FILTER: Final = re.compile(r"\[([^\]=]+)=([^\]]*)\]")
_MOST: Final = 512  # elements that one field may come to
Fields = Mapping[str, Any]


class Step(NamedTuple):
    """One segment of a way."""

    name: str
    number: int  # -1 where the name is no number
    pattern: bool
    filters: tuple[tuple[str, str], ...]


class Place(NamedTuple):
    """All the ways to one field, by preference."""

    names: tuple[str, ...]
    ways: tuple[tuple[Step, ...], ...]  # empty where a name is the whole way

    def found(self, fields: Fields) -> list[Any]:
        """What stands there; nothing where it is absent."""
        for name, way in zip(self.names, self.ways, strict=True):
            if name in fields:
                return [fields[name]]
            if way:
                values = []
                for value in _walked(fields, way):
                    values.append(value)
                    if len(values) >= _MOST:
                        break
                if values:
                    return values
        return []


def place(key: str) -> Place:
    """Read a key of a profile. Raises ValueError."""
    names = tuple(name.strip() for name in key.split("|"))
    if not all(names):
        msg = "an empty name"
        raise ValueError(msg)
    return Place(names, tuple(_way(name) for name in names))


def spelt(value: object) -> str:
    """A value as a word: lower case, whole numbers without a point."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return str(value).strip().casefold()


def _way(name: str) -> tuple[Step, ...]:
    if not any(c in name for c in ".*["):
        return ()
    steps, at = [], 0
    while at < len(name):
        match = _SEGMENT.match(name, at)
        if match is None or match.end() == at:
            msg = f"{name[at:]!r} is no way into anything"
            raise ValueError(msg)
        segment, filters = match.group(1), tuple((k, v.casefold()) for k, v in _FILTER.findall(match.group(2)))
        steps.append(Step(segment, int(segment) if segment.isdecimal() else -1, "*" in segment, filters))
        at = match.end()
    return tuple(steps)


def _walked(found: Any, way: tuple[Step, ...]) -> Iterator[Any]:
    if not way:
        yield found
        return
    step, rest = way[0], way[1:]
    for inner in _inner(found, step):
        if all(isinstance(inner, dict) and spelt(inner.get(key)) == wanted for key, wanted in step.filters):
            yield from _walked(inner, rest)


def _inner(found: Any, step: Step) -> Iterator[Any]:
    if isinstance(found, Mapping):
        if step.name in found:
            yield found[step.name]
        elif step.pattern:
            yield from (
                value for name, value in found.items() if isinstance(name, str) and fnmatchcase(name, step.name)
            )
    elif isinstance(found, list | tuple):
        if step.name == "*":
            yield from found
        elif 0 <= step.number < len(found):
            yield found[step.number]
