"""The fold: one heard row after the other, in the order of what happened and not of how it arrived."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from domain.alarms import AlarmChange
from domain.errors import ConflictError, NotFoundError
from domain.messages import Heard
from domain.naming import COMMAND, OperatorAction, Priority, receipts_topic
from domain.readings import Millis, Reading
from domain.site import Site
from ingest.codecs.replies import Command, Planned, Reply, Stopped
from rules.core.rule import Rule
from services.dispatch.letters import Undelivered
from services.dispatch.orders import Addressed, Order, OrderState, Result
from services.dispatch.wording import receipt
from services.judge.afield import Afield
from services.judge.answers import OF_THE_BOOK, allowed, answered, commanded, says_false
from services.judge.book import Book
from services.judge.notes import Notes, Unreadable, read_notes
from services.judge.outcome import MEMORY_MS, Engine, Outcome, Saved

ALARM, ANSWER, ORDERED = 0, 1, 2  # at one moment: the sensors first, then crews, then the desk; limits run out last
PLANNED: Final = "planned"  # among what the judge notes: work that was announced
STOPS: Final = "stops"  # likewise: zones in which work stands
STEP_MS: Final = 60_000  # a step of lock-step is at most one virtual minute


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens to orders, at its effective time. Exactly one of the last five is there."""

    at: Millis
    kind: int
    id: str
    row: int
    crew: str = ""  # who answers, by the topic
    change: AlarmChange | None = None
    reply: Reply | None = None
    command: Command | None = None
    stop: Stopped | None = None
    lost: Undelivered | None = None


_waiting = msgspec.json.Decoder(list[Event])
_cases = msgspec.json.Decoder(dict[str, int])


class Judge:
    """Folds heard rows into outcomes: the same rows give the same outcomes, wherever a crash fell between two commits.

    What happened in a row is applied by (effective time, class, id). On a simulated site, where the clock stands still
    within a step of lock-step, it waits until the Tick has passed it: then the outcome does not depend on how the
    messages of a step were cut into rows.
    """

    def __init__(self, site: Site, rules: Mapping[str, Rule], engine: Engine) -> None:
        self._site, self._engine = site, engine
        self._book = Book(site, rules, engine)
        self._afield = Afield(site, engine)
        self._now: Millis = 0
        self._deaf = False
        self._waits: list[Event] = []
        self._answers: dict[tuple[str, str], Result] = {}
        self._forgot: Millis = 0
        self._resuming = False  # until the first row after a load

    def load(self, saved: Saved) -> None:
        """Start from what was committed. The engine is loaded by whoever loads this."""
        meta = saved.meta
        self._now = self._forgot = saved.at
        self._deaf = meta.get("deaf") == b"1"
        self._waits = _waiting.decode(meta.get("waiting", b"[]"))
        self._book.load(saved, _cases.decode(meta.get("cases", b"{}")))
        self._afield.load(meta.get(PLANNED, b""))
        self._book.stops.load(meta.get(STOPS, b""))
        self._answers = {(r.source, r.id): r for r in saved.results}
        self._resuming = True

    def fold(self, heard: Heard) -> Outcome:
        """Judge a row. Rows come once each, in order of their number."""
        notes = read_notes(heard, self._site) if heard.notes else None
        floor = self._now
        tick = max(floor, heard.at, *(at for _, at in notes.steps)) if notes else max(floor, heard.at)
        turned = self._listen(notes, tick) if notes else False
        readings = _in_order(heard, notes, floor)
        orphans = self._orphans()
        page = _Page()
        if notes:
            self._go_afield(notes, heard.row, floor, tick, page)
        changes = self._engine.hear(readings, tick, deaf=self._deaf)
        corrections = tuple(self._engine.corrections())
        self._now = tick
        if not changes and not corrections and notes is None and not self._waits and not orphans:
            due = self._book.next_due()
            if due is None or due > tick or self._deaf:
                return Outcome(heard.row, tick)
        self._book.turn_page()
        for orphan in orphans:
            self._book.abandon(orphan, tick)
        waited = bool(self._waits)
        self._waits += list(self._gathered(changes, notes, heard.row, floor, tick))
        self._work_off(floor, tick, page)
        if notes:
            for unreadable in notes.unreadable:
                self._refuse(unreadable, page, heard.row, tick)
        if tick - self._forgot > MEMORY_MS // 48:
            self._forget(tick)
        dirty = turned or waited or bool(self._waits or corrections)
        return replace(self._outcome(heard.row, tick, page, notes, dirty=dirty), corrections=corrections)

    def readings_of(self, heard: Heard) -> Sequence[Reading]:
        """The readings of a row that was judged before, as the engine heard them then."""
        return _in_order(heard, read_notes(heard, self._site) if heard.notes else None, 0)

    def _orphans(self) -> Sequence[str]:
        """Alarms that were open when we were loaded, and of which the engine knows nothing any more: their rule or
        their subject was taken away, or changed so that its state could not be kept.
        """
        if not self._resuming:
            return ()
        self._resuming = False
        waiting = {event.change.alarm for event in self._waits if event.change is not None}
        return [alarm for alarm in self._book.open_alarms if alarm not in waiting | self._engine.open_alarms().keys()]

    def _go_afield(self, notes: Notes, row: int, floor: Millis, tick: Millis, page: "_Page") -> None:
        """Tell the engine who works where, before it judges the row; what was said before is no news."""
        now = floor if self._site.simulated else tick
        said = {event.id for event in self._waits if event.kind != ALARM}
        for crew, reply in notes.replies:
            order, once = self._book.order(reply.order, tick), f"{crew}/{reply.id}"
            if order is not None and once not in said and self._remembered(crew, reply.id, tick) is None:
                self._afield.reply(order, crew, reply, self._reply_time(reply, floor, tick), now)
            said.add(once)
        for command in notes.commands:
            order = self._book.order(command.order, tick)
            known = command.id in said or self._remembered(COMMAND, command.id, tick) is not None
            if order is not None and not order.ended and command.why and not known:
                self._afield.commanded(order, command.action, now)
        for planned in notes.planned:
            if self._remembered(COMMAND, planned.id, tick) is None:
                self._plan(planned, row, now, tick, page)

    def _plan(self, planned: Planned, row: int, now: Millis, tick: Millis, page: "_Page") -> None:
        why = ""
        try:
            self._afield.plan(planned, now)
        except (ConflictError, NotFoundError) as error:
            why = str(error)
        self._remember(Result(COMMAND, planned.id, row, tick, "", str(planned.action), not why, why), page)

    def _listen(self, notes: Notes, tick: Millis) -> bool:
        """Follow our own connection: deaf from its loss, or our start, until the back-log has passed."""
        before = self._deaf
        for state in notes.links:
            if state in ("down", "started"):
                self._deaf = True
            elif state in ("passed", "unmeasured"):
                self._deaf = False
                self._engine.listening_from(tick)
        return before != self._deaf

    def _gathered(
        self, changes: Iterable[AlarmChange], notes: Notes | None, row: int, floor: Millis, tick: Millis
    ) -> Iterable[Event]:
        newest = {e.id: e.at for e in self._waits if e.kind == ALARM}
        for change in changes:
            at = max(self._alarm_time(change.at, floor, tick), newest.get(change.alarm, floor))
            newest[change.alarm] = at  # a correction of an alarm never overtakes what it corrects
            yield Event(at, ALARM, change.alarm, row, change=change)
        for crew, reply in notes.replies if notes else ():
            at = self._reply_time(reply, floor, tick)
            yield Event(at, ANSWER, f"{crew}/{reply.id}", row, crew=crew, reply=reply)
        for command in notes.commands if notes else ():
            yield Event(floor if self._site.simulated else tick, ORDERED, command.id, row, command=command)
        for lost in notes.lost if notes else ():
            yield Event(floor if self._site.simulated else tick, ORDERED, lost.key, row, lost=lost)
        for stop in notes.stops if notes else ():
            yield Event(floor if self._site.simulated else tick, ORDERED, stop.id, row, stop=stop)

    def _alarm_time(self, at: Millis, floor: Millis, tick: Millis) -> Millis:
        """When an alarm counts for orders: at its event time, but not before what is decided already."""
        if not self._site.simulated:
            return min(max(at, floor), tick)
        return max(at, floor) if at <= tick + STEP_MS else floor

    def _reply_time(self, reply: Reply, floor: Millis, tick: Millis) -> Millis:
        """When an answer counts: at its own time if that lies between dispatch and receipt, else at its receipt."""
        simulated = self._site.simulated
        received, latest = (floor, tick + STEP_MS) if simulated else (tick, tick)
        said, order = reply.said_at, self._book.order(reply.order, tick)
        if said is None or order is None or order.dispatched is None:
            return received
        return said if order.dispatched <= said <= latest else received

    def _work_off(self, floor: Millis, tick: Millis, page: "_Page") -> None:
        """Apply what is due in order, with the limits that run out on the way. While deaf no limit runs out: the answer
        that met it may be in the back-log.
        """
        if not (self._site.simulated and tick == floor):
            ready = sorted((e for e in self._waits if e.at <= tick), key=lambda e: (e.at, e.kind, e.id))
            self._waits = [e for e in self._waits if e.at > tick]
            for event in ready:
                self._run_out(event.at - 1)
                self._happen(event, page, tick)
            self._run_out(tick)

    def _run_out(self, until: Millis) -> None:
        while not self._deaf and (due := self._book.next_due()) is not None and due <= until:
            self._book.fall_due()

    def _happen(self, event: Event, page: "_Page", tick: Millis) -> None:
        if event.change is not None:
            self._book.alarm(event.change, event.at)
        elif event.reply is not None:
            self._answer(event, event.reply, page, tick)
        elif event.command is not None:
            self._command(event, event.command, page, tick)
        elif event.lost is not None:
            self._book.undelivered(event.lost, event.at)
        elif event.stop is not None:
            self._stop(event, event.stop, page, tick)

    def _stop(self, event: Event, said: Stopped, page: "_Page", tick: Millis) -> None:
        if self._remembered(COMMAND, said.id, tick) is not None:
            return
        why = ""
        try:
            self._book.look_at_zone(self._book.stops.hear(said, event.at), event.at)
        except (ConflictError, NotFoundError) as error:
            why = str(error)
        self._remember(Result(COMMAND, said.id, event.row, tick, "", str(said.action), not why, why), page)

    def _answer(self, event: Event, reply: Reply, page: "_Page", tick: Millis) -> None:
        result = self._remembered(event.crew, reply.id, tick)
        if result is None:
            why = ""
            try:
                before = self._order(reply.order, event.crew, tick)
                wrong = self._book.still_wrong(before)
                after = answered(before, event.crew, reply, event.at, self._book.terms, wrong=wrong)
                self._book.keep(before, after, event.at)
                self._heed(before, reply.why, event.at)
            except (ConflictError, NotFoundError) as error:
                why = str(error)
            action = str(reply.action)
            result = Result(event.crew, reply.id, event.row, tick, reply.order, action, not why, why)
            self._remember(result, page)
        self._receipt(f"reply:{event.crew}:{reply.id}", event.crew, result, page)

    def _command(self, event: Event, command: Command, page: "_Page", tick: Millis) -> None:
        if self._remembered(COMMAND, command.id, tick) is not None:
            return
        why = ""
        try:
            before = self._order(command.order, "", tick)
            if command.action in OF_THE_BOOK:
                self._about_two(before, command, event.at, tick)
            else:
                self._about_one(before, command, event.at)
            self._heed(before, command.why, event.at)
        except (ConflictError, NotFoundError) as error:
            why = str(error)
        action = str(command.action)
        self._remember(Result(COMMAND, command.id, event.row, tick, command.order, action, not why, why), page)

    def _about_one(self, before: Order, command: Command, at: Millis) -> None:
        after = commanded(before, command, at, self._book.terms, wrong=self._book.still_wrong(before))
        if command.action is OperatorAction.REASSIGN and command.crew:
            after = self._handed(before, after, command, at)
        self._book.keep(before, after, at, tell=command.action is not OperatorAction.NOTE)

    def _about_two(self, before: Order, command: Command, at: Millis, tick: Millis) -> None:
        allowed(before, command)
        if command.crew and command.crew not in self._site.crews:
            raise NotFoundError(f"there is no crew {command.crew}")
        if command.action is OperatorAction.MERGE:
            self._book.merge(before, self._order(command.into, "", tick), at, who=command.by, why=command.why)
        else:
            self._book.follow_up(before, command, at)

    def _heed(self, order: Order, why: str, at: Millis) -> None:
        """Whoever calls an alarm false takes away from the record of the instruments that raised it."""
        if says_false(why) and order.subject.startswith("facility:"):
            self._engine.false_alarm(order.facility, at)

    def _handed(self, before: Order, free: Order, command: Command, at: Millis) -> Order:
        if command.crew not in self._site.crews:
            raise NotFoundError(f"there is no crew {command.crew}")
        if command.crew == before.crew and before.state is not OrderState.ON_HOLD:
            raise ConflictError(f"the order is with {command.crew} already")
        return self._book.give(free, command.crew, at, who=command.by, why=command.why, anew=False)

    def _order(self, order: str, crew: str, tick: Millis) -> Order:
        """The order somebody speaks of. A crew hears nothing of orders that were never theirs."""
        found = self._book.order(order, tick)
        if found is None:
            raise NotFoundError("no such order, or it ended more than two days ago")
        told = (found.crew, self._site.desk, *(rung.crew for rung in found.rungs))
        theirs = not crew or crew in told or any(c.crew == crew for c in found.history)
        if not theirs:
            raise NotFoundError("the order is with somebody else")
        return found

    def _refuse(self, unreadable: Unreadable, page: "_Page", row: int, tick: Millis) -> None:
        source, given, why, place = unreadable
        result = Result(source, given, row, tick, "", "", ok=False, why=why)
        if source == COMMAND and given:
            page.results[(source, given)] = result
        elif source != COMMAND:
            self._receipt(f"reply:{source}:?{row}.{place}", source, result, page)

    def _receipt(self, key: str, crew: str, result: Result, page: "_Page") -> None:
        payload = receipt(result.id, ok=result.ok, why=result.why)
        topic = receipts_topic(self._site.id, crew)
        page.receipts[key] = Addressed(key, result.order, 0, topic, payload, retain=False, priority=Priority.P4)

    def _remembered(self, source: str, given: str, tick: Millis) -> Result | None:
        found = self._answers.get((source, given))
        return None if found is None or tick - found.at > MEMORY_MS else found

    def _remember(self, result: Result, page: "_Page") -> None:
        self._answers[(result.source, result.id)] = page.results[(result.source, result.id)] = result

    def _forget(self, tick: Millis) -> None:
        self._forgot = tick
        self._book.forget(tick)
        self._answers = {key: r for key, r in self._answers.items() if tick - r.at <= MEMORY_MS}

    def _outcome(self, row: int, tick: Millis, page: "_Page", notes: Notes | None, *, dirty: bool) -> Outcome:
        book = self._book
        orders = book.orders
        written = ((o, number) for o in orders for number in range(book.written[o.id], len(o.history)))
        changed = dirty or bool(orders or book.alarms or book.letters or page.results or page.receipts)
        return Outcome(
            row,
            tick,
            changed=changed,
            alarms=tuple(book.alarms.values()),
            orders=orders,
            history=tuple((o.id, number, o.history[number]) for o, number in written),
            outbox=(*book.outbox.values(), *page.receipts.values()),
            letters=tuple(book.letters.values()),
            results=tuple(page.results.values()),
            meta=self._meta() if changed else {},
            steps=tuple(step for step, _ in notes.steps) if notes else (),
        )

    def _meta(self) -> dict[str, bytes]:
        return {
            "deaf": b"1" if self._deaf else b"0",
            "waiting": msgspec.json.encode(self._waits),
            "cases": msgspec.json.encode(self._book.cases),
            PLANNED: self._afield.save(),
            STOPS: self._book.stops.save(),
        }


def _in_order(heard: Heard, notes: Notes | None, floor: Millis) -> Sequence[Reading]:
    """The readings of a row as they came. Those of a step of lock-step are heard each when it was taken: all of them
    came at the step's end, because the clock stood still, and no order of arrival among them means anything.
    """
    if notes is None or not notes.steps:
        return heard.readings
    in_order = sorted(heard.readings, key=lambda reading: (reading.at, reading.device, reading.seq))
    return [reading._replace(received=max(reading.at, floor)) for reading in in_order]


class _Page:
    """What a row leaves beside orders and alarms."""

    def __init__(self) -> None:
        self.receipts: dict[str, Addressed] = {}
        self.results: dict[tuple[str, str], Result] = {}
