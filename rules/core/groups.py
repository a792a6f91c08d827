"""Groups over topology: when so many members fail together that something above them has failed.

A group hears of its members what changes: at fault, well, silent, heard again; and of its hub, where it has one. It is
always settled: events wait `rule.wait_s` and are then judged in order of event time.
"""

from bisect import insort
from math import ceil
from typing import Literal

import msgspec

from domain.alarms import AlarmState
from domain.readings import Millis, Value
from rules.core.program import Program
from rules.core.rule import Quorum
from rules.core.state import Change, Opened
from rules.core.surroundings import Tick

What = Literal["wrong", "well", "silent", "heard"]
HUB = ""  # who an event is about, where it is the hub itself


class Event(msgspec.Struct, frozen=True, array_like=True):
    """What became of one member, or of the hub."""

    at: Millis
    who: str
    what: What


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

    waiting: tuple[Event, ...] = ()  # in order of (at, who)
    faults: dict[str, Fault] = {}
    hub: Millis | None = None  # since when the hub itself says so
    pending: Pending | None = None
    open: Opened | None = None
    clearing: Millis | None = None
    judged: Millis = -1


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
    ready = [event.at for event in group.waiting[:1]]
    if (moment := _moment(program, group.open, group.pending, group.clearing)) is not None:
        ready.append(moment)
    return min(ready) + program.wait if ready else None


def _moment(program: Program, opened: Opened | None, pending: Pending | None, clearing: Millis | None) -> Millis | None:
    quorum = program.rule.quorum
    assert quorum is not None  # noqa: S101
    if opened is not None:
        return None if clearing is None else clearing + program.rule.clear_for_s * 1000
    return None if pending is None else pending.at + quorum.gather_s * 1000


class _Turn:
    """One call of `step`: the group taken apart, to be put together again at its end."""

    def __init__(self, program: Program, group: Group, members: int, covered: frozenset[str]) -> None:
        assert program.rule.quorum is not None  # noqa: S101
        self.program, self.quorum, self.size, self.covered = program, program.rule.quorum, members, covered
        self.waiting, self.faults, self.hub = group.waiting, dict(group.faults), group.hub
        self.pending, self.open, self.clearing, self.judged = group.pending, group.open, group.clearing, group.judged
        self.changes: list[Change] = []

    def group(self) -> Group:
        """Put together."""
        faults = dict(sorted(self.faults.items()))
        judged = self.judged if faults or self.open or self.pending or self.hub is not None else -1
        return Group(self.waiting, faults, self.hub, self.pending, self.open, self.clearing, judged)

    def put(self, event: Event) -> None:
        """Keep an event until it is judged; what comes too late is no longer judged."""
        if event.at <= self.judged or event in self.waiting:
            return
        waiting = list(self.waiting)
        insort(waiting, event, key=lambda e: (e.at, e.who, e.what))
        self.waiting = tuple(waiting)

    def settle(self, horizon: Millis) -> None:
        """Judge everything up to the horizon, each at its own time."""
        ripe = [event for event in self.waiting if event.at <= horizon]
        for i, event in enumerate(ripe):
            self._ripen(event.at - 1)
            self._note(event)
            self.judged = max(self.judged, event.at)
            if i + 1 == len(ripe) or ripe[i + 1].at > event.at:
                self._weigh(event.at)
        self.waiting = self.waiting[len(ripe) :]
        self._ripen(horizon)

    def _note(self, event: Event) -> None:
        if event.who == HUB:
            self.hub = (event.at if self.hub is None else self.hub) if event.what == "wrong" else None
            return
        fault = self.faults.get(event.who, Fault())
        match event.what:
            case "wrong":
                fault = Fault(event.at if fault.wrong is None else fault.wrong, fault.silent)
            case "well":
                fault = Fault(None, fault.silent)
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
            if not self._recovered():
                self.clearing = None
            elif self.clearing is None:
                self.clearing = max(at, self.open.at)
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
        since = self.open.cause - self.quorum.within_s * 1000  # who was at fault before that, was so for another reason
        counted = self._counted(since)
        return counted - len(self._fresh(since)) >= self.quorum.clear_share * counted

    def _ripen(self, until: Millis) -> None:
        while (moment := _moment(self.program, self.open, self.pending, self.clearing)) is not None and moment <= until:
            self.judged = max(self.judged, moment)
            if self.open is not None:
                opened, self.open, self.clearing = self.open, None, None
                self._say(AlarmState.CLEARED, opened, moment, self._why(opened.cause))
                self._weigh(moment)
            elif self.pending is not None:
                cause, still = self.pending.cause, self._cause(self.pending.at)
                self.pending = None
                if still is None:  # its members turned out to be somebody else's
                    continue
                joined = tuple(sorted(self._fresh(min(moment - self.quorum.within_s * 1000, cause - 1))))
                opened = Opened(cause, cause, moment, self.program.rule.version, self._why(moment), joined)
                self.open = opened
                self._say(AlarmState.OPEN, opened, moment, opened.why)

    def _why(self, at: Millis) -> dict[str, Value]:
        since = at - self.quorum.within_s * 1000
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
