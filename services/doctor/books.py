"""Alarms and orders in SQL, and the journal: there, whole, of our version, and worked on."""

from collections.abc import Mapping
from typing import Final, Protocol

from domain.errors import ConflictError, NotFoundError, RejectedError, TidewalkError
from domain.ports import Clock, Journal
from domain.readings import Millis
from services.doctor.finding import Finding, fail, ok, warn

CHECKED: Final = 50  # rows, the newest; `deep` checks all
FLOW: Final = 600  # rows: ten minutes of one each second, less under load
_BEHIND: Final = 120  # rows
_AHEAD: Final = 5_000  # ms
_AT_ONCE: Final = 32
CONSUMERS: Final = {
    "judge": "alarms and orders come late",
    "store": "readings wait",
    "quarantine": "entries are missing",
}


class Cursors(Protocol):
    """How far each has come. Blocking. Raises UnavailableError."""

    def cursor(self, name: str) -> int:
        """The last row that a consumer has behind it."""
        ...


class Flowing(Journal, Protocol):
    """A journal that can say how much came lately, and how large it is."""

    def flow(self, rows: int) -> tuple[int, Millis]:
        """How many messages the newest rows hold, and in how much time."""
        ...

    def size(self) -> int:
        """Bytes on the disk."""
        ...


def rate_of(journal: Flowing) -> float:
    """Messages a second of late; 0 where nothing came."""
    try:
        messages, span = journal.flow(FLOW)
    except TidewalkError:
        return 0.0
    return messages * 1000 / span if span else 0.0


def sql(where: str, cursors: Cursors | TidewalkError) -> list[Finding]:
    """Whether it can be had, and is of our version: the error says why not."""
    match cursors:
        case NotFoundError():
            return [ok("sql", f"{where} is not there yet; it is made at the first start")]
        case ConflictError():
            what, _, remedy = str(cursors).partition(": ")
            return [fail("sql", what, "orders cannot be shown, or the service does not start", remedy or what)]
        case TidewalkError():
            why = "no alarm is decided and no crew told while it is away"
            return [fail("sql", f"{where}: {cursors}", why, "start it, or correct --sql (TIDEWALK_SQL)")]
        case _:
            return [ok("sql", f"{where} is there, and of our version")]


def journal(rows: Flowing, cursors: Cursors | TidewalkError, wall: Clock, *, deep: bool) -> list[Finding]:
    """Whether it can be read, its rows are what was written, and everybody keeps up with it."""
    try:
        last = rows.last()
        if last is None:
            return [ok("journal", "nothing has been heard yet")]
        checked = _checked(rows, 0 if deep else max(0, last.number - CHECKED))
    except RejectedError as damaged:
        why = "what came after a damaged row cannot be derived"
        return [
            fail("journal", str(damaged), why, "stop the service, check the disk, put the journal back from a copy")
        ]
    except TidewalkError as away:
        return [fail("journal", str(away), "nothing is acknowledged, and nothing heard", "see disk and permissions")]
    found = [ok("journal", f"{checked:,} rows are as they were written; {rows.size() / 1e6:,.1f} MB")]
    if last.at > wall.now() + _AHEAD:
        what = f"its newest row is {(last.at - wall.now()) / 1000:,.0f} s in the future: the clock has gone back"
        why = "time in the journal stands still until the clock has caught up; nothing falls due meanwhile"
        found.append(warn("journal", what, why, "keep the clock by NTP"))
    if not isinstance(cursors, TidewalkError):
        found += _lags({name: last.number - cursors.cursor(name) for name in CONSUMERS})
    return found


def _checked(rows: Journal, after: int) -> int:
    checked = 0
    while found := rows.read(after, _AT_ONCE):
        checked += len(found)
        after = found[-1].number
    return checked


def _lags(behind: Mapping[str, int]) -> list[Finding]:
    late = {name: rows for name, rows in behind.items() if rows > _BEHIND and name != "quarantine"}
    if not late:
        return [ok("journal", "everybody keeps up with it")]
    return [
        warn(
            "journal",
            f"the {name} is {rows:,} rows behind",
            f"{CONSUMERS[name]}; old rows cannot go meanwhile",
            "GET /readyz of the running service says why; one that was stopped takes it up at its start",
        )
        for name, rows in late.items()
    ]
