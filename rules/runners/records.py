"""What the live runner keeps of each facility, device and group: plain records on the hot path."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from domain.alarms import AlarmState
from domain.readings import Millis, Reading, Value
from domain.site import Device, Facility
from rules.core import trust
from rules.core.expression import Condition
from rules.core.groups import HUB, WELL, Group
from rules.core.hindsight import Past
from rules.core.program import Program
from rules.core.state import QUIET, Change, Cover, Sample, State
from rules.core.step import due
from rules.core.surroundings import Place
from rules.runners.fusion import Fusion, View, Watch
from rules.runners.recent import Recent, Said

# What most facilities and devices never have, shared by all of those; whoever has something has a mapping of his own.
_NO_STATES: Final[dict[str, State]] = {}
_NO_TIMES: Final[dict[str, Millis]] = {}
_NO_PASTS: Final[dict[str, Past]] = {}
NO_DOUBTS: Final[dict[tuple[Millis, str], frozenset[str]]] = {}


class Belated(msgspec.Struct, frozen=True, array_like=True):
    """A reading that came too late to be judged."""

    at: Millis
    device: str
    values: dict[str, Value]
    heard: Millis


class Circle:
    """One group rule over one feeder, gateway …: its members, its hub, and what stands of it."""

    RANK: Final = 1
    __slots__ = (
        "by_device",
        "counts",
        "cover",
        "group",
        "hears_silence",
        "hub",
        "key",
        "order",
        "program",
        "ready",
        "restless",
        "size",
        "spots",
        "subject",
    )

    def __init__(self, program: Program, over: str, hub: str) -> None:
        self.program, self.hub = program, hub
        self.subject = f"{over}:{hub}"
        self.by_device = over == "gateway"  # its members are devices; else facilities
        quorum = program.rule.quorum
        self.counts = quorum.alarms if quorum is not None and not self.by_device else ()
        self.hears_silence = self.by_device or (quorum is not None and quorum.silence)
        self.key = f"{self.subject}/{program.rule.name}"
        self.spots: dict[str, Spot] = {}  # by member (a facility of a feeder, a device of a gateway), and by HUB
        self.size = 0  # members, without the hub
        self.group: Group = WELL
        self.cover: Cover | None = None
        self.restless: dict[str, None] = {}  # whom it wants looked at closely
        self.ready: Millis | None = None
        self.order = 0

    def judges(self, who: str) -> Condition:
        """The condition that says whether a member, or the hub, is at fault."""
        found = self.program.clauses[0] if who == HUB else self.program.member
        assert found is not None  # noqa: S101
        return found

    def facilities(self, members: Iterable[str]) -> tuple[str, ...]:
        """The facilities of members, sorted, each once."""
        return tuple(sorted({self.spots[who].facility.id for who in members if who in self.spots}))

    def covering(self, changes: Sequence[Change]) -> Cover | None:
        """What the group does to those under it, after these changes of it."""
        standing = self.group.open or self.group.pending
        if standing is not None:
            return Cover(standing.cause, None)
        if self.cover is None or self.cover.until is not None:
            return self.cover
        cleared = [change.at for change in changes if change.state is AlarmState.CLEARED]
        return Cover(self.cover.since, cleared[-1]) if cleared else None

    def covered(self) -> frozenset[str]:
        """The members that the alarm of another group already speaks for."""
        names = self.program.rule.inhibited_by
        if not names:
            return frozenset()
        return frozenset(who for who, spot in self.spots.items() if spot.held_by(names))


class Page:
    """Facilities whose quiet part is written down together (`rules.runners.pages`)."""

    __slots__ = ("counted", "dirty", "key", "row", "since", "soiled_at", "spots")

    def __init__(self, key: str) -> None:
        self.key = key
        self.spots: list[Spot] = []
        self.dirty = False
        self.row = -1  # it was written as of this row
        self.since = 0  # while it waits to be written: nothing is missing from it up to this row
        self.counted = 0  # how many readings had been heard then
        self.soiled_at: Millis = 0


class Spot:
    """One facility: its states, and the question whether a reading of it is of interest to anybody."""

    RANK: Final = 2
    __slots__ = (
        "asked_by",
        "asleep",
        "awake",
        "circles",
        "dirty",
        "doubts",
        "ears",
        "facility",
        "fusion",
        "late",
        "marked",
        "order",
        "page",
        "past",
        "peers",
        "place",
        "ready",
        "recent",
        "restless",
        "states",
        "view",
    )

    def __init__(self, facility: Facility, fusion: Fusion, attributes: Mapping[str, float]) -> None:
        """`attributes`: of the facility, with the parameters of its rules."""
        self.facility, self.fusion = facility, fusion
        self.page: Page
        self.view: View
        self.place = Place(facility.zone, attributes, facility.id)
        self.ears: list[Ear] = []
        self.asked_by: tuple[tuple[Circle, str], ...] = ()  # groups that judge its readings, and as whose
        self.circles: tuple[Circle, ...] = ()  # groups that it belongs to
        self.states = _NO_STATES
        self.asleep = _NO_TIMES  # how far window rules had judged when they fell asleep
        self.recent: list[Recent] | None = [] if fusion.windowed else None  # what windows may reach back to
        # What was held of readings that windows may reach back to, by when and by which device.
        self.doubts = NO_DOUBTS
        self.late: tuple[Belated, ...] = ()  # what came too late, and waits to be judged in hindsight
        self.past = _NO_PASTS  # the last alarm of each state that is over
        self.marked = False  # some of its instruments have marks
        self.peers: list[Spot] = []  # of its kind and zone, itself among them
        self.restless = 0  # in how many ways groups want it looked at closely
        self.awake = False
        self.dirty = False  # more than its page is not as it was written
        self.ready: Millis | None = None
        self.order = 0

    @property
    def key(self) -> str:
        """Under which it is written down."""
        return f"facility:{self.facility.id}"

    @property
    def keys(self) -> list[tuple[Watch, str]]:
        """Every state that it may have, in the order in which they are judged."""
        watches = self.fusion.watches
        return [(watch, key) for watch in watches for key in dict.fromkeys(watch.key(ear.id) for ear in self.ears)]

    def watch(self, key: str) -> Watch:
        """Whose state is kept under a key."""
        return self.fusion.by_name[key.partition("/")[0]]

    def keep_state(self, key: str, state: State) -> None:
        """Remember the state of a rule."""
        if self.states is _NO_STATES:
            self.states = {}
        self.states[key] = state

    def let_sleep(self, key: str, judged: Millis) -> None:
        """A window rule falls asleep, having judged so far."""
        if self.asleep is _NO_TIMES:
            self.asleep = {}
        self.asleep[key] = judged

    def is_over(self, key: str, past: Past) -> None:
        """Remember the last alarm of a rule."""
        if self.past is _NO_PASTS:
            self.past = {}
        self.past[key] = past

    def subject(self, key: str) -> str:
        """The subject of the state kept under a key."""
        device = key.partition("/")[2]
        return f"device:{device}" if device else self.key

    def due(self) -> Millis | None:
        """The Tick that will change any of its states by itself; None where only a reading, or a group, can."""
        ready: Millis | None = None
        for key, state in self.states.items():
            if (when := due(self.watch(key).program, state, self.cover(key))) is not None:
                ready = when if ready is None else min(ready, when)
        return ready

    def silent(self) -> bool:
        """Whether nothing is heard of it by any device."""
        return all(ear.silent is not None for ear in self.ears)

    def settle_down(self) -> None:
        """Say anew whether every reading must be looked at closely."""
        self.awake = bool(self.states) or self.restless > 0 or any(ear.silent is not None for ear in self.ears)

    def stir(self, by: int) -> None:
        """A group wants it looked at closely (+1), or no longer (-1)."""
        self.restless += by
        self.settle_down()

    def woken(self, watch: Watch, key: str) -> State:
        """The state of a rule that slept: what its windows may reach back to."""
        program = watch.program
        if not program.span or not self.recent:
            return QUIET
        judged = self.asleep.get(key, -1)
        found: dict[tuple[Millis, str], Sample] = {}
        for one in self.recent:
            at, device, *_ = one
            if watch.per_device and watch.key(device) != key:
                continue
            held = self.doubts.get((at, device), frozenset())
            heard = {} if trust.EVERYTHING in held else self.values(one)
            values = {q: value for q, value in heard.items() if q in program.quantities and q not in held}
            if values and at > judged - program.span:
                known = found.get((at, device))
                found[at, device] = Sample(at, device, values if known is None else known.values | values)
        woken = State(samples=tuple(found[at] for at in sorted(found)), judged=judged)
        return State(parts=(woken,) * len(program.parts)) if program.parts else woken

    def keep(self, reading: Reading) -> None:
        """Keep what windows may want of a reading."""
        if self.recent is not None:
            self.fusion.keep(self.recent, reading.at, reading.device, reading.values.get)

    def values(self, recent: Recent) -> dict[str, Value]:
        """What was measured then of what windows want."""
        return {q: value for q, value in zip(self.fusion.windowed, recent[2:], strict=True) if value is not None}

    def held_by(self, names: tuple[str, ...]) -> bool:
        """Whether the alarm of any of these groups speaks for it now."""
        return any(
            circle.program.rule.name in names and circle.cover is not None and circle.cover.until is None
            for circle in self.circles
        )

    def coverers(self, key: str) -> list[Circle]:
        """The groups that may hold a state back: a device's own gateway, and all that the facility belongs to."""
        names = self.watch(key).program.rule.inhibited_by
        device = key.partition("/")[2]
        return [
            one
            for one in (self.circles if names else ())
            if one.program.rule.name in names and not (device and one.by_device and device not in one.spots)
        ]

    def cover(self, key: str) -> Cover | None:
        """What inhibitors make together: one that still holds outdoes one that has let go."""
        known = [circle.cover for circle in self.coverers(key) if circle.cover is not None]
        holding = [cover for cover in known if cover.until is None]
        if holding:
            return min(holding, key=lambda cover: cover.since)
        return max(known, key=lambda cover: cover.until or 0, default=None)


class Ear:
    """One device: when it was last heard."""

    RANK: Final = 0  # among timers of one moment
    __slots__ = (
        "before",
        "device",
        "heard",
        "id",
        "marks",
        "order",
        "patience",
        "ready",
        "said",
        "silent",
        "spot",
        "started",
    )

    def __init__(self, device: Device, spot: Spot) -> None:
        self.id, self.device, self.spot = device.id, device, spot
        self.heard: Millis = -1
        self.patience: Millis = 0  # it is certainly not silent for so long after it was heard
        self.said: Said = spot.fusion.unsaid  # the last time, of what rules compare
        self.before: Said = spot.fusion.unsaid  # the time before that; what is said of a moment twice is said once
        self.started: Millis | None = None  # when it began to speak again after it had been silent
        self.marks: tuple[Millis, ...] = ()  # on its record (rules/core/trust.py)
        self.silent: Millis | None = None  # since when it counts as silent
        self.ready: Millis | None = None
        self.order = 0

    @property
    def missed_by(self) -> list[tuple[Circle, str]]:
        """The groups that its silence is of interest to now, and as whose: a facility is silent once all of it is."""
        found: list[tuple[Circle, str]] = []
        for circle in self.spot.circles:
            who = self.id if circle.by_device else self.spot.facility.id
            if circle.hears_silence and who in circle.spots and (circle.by_device or self.spot.silent()):
                found.append((circle, who))
        return found

    def told_before(self) -> dict[str, Value]:
        """What it said the time before, by name."""
        return self.spot.fusion.told(self.before)

    def hear(self, at: Millis, said: Said) -> None:
        """It speaks; what rules compare of it is kept. What is said of one moment twice is said once."""
        if at > self.heard:
            self.before, self.said = self.said, said
        else:
            pairs = zip(self.said, said, strict=True)
            self.said = tuple(known if now is None else now for known, now in pairs)
        self.heard = at
