"""Alarms, orders, rule state and outbox in SQL: SQLite by default, PostgreSQL by URL. Blocking: call in a thread."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from threading import Lock
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from domain.alarms import AlarmState
from domain.readings import Millis
from services.dispatch.dispatcher import Pending
from services.dispatch.orders import Alarm, Step
from services.judge.outcome import MEMORY_MS, Outcome, Saved
from services.storage import engines, records, tables
from services.storage.cases import Cases, orders_of
from services.storage.letter_tables import letters as letters_table
from services.storage.letters import letter_row

CURSOR: Final = "judge"
ALARM_FACTS: Final = ("state", "since", "until", "members", "cleared_why", "level")  # the rest is pinned when it opens


class JudgeStore(Cases):
    """What the judge comes to, kept whole or not at all: one short transaction an outcome, one writer.

    The schema is there before (`services.storage.schema.upgrade`). Raises UnavailableError where the database cannot
    be had.
    """

    def __init__(self, url: str, fence: Callable[[sa.Connection], None] | None = None) -> None:
        """`fence` refuses to write once another leads."""
        super().__init__(engines.reader(url))
        self._writer = engines.writer(url, fence)
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
            found = orders_of(asked, sa.select(tables.orders).where(wanted), history=True)
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

    # --- cursors, and what the judge notes

    def cursor(self, name: str) -> int:
        """How far a consumer of the journal has come; 0 where it never began. `judge` is how far the judge has;
        `judge.needed` the row above which its engine needs the journal again after a start.
        """
        kept = {CURSOR: f"{CURSOR}.row", f"{CURSOR}.needed": f"{CURSOR}.needed"}.get(name, f"cursor.{name}")
        with engines.tried(), self._reader.begin() as asked:
            return int(self._value(asked, kept) or b"0")

    def noted(self, name: str) -> bytes:
        """What the judge keeps under a name, beside alarms and orders; empty where nothing is."""
        with engines.tried(), self._reader.begin() as asked:
            return self._value(asked, f"judge.{name}")

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

    def _value(self, asked: sa.Connection, name: str) -> bytes:
        return bytes(asked.execute(sa.select(tables.meta.c.value).where(tables.meta.c.name == name)).scalar() or b"")

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
