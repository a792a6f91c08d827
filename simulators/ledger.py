"""The ledger: what there was to find, and what the broker has taken. One JSON line each, good up to a kill."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec

from simulators.almanac import stamp
from simulators.causes import Cause
from simulators.voice import Publish

_encode = msgspec.json.Encoder().encode


class Ledger:
    """Appends whole lines; what has been flushed outlives us.

    Two kinds of line: a cause `{"id", "what", "facility", "from", "until", "class", "members"?, "device"?}` (told when
    it begins, with `until: null` where it must be mended, and again when it ends: the last line of an id counts), and
    a message of a device that the broker acknowledged `{"acked": hex, "device", "seq", "at"}`.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("a+b", buffering=0)
        size = self._file.seek(0, os.SEEK_END)
        if size:
            self._file.seek(size - 1)
            if self._file.read(1) != b"\n":  # a kill cut the last line short: the next one begins afresh
                self._file.write(b"\n")
        self._lines: list[bytes] = []

    def causes(self, causes: Iterable[Cause]) -> None:
        """What began or ended."""
        self._lines += [_encode(cause.told()) for cause in causes]

    def acked(self, sent: Iterable[Publish]) -> None:
        """What the broker has taken. Replies and statuses measure nothing and are left out."""
        self._lines += [
            _encode({"acked": p.key.hex(), "device": p.device, "seq": p.seq, "at": stamp(p.at)})
            for p in sent
            if p.device
        ]

    def flush(self) -> None:
        """Hand everything to the operating system: it survives our being killed."""
        if self._lines:
            lines, self._lines = self._lines, []
            self._file.write(b"\n".join(lines) + b"\n")

    def close(self) -> None:
        """Flush and let go."""
        self.flush()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Told(NamedTuple):
    """A ledger, read."""

    causes: Mapping[str, Mapping[str, Any]]  # by id, the last word on each
    acked: Mapping[str, Mapping[str, Any]]  # by message key, hex


def read_ledger(path: Path) -> Told:
    """All of it. A last line that a kill cut short is left out."""
    causes: dict[str, Mapping[str, Any]] = {}
    acked: dict[str, Mapping[str, Any]] = {}
    for line in path.read_bytes().split(b"\n"):
        try:
            told = msgspec.json.decode(line)
        except msgspec.DecodeError:
            continue
        if "acked" in told:
            acked[told["acked"]] = told
        else:
            causes[told["id"]] = told
    return Told(causes, acked)
