"""The alarms that are open, and what the sensors say of the orders that they belong to."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from domain.alarms import AlarmChange, AlarmState
from domain.readings import Millis
from services.dispatch import life, policy
from services.dispatch.orders import SERVICE, Alarm, Order

UNTOLD_MS: Final = 24 * 3_600_000  # in a day there is a night in which a lamp can be seen to shine


class OpenAlarms:
    """Alarms in memory. An order is clear when none of its own is open; whether it is still wrong, the newest values
    say by `is_wrong`, which gives None where they cannot tell. Changes no order but the one that it is given, and gives
    it back.
    """

    def __init__(self, is_wrong: Callable[[str], bool | None]) -> None:
        self._is_wrong = is_wrong
        self._open: dict[str, Alarm] = {}
        self.turn_page()

    def turn_page(self) -> None:
        """Begin a row: nothing has changed yet."""
        self.changed: dict[str, Alarm] = {}

    def load(self, alarms: Iterable[Alarm]) -> None:
        """Start from what was committed."""
        self._open = {a.id: a for a in alarms}

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """In the order of their ids."""
        return tuple(self._open[alarm] for alarm in sorted(self._open))

    def get(self, alarm: str) -> Alarm | None:
        """One that is open."""
        return self._open.get(alarm)

    def note(self, alarm: Alarm) -> None:
        """It is open, and stands like this."""
        self._open[alarm.id] = self.changed[alarm.id] = alarm

    def clear(self, alarm: Alarm, change: AlarmChange) -> None:
        """It is open no more, if it ever was."""
        self._open.pop(alarm.id, None)
        state, why = AlarmState.CLEARED, change.why
        self.changed[alarm.id] = replace(alarm, state=state, since=change.since, until=change.at, cleared_why=why)

    def of(self, order: Order) -> list[Alarm]:
        """Those of an order that are open."""
        return [self._open[alarm] for alarm in order.alarms if alarm in self._open]

    def still_wrong(self, order: Order) -> bool:
        """Whether the newest values show what an open alarm of the order is about."""
        return any(self._is_wrong(alarm.id) is True for alarm in self.of(order))

    def unverified(self, order: Order, at: Millis) -> Order:
        """The sensors have not agreed in time: rework. Put off once where they do, but not for long enough yet; and for
        up to a day while nobody can tell, as of a lamp by daylight.
        """
        states = [self._is_wrong(alarm.id) for alarm in self.of(order)]
        if None in states and True not in states and at - (order.done or at) < UNTOLD_MS:
            return replace(order, limits=order.limits._replace(verify=at + max(1, order.plan.verify_s) * 1000))
        if not order.put_off and states and all(wrong is False for wrong in states):
            later = at + max(1, order.plan.verify_s + order.clear_for_s) * 1000
            return replace(order, put_off=True, limits=order.limits._replace(verify=later))
        seen = "the sensors still show it" if any(states) else "the sensors have not shown the repair"
        return life.rework(order, who=SERVICE, at=at, why=f"{seen} in time")

    def looked_at_again(self, order: Order, at: Millis) -> Order:
        """A person closed it while an alarm of it was open. Where that still is, after the cool-down, the condition is
        back: at once where the sensors show it, after a day where they cannot tell.
        """
        still = self.of(order)
        if not still:
            return replace(order, look_again=None)
        if not self.still_wrong(order) and at - (order.closed or at) < UNTOLD_MS:
            return replace(order, look_again=at + policy.COOL_DOWN_MS)
        alarm = still[0].id
        return life.reopen(order, alarm=alarm, who=SERVICE, at=at, why=f"alarm {alarm} was never cleared")
