"""Where the processor time of a service goes: the doors between its parts, watched from outside.

Watching costs two readings of a clock for each batch, so it is always on in a bench, and the product has no part in it.
Times are of the thread that works, so waiting counts for nothing; what one stage does inside another is not its own.
"""

import gc
import importlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

# stage: where its work begins, as module, class ("" for a function) and name
STAGES: Final[dict[str, tuple[tuple[str, str, str], ...]]] = {
    "source": (
        ("ingest.sources.conversation", "Conversation", "hear"),
        ("ingest.sources.conversation", "Conversation", "settled"),
    ),
    "journal": (("services.storage.journal", "SqliteJournal", "append"),),
    "decode": (("ingest.fanout", "FanOut", "hear"), ("ingest.fanout", "Consumer", "_read_on")),
    "judge": (("services.judge", "Judge", "fold"),),
    "rules": (("rules.runners.live", "Live", "hear"),),
    "states": (("rules.runners.live", "Live", "drain_dirty"),),
    "commit": (("services.storage.sql", "JudgeStore", "commit"),),
    "encode": (("services.storage.line_protocol", "LineEncoder", "lines"),),
    "compress": (("services.storage.influx", "", "_packed"),),
    "dispatch": (
        ("services.storage.sql", "JudgeStore", "pending"),
        ("services.storage.sql", "JudgeStore", "mark_sent"),
    ),
    "quarantine": (("services.storage.quarantine", "SqliteQuarantine", "keep"),),
}
COLLECTOR: Final = "garbage collector"  # Python's own; its time is not counted in the stage that woke it
REST: Final = "loop, sockets, threads"


class Stages:
    """Seconds of processor time by stage, since the start or the last `take`."""

    def __init__(self) -> None:
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._inside = threading.local()
        self._began = time.process_time()
        self._collecting = 0.0

    def watch(self) -> None:
        """From now on, for as long as this process lives."""
        for stage, places in STAGES.items():
            for module, owner, name in places:
                found: Any = importlib.import_module(module)
                found = getattr(found, owner) if owner else found
                setattr(found, name, self._watched(stage, getattr(found, name)))
        gc.callbacks.append(self._collects)

    def take(self) -> dict[str, float]:
        """What was spent, the rest included, in the order of STAGES; and begin anew."""
        now = time.process_time()
        whole, self._began = now - self._began, now
        spent, self._spent = self._spent, defaultdict(float)
        known = {stage: spent[stage] for stage in (*STAGES, COLLECTOR)}
        return {**known, REST: whole - sum(known.values())}

    def _watched(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def works(*given: Any, **named: Any) -> Any:
            inside = self._inside
            before = getattr(inside, "others", 0.0)
            inside.others = 0.0
            began = time.thread_time()
            try:
                return work(*given, **named)
            finally:
                took = time.thread_time() - began
                self._spent[stage] += took - inside.others
                inside.others = before + took

        return works

    def _collects(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = time.thread_time()
            return
        took = time.thread_time() - self._collecting
        self._spent[COLLECTOR] += took
        self._inside.others = getattr(self._inside, "others", 0.0) + took
