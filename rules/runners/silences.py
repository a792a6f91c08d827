"""Who counts as silent, and since when: how long we have listened, and how long each device may say nothing."""

import msgspec

from domain.readings import Millis, Reading
from rules.core import absence
from rules.core.surroundings import Context, Silent
from rules.runners import saved
from rules.runners.records import Ear


class Silences:
    """A device counts as silent from the end of its limit until its next reading. The limit begins when it was last
    heard, or when we began to listen if that was later, and is waited for a little longer than it lasts.
    """

    def __init__(self, context: Context, intervals: float) -> None:
        """`intervals`: so many of its own reports a device may miss."""
        self._context, self._intervals = context, intervals
        self.since: Millis | None = None  # we have been listening, but for deaf spans before
        self.deaf = False
        self._drained = True

    def listen(self, at: Millis) -> None:
        """From now on we hear: every device has its whole limit anew."""
        self.since, self.deaf, self._drained = at, False, False

    def turn_deaf(self, at: Millis) -> None:
        """From now on we hear nothing that shows who is silent."""
        self.since = at if self.since is None else self.since
        self.deaf, self._drained = True, False

    def deadline(self, ear: Ear) -> Millis:
        """When the silence of a device is to be declared, unless it speaks before."""
        heard = self._heard(ear)
        limit = absence.limit(ear.device, ear.spot.place, heard, self._intervals, self._context)
        return heard + limit + absence.WAIT

    def surely_heard(self, ear: Ear) -> Millis:
        """Up to when a device certainly does not count as silent: never after `deadline`, and cheaper."""
        return self._heard(ear) + ear.patience + absence.WAIT

    def overdue(self, ear: Ear, at: Millis) -> Millis | None:
        """Since when a device that speaks after a long time was silent, though no Tick came to say so."""
        if ear.silent is not None or (silent := self.deadline(ear) - absence.WAIT) >= at:
            return None
        return silent

    def begin(self, ear: Ear, at: Millis) -> Silent:
        """It counts as silent since then: what rules are told of it."""
        ear.silent, ear.ready = at, None
        return Silent(at, ear.id, self._heard(ear))

    def end(self, ear: Ear, reading: Reading) -> Reading:
        """A silent device speaks: the reading as proof of life, never before the silence that it ends."""
        assert ear.silent is not None  # noqa: S101
        alive = reading._replace(at=max(reading.at, ear.silent + 1))
        ear.silent, ear.started = None, alive.at
        return alive

    def drain(self) -> dict[str, bytes]:
        """Since when we listen, for `load`; nothing where that is as it was at the last call."""
        if self._drained or self.since is None:
            return {}
        self._drained = True
        return {saved.LISTENING: msgspec.json.encode(saved.SavedListening(self.since, self.deaf))}

    def load(self, row: bytes) -> None:
        """Take up since when we listened."""
        listening = msgspec.json.decode(row, type=saved.SavedListening)
        self.since, self.deaf = listening.since, listening.deaf

    def _heard(self, ear: Ear) -> Millis:
        return max(ear.heard, self.since or 0)
