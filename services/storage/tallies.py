"""Alarms and orders as people ask for them: lists that are read on, what touches a facility, and counts."""

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from domain.alarms import AlarmState
from domain.naming import Priority
from domain.readings import Millis
from services.dispatch.orders import AT_WORK, ENDED, OrderState
from services.storage import tables

_OPEN = sorted(set(OrderState) - ENDED)
_TOUCHING = 200  # of each: nobody reads on


def listed(
    table: sa.Table, chosen: Mapping[str, Any], *, newest: int, after: tuple[Millis, str] | None = None
) -> sa.Select[Any]:
    """The newest rows, newest first, where the columns are as chosen: one value, any of several, or None for all."""
    found = sa.select(table).order_by(table.c.opened.desc(), table.c.id.desc()).limit(newest)
    for name, value in chosen.items():
        if isinstance(value, Collection) and not isinstance(value, str):
            found = found.where(table.c[name].in_([str(one) for one in value]))
        elif value is not None:
            found = found.where(table.c[name] == str(value))
    if after is not None:
        found = found.where(sa.tuple_(table.c.opened, table.c.id) < sa.tuple_(*map(sa.literal, after)))
    return found


def alarms_touching(facility: str) -> sa.Select[Any]:
    """The open alarms of a facility, its own and those of groups it belongs to."""
    table = tables.alarms
    theirs = sa.or_(table.c.facility == facility, table.c.members.contains(f'"{facility}"', autoescape=True))
    return listed(table, {"state": AlarmState.OPEN}, newest=_TOUCHING).where(theirs)


def orders_touching(facility: str, orders: Collection[str]) -> sa.Select[Any]:
    """The orders not ended that are about a facility, or are among those."""
    table = tables.orders
    theirs = sa.or_(table.c.facility == facility, table.c.id.in_(sorted(orders)))
    return listed(table, {"state": _OPEN}, newest=_TOUCHING).where(theirs)


def at_work(asked: sa.Connection) -> dict[str, int]:
    """How many orders each crew has at work."""
    table = tables.orders
    wanted = table.c.state.in_([str(state) for state in AT_WORK])
    return {row[0]: row[1] for row in asked.execute(_counted(table.c.crew).where(wanted))}


def orders_counted(asked: sa.Connection) -> dict[tuple[OrderState, Priority], int]:
    """How many orders there are, of each state and priority."""
    table = tables.orders
    found = asked.execute(_counted(table.c.state, table.c.priority))
    return {(OrderState(row[0]), Priority(row[1])): row[2] for row in found}


def alarms_counted(asked: sa.Connection) -> dict[str, int]:
    """How many alarms of each rule are open."""
    table = tables.alarms
    wanted = _counted(table.c.rule).where(table.c.state == str(AlarmState.OPEN))
    return {row[0]: row[1] for row in asked.execute(wanted)}


def _counted(*columns: sa.Column[Any]) -> sa.Select[Any]:
    return sa.select(*columns, sa.func.count()).group_by(*columns)
