"""Who works where, as crews and operators say it. The engine is told before it judges what was measured in the same
row: what a crew does to a thing is no fault of the thing.

Being there is a fact and no change of an order: a crew that had the order at any time, and says that it arrived, has
arrived, whatever becomes of its answer. Nobody's word changes what was judged more than a minute before it was heard.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from domain.errors import ConflictError, NotFoundError
from domain.naming import CrewAction, OperatorAction, PlanAction
from domain.readings import Millis
from domain.site import Site
from ingest.codecs.replies import Planned, Reply
from services.dispatch.orders import Order
from services.judge.outcome import MEMORY_MS, Engine

PLANNED: Final = "planned"  # what `save` gives, among what the judge notes
SETTLED_MS: Final = 60_000  # the same as of readings: rules.context.tracks
LONGEST_MS: Final = 30 * 86_400_000  # of planned work: what is longer is a change of the site
_BEGINS: Final = frozenset({CrewAction.ARRIVE, CrewAction.RESUME})
_ENDS: Final = frozenset({CrewAction.DECLINE, CrewAction.HOLD})
_TAKEN: Final = frozenset({OperatorAction.CLOSE, OperatorAction.REASSIGN})
_WIDE: Final = ("feeder:", "cabinet:", "section:")  # groups at whose hub a crew works on all members


class PlannedWork(msgspec.Struct, frozen=True):
    """Work that was announced, on a facility or in a zone."""

    id: str
    facility: str
    zone: str
    since: Millis
    until: Millis
    by: str
    why: str


_works = msgspec.json.Decoder(list[PlannedWork])


def planned_work(text: bytes) -> tuple[PlannedWork, ...]:
    """What `Afield.save` gave, in the order of its beginning."""
    return tuple(sorted(_works.decode(text), key=lambda one: (one.since, one.id))) if text else ()


class Afield:
    """Tells the engine; and keeps the planned work that people may ask for."""

    def __init__(self, site: Site, engine: Engine) -> None:
        self._site, self._engine = site, engine
        self._plans: dict[str, PlannedWork] = {}

    def load(self, text: bytes) -> None:
        """Start from what was committed. The engine knows of it already."""
        self._plans = {one.id: one for one in planned_work(text)}

    def save(self) -> bytes:
        """The planned work, for `load`."""
        return msgspec.json.encode(list(self._plans.values()))

    def reply(self, order: Order, crew: str, reply: Reply, at: Millis, known: Millis) -> None:
        """A crew says something at `at`; nothing after `known` is judged yet."""
        if crew != order.crew and all(change.crew != crew for change in order.history):
            return
        when = max(at, known - SETTLED_MS)
        if reply.action in _BEGINS:
            self._work(order, crew, when, None)
        elif reply.action in _ENDS:
            self._work(order, crew, None, when)
        elif reply.action is CrewAction.DONE:
            self._work(order, crew, when, when)

    def commanded(self, order: Order, action: OperatorAction, at: Millis) -> None:
        """An operator closes an order, or gives it to somebody else: whoever was there leaves."""
        if action in _TAKEN and order.crew:
            self._work(order, order.crew, None, at)

    def plan(self, said: Planned, at: Millis) -> None:
        """Announce work, or end it. Raises ConflictError, NotFoundError."""
        self._plans = {one.id: one for one in self._plans.values() if one.until > at - MEMORY_MS}
        if not said.why:
            raise ConflictError(f"{said.action} needs a reason")
        work = self._ended(said, at) if said.action is PlanAction.END else self._announced(said, at)
        if work.until > work.since:
            self._plans[work.id] = work
        else:
            self._plans.pop(work.id, None)
        self._engine.plan(work.id, work.facility, work.zone, work.since, work.until)

    def _announced(self, said: Planned, at: Millis) -> PlannedWork:
        if bool(said.facility) == bool(said.zone):
            raise ConflictError("name a facility or a zone, and one of them alone")
        if said.facility and said.facility not in self._site.facilities:
            raise NotFoundError(f"there is no facility {said.facility}")
        if said.zone and said.zone not in self._site.zones:
            raise NotFoundError(f"there is no zone {said.zone}")
        if said.until is None or said.until <= at:
            raise ConflictError("say until when, and a time that is still to come")
        since = max(at if said.since is None else said.since, at)
        if not since < said.until <= since + LONGEST_MS:
            raise ConflictError("it ends after it begins, and within thirty days")
        return PlannedWork(said.id, said.facility, said.zone, since, said.until, said.by, said.why)

    def _ended(self, said: Planned, at: Millis) -> PlannedWork:
        work = self._plans.get(said.plan)
        if work is None:
            raise NotFoundError(f"no work is planned as {said.plan}")
        if work.until <= at:
            raise ConflictError("it is over")
        return msgspec.structs.replace(work, until=max(work.since, at))

    def _work(self, order: Order, crew: str, since: Millis | None, until: Millis | None) -> None:
        for facility in _worked_on(order):
            self._engine.work(facility, f"{order.id}/{crew}", since, until)


def _worked_on(order: Order) -> Iterable[str]:
    members = order.members if order.subject.startswith(_WIDE) else ()
    return sorted({order.facility, *members})
