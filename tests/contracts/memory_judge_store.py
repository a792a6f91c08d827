"""The fake of the judge's store: keeps outcomes in memory, and everything that it gives back has been through JSON."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import msgspec

from domain.alarms import AlarmState, Correction
from domain.errors import NotFoundError
from domain.naming import Priority
from domain.readings import Millis
from services.dispatch.dispatcher import Pending
from services.dispatch.orders import AT_WORK, Addressed, Alarm, Order, OrderState, Result, Step
from services.judge import Outcome, Saved
from services.judge.outcome import MEMORY_MS

_saved = msgspec.json.Decoder(Saved)
Case = TypeVar("Case", Alarm, Order)


class MemoryJudgeStore:
    def __init__(self) -> None:
        self._saved = Saved()
        self._alarms: dict[str, Alarm] = {}
        self._orders: dict[str, Order] = {}
        self._history: dict[tuple[str, int], object] = {}
        self._subjects: dict[str, bytes] = {}
        self._corrections: dict[tuple[str, str], Correction] = {}
        self._results: dict[tuple[str, str], Result] = {}
        self._box: dict[str, tuple[int, Addressed, str]] = {}
        self._meta: dict[str, bytes] = {}
        self.told: dict[int, Millis | str] = {}  # when each message was sent, or why not

    def load(self) -> Saved:
        recent = self._saved.at - MEMORY_MS
        kept = Saved(
            self._saved.row,
            self._saved.at,
            tuple(a for a in self._alarms.values() if a.state is AlarmState.OPEN),
            tuple(o for o in self._orders.values() if o.closed is None or o.closed >= recent),
            tuple(r for r in self._results.values() if r.at >= recent),
            self._meta,
        )
        return _saved.decode(msgspec.json.encode(kept))

    def noted(self, name: str) -> bytes:
        return self._meta.get(name, b"")

    def subjects(self) -> list[tuple[str, bytes]]:
        return list(self._subjects.items())

    def commit(self, outcome: Outcome, subjects: Mapping[str, bytes]) -> None:
        self._saved = Saved(outcome.row, outcome.at)
        self._subjects |= subjects
        self._meta |= outcome.meta
        self._orders |= {o.id: o for o in outcome.orders}
        for order, number, change in outcome.history:
            assert self._history.setdefault((order, number), change) is change, "a line of history is written once"
        for alarm in outcome.alarms:
            before = self._alarms.get(alarm.id, alarm)
            pinned = {"opened": before.opened, "why": before.why, "order": before.order}
            self._alarms[alarm.id] = replace(alarm, **pinned)
        for result in outcome.results:
            self._results.setdefault((result.source, result.id), result)
        self._corrections = {(c.alarm, c.what): c for c in outcome.corrections} | self._corrections
        raised = {order for order, _, change in outcome.history if change.step is Step.RAISE}
        for order in (one for one in outcome.orders if one.id in raised):
            for key, (number, message, state) in self._box.items():
                if state == "pending" and message.order == order.id:
                    urgent = min(message.priority, str(order.priority))
                    self._box[key] = (number, message._replace(priority=urgent), state)
        for message in outcome.outbox:
            number = self._box[message.key][0] if message.key in self._box else len(self._box) + 1
            self._box[message.key] = (number, message, "pending")

    def corrections(self, *, facility: str = "", limit: int = 100) -> list[Correction]:
        found = [c for c in self._corrections.values() if facility in ("", c.facility)]
        return sorted(found, key=lambda c: (-c.heard, c.alarm))[:limit]

    def pending(self, limit: int) -> Sequence[Pending]:
        waiting = [Pending(n, m) for n, m, state in self._box.values() if state == "pending"]
        return sorted(waiting, key=lambda one: (one.message.priority, one.number))[:limit]

    def mark_sent(self, numbers: Sequence[int], at: Millis) -> None:
        self.told |= dict.fromkeys(numbers, at)
        self._mark(numbers, "sent")

    def mark_failed(self, numbers: Sequence[int], why: str) -> None:
        self.told |= dict.fromkeys(numbers, why)
        self._mark(numbers, "pending")

    def bury(self, numbers: Sequence[int], why: str) -> None:
        self.told |= dict.fromkeys(numbers, why)
        self._mark(numbers, "dead")

    def order(self, order: str) -> Order:
        for one in self._orders.values():
            if order in (one.id, one.case):
                return one
        raise NotFoundError(f"there is no order {order}")

    def alarm(self, alarm: str) -> Alarm:
        if alarm not in self._alarms:
            raise NotFoundError(f"there is no alarm {alarm}")
        return self._alarms[alarm]

    def addressed(self, order: str) -> list[Addressed]:
        found = sorted((n, m) for n, m, _ in self._box.values() if m.order == order and m.retain)
        return [message for _, message in found]

    def subjects_named(self, subjects: Collection[str]) -> dict[str, bytes]:
        return {name: state for name, state in self._subjects.items() if name in subjects}

    def alarms(
        self,
        *,
        state: AlarmState | None = None,
        facility: str | Collection[str] | None = None,
        rule: str | None = None,
        newest: int = 200,
        after: tuple[Millis, str] | None = None,
    ) -> list[Alarm]:
        found = [
            a
            for a in self._alarms.values()
            if state in (None, a.state) and _fits(a.facility, facility) and rule in (None, a.rule)
        ]
        return _newest(found, newest, after)

    def orders(
        self,
        *,
        states: Collection[OrderState] | None = None,
        crew: str | None = None,
        zone: str | Collection[str] | None = None,
        facility: str | None = None,
        newest: int = 200,
        after: tuple[Millis, str] | None = None,
    ) -> list[Order]:
        found = [o for o in self._orders.values() if crew in (None, o.crew) and _fits(o.zone, zone)]
        found = [o for o in found if facility in (None, o.facility)]
        chosen = [replace(o, history=()) for o in found if states is None or o.state in states]
        return _newest(chosen, newest, after)

    def touching(self, facility: str) -> tuple[list[Alarm], list[Order]]:
        alarms = [a for a in self.alarms(state=AlarmState.OPEN) if facility in (a.facility, *a.members)]
        answering = {a.order for a in alarms}
        orders = [o for o in self.orders() if not o.ended and (o.facility == facility or o.id in answering)]
        return alarms, orders

    def at_work(self) -> dict[str, int]:
        return Counter(o.crew for o in self._orders.values() if o.state in AT_WORK)

    def orders_counted(self) -> dict[tuple[OrderState, Priority], int]:
        return Counter((o.state, o.priority) for o in self._orders.values())

    def alarms_counted(self) -> dict[str, int]:
        return Counter(a.rule for a in self._alarms.values() if a.state is AlarmState.OPEN)

    def everything(self) -> tuple[list[Alarm], list[Order]]:
        return list(self._alarms.values()), list(self._orders.values())

    def result(self, source: str, given: str) -> Result | None:
        return self._results.get((source, given))

    def outbox_counts(self) -> dict[str, int]:
        states = [state for _, _, state in self._box.values()]
        return {name: states.count(name) for name in ("pending", "sent", "dead")}

    def keys(self) -> dict[str, Addressed]:
        return {key: message for key, (_, message, _) in self._box.items()}

    def close(self) -> None:
        """Nothing is open."""

    def _mark(self, numbers: Sequence[int], state: str) -> None:
        self._box = {k: (n, m, state if n in numbers else s) for k, (n, m, s) in self._box.items()}


def _fits(value: str, wanted: str | Collection[str] | None) -> bool:
    return wanted is None or (value == wanted if isinstance(wanted, str) else value in wanted)


def _newest(found: list[Case], newest: int, after: tuple[Millis, str] | None) -> list[Case]:
    ordered = sorted(found, key=lambda one: (one.opened, one.id), reverse=True)
    return [one for one in ordered if after is None or (one.opened, one.id) < after][:newest]
