"""What goes into the judge and what comes out: values that a store can keep and a test can compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.alarms import AlarmChange, Correction
from domain.readings import Millis, Reading
from services.dispatch.letters import Letter
from services.dispatch.orders import Addressed, Alarm, Change, Order, Result


class Engine(Protocol):
    """The rules at work. Its state is its own: whoever commits an outcome takes it in the same transaction."""

    def hear(self, readings: Sequence[Reading], at: Millis, *, deaf: bool = False) -> Sequence[AlarmChange]:
        """What the readings, and then the Tick `at`, decide. Deaf: the Tick counts for no absence."""
        ...

    def listening_from(self, at: Millis) -> None:
        """From `at` everybody has their whole limit anew."""
        ...

    def work(self, facility: str, who: str, since: Millis | None, until: Millis | None) -> None:
        """Somebody is at work on a facility from `since`, and until `until` where that is known. With `until` alone,
        what `who` had begun ends.
        """
        ...

    def plan(self, plan: str, facility: str, zone: str, since: Millis, until: Millis) -> None:
        """Work is planned on a facility, or (that being "") in a zone; ending as it begins, it is taken back."""
        ...

    def corrections(self) -> Sequence[Correction]:
        """What late data would have changed, as far as it was found out since the last call."""
        ...

    def false_alarm(self, facility: str, at: Millis) -> None:
        """People say that an alarm of a facility was false: its instruments are believed less."""
        ...

    def is_wrong(self, alarm_id: str) -> bool | None:
        """Whether the condition of an open alarm holds by the newest values; None where nobody knows."""
        ...

    def around(self, zone: str, at: Millis) -> Mapping[str, bool | float]:
        """What is known to surround a zone at a moment: tide, wind, how full it is (rules.core.vocabulary.CONTEXT)."""
        ...

    def open_alarms(self) -> Mapping[str, AlarmChange]:
        """The alarms that it holds open, by id. It will never clear another one."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one row came to. All of it is committed in one transaction with the cursor, or none.

    `changed`: commit now. Otherwise only the cursor moves, and the engine's state, which may wait for two seconds.
    `meta` is what the judge must find again beside orders and alarms; empty where it is as it was.
    """

    row: int
    at: Millis
    changed: bool = False
    alarms: tuple[Alarm, ...] = ()
    orders: tuple[Order, ...] = ()
    history: tuple[tuple[str, int, Change], ...] = ()  # (order, number from 0, change), to append
    outbox: tuple[Addressed, ...] = ()
    letters: tuple[Letter, ...] = ()  # to contacts beside MQTT
    results: tuple[Result, ...] = ()
    corrections: tuple[Correction, ...] = ()  # what late data would have changed; nobody is told by it
    meta: Mapping[str, bytes] = field(default_factory=dict)
    steps: tuple[int, ...] = ()  # lock-step: judged when this is committed


@dataclass(frozen=True, slots=True)
class Saved:
    """What a judge starts from. The default is a site that never had one.

    `alarms` are those open; `orders` those not ended, and those that ended within `MEMORY_MS` of `at`, with their whole
    history; `results` those of the same span.
    """

    row: int = 0
    at: Millis = 0
    alarms: tuple[Alarm, ...] = ()
    orders: tuple[Order, ...] = ()
    results: tuple[Result, ...] = ()
    meta: Mapping[str, bytes] = field(default_factory=dict)


MEMORY_MS = 48 * 3_600_000  # how long an ended order and the answer to a reply are remembered
