"""What an operator recorded of his own coast: `mosquitto_sub -F %j -t '#' > coast.jsonl`, a message a line, as it is or
gzipped.
"""

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from domain.errors import FaultyFileError
from domain.readings import Millis
from services.replay.recording import Recording, Sent
from services.site import load_site

_Z_AND_OFFSET: Final = re.compile(r"Z(?=[+-]\d)")  # as mosquitto 2.0 writes it, local time though it says Z
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_NAMED: Final = re.compile(r"(.+)\.(?:jsonl|log|txt)(\.gz)?", re.IGNORECASE)
_UNREAD: Final = "no line as `mosquitto_sub -F %j` writes it"
_OURS: Final = ("/crew/", "/clock", "/marker/")  # said by a service or its crews, not by sensors


def read_captured(path: Path, site: Path | None) -> Recording | None:
    """A file of lines `{"tst", "topic", "payload", "retain"}`, as mosquitto_sub writes them. It needs its site's files.
    A season's capture has a torn line somewhere: those are left out and counted. Raises FaultyFileError.
    """
    named = _NAMED.fullmatch(path.name)
    if path.is_dir() or named is None:
        return None
    if site is None:
        raise FaultyFileError(
            str(path), 1, "is a capture of a coast that we do not know", "its site files, with --site"
        )
    left_out = defaultdict[str, int](int)
    messages = sorted(_read(path, left_out), key=lambda sent: sent.at)
    if not messages and (many := left_out[_UNREAD]):
        raise FaultyFileError(
            str(path), 1, f"has {many} lines and no message", "lines as `mosquitto_sub -F %j` writes them"
        )
    return Recording(named[1], load_site(site).timezone, messages, site=site, left_out=dict(left_out))


def _read(path: Path, left_out: dict[str, int]) -> Iterator[Sent]:
    with _opened(path) as lines:
        for line in _whole(lines, left_out):
            if not line.strip():
                continue
            try:
                told = json.loads(line)
                at, topic, payload = _time(told["tst"]), _topic(told["topic"]), _payload(told["payload"])
            except (ValueError, KeyError, TypeError, RecursionError):
                left_out[_UNREAD] += 1
                continue
            if told.get("retain"):
                left_out["retained: a repetition, not an event"] += 1
            elif any(part in topic for part in _OURS):
                left_out["said by a service or a crew"] += 1
            else:
                yield Sent(at, topic, payload, topic.split("/")[-2] if topic.endswith("/up") else "")


def _opened(path: Path) -> gzip.GzipFile | IO[bytes]:
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")


def _whole(lines: Iterable[bytes], left_out: dict[str, int]) -> Iterator[bytes]:
    """Each line; of a gzip that is still being written, those that are there already."""
    try:
        yield from lines
    except EOFError:
        left_out[_UNREAD] += 1


def _time(told: Any) -> Millis:
    found = datetime.fromisoformat(_Z_AND_OFFSET.sub("", str(told)))
    if found.tzinfo is None or not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise ValueError(told)
    return round(found.timestamp() * 1000)


def _topic(told: Any) -> str:
    if not isinstance(told, str) or not told:
        raise ValueError(told)
    return told


def _payload(told: Any) -> bytes:
    """mosquitto_sub writes text as a JSON string with %j, and as the JSON it is with %J."""
    return told.encode() if isinstance(told, str) else json.dumps(told).encode()
