"""A `domain.ports.Quarantine` in memory."""

from collections.abc import Sequence

from domain.errors import NotFoundError
from domain.messages import Quarantined


class MemoryQuarantine:
    """Keeps until the test ends."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int, str], Quarantined] = {}

    def keep(self, kept: Sequence[Quarantined]) -> None:
        """Keyed on (row, place, quantity)."""
        self._kept |= {(q.row, q.place, q.quantity): q for q in kept}

    def list(self, *, newest: int, reason: str | None = None) -> Sequence[Quarantined]:
        """The newest ones, newest first."""
        order = sorted(self._kept.values(), key=lambda q: (-q.row, -q.place, q.quantity))
        return [q for q in order if q.reason.startswith(reason or "")][:newest]

    def get(self, row: int, place: int) -> Sequence[Quarantined]:
        """What was kept of one message."""
        found = [q for (r, p, _), q in sorted(self._kept.items()) if (r, p) == (row, place)]
        if not found:
            raise NotFoundError(f"nothing is kept aside of message {row}/{place}")
        return found
