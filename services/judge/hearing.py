"""What was heard, and when it counts for orders: in the order of what happened and not of how it arrived."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from domain.alarms import AlarmChange
from domain.readings import Millis
from domain.site import Site
from ingest.codecs.replies import Command, Reply, Stopped
from services.dispatch.letters import Undelivered
from services.dispatch.orders import Order
from services.judge.notes import Notes
from services.judge.outcome import Engine

ALARM, ANSWER, ORDERED = 0, 1, 2  # at one moment: the sensors first, then crews, then the desk; limits run out last
STEP_MS: Final = 60_000  # a step of lock-step is at most one virtual minute


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens to orders, at its effective time. Exactly one of the last five is there."""

    at: Millis
    kind: int
    id: str
    row: int
    crew: str = ""  # who answers, by the topic
    change: AlarmChange | None = None
    reply: Reply | None = None
    command: Command | None = None
    stop: Stopped | None = None
    lost: Undelivered | None = None


_waiting = msgspec.json.Decoder(list[Event])


class Hearing:
    """What was heard and has not happened yet, and whether we hear at all. In every method `floor` is the moment up to
    which all is decided, and `tick` the one up to which the row decides.

    An event happens by (effective time, class, id). On a simulated site, where the clock stands still within a step of
    lock-step, it waits until the Tick has passed it: then it does not matter how the messages of a step were cut into
    rows.
    """

    def __init__(self, site: Site, engine: Engine, order: Callable[[str, Millis], Order | None]) -> None:
        self._simulated, self._engine, self._order = site.simulated, engine, order
        self.deaf = False  # what was said meanwhile may still be in the back-log
        self.waiting: list[Event] = []

    def load(self, deaf: bytes, waiting: bytes) -> None:
        """Start from what was committed."""
        self.deaf = deaf == b"1"
        self.waiting = _waiting.decode(waiting or b"[]")

    def save(self) -> tuple[bytes, bytes]:
        """Whether we are deaf, and what waits, for `load`."""
        return b"1" if self.deaf else b"0", msgspec.json.encode(self.waiting)

    def listen(self, notes: Notes, tick: Millis) -> bool:
        """Follow our own connection: deaf from its loss, or our start, until the back-log has passed. Whether that
        changed.
        """
        before = self.deaf
        for state in notes.links:
            if state in ("down", "started"):
                self.deaf = True
            elif state in ("passed", "unmeasured"):
                self.deaf = False
                self._engine.listening_from(tick)
        return before != self.deaf

    def take(self, changes: Iterable[AlarmChange], notes: Notes | None, row: int, floor: Millis, tick: Millis) -> None:
        """Let what a row says wait for its time."""
        said = self._said(notes, row, floor, tick) if notes else ()
        self.waiting = [*self.waiting, *self._alarms(changes, row, floor, tick), *said]

    def due(self, tick: Millis) -> Sequence[Event]:
        """What has waited long enough, in its order. It waits no more."""
        ready = sorted((e for e in self.waiting if e.at <= tick), key=lambda e: (e.at, e.kind, e.id))
        self.waiting = [e for e in self.waiting if e.at > tick]
        return ready

    def command_time(self, floor: Millis, tick: Millis) -> Millis:
        """When the word of an operator, or of the service itself, counts: at its receipt."""
        return floor if self._simulated else tick

    def reply_time(self, reply: Reply, floor: Millis, tick: Millis) -> Millis:
        """When an answer counts: at its own time if that lies between dispatch and receipt, else at its receipt."""
        received, latest = (floor, tick + STEP_MS) if self._simulated else (tick, tick)
        said, order = reply.said_at, self._order(reply.order, tick)
        if said is None or order is None or order.dispatched is None:
            return received
        return said if order.dispatched <= said <= latest else received

    def _alarm_time(self, at: Millis, floor: Millis, tick: Millis) -> Millis:
        """When an alarm counts: at its event time, but not before what is decided already."""
        if not self._simulated:
            return min(max(at, floor), tick)
        return max(at, floor) if at <= tick + STEP_MS else floor

    def _alarms(self, changes: Iterable[AlarmChange], row: int, floor: Millis, tick: Millis) -> Iterable[Event]:
        newest = {e.id: e.at for e in self.waiting if e.kind == ALARM}
        for change in changes:
            at = max(self._alarm_time(change.at, floor, tick), newest.get(change.alarm, floor))
            newest[change.alarm] = at  # a correction of an alarm never overtakes what it corrects
            yield Event(at, ALARM, change.alarm, row, change=change)

    def _said(self, notes: Notes, row: int, floor: Millis, tick: Millis) -> Iterable[Event]:
        for crew, reply in notes.replies:
            at = self.reply_time(reply, floor, tick)
            yield Event(at, ANSWER, said_once(crew, reply), row, crew=crew, reply=reply)
        at = self.command_time(floor, tick)
        for command in notes.commands:
            yield Event(at, ORDERED, command.id, row, command=command)
        for lost in notes.lost:
            yield Event(at, ORDERED, lost.key, row, lost=lost)
        for stop in notes.stops:
            yield Event(at, ORDERED, stop.id, row, stop=stop)


def said_once(crew: str, reply: Reply) -> str:
    """The id of an answer among all that is said: a crew numbers its own, and no other's."""
    return f"{crew}/{reply.id}"
