"""Alarms, orders, rule state and outbox in SQL: SQLite by default, PostgreSQL by URL. Blocking: call in a thread."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import groupby
from threading import Lock
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from domain.alarms import AlarmState, Correction
from domain.errors import NotFoundError
from domain.naming import Priority
from domain.readings import Millis
from services.dispatch.dispatcher import Pending
from services.dispatch.orders import ENDED, Addressed, Alarm, Order, OrderState, Result, Step
from services.judge.outcome import MEMORY_MS, Outcome, Saved
from services.storage import engines, records, tables, tallies
from services.storage.letter_tables import letters as letters_table
from services.storage.letters import letter_row

CURSOR: Final = "judge"
ALARM_FACTS: Final = ("state", "since", "until", "members", "cleared_why", "level")  # the rest is pinned when it opens


class JudgeStore:
    """What the judge comes to, kept whole or not at all: one short transaction an outcome, one writer.

    The schema is there before (`services.storage.schema.upgrade`). Raises UnavailableError where the database cannot
    be had.
    """

    def __init__(self, url: str, fence: Callable[[sa.Connection], None] | None = None) -> None:
        """`fence` refuses to write once another leads."""
        self._writer, self._reader = engines.writer(url, fence), engines.reader(url)
        self._turn = Lock()
        dialect = self._writer.dialect.name
        self._insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
        self._put_state = self._amending(tables.subject_state, ("subject",), ("state",)).compile(self._writer)

    def close(self) -> None:
        """Let go of every connection."""
        self._reader.dispose()
        self._writer.dispose()

    # --- the judge

    def load(self) -> Saved:
        """Where the judge stood at its last commit."""
        with engines.tried(), self._reader.begin() as asked:
            values = self._values(asked)
            at = int(values.pop(f"{CURSOR}.at", b"0"))
            row = int(values.pop(f"{CURSOR}.row", b"0"))
            recent = at - MEMORY_MS
            wanted = tables.orders.c.closed.is_(None) | (tables.orders.c.closed >= recent)
            found = _orders(asked, sa.select(tables.orders).where(wanted), history=True)
            opened = sa.select(tables.alarms).where(tables.alarms.c.state == str(AlarmState.OPEN))
            answers = sa.select(tables.reply_results).where(tables.reply_results.c.at >= recent)
            return Saved(
                row,
                at,
                tuple(records.alarm_of(one) for one in asked.execute(opened).mappings()),
                tuple(found),
                tuple(records.result_of(one) for one in asked.execute(answers).mappings()),
                {name.removeprefix("judge."): value for name, value in values.items() if name.startswith("judge.")},
            )

    def subjects(self) -> list[tuple[str, bytes]]:
        """The rule engine's state, one entry a subject."""
        with engines.tried(), self._reader.begin() as asked:
            found = asked.execute(sa.select(tables.subject_state.c.subject, tables.subject_state.c.state))
            return [(subject, bytes(state)) for subject, state in found]

    def subjects_named(self, subjects: Collection[str]) -> dict[str, bytes]:
        """The same of some subjects; what has no entry is not there."""
        state = tables.subject_state
        wanted = sa.select(state.c.subject, state.c.state).where(state.c.subject.in_(tuple(subjects)))
        with engines.tried(), self._reader.begin() as asked:
            return {subject: bytes(row) for subject, row in asked.execute(wanted)}

    def commit(self, outcome: Outcome, subjects: Mapping[str, bytes]) -> None:
        """Keep an outcome, the subjects that changed since the last commit, and the cursor; all or nothing."""
        kept = {f"judge.{name}": value for name, value in outcome.meta.items()}
        kept[f"{CURSOR}.row"], kept[f"{CURSOR}.at"] = b"%d" % outcome.row, b"%d" % outcome.at
        changes = [records.change_row(*line) for line in outcome.history]
        with engines.tried(), self._turn, self._writer.begin() as writing:
            self._put_states(writing, subjects)
            self._alarms(writing, outcome.alarms)
            orders = [records.order_row(order) for order in outcome.orders]
            self._upsert(writing, tables.orders, orders, ("id",))
            pairs = sorted({(alarm, order.id) for order in outcome.orders for alarm in order.alarms})
            links = [{"alarm_id": alarm, "order_id": order} for alarm, order in pairs]
            self._upsert(writing, tables.order_alarms, links, ("alarm_id", "order_id"), ())
            self._upsert(writing, tables.order_changes, changes, ("order_id", "number"), ())
            letters = [records.outbox_row(addressed, outcome.row) for addressed in outcome.outbox]
            self._raise_letters(writing, outcome)
            self._upsert(writing, tables.outbox, letters, ("key",))
            posts = [letter_row(letter) for letter in outcome.letters]
            self._upsert(writing, letters_table, posts, ("key",), ())
            answers = [records.result_row(result) for result in outcome.results]
            self._upsert(writing, tables.reply_results, answers, ("source", "id"), ())
            hindsight = [records.correction_row(correction) for correction in outcome.corrections]
            self._upsert(writing, tables.corrections, hindsight, ("alarm", "what"), ())
            self._upsert(writing, tables.touched, records.touched_rows(outcome), ("what", "id"))
            self._keep(writing, kept)

    # --- cursors of others

    def cursor(self, name: str) -> int:
        """How far a consumer of the journal has come; 0 where it never began. `judge` is how far the judge has;
        `judge.needed` the row above which its engine needs the journal again after a start.
        """
        kept = {CURSOR: f"{CURSOR}.row", f"{CURSOR}.needed": f"{CURSOR}.needed"}.get(name, f"cursor.{name}")
        with engines.tried(), self._reader.begin() as asked:
            return int(self._values(asked).get(kept, b"0"))

    def noted(self, name: str) -> bytes:
        """What the judge keeps under a name, beside alarms and orders; empty where nothing is."""
        with engines.tried(), self._reader.begin() as asked:
            return self._values(asked).get(f"judge.{name}", b"")

    def move(self, name: str, row: int) -> None:
        """Remember how far a consumer of the journal has come."""
        with engines.tried(), self._turn, self._writer.begin() as writing:
            self._keep(writing, {f"cursor.{name}": b"%d" % row})

    # --- the dispatcher

    def pending(self, limit: int) -> Sequence[Pending]:
        """What is to be sent, the most urgent first, then the oldest. No message overtakes another of its order: when
        one becomes more urgent, what waits of it does too.
        """
        box = tables.outbox
        urgent = sa.select(box).where(box.c.state == "pending").order_by(box.c.priority, box.c.number)
        wanted = urgent.limit(limit)
        with engines.tried(), self._reader.begin() as asked:
            return [Pending(row["number"], records.addressed_of(row)) for row in asked.execute(wanted).mappings()]

    def mark_sent(self, numbers: Sequence[int], at: Millis) -> None:
        """These have been taken by the other side."""
        self._mark(numbers, {"state": "sent", "sent_at": at, "error": ""})

    def mark_failed(self, numbers: Sequence[int], why: str) -> None:
        """These could not be sent now; they stay pending."""
        self._mark(numbers, {"error": why})

    def bury(self, numbers: Sequence[int], why: str) -> None:
        """These can never be sent: kept, and shown."""
        self._mark(numbers, {"state": "dead", "error": why})

    # --- whoever asks

    def corrections(self, *, facility: str = "", limit: int = 100) -> Sequence[Correction]:
        """What late data would have changed, the latest heard first; of all, or of a facility."""
        found = sa.select(tables.corrections).order_by(tables.corrections.c.heard.desc(), tables.corrections.c.alarm)
        if facility:
            found = found.where(tables.corrections.c.facility == facility)
        with engines.tried(), self._reader.begin() as asked:
            return [records.correction_of(row) for row in asked.execute(found.limit(limit)).mappings()]

    def alarms(
        self,
        *,
        state: AlarmState | None = None,
        facility: str | Collection[str] | None = None,
        rule: str | None = None,
        newest: int = 200,
        after: tuple[Millis, str] | None = None,
    ) -> list[Alarm]:
        """The newest alarms, newest first; those after a place in that list (opened, id), where one is given."""
        chosen = {"state": state, "facility": facility, "rule": rule}
        found = tallies.listed(tables.alarms, chosen, newest=newest, after=after)
        with engines.tried(), self._reader.begin() as asked:
            return [records.alarm_of(row) for row in asked.execute(found).mappings()]

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
        """The newest orders, newest first, without their history; after a place in that list, where one is given."""
        chosen = {"state": states, "crew": crew, "zone": zone, "facility": facility}
        found = tallies.listed(tables.orders, chosen, newest=newest, after=after)
        with engines.tried(), self._reader.begin() as asked:
            return _orders(asked, found, history=False)

    def touching(self, facility: str) -> tuple[list[Alarm], list[Order]]:
        """The open alarms of a facility, its own and those of groups it belongs to, and the orders not ended that
        answer them or are about it; without their history.
        """
        with engines.tried(), self._reader.begin() as asked:
            found = asked.execute(tallies.alarms_touching(facility)).mappings()
            alarms = [records.alarm_of(row) for row in found]
            answering = {alarm.order for alarm in alarms if alarm.order}
            return alarms, _orders(asked, tallies.orders_touching(facility, answering), history=False)

    def at_work(self) -> dict[str, int]:
        """How many orders each crew has at work."""
        with engines.tried(), self._reader.begin() as asked:
            return tallies.at_work(asked)

    def orders_counted(self) -> dict[tuple[OrderState, Priority], int]:
        """How many orders there are, of each state and priority."""
        with engines.tried(), self._reader.begin() as asked:
            return tallies.orders_counted(asked)

    def alarms_counted(self) -> dict[str, int]:
        """How many alarms of each rule are open."""
        with engines.tried(), self._reader.begin() as asked:
            return tallies.alarms_counted(asked)

    def open_orders(self, newest: int = 1000) -> list[Order]:
        """Orders that have not ended, newest first, without their history."""
        return self.orders(states=set(OrderState) - ENDED, newest=newest)

    def order(self, order: str) -> Order:
        """One order with its history, by id or 案号. Raises NotFoundError."""
        with engines.tried(), self._reader.begin() as asked:
            for column in (tables.orders.c.id, tables.orders.c.case_number):
                if found := _orders(asked, sa.select(tables.orders).where(column == order), history=True):
                    return found[0]
        raise NotFoundError(f"there is no order {order}")

    def alarm(self, alarm: str) -> Alarm:
        """One alarm. Raises NotFoundError."""
        with engines.tried(), self._reader.begin() as asked:
            row = asked.execute(sa.select(tables.alarms).where(tables.alarms.c.id == alarm)).mappings().first()
        if row is None:
            raise NotFoundError(f"there is no alarm {alarm}")
        return records.alarm_of(row)

    def addressed(self, order: str) -> list[Addressed]:
        """What was to be sent to crews about an order, in the order of deciding, as far as it is still kept."""
        box = tables.outbox
        wanted = sa.select(box).where((box.c.order_id == order) & box.c.retain).order_by(box.c.number)
        with engines.tried(), self._reader.begin() as asked:
            return [records.addressed_of(row) for row in asked.execute(wanted).mappings()]

    def touched(self, after: int, limit: int) -> tuple[int, list[Alarm], list[Order]]:
        """Alarms, and orders with their history, that a row above `after` changed last, of about `limit` of them from
        the first such row on; and the last of these rows, `after` where there is none.
        """
        table = tables.touched
        newer = sa.select(table.c.journal_row).where(table.c.journal_row > after).order_by(table.c.journal_row)
        with engines.tried(), self._reader.begin() as asked:
            rows = asked.execute(newer.limit(limit)).scalars().all()
            if not rows:
                return after, [], []
            within = (table.c.journal_row > after) & (table.c.journal_row <= rows[-1])
            changed = sa.select(table.c.id).where(within)
            alarms, orders = (changed.where(table.c.what == what) for what in ("alarm", "order"))
            found = asked.execute(sa.select(tables.alarms).where(tables.alarms.c.id.in_(alarms))).mappings()
            wanted = sa.select(tables.orders).where(tables.orders.c.id.in_(orders))
            return rows[-1], [records.alarm_of(row) for row in found], _orders(asked, wanted, history=True)

    def everything(self) -> tuple[list[Alarm], list[Order]]:
        """Every alarm, and every order with its history: for the run hash."""
        with engines.tried(), self._reader.begin() as asked:
            alarms = [records.alarm_of(row) for row in asked.execute(sa.select(tables.alarms)).mappings()]
            return alarms, _orders(asked, sa.select(tables.orders), history=True)

    def result(self, source: str, given: str) -> Result | None:
        """What became of a reply (by crew) or a command (by `naming.COMMAND`); None while it is not judged."""
        table = tables.reply_results
        wanted = sa.select(table).where((table.c.source == source) & (table.c.id == given))
        with engines.tried(), self._reader.begin() as asked:
            row = asked.execute(wanted).mappings().first()
        return None if row is None else records.result_of(row)

    def outbox_counts(self) -> dict[str, int]:
        """How many messages are pending, sent and dead."""
        state = tables.outbox.c.state
        with engines.tried(), self._reader.begin() as asked:
            found = asked.execute(sa.select(state, sa.func.count()).group_by(state))
            return {"pending": 0, "sent": 0, "dead": 0} | {row[0]: row[1] for row in found}

    def prune(self, before: Millis) -> None:
        """Forget sent messages, and answers to replies, older than `before`. Orders and alarms stay."""
        box, answers = tables.outbox, tables.reply_results
        with engines.tried(), self._turn, self._writer.begin() as writing:
            writing.execute(sa.delete(box).where((box.c.state == "sent") & (box.c.sent_at < before)))
            writing.execute(sa.delete(answers).where(answers.c.at < before))

    def _alarms(self, writing: sa.Connection, alarms: Iterable[Alarm]) -> None:
        """A correction of an alarm that the judge no longer remembers keeps what it had."""
        rows = [records.alarm_row(alarm) for alarm in alarms]
        self._upsert(writing, tables.alarms, rows, ("id",), ALARM_FACTS)

    def _raise_letters(self, writing: sa.Connection, outcome: Outcome) -> None:
        """What waits to be sent about an order that has become more urgent goes as early as what is new about it: no
        message overtakes another of its order.
        """
        raised = {order for order, _, change in outcome.history if change.step is Step.RAISE}
        box = tables.outbox
        for order in (one for one in outcome.orders if one.id in raised):
            late = sa.and_(box.c.state == "pending", box.c.order_id == order.id, box.c.priority > str(order.priority))
            writing.execute(sa.update(box).where(late).values(priority=str(order.priority)))

    def _mark(self, numbers: Sequence[int], values: Mapping[str, Any]) -> None:
        box = tables.outbox
        marked = sa.update(box).where(box.c.number == sa.bindparam("n")).values(**values, attempts=box.c.attempts + 1)
        if numbers:
            with engines.tried(), self._turn, self._writer.begin() as writing:
                writing.execute(marked, [{"n": number} for number in numbers])

    def _keep(self, writing: sa.Connection, values: Mapping[str, bytes]) -> None:
        rows = [{"name": name, "value": value} for name, value in values.items()]
        self._upsert(writing, tables.meta, rows, ("name",), ("value",))

    def _values(self, asked: sa.Connection) -> dict[str, bytes]:
        found = asked.execute(sa.select(tables.meta.c.name, tables.meta.c.value))
        return {name: bytes(value) for name, value in found}

    def _put_states(self, writing: sa.Connection, subjects: Mapping[str, bytes]) -> None:
        """Nearly all rows are these: they go to the driver as they are, at half the price."""
        rows: Any = sorted(subjects.items())
        if not self._put_state.positional:
            rows = [{"subject": subject, "state": state} for subject, state in rows]
        if rows:
            writing.exec_driver_sql(str(self._put_state), rows)

    def _upsert(
        self,
        writing: sa.Connection,
        table: sa.Table,
        rows: Sequence[Mapping[str, Any]],
        key: tuple[str, ...],
        changed: tuple[str, ...] | None = None,
    ) -> None:
        """Insert, or amend the columns `changed` (all given ones by default; none: leave what is there)."""
        if not rows:
            return
        columns = tuple(name for name in rows[0] if name not in key) if changed is None else changed
        writing.execute(self._amending(table, key, columns), rows)

    def _amending(self, table: sa.Table, key: tuple[str, ...], columns: tuple[str, ...]) -> Any:
        inserted = self._insert(table)
        if not columns:
            return inserted.on_conflict_do_nothing(index_elements=key)
        amended = {name: inserted.excluded[name] for name in columns}
        return inserted.on_conflict_do_update(index_elements=key, set_=amended)


def _orders(asked: sa.Connection, wanted: sa.Select[Any], *, history: bool) -> list[Order]:
    found = {row["id"]: row["document"] for row in asked.execute(wanted).mappings()}
    if not history:
        return [records.order_of(document) for document in found.values()]
    lines = tables.order_changes
    chosen = wanted.with_only_columns(tables.orders.c.id)
    told = sa.select(lines).where(lines.c.order_id.in_(chosen)).order_by(lines.c.order_id, lines.c.number)
    rows = groupby(asked.execute(told).mappings(), key=lambda row: str(row["order_id"]))
    histories = {order: list(changes) for order, changes in rows}
    return [records.order_of(document, histories.get(order, ())) for order, document in found.items()]
