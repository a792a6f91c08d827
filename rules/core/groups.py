"""Groups over topology: when so many members fail together that something above them has failed.

A group hears of its members what changes: at fault, well, silent, heard again; and of its hub, where it has one. It is
always settled: events wait `rule.wait_s` and are then judged in order of event time. What comes later than that, as the
last gasps of lamps on a slow network do, counts from when it was heard, with its own beginning.

While its alarm is open, whoever else is found at fault for the same reason joins it. They are gathered as at its
opening, so a trickle of members makes one amendment every `gather_s` at most.
"""

from bisect import bisect_right, insort
from math import ceil
from typing import Literal

import msgspec

from domain.alarms import AlarmState
from domain.readings import Millis, Value
from rules.core.levels import reopened
from rules.core.program import Program
from rules.core.rule import Quorum
from rules.core.state import Change, Closed, Opened
from rules.core.surroundings import Tick

What = Literal["wrong", "well", "silent", "heard"]
HUB = ""  # who an event is about, where it is the hub itself


class Event(msgspec.Struct, frozen=True, array_like=True):
    """What became of one member, or of the hub."""

    at: Millis
    who: str
    what: What
    heard: Millis = -1  # when we heard of it; matters, and is kept, only where that was too late for its own time


class Fault(msgspec.Struct, frozen=True, array_like=True):
    """A member that is not well: since when it says so, since when it has said nothing."""

    wrong: Millis | None = None
    silent: Millis | None = None

    @property
    def since(self) -> Millis:
        """When the trouble began."""
        known = [moment for moment in (self.wrong, self.silent) if moment is not None]
        return min(known)


class Pending(msgspec.Struct, frozen=True, array_like=True):
    """A quorum that has been seen, while members still join."""

    at: Millis
    cause: Millis


class Group(msgspec.Struct, frozen=True, omit_defaults=True):
    """One group rule, one feeder or gateway."""

    waiting: tuple[Event, ...] = ()  # in the order in which they will be judged
    faults: dict[str, Fault] = {}
    hub: Millis | None = None  # since when the hub itself says so
    pending: Pending | None = None
    open: Opened | None = None
    clearing: Millis | None = None
    judged: Millis = -1
    joining: Millis | None = None  # while open: since when there is somebody whom the alarm does not name
    closed: Closed | None = None  # within the cool-down


WELL = Group()


def step(
    program: Program, group: Group, seen: Event | Tick, members: int, covered: frozenset[str] = frozenset()
) -> tuple[Group, tuple[Change, ...]]:
    """What becomes of the group, and what was decided. `members` is how many it has; those `covered` by the alarm of
    another group do not count, neither among those at fault nor among those that could be.
    """
    turn = _Turn(program, group, members, covered)
    if isinstance(seen, Event):
        turn.put(seen)
    else:
        turn.settle(seen.at - program.wait)
    return turn.group(), tuple(turn.changes)


def due(program: Program, group: Group) -> Millis | None:
    """The Tick that will change this group by itself."""
    ready = [_counts(event, program.wait) for event in group.waiting[:1]]
    if (coming := _coming(program, group)) is not None:
        ready.append(coming[0])
    if group.closed is not None and group.pending is None:
        ready.append(group.closed.at + program.rule.reopen_s * 1000 + 1)
    return min(ready) + program.wait if ready else None


def _counts(event: Event, wait: int) -> Millis:
    """When a waiting event is judged to have happened."""
    return event.at if event.heard < 0 else event.heard - wait


Then = Literal["amend", "clear", "open"]  # in this order where they fall together


def _coming(program: Program, group: "Group | _Turn") -> tuple[Millis, Then] | None:
    """What becomes of it by itself next, and when."""
    quorum = program.rule.quorum
    assert quorum is not None  # noqa: S101
    gather = quorum.gather_s * 1000
    if group.open is None:
        return None if group.pending is None else (group.pending.at + gather, "open")
    found: list[tuple[Millis, Then]] = []
    if group.joining is not None:
        found.append((group.joining + gather, "amend"))
    if group.clearing is not None:
        found.append((group.clearing + program.rule.clear_for_s * 1000, "clear"))
    return min(found, default=None)


class _Turn:
    """One call of `step`: the group taken apart, to be put together again at its end."""

    def __init__(self, program: Program, group: Group, members: int, covered: frozenset[str]) -> None:
        assert program.rule.quorum is not None  # noqa: S101
        self.program, self.quorum, self.size, self.covered = program, program.rule.quorum, members, covered
        self.waiting, self.faults, self.hub = group.waiting, dict(group.faults), group.hub
        self.pending, self.open, self.clearing, self.judged = group.pending, group.open, group.clearing, group.judged
        self.joining, self.closed = group.joining, group.closed
        self.changes: list[Change] = []

    def group(self) -> Group:
        """Put together."""
        faults = dict(sorted(self.faults.items()))
        busy = faults or self.open or self.pending or self.closed or self.hub is not None
        judged = self.judged if busy else -1
        return Group(
            self.waiting, faults, self.hub, self.pending, self.open, self.clearing, judged, self.joining, self.closed
        )

    def put(self, event: Event) -> None:
        """Keep an event until it is judged."""
        wait = self.program.wait
        heard = -1 if event.at > self.judged else max(event.heard, self.judged + wait)
        kept = Event(event.at, event.who, event.what, heard)
        if kept in self.waiting:
            return
        waiting = list(self.waiting)
        insort(waiting, kept, key=lambda e: (_counts(e, wait), e.who, e.what, e.at))
        self.waiting = tuple(waiting)

    def settle(self, horizon: Millis) -> None:
        """Judge everything up to the horizon, each at its own time."""
        moments = [_counts(event, self.program.wait) for event in self.waiting]
        ripe = bisect_right(moments, horizon)
        for i in range(ripe):
            moment = moments[i]
            self._ripen(moment - 1)
            self._note(self.waiting[i])
            self.judged = max(self.judged, moment)
            if i + 1 == ripe or moments[i + 1] > moment:
                self._weigh(moment)
        self.waiting = self.waiting[ripe:]
        self._ripen(horizon)
        if self.closed is not None and self.pending is None:
            over = self.closed.at + self.program.rule.reopen_s * 1000
            self.closed = None if horizon > over else self.closed

    def _note(self, event: Event) -> None:
        if event.who == HUB:
            self.hub = (event.at if self.hub is None else self.hub) if event.what == "wrong" else None
            return
        fault = self.faults.get(event.who, Fault())
        match event.what:
            case "wrong":
                fault = Fault(event.at if fault.wrong is None else fault.wrong, fault.silent)
            case "well":
                since = fault.wrong if fault.wrong is not None and fault.wrong > event.at else None
                fault = Fault(since, fault.silent)  # who was well, late to be heard of, may be at fault since
            case "silent":
                fault = Fault(fault.wrong, event.at if fault.silent is None else fault.silent)
            case "heard":
                fault = Fault(fault.wrong, None)
        if fault == Fault():
            self.faults.pop(event.who, None)
        else:
            self.faults[event.who] = fault

    def _weigh(self, at: Millis) -> None:
        """After everything of one moment is known: is it a quorum, is it over?"""
        if self.open is not None:
            if self._recovered():  # who fails now, fails for a reason of its own
                self.clearing = max(at, self.open.at) if self.clearing is None else self.clearing
                return
            self.clearing = None
            if self.joining is None and self._newcomers(self.open):
                self.joining = max(at, self.open.at)
            return
        cause = self._cause(at if self.pending is None else self.pending.at)
        if cause is None:
            self.pending = None
        elif self.pending is None:
            self.pending = Pending(at, cause)

    def _cause(self, at: Millis) -> Millis | None:
        """Where the group is at fault: the earliest beginning among what makes it so."""
        if self.hub is not None:
            return self.hub
        since = at - self.quorum.within_s * 1000
        fresh = self._fresh(since)
        if len(fresh) < _needed(self.quorum, self._counted(since)):
            return None
        return min(self.faults[who].since for who in fresh)

    def _fresh(self, since: Millis) -> list[str]:
        return [who for who, fault in self.faults.items() if fault.since > since and who not in self.covered]

    def _counted(self, since: Millis) -> int:
        """The denominator: all but those covered, and those that had fallen silent before."""
        lost = {who for who, fault in self.faults.items() if fault.silent is not None and fault.since <= since}
        return self.size - len(lost | self.covered)

    def _recovered(self) -> bool:
        if self.hub is not None or self.open is None:
            return False
        since = self._reach(self.open.cause)
        counted, fresh = self._counted(since), len(self._fresh(since))
        if not self.quorum.clear_share:
            return fresh < _needed(self.quorum, counted)
        return counted - fresh >= self.quorum.clear_share * counted

    def _reach(self, cause: Millis) -> Millis:
        """Who was at fault at that time or before, was so for another reason."""
        return cause - self.quorum.within_s * 1000

    def _newcomers(self, opened: Opened) -> list[str]:
        """Who is at fault for the reason of the alarm, and is not named by it."""
        named = set(opened.members)
        return [who for who in self._fresh(self._reach(opened.cause)) if who not in named]

    def _ripen(self, until: Millis) -> None:
        while (coming := _coming(self.program, self)) is not None and coming[0] <= until:
            moment, then = coming
            self.judged = max(self.judged, moment)
            match then:
                case "amend":
                    self._amend(moment)
                case "clear":
                    self._clear(moment)
                case "open":
                    self._open(moment)

    def _open(self, moment: Millis) -> None:
        assert self.pending is not None  # noqa: S101
        cause, still = self.pending.cause, self._cause(self.pending.at)
        self.pending = None
        if still is None:  # its members turned out to be somebody else's
            return
        members = tuple(sorted(self._fresh(self._reach(cause))))
        fresh = Opened(cause, cause, moment, self.program.rule.version, self._why(moment), members)
        self.open, self.closed = reopened(self.closed, self.program.rule.reopen_s, fresh), None
        self._say(AlarmState.OPEN, self.open, moment, self.open.why)

    def _amend(self, moment: Millis) -> None:
        """Name who has joined. Nobody leaves the alarm while it is open: the order is for all that the fault has taken,
        and whether it is over is for all of them to show.
        """
        assert self.open is not None  # noqa: S101
        self.joining, newcomers = None, self._newcomers(self.open)
        if not newcomers:  # they were well again meanwhile
            return
        opened = self.open
        self.open = msgspec.structs.replace(
            opened,
            since=min(opened.since, *(self.faults[who].since for who in newcomers)),
            why=self._why_since(self._reach(opened.cause)),
            members=tuple(sorted((*opened.members, *newcomers))),
        )
        self._say(AlarmState.OPEN, self.open, moment, self.open.why)

    def _clear(self, moment: Millis) -> None:
        assert self.open is not None  # noqa: S101
        opened, self.open, self.clearing, self.joining = self.open, None, None, None
        self._say(AlarmState.CLEARED, opened, moment, self._why(opened.cause))
        if self.program.rule.reopen_s:
            self.closed = Closed(opened.cause, opened.since, moment, opened.again)
        self._weigh(moment)

    def _why(self, at: Millis) -> dict[str, Value]:
        return self._why_since(at - self.quorum.within_s * 1000)

    def _why_since(self, since: Millis) -> dict[str, Value]:
        at_fault = len(self._fresh(since))
        shown: dict[str, Value] = {"at_fault": float(at_fault), "of": float(self._counted(since))}
        if self.hub is not None:
            shown["hub"] = True
        return shown

    def _say(self, state: AlarmState, opened: Opened, at: Millis, why: dict[str, Value]) -> None:
        change = Change(state, opened.cause, opened.since, at, opened.version, opened.members, dict(why))
        self.changes.append(change)


def _needed(quorum: Quorum, counted: int) -> int:
    return max(quorum.least, ceil(quorum.share * counted - 1e-9))


def restless(group: Group) -> tuple[str, ...]:
    """Who is not well, or of whom something waits to be judged; the hub among them as HUB."""
    hub = (HUB,) if group.hub is not None else ()
    return tuple(dict.fromkeys((*group.faults, *(event.who for event in group.waiting), *hub)))
