"""The groups of a site at work: what they are told, what they say when their time has come, and what follows from it
for those under them.
"""

from collections.abc import Mapping, Sequence

from domain.alarms import AlarmState
from domain.readings import Millis, Reading
from rules.core import groups
from rules.core.expression import Get
from rules.core.groups import HUB, Event
from rules.core.state import Change
from rules.core.surroundings import Tick
from rules.runners import saved
from rules.runners.alarms import Alarms
from rules.runners.records import Circle, Ear, Spot
from rules.runners.timers import Timers


class Circles:
    """What a group is told decides nothing before its own Tick, which is always armed. Then its alarm is said, and the
    timers of those that it holds back, or lets go, are set anew. From when it is told of somebody's fault until that is
    over, he is looked at closely for it.
    """

    def __init__(self, circles: Sequence[Circle], timers: Timers, alarms: Alarms) -> None:
        self._circles, self._timers, self._alarms = circles, timers, alarms
        self._dirty: dict[str, Circle] = {}

    def hear(self, ear: Ear, said: Reading, around: Get) -> None:
        """A reading of a member, or of the hub. A group is told of changes alone: of fault, and of well where it knows
        of a fault; and of nothing that came after what it waits for.
        """
        spot = ear.spot
        attribute = spot.place.attributes.get
        for circle, who in spot.asked_by:
            truth = circle.judges(who).verdict(said.values.get, attribute, around, ())
            if truth is None or (said.at < ear.heard and said.received - said.at > circle.program.wait):
                continue
            if truth or who in circle.restless:
                self.put(circle, Event(said.at, who, "wrong" if truth else "well", said.received))

    def count(self, spot: Spot, rule: str, change: Change) -> None:
        """An alarm here was opened or cleared. To groups that count such alarms a member is at fault while any of those
        is open.
        """
        who = spot.facility.id
        for circle in spot.circles:
            if rule in circle.counts and who in circle.spots:
                others = (other for other in circle.counts if other != rule)
                wrong = change.state is AlarmState.OPEN or any(_is_open(spot, other) for other in others)
                self.put(circle, Event(change.at, who, "wrong" if wrong else "well"))

    def put(self, circle: Circle, event: Event) -> None:
        """A group is told what became of a member, or of the hub."""
        circle.group, _ = groups.step(circle.program, circle.group, event, circle.size)
        self._stir(circle)

    def tick(self, circle: Circle, at: Millis) -> None:
        """The time of a group has come."""
        circle.group, changes = groups.step(circle.program, circle.group, Tick(at), circle.size, circle.covered())
        hub = circle.spots.get(HUB)
        for change in changes:
            self._alarms.of_group(circle, change)
            if hub is not None:
                self.count(hub, circle.program.rule.name, change)
        before, circle.cover = circle.cover, circle.covering(changes)
        self._stir(circle)
        if circle.cover != before:
            for spot in dict.fromkeys(circle.spots.values()):
                self._timers.arm(spot, spot.due())

    def drain(self) -> dict[str, bytes]:
        """What has changed since the last call, for `load`."""
        rows = {key: saved.circle_row(circle) for key, circle in self._dirty.items()}
        self._dirty.clear()
        return rows

    def load(self, rows: Mapping[str, bytes]) -> None:
        """Put every group back as it was drained; `take_up` is called next."""
        for circle in self._circles:
            if (row := rows.get(circle.key)) is not None:
                saved.take_up_circle(circle, row)

    def take_up(self) -> None:
        """Set the timers, and look closely at whom the groups suspect."""
        for circle in self._circles:
            self._stir(circle)
        self._dirty.clear()

    def _stir(self, circle: Circle) -> None:
        """Who is at fault, or waits to be judged so, is looked at closely from now on, and no longer than that."""
        restless = dict.fromkeys(groups.restless(circle.group))
        for who in circle.restless:
            if who not in restless:
                circle.spots[who].stir(-1)
        for who in restless:
            if who not in circle.restless:
                circle.spots[who].stir(1)
        circle.restless = restless
        self._dirty[circle.key] = circle
        self._timers.arm(circle, groups.due(circle.program, circle.group))


def _is_open(spot: Spot, rule: str) -> bool:
    """Whether an alarm of a rule is open on a facility, or on the group whose hub it is."""
    if (state := spot.states.get(rule)) is not None:
        return state.open is not None
    return any(
        circle.hub == spot.facility.id and circle.program.rule.name == rule and circle.group.open is not None
        for circle in spot.circles
    )
