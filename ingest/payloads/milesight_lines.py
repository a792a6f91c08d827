"""A line of milesight_table.py, made into a reader of that channel's bytes."""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from ingest.payloads.milesight_bytes import Bytes, EndsEarlyError, Found, as_float, put
from ingest.payloads.milesight_irregular import READERS

Reader = Callable[[Bytes, Found], None]
"""Reads one channel's bytes into what was found. Raises EndsEarlyError, having put nothing, where they do not fit."""

_PART: Final = re.compile(
    r"(?P<same>\+?)(?P<name>[\w.]*)(?P<top>\^?):(?P<type>[a-z]+)(?P<size>\d*)(?:/(?P<divisor>\d+))?"
    r"(?:@(?P<bit>\d+)(?:\.(?P<width>\d+))?)?\s*(?:\{(?P<words>[^}]*)\})?(?:=(?P<always>[^!]*))?(?P<never>(?:\s*!.*)?)"
)
_NEVER: Final = re.compile(r"!(?P<raw>[0-9a-f]+)\s+(?P<status>[\w.]*):(?P<word>[^!]*)")
_VERSIONS: Final[dict[str, tuple[int, Callable[[bytes], str]]]] = {
    "v1": (1, lambda raw: f"v{raw[0] >> 4}.{raw[0] & 15}"),
    "v2": (2, lambda raw: f"v{raw[0]}.{raw[1]}"),
    "hw": (2, lambda raw: f"v{raw[0]:x}.{raw[1] >> 4}"),
    "fw": (2, lambda raw: f"v{raw[0]:x}.{raw[1]:x}"),
    "dots2": (2, lambda raw: ".".join(map(str, raw))),
    "dots4": (4, lambda raw: ".".join(map(str, raw))),
    "vdots4": (4, lambda raw: "v" + ".".join(map(str, raw))),
}
_TEXTS: Final[dict[str, Callable[[bytes], str]]] = {
    "hex": bytes.hex,
    "asc": lambda raw: raw.rstrip(b"\0").decode("ascii", "replace"),
}


class _Part(NamedTuple):
    name: str
    size: int
    same: bool  # reads the bytes of the part before once more
    top: bool
    value: Callable[[bytes], Any]  # None: there is no value
    never: dict[int, tuple[str, str]]


def readers(lines: str) -> dict[bytes, Reader]:
    """The readers of a group of lines, by the bytes that announce each. A later line goes before an earlier one."""
    made: dict[bytes, Reader] = {}
    for line in lines.replace("\n  ", " ").splitlines():  # a line that is indented goes on
        if line.strip():
            key, said = line.split(" ", 1)
            if said == "none":
                made.pop(bytes.fromhex(key), None)
            else:
                made[bytes.fromhex(key)] = _reader(said.strip())
    return made


def _reader(said: str) -> Reader:
    if said.startswith("*"):
        name, *arguments = said[1:].split()
        reading = READERS[name]
        return lambda source, found: reading(source, found, *arguments)
    into = ""
    if said.startswith(">"):
        into, said = said[1:].split(" ", 1)
    parts = tuple(_part(part.strip()) for part in said.split(";"))
    size = sum(part.size for part in parts if not part.same)

    def read(source: Bytes, found: Found) -> None:
        if source.left() < size:
            raise EndsEarlyError
        values: dict[str, Any] = {}
        raw = b""
        for part in parts:
            raw = raw if part.same else source.take(part.size)
            if not part.name:
                continue
            _say(part, raw, values)
            if part.top and part.name in values:
                put(found.target, part.name, values[part.name])
        _keep(into, values, found)

    return read


def _say(part: _Part, raw: bytes, values: dict[str, Any]) -> None:
    instead = part.never.get(int.from_bytes(raw, "little")) if part.never else None
    if instead is not None:
        if instead[0]:
            put(values, *instead)
        return
    value = part.value(raw)
    if value is not None:
        put(values, part.name, value)


def _keep(into: str, values: dict[str, Any], found: Found) -> None:
    if into == "history":
        found.earlier(values.pop("timestamp"), values)
    elif into:
        found.target.setdefault(into, []).append(values)
    else:
        if "timestamp" in values:
            found.clock(values["timestamp"])
        for name, value in values.items():
            if isinstance(value, dict) and isinstance(found.target.get(name), dict):
                found.target[name].update(value)
            else:
                found.target[name] = value


def _part(said: str) -> _Part:
    match = _PART.fullmatch(said)
    if match is None:
        raise ValueError(said)
    kind, size = match["type"], int(match["size"] or 0)
    never = {int(m["raw"], 16): (m["status"], m["word"].strip()) for m in _NEVER.finditer(match["never"])}
    value: Callable[[bytes], Any]
    if kind + match["size"] in _VERSIONS:
        size, value = _VERSIONS[kind + match["size"]]
    elif kind in _TEXTS:
        value = _TEXTS[kind]
    else:
        size //= 8
        value = as_float if kind == "f" else _number(match, kind)
    return _Part(match["name"], size, bool(match["same"]), bool(match["top"]), value, never)


def _number(match: re.Match[str], kind: str) -> Callable[[bytes], Any]:
    signed = kind == "i"
    always, words, divisor = match["always"], match["words"], match["divisor"]
    bit, mask = int(match["bit"] or 0), (1 << int(match["width"] or 1)) - 1 if match["bit"] else -1

    def plain(raw: bytes) -> int:
        return int.from_bytes(raw, "little", signed=signed) >> bit & mask

    if always is not None:
        word = always.strip()
        return lambda _: word
    if words is not None:
        known = dict(_words(words))
        return lambda raw: known.get(plain(raw), "unknown")
    if divisor is not None:
        by = int(divisor)
        return lambda raw: plain(raw) / by
    return plain


def _words(said: str) -> list[tuple[int, str]]:
    made: list[tuple[int, str]] = []
    for word in said.split("|"):
        code, colon, rest = word.partition(":")
        if colon and code.isdigit():
            made.append((int(code), rest))
        else:
            made.append((made[-1][0] + 1 if made else 0, word))
    return made
