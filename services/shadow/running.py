"""A second judge of the same rows: other rules, books of its own, and nobody who hears of it.

It begins with the state of the judge in force, so that what is different from then on is the rules' doing. It answers
and commands nothing: what it would send stays in its own books. Where it fails, it stands still and says so; the rules
in force go on.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from domain.readings import Millis
from domain.site import Site
from rules.book import RuleBook
from services.dispatch.orders import Alarm, Order
from services.judge import Outcome, Saved
from services.seating import seated
from services.workers import Feed, JudgeWorker

_log = logging.getLogger(__name__)

SINCE: Final = "shadow_since"  # among what is noted: when it began
BEGAN_AT: Final = "shadow_row"


class Kept(Protocol):
    """Books of a judge. Blocking. Raises UnavailableError."""

    def load(self) -> Saved:
        """Where the judge stood at its last commit."""
        ...

    def subjects(self) -> list[tuple[str, bytes]]:
        """The rule engine's state."""
        ...

    def commit(self, outcome: Outcome, subjects: Mapping[str, bytes]) -> None:
        """All of it, with the cursor, or none."""
        ...

    def noted(self, name: str) -> bytes:
        """What the judge keeps under a name; empty where nothing is."""
        ...

    def everything(self) -> tuple[list[Alarm], list[Order]]:
        """Every alarm, and every order with its history."""
        ...


@dataclass(frozen=True, slots=True)
class Shadow:
    """Rules to run silently, and their books. Where they began is noted in them."""

    rules: RuleBook
    books: Kept


class ShadowJudge:
    """The shadow at work."""

    def __init__(self, site: Site, shadow: Shadow, live: Kept, feed: Feed) -> None:
        """`live`: the books of the rules in force, with which it begins. Raises UnavailableError."""
        if not shadow.books.noted(SINCE):
            begin(shadow.books, live)
        (judge, engine, beside), _, saved = seated(shadow.books, site, shadow.rules)
        self._worker = JudgeWorker(
            judge, engine, shadow.books, feed, saved=saved, committed=_nothing, judged=_nobody_waits, beside=beside
        )
        self.why = ""  # it stands still; "" while it does not

    @property
    def needed_after(self) -> int:
        """Rows above this one are needed again after a start; none, once it has failed."""
        return self._worker.needed_after if not self.why else 1 << 62

    async def run(self) -> None:
        """For ever; cancel it to end."""
        try:
            await self._worker.run()
        except Exception as failed:  # noqa: BLE001  # whatever is wrong with it, it must not end the service
            self.why = f"{type(failed).__name__}: {failed}"
            _log.exception("the shadow rules have stopped; those in force go on")
            await asyncio.Event().wait()

    async def drain(self, upto: int) -> None:
        """Return when every row up to that number is judged, or it has failed."""
        while not self.why and self._worker.cursor < upto:
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._worker.drain(upto)


def begin(books: Kept, live: Kept) -> None:
    """Give the shadow the state of the judge in force, and note since when it runs."""
    saved, subjects = live.load(), dict(live.subjects())
    history = tuple((order.id, number, change) for order in saved.orders for number, change in enumerate(order.history))
    meta = {**saved.meta, SINCE: b"%d" % saved.at, BEGAN_AT: b"%d" % saved.row}
    books.commit(
        Outcome(
            saved.row,
            saved.at,
            changed=True,
            alarms=saved.alarms,
            orders=saved.orders,
            history=history,
            results=saved.results,
            meta=meta,
        ),
        subjects,
    )


def since_of(books: Kept) -> Millis:
    """When the shadow began; 0 where it began with the service."""
    return int(books.noted(SINCE) or b"0")


def _nothing() -> None:
    """Nobody is told."""


async def _nobody_waits(_: int) -> None:
    """The simulators wait for the judge in force."""
