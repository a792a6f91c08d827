"""The fold: one heard row after the other, in the order of what happened and not of how it arrived."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from domain.messages import Heard
from domain.naming import COMMAND
from domain.readings import Millis, Reading
from domain.site import Site
from rules.core.rule import Rule
from services.dispatch.orders import Alarm
from services.judge.afield import PLANNED, Afield
from services.judge.book import Book
from services.judge.clerk import Clerk
from services.judge.hearing import ALARM, Event, Hearing, said_once
from services.judge.notes import Notes, read_notes
from services.judge.outcome import MEMORY_MS, Engine, Outcome, Saved
from services.judge.receipts import Receipts
from services.judge.stops import STOPS

_cases = msgspec.json.Decoder(dict[str, int])


class Judge:
    """Folds heard rows into outcomes: the same rows give the same outcomes, wherever a crash fell between two commits.

    What happened in a row happens when `Hearing` says that it counts, with the limits that run out before it.
    """

    def __init__(self, site: Site, rules: Mapping[str, Rule], engine: Engine) -> None:
        self._site, self._engine = site, engine
        self._book = Book(site, rules, engine)
        self._afield = Afield(site, engine)
        self._hearing = Hearing(site, engine, self._book.all.remembered)
        self._receipts = Receipts(site)
        self._clerk = Clerk(site, engine, self._book, self._afield, self._receipts)
        self._now: Millis = 0
        self._forgot: Millis = 0
        self._resuming = False  # until the first row after a load

    def load(self, saved: Saved) -> None:
        """Start from what was committed. The engine is loaded by whoever loads this."""
        meta = saved.meta
        self._now = self._forgot = saved.at
        self._hearing.load(meta.get("deaf", b""), meta.get("waiting", b""))
        self._book.load(saved, _cases.decode(meta.get("cases", b"{}")))
        self._afield.load(meta.get(PLANNED, b""))
        self._book.stops.load(meta.get(STOPS, b""))
        self._receipts.load(saved.results)
        self._resuming = True

    def fold(self, heard: Heard) -> Outcome:
        """Judge a row. Rows come once each, in order of their number."""
        notes = read_notes(heard, self._site) if heard.notes else None
        floor = self._now
        tick = max(floor, heard.at, *(at for _, at in notes.steps)) if notes else max(floor, heard.at)
        self._receipts.turn_page()
        turned = self._hearing.listen(notes, tick) if notes else False
        readings = _in_order(heard, notes, floor)
        orphans = self._orphans()
        if notes:
            self._go_afield(notes, heard.row, floor, tick)
        changes = self._engine.hear(readings, tick, deaf=self._hearing.deaf)
        corrections = tuple(self._engine.corrections())
        self._now = tick
        waited = bool(self._hearing.waiting)
        if not changes and not corrections and notes is None and not waited and not orphans:
            due = self._book.next_due()
            if due is None or due > tick or self._hearing.deaf:
                return Outcome(heard.row, tick)
        self._book.turn_page()
        for orphan in orphans:
            self._book.abandon(orphan, tick)
        self._hearing.take(changes, notes, heard.row, floor, tick)
        self._work_off(floor, tick)
        if notes:
            for unreadable in notes.unreadable:
                self._receipts.refuse(unreadable, heard.row, tick)
        if tick - self._forgot > MEMORY_MS // 48:
            self._forget(tick)
        dirty = turned or waited or bool(self._hearing.waiting or corrections)
        return replace(self._outcome(heard.row, tick, notes, dirty=dirty), corrections=corrections)

    def readings_of(self, heard: Heard) -> Sequence[Reading]:
        """The readings of a row that was judged before, as the engine heard them then."""
        return _in_order(heard, read_notes(heard, self._site) if heard.notes else None, 0)

    def _orphans(self) -> Sequence[Alarm]:
        """Alarms that were open when we were loaded, and of which the engine knows nothing any more: their rule or
        their subject was taken away, or changed so that its state could not be kept.
        """
        if not self._resuming:
            return ()
        self._resuming = False
        waiting = {event.change.alarm for event in self._hearing.waiting if event.change is not None}
        known = waiting | self._engine.open_alarms().keys()
        return [alarm for alarm in self._book.open.alarms if alarm.id not in known]

    def _go_afield(self, notes: Notes, row: int, floor: Millis, tick: Millis) -> None:
        """Tell the engine who works where, before it judges the row; what was said before is no news."""
        now = self._hearing.command_time(floor, tick)
        said = {event.id for event in self._hearing.waiting if event.kind != ALARM}
        for crew, reply in notes.replies:
            order, once = self._book.all.remembered(reply.order, tick), said_once(crew, reply)
            if order is not None and once not in said and self._receipts.remembered(crew, reply.id, tick) is None:
                self._afield.reply(order, crew, reply, self._hearing.reply_time(reply, floor, tick), now)
            said.add(once)
        for command in notes.commands:
            order = self._book.all.remembered(command.order, tick)
            known = command.id in said or self._receipts.remembered(COMMAND, command.id, tick) is not None
            if order is not None and not order.ended and command.why and not known:
                self._afield.commanded(order, command.action, now)
        for planned in notes.planned:
            self._clerk.plan(planned, row, now, tick)

    def _work_off(self, floor: Millis, tick: Millis) -> None:
        """Let happen what is due, with the limits that run out on the way. While deaf no limit runs out: the answer
        that met it may be in the back-log.
        """
        if not (self._site.simulated and tick == floor):
            for event in self._hearing.due(tick):
                self._run_out(event.at - 1)
                self._happen(event, tick)
            self._run_out(tick)

    def _run_out(self, until: Millis) -> None:
        while not self._hearing.deaf and (due := self._book.next_due()) is not None and due <= until:
            self._book.fall_due()

    def _happen(self, event: Event, tick: Millis) -> None:
        if event.change is not None:
            self._book.alarm(event.change, event.at)
        elif event.reply is not None:
            self._clerk.answer(event.crew, event.reply, event.row, event.at, tick)
        elif event.command is not None:
            self._clerk.command(event.command, event.row, event.at, tick)
        elif event.lost is not None:
            self._book.undelivered(event.lost, event.at)
        elif event.stop is not None:
            self._clerk.stop(event.stop, event.row, event.at, tick)

    def _forget(self, tick: Millis) -> None:
        self._forgot = tick
        self._book.all.forget(tick)
        self._receipts.forget(tick)

    def _outcome(self, row: int, tick: Millis, notes: Notes | None, *, dirty: bool) -> Outcome:
        book, said = self._book, self._receipts
        orders = book.orders
        written = ((o, number) for o in orders for number in range(book.written[o.id], len(o.history)))
        changed = dirty or bool(orders or book.open.changed or book.letters or said.results or said.receipts)
        return Outcome(
            row,
            tick,
            changed=changed,
            alarms=tuple(book.open.changed.values()),
            orders=orders,
            history=tuple((o.id, number, o.history[number]) for o, number in written),
            outbox=(*book.outbox.values(), *said.receipts.values()),
            letters=tuple(book.letters.values()),
            results=tuple(said.results.values()),
            meta=self._meta() if changed else {},
            steps=tuple(step for step, _ in notes.steps) if notes else (),
        )

    def _meta(self) -> dict[str, bytes]:
        deaf, waiting = self._hearing.save()
        return {
            "deaf": deaf,
            "waiting": waiting,
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
