"""The quarantine as the API needs it, kept in memory."""

from collections.abc import Mapping, Sequence

from domain.messages import Quarantined
from ingest.quarantine import class_of
from tests.fakes.memory_quarantine import MemoryQuarantine


class MemoryAside(MemoryQuarantine):
    def __init__(self) -> None:
        super().__init__()
        self._again: dict[tuple[int, int], str] = {}

    def page(self, *, newest: int, kind: str = "", after: tuple[int, int, str] | None = None) -> Sequence[Quarantined]:
        ordered = sorted(self.list(newest=1_000_000), key=lambda one: one[:3], reverse=True)
        chosen = [one for one in ordered if kind in ("", class_of(one.reason))]
        return [one for one in chosen if after is None or one[:3] < after][:newest]

    def counts(self) -> Mapping[str, int]:
        classes = [class_of(one.reason) for one in self.list(newest=1_000_000)]
        return {name: classes.count(name) for name in sorted(set(classes))}

    def retried(self, row: int, place: int) -> str:
        return self._again.get((row, place), "")

    def ask_retry(self, row: int, place: int) -> None:
        self.get(row, place)
        self._again[row, place] = "asked"
