"""Logs: one line a fact, a constant message and its values as fields."""

import json
import logging
from typing import Final

_KNOWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Lines(logging.Formatter):
    """`2026-10-01T08:00:00+0800 WARNING ingest.batching the journal cannot be written why="disk full"`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")

    def format(self, record: logging.LogRecord) -> str:
        """The line, its fields behind it."""
        fields = {name: value for name, value in vars(record).items() if name not in _KNOWN}
        head, *trace = super().format(record).split("\n")
        told = (f"{name}={json.dumps(value, ensure_ascii=False, default=str)}" for name, value in fields.items())
        return "\n".join([" ".join([head, *told]), *trace])


def begin(level: str) -> None:
    """Log to stderr from `level` up."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
