"""Alarms, orders and answers in SQL, for whoever asks. Blocking: call in a thread."""

from collections.abc import Collection, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from domain.alarms import AlarmState, Correction
from domain.errors import NotFoundError
from domain.naming import Priority
from domain.readings import Millis
from services.dispatch.orders import ENDED, Addressed, Alarm, Order, OrderState, Result
from services.storage import engines, records, tables, tallies


class Cases:
    """What the judge has come to, read. Raises UnavailableError where the database cannot be had."""

    def __init__(self, reader: sa.Engine) -> None:
        self._reader = reader

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
            return orders_of(asked, found, history=False)

    def touching(self, facility: str) -> tuple[list[Alarm], list[Order]]:
        """The open alarms of a facility, its own and those of groups it belongs to, and the orders not ended that
        answer them or are about it; without their history.
        """
        with engines.tried(), self._reader.begin() as asked:
            found = asked.execute(tallies.alarms_touching(facility)).mappings()
            alarms = [records.alarm_of(row) for row in found]
            answering = {alarm.order for alarm in alarms if alarm.order}
            return alarms, orders_of(asked, tallies.orders_touching(facility, answering), history=False)

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
                if found := orders_of(asked, sa.select(tables.orders).where(column == order), history=True):
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
            return rows[-1], [records.alarm_of(row) for row in found], orders_of(asked, wanted, history=True)

    def everything(self) -> tuple[list[Alarm], list[Order]]:
        """Every alarm, and every order with its history: for the run hash."""
        with engines.tried(), self._reader.begin() as asked:
            alarms = [records.alarm_of(row) for row in asked.execute(sa.select(tables.alarms)).mappings()]
            return alarms, orders_of(asked, sa.select(tables.orders), history=True)

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


def orders_of(asked: sa.Connection, wanted: sa.Select[Any], *, history: bool) -> list[Order]:
    """The orders of a query of their table, where asked with their history."""
    found = {row["id"]: row["document"] for row in asked.execute(wanted).mappings()}
    if not history:
        return [records.order_of(document) for document in found.values()]
    lines = tables.order_changes
    chosen = wanted.with_only_columns(tables.orders.c.id)
    told = sa.select(lines).where(lines.c.order_id.in_(chosen)).order_by(lines.c.order_id, lines.c.number)
    rows = groupby(asked.execute(told).mappings(), key=lambda row: str(row["order_id"]))
    histories = {order: list(changes) for order, changes in rows}
    return [records.order_of(document, histories.get(order, ())) for order, document in found.items()]
