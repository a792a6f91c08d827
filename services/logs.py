"""Logs: one line a fact, a constant message and its values as fields; for people, or as JSON for machines."""

import json
import logging
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any, Final, Literal

Form = Literal["text", "json"]

REPEATS: Final = 5  # of one message, in OVER_S; more are counted
OVER_S: Final = 60.0
HIDDEN: Final = "***"
_SHORTEST_SECRET: Final = 4  # to hide anything shorter would make holes in plain words
_KNOWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_OURS: Final = ("at", "level", "part", "message", "trace")


class Lines(logging.Formatter):
    """`2026-10-01T08:00:00+0800 WARNING ingest.batching the journal cannot be written why="disk full"`."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """The line, its fields behind it."""
        head, *trace = super().format(record).split("\n")
        told = (f"{name}={json.dumps(value, ensure_ascii=False, default=str)}" for name, value in _fields(record))
        return hidden("\n".join([" ".join([head, *told]), *trace]), self._secrets)


class Objects(logging.Formatter):
    """One JSON object a line: `at` (RFC 3339, UTC), `level`, `part` (who says it) and `message`, then the fields; with
    an error also `trace`. A field that has the name of one of these gets `_` behind it.
    """

    def __init__(self, secrets: Collection[str] = ()) -> None:
        super().__init__()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        said: dict[str, Any] = {
            "at": at,
            "level": record.levelname.lower(),
            "part": record.name,
            "message": record.getMessage(),
        }
        said |= {f"{name}_" if name in _OURS else name: value for name, value in _fields(record)}
        if record.exc_info:
            said["trace"] = self.formatException(record.exc_info)
        return hidden(json.dumps(said, ensure_ascii=False, default=str), self._secrets)


class Sparing(logging.Filter):
    """Lets the same message of the same part pass some times a minute; how often it was kept back is told with the next
    that passes, as `repeated`.
    """

    def __init__(self, most: int = REPEATS, over_s: float = OVER_S, beat: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._most, self._over_s, self._beat = most, over_s, beat
        self._told: dict[tuple[str, int, str], _Told] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is written."""
        now = self._beat()
        told = self._told.setdefault((record.name, record.levelno, str(record.msg)), _Told(now))
        if now - told.since >= self._over_s:
            if told.kept_back:
                record.repeated = told.kept_back
            told.since, told.times, told.kept_back = now, 0, 0
        told.times += 1
        if told.times > self._most:
            told.kept_back += 1
            return False
        return True


class _Told:
    """How often one message came in the present minute."""

    def __init__(self, since: float) -> None:
        self.since, self.times, self.kept_back = since, 0, 0


def hidden(text: str, secrets: Collection[str]) -> str:
    """The text without any of the secrets."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    return text


def begin(level: str, form: Form = "text", secrets: Collection[str] = ()) -> None:
    """Log to stderr from `level` up; no line ever has one of the secrets in it."""
    handler = logging.StreamHandler()
    handler.setFormatter(Objects(secrets) if form == "json" else Lines(secrets))
    handler.addFilter(Sparing())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _fields(record: logging.LogRecord) -> list[tuple[str, object]]:
    return [(name, value) for name, value in vars(record).items() if name not in _KNOWN]
