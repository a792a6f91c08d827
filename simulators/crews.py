"""Crews: they take the orders that MQTT brings them, travel, repair the simulated thing itself, and report."""

import math
from collections.abc import Callable, Mapping
from typing import Final, Protocol
from uuid import UUID

import msgspec

from domain.naming import replies_topic
from domain.readings import Millis
from domain.site import Crew, Position, Site
from simulators.almanac import MINUTE, stamp
from simulators.chance import Dice, token
from simulators.tasks import Task, read_task

DECLINES: Final = 0.04  # share of orders that a crew sends back
SHAMS: Final = 0.05  # share of first repairs that are reported and were not done
DESK_PATROLS: Final = 3
_ASK_AGAIN: Final = 10 * MINUTE  # after a confirmation that the sensors contradict
_METRES_PER_MIN: Final = 300.0  # 18 km/h
_WORK_MIN: Final[Mapping[str, tuple[float, float]]] = {
    "bin": (5, 9),
    "light": (6, 13),
    "feeder": (14, 25),
    "cabinet": (12, 25),
    "toilet": (9, 16),
    "parking": (8, 18),
    "green": (12, 22),
}
_OTHER_WORK_MIN: Final = (8.0, 15.0)
_REASONS: Final = ("车辆故障 vehicle broke down", "缺少备件 part not in stock", "人手不足 short of hands")
_encode = msgspec.json.Encoder().encode


SILENT, RETURNING = "silent", "returning"  # manners: a crew that never answers, and one that always gives back


class Field(Protocol):
    """What crews can do to the world."""

    def call(self, at: Millis, name: str, act: Callable[[Millis], None]) -> None:
        """Have `act` done at `at`."""
        ...

    def reply(self, topic: str, payload: bytes, at: Millis) -> None:
        """Publish an answer at `at`."""
        ...

    def mend(self, facility: str, *, sensors: bool, at: Millis) -> None:
        """Put right what is wrong with it: its sensors, or the thing itself."""
        ...


class Crews:
    """All crews of a site, and the duty officer, who confirms what the safety rules leave to a person."""

    def __init__(self, site: Site, seed: int, field: Field, manners: Mapping[str, str] | None = None) -> None:
        self._site, self._seed, self._field = site, seed, field
        known = manners or {}
        self._gangs = {crew.id: _Gang(crew, site, seed, field, known.get(crew.id, "")) for crew in site.crews.values()}
        self._confirmed: set[tuple[str, int]] = set()

    def hear(self, topic: str, payload: bytes, *, retained: bool, now: Millis) -> None:  # noqa: ARG002 - a replay is told by its revision
        """An order or a receipt. The same revision twice is once; what cannot be read is nobody's order."""
        match topic.split("/"):
            case ["tidewalk", site, "crew", crew, "orders", order] if site == self._site.id and crew in self._gangs:
                if not payload:
                    self._gangs[crew].withdrawn(order, now)
                elif (task := read_task(payload, order, now)) is not None:
                    self._gangs[crew].ordered(task, now)
                    self._confirm(task, now)
            case ["tidewalk", site, "crew", crew, "receipts"] if site == self._site.id and crew in self._gangs:
                self._gangs[crew].receipt(payload, now)
            case _:
                pass

    def _confirm(self, task: Task, now: Millis) -> None:
        once = (task.order, task.rework)
        if not task.safety or task.state != "done" or once in self._confirmed or self._site.desk not in self._gangs:
            return
        self._confirmed.add(once)
        wait = round(Dice(self._seed, "confirm", *once).between(2.0, 5.0) * MINUTE)
        desk = self._gangs[self._site.desk]
        self._field.call(now + wait, f"confirm {task.order}", lambda at: desk.answer(task, "confirm", at))


class _Gang:
    """One crew: it answers within minutes and works on one thing at a time, the most urgent first."""

    def __init__(self, crew: Crew, site: Site, seed: int, field: Field, manner: str = "") -> None:
        self._crew, self._site, self._seed, self._field = crew, site, seed, field
        self._manner = manner
        self._desk = crew.id == site.desk
        self._tasks: dict[str, Task] = {}
        self._hands: list[Position] = [crew.base] * (DESK_PATROLS if self._desk else 1)
        self._accepts: dict[str, str] = {}  # reply id -> order
        self._confirms: dict[str, tuple[Task, int]] = {}  # reply id -> what, and how often it was asked before
        self._declined: set[str] = set()

    def ordered(self, told: Task, now: Millis) -> None:
        """A new order, or news of one."""
        known = self._tasks.get(told.order)
        if known is None:
            self._take(told, now)
        elif told.revision > known.revision:
            if self._anew(known, told, now):
                self._drop(known)
                self._take(told, now)
                return
            known.revision, known.state, known.priority = told.revision, told.state, told.priority
            if told.state == "on_hold" and known.stage in ("new", "queued", "busy"):
                self._release(known, "held")
                self._next(now)
            elif known.stage == "held" and told.state != "on_hold":
                known.stage = "queued"
                self._next(now)

    def withdrawn(self, order: str, now: Millis) -> None:
        """It is closed, or somebody else's now."""
        if (task := self._tasks.pop(order, None)) is not None:
            self._release(task, "gone")
            self._next(now)

    def receipt(self, payload: bytes, now: Millis) -> None:
        """A refused acceptance means that the order is not ours; a refused confirmation, that the sensors still show it
        and may be asked again.
        """
        try:
            told = msgspec.json.decode(payload)
            reply, refused = str(told["id"]), told["result"] == "refused"
        except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError):
            return
        order = self._accepts.pop(reply, "")
        task, times = self._confirms.pop(reply, (None, 0))
        if refused and order:
            self.withdrawn(order, now)
        if refused and task is not None:
            self._field.call(now + _ASK_AGAIN, f"confirm {task.order}", lambda at: self._confirm(task, at, times + 1))

    def _confirm(self, task: Task, at: Millis, times: int) -> None:
        """Say once more that it is safe, unless that is settled."""
        if (known := self._tasks.get(task.order)) is not None and known.state == "done":
            self.answer(task, "confirm", at, times=times)

    def answer(self, task: Task, action: str, at: Millis, reason: str = "", times: int = 0) -> None:
        """Reply. The id is made from what is said, so that saying it again is saying it once, but for `times`."""
        name = token(self._seed, self._crew.id, task.order, action, task.rework, f"a{times or ''}")
        more = token(self._seed, self._crew.id, task.order, action, task.rework, task.dispatched, "b")
        uuid = str(UUID(bytes=bytes.fromhex(name + more + "00000000"), version=4))
        if action == "accept":
            self._accepts[uuid] = task.order
        if action == "confirm":
            self._confirms[uuid] = (task, times)
        told = {
            "id": uuid,
            "order": task.order,
            "revision": task.revision,
            "action": action,
            "at": stamp(at),
            "note": "",
            "reason": reason,
        }
        self._field.reply(replies_topic(self._site.id, self._crew.id), _encode(told), at)

    def _anew(self, known: Task, told: Task, now: Millis) -> bool:
        """Whether news of an order means: begin again. What crosses our own answer on its way does not."""
        if told.rework > known.rework:
            return True
        if told.state not in ("dispatched", "accepted", "arrived"):
            return False
        if known.stage == "declined":
            return told.state == "dispatched"
        return known.stage == "done" and now - known.done_at > 3 * MINUTE

    def _take(self, task: Task, now: Millis) -> None:
        self._tasks[task.order] = task
        if task.state == "dispatched":
            soon = (60.0, 110.0) if task.priority == "P0" or self._desk else (60.0, 240.0)
            think = round(self._dice("think", task).between(*soon) * 1000)
            self._field.call(max(now, task.dispatched + think), f"accept {task.order}", self._while(task, self._decide))
        elif task.state in ("accepted", "arrived"):
            task.stage = "queued"
            self._next(now)
        else:
            task.stage = "done" if task.state == "done" else "held"

    def _decide(self, task: Task, at: Millis) -> None:
        if task.stage != "new" or self._manner == SILENT:
            return
        if self._manner == RETURNING:
            task.stage = "declined"
            self.answer(task, "decline", at, _REASONS[-1])
            return
        dice = self._dice("decide", task)
        may = task.minor and not self._desk and task.order not in self._declined
        if may and dice.roll() < DECLINES:
            task.stage = "declined"
            self._declined.add(task.order)
            self.answer(task, "decline", at, _REASONS[int(dice.roll() * len(_REASONS))])
            return
        self.answer(task, "accept", at)
        task.stage = "queued"
        self._next(at)

    def _next(self, now: Millis) -> None:
        """Set out for the most urgent thing, with whoever is free."""
        queued = sorted((t.priority, t.dispatched, t.order) for t in self._tasks.values() if t.stage == "queued")
        for _, _, order in queued[: len(self._hands)]:
            task = self._tasks[order]
            task.stage = "busy"
            way = _metres(self._hands.pop(0), self._place(task)) / _METRES_PER_MIN
            travel = way + self._dice("travel", task).between(2.0, 6.0)
            self._field.call(now + round(travel * MINUTE), f"arrive {order}", self._while(task, self._arrive))

    def _arrive(self, task: Task, at: Millis) -> None:
        if task.stage != "busy":
            return
        if task.state != "arrived":
            self.answer(task, "arrive", at)
        work = self._dice("work", task).between(*_WORK_MIN.get(task.kind, _OTHER_WORK_MIN))
        self._field.call(at + round(work * MINUTE), f"finish {task.order}", self._while(task, self._finish))

    def _finish(self, task: Task, at: Millis) -> None:
        if task.stage != "busy":
            return
        dice = self._dice("finish", task)
        sham = dice.roll() < SHAMS and task.rework == 0 and task.minor
        if not sham:
            for facility in self._work_on(task):
                self._field.mend(facility, sensors=task.sensors, at=at)
        tell = at + round(dice.between(20.0, 60.0) * 1000)
        self._field.call(tell, f"done {task.order}", self._while(task, self._report))

    def _work_on(self, task: Task) -> tuple[str, ...]:
        """The thing itself; of a stretch, a zone or a cabinet's switching, what has gone wrong there."""
        alone = task.facility in self._site.gateways or (
            task.facility in self._site.facilities and task.kind != "cabinet"
        )
        return (task.facility,) if alone else (task.facility, *task.members)

    def _report(self, task: Task, at: Millis) -> None:
        if task.stage != "busy":
            return
        self.answer(task, "done", at)
        self._release(task, "done")
        task.done_at = at
        self._next(at)

    def _release(self, task: Task, stage: str) -> None:
        if task.stage == "busy":
            self._hands.append(self._place(task))
        task.stage = stage

    def _drop(self, task: Task) -> None:
        self._release(task, "gone")
        self._tasks.pop(task.order, None)

    def _while(self, task: Task, act: Callable[[Task, Millis], None]) -> Callable[[Millis], None]:
        """Do it only if the order is still this one by then."""
        return lambda at: act(task, at) if self._tasks.get(task.order) is task else None

    def _place(self, task: Task) -> Position:
        facility = self._site.facilities.get(task.facility)
        gateway = self._site.gateways.get(task.facility)
        return facility.position if facility else gateway.position if gateway else self._crew.base

    def _dice(self, purpose: str, task: Task) -> Dice:
        return Dice(self._seed, purpose, self._crew.id, task.order, task.rework)


def _metres(one: Position, other: Position) -> float:
    """Along a straight line; flat enough for a coast."""
    north = (other.lat - one.lat) * 111_320.0
    east = (other.lon - one.lon) * 111_320.0 * math.cos(math.radians(one.lat))
    return math.hypot(north, east)
