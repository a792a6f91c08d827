"""Every order that can still change, to be found by its id, its cause, its alarms or its zone."""

from collections.abc import Iterable

from domain.alarms import AlarmChange
from domain.ids import order_id
from domain.readings import Millis
from services.dispatch import policy
from services.dispatch.orders import Alarm, Order, OrderState
from services.judge.outcome import MEMORY_MS


class Orders:
    """Those that are not ended, and those that ended within `MEMORY_MS`."""

    def __init__(self) -> None:
        self.by_id: dict[str, Order] = {}
        self._by_cause: dict[tuple[str, str], str] = {}  # (rule, subject) → the newest order about it

    def load(self, in_order: Iterable[Order]) -> None:
        """Start from what was committed, in the order of their opening."""
        self.by_id = {o.id: o for o in in_order}
        self._by_cause = {(o.rule, o.subject): o.id for o in self.by_id.values()}

    def get(self, order: str) -> Order | None:
        """By its id."""
        return self.by_id.get(order)

    def put(self, order: Order) -> None:
        """The order is like this now."""
        self.by_id[order.id] = order

    def remembered(self, order: str, at: Millis) -> Order | None:
        """By its id, unless it ended longer ago than the memory before `at`."""
        found = self.by_id.get(order)
        return None if found is None or _forgotten(found, at) else found

    def of_alarm(self, alarm: Alarm) -> list[Order]:
        """Those that an alarm belongs to, in the order of their ids."""
        return sorted((o for o in self.by_id.values() if alarm.id in o.alarms), key=lambda o: o.id)

    def open_in(self, zone: str) -> list[Order]:
        """Those in a zone that are not ended, in the order of their ids."""
        return sorted((o for o in self.by_id.values() if o.zone == zone and not o.ended), key=lambda o: o.id)

    def answers_for(self, order: Order) -> None:
        """What has its cause belongs to it from now on."""
        self._by_cause[(order.rule, order.subject)] = order.id

    def of_cause(self, change: AlarmChange, at: Millis) -> Order | None:
        """The order that an alarm belongs to: the one still open for its rule and subject, or ended a moment ago."""
        own = self._heir(order_id(change.alarm))
        found = self._heir(self._by_cause.get((change.rule, change.subject), order_id(change.alarm)))
        if found is None or not found.ended or change.alarm in found.alarms:
            return found
        if own is not None:  # its own order, of an alarm that was over and is back: it has that id already
            return own
        return found if found.closed is not None and at - found.closed <= policy.COOL_DOWN_MS else None

    def forget(self, at: Millis) -> None:
        """Let go of orders that ended too long ago to be answered or reopened."""
        for order in [o for o in self.by_id.values() if _forgotten(o, at)]:
            del self.by_id[order.id]
            if self._by_cause.get((order.rule, order.subject)) == order.id:
                del self._by_cause[(order.rule, order.subject)]

    def _heir(self, order: str) -> Order | None:
        """An order, or the one that it ended in (并案), however often that ended in another."""
        found = self.by_id.get(order)
        while found is not None and found.state is OrderState.MERGED:
            found = self.by_id.get(found.merged_into)
        return found


def _forgotten(order: Order, at: Millis) -> bool:
    return order.closed is not None and at - order.closed > MEMORY_MS
