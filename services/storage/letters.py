"""Letters to people's contacts as they are kept, in SQL beside the outbox. Blocking: call in a thread."""

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any, Final

import sqlalchemy as sa

from domain.errors import ConflictError, NotFoundError
from domain.naming import Priority
from domain.readings import Millis
from services.dispatch.letters import Letter
from services.dispatch.post import Posted
from services.storage import engines
from services.storage.letter_tables import letters
from services.storage.tables import outbox

PENDING, SENT, COVERED, DEAD, DISCARDED = "pending", "sent", "covered", "dead", "discarded"
MQTT: Final = "mqtt"


def letter_row(letter: Letter) -> dict[str, Any]:
    """A letter that was just decided, as a row."""
    fresh: dict[str, Any] = {"state": PENDING, "attempts": 0, "why": "", "who": "", "batch": ""}
    words = {name: value for name, value in letter._asdict().items() if name not in ("order", "to", "priority")}
    return {**words, "order_id": letter.order, "recipient": letter.to, "priority": str(letter.priority), **fresh}


class SqlLetterbox:
    """A Letterbox, and what people may look at and do there. Raises UnavailableError."""

    def __init__(self, url: str, fence: Callable[[sa.Connection], None] | None = None) -> None:
        """`fence` refuses to write once another leads."""
        self._writer, self._reader = engines.writer(url, fence), engines.reader(url)
        self._turn = Lock()

    def close(self) -> None:
        """Let go of every connection."""
        self._reader.dispose()
        self._writer.dispose()

    # --- the postman

    def waiting(self, limit: int) -> Sequence[tuple[int, Letter, str]]:
        """Those to be sent, the most urgent first: number, letter, and the key of the message it is part of."""
        wanted = sa.select(letters).where(letters.c.state == PENDING).order_by(letters.c.priority, letters.c.number)
        with engines.tried(), self._reader.begin() as asked:
            return [
                (row["number"], _letter(row), row["batch"]) for row in asked.execute(wanted.limit(limit)).mappings()
            ]

    def spoken(self, since: Millis) -> Mapping[str, Sequence[Millis]]:
        """When each target was last spoken to since then, once a message, in order."""
        wanted = (
            sa.select(letters.c.channel, letters.c.address, sa.func.max(letters.c.tried_at))
            .where(letters.c.tried_at > since)
            .group_by(letters.c.channel, letters.c.address, letters.c.batch)
        )
        found: dict[str, list[Millis]] = {}
        with engines.tried(), self._reader.begin() as asked:
            for channel, address, at in asked.execute(wanted):
                found.setdefault(f"{channel} {address}", []).append(at)
        return {target: sorted(times) for target, times in found.items()}

    def begin(self, numbers: Sequence[int], batch: str, at: Millis) -> None:
        """They go now, as one message of that key."""
        self._mark(numbers, {"batch": batch, "tried_at": at})

    def sent(self, numbers: Sequence[int], at: Millis) -> None:
        """They were taken."""
        tried = letters.c.attempts + 1
        self._mark(numbers, {"state": SENT, "tried_at": at, "ended_at": at, "why": "", "attempts": tried})

    def failed(self, numbers: Sequence[int], why: str, at: Millis) -> None:
        """They could not be sent now; they stay pending."""
        self._mark(numbers, {"why": why, "tried_at": at, "attempts": letters.c.attempts + 1})

    def bury(self, numbers: Sequence[int], why: str, at: Millis) -> None:
        """They will not be sent over this contact."""
        self._mark(numbers, {"state": DEAD, "why": why, "ended_at": at, "batch": ""})

    def cover(self, number: int, by: str, at: Millis) -> None:
        """Another letter says more."""
        self._mark([number], {"state": COVERED, "batch": by, "ended_at": at})

    # --- people

    def posted(self, *, state: str = "", newest: int = 100, before: tuple[Millis, str] | None = None) -> list[Posted]:
        """What was to be sent to contacts, newest first; after a place (at, key) in that list, where given."""
        mine = sa.select(letters)
        if state:
            mine = mine.where(letters.c.state == state)
        if before is not None:
            mine = mine.where(sa.tuple_(letters.c.at, letters.c.key) < sa.tuple_(*before))
        with engines.tried(), self._reader.begin() as asked:
            ordered = mine.order_by(letters.c.at.desc(), letters.c.key.desc()).limit(newest)
            return [_posted(row) for row in asked.execute(ordered).mappings()]

    def stuck(self) -> list[Posted]:
        """Messages over MQTT that can never be sent, newest first."""
        wanted = sa.select(outbox).where(outbox.c.state == DEAD).order_by(outbox.c.number.desc()).limit(1000)
        with engines.tried(), self._reader.begin() as asked:
            return [_stuck(row) for row in asked.execute(wanted).mappings()]

    def one(self, key: str) -> Posted:
        """One message by its key. Raises NotFoundError."""
        with engines.tried(), self._reader.begin() as asked:
            found = asked.execute(sa.select(letters).where(letters.c.key == key)).mappings().first()
            if found is not None:
                return _posted(found)
            row = asked.execute(sa.select(outbox).where(outbox.c.key == key)).mappings().first()
        if row is None:
            raise NotFoundError(f"there is no message {key}")
        return _stuck(row)

    def again(self, key: str, who: str) -> Posted:
        """Have a dead message tried again. Raises NotFoundError, and ConflictError where it is not dead."""
        return self._changed(key, {"state": PENDING, "who": who, "batch": "", "ended_at": None}, {"state": PENDING})

    def discard(self, key: str, who: str, why: str, at: Millis) -> Posted:
        """Let a dead message be; it is kept. Raises like `again`."""
        gone = {"state": DISCARDED, "who": who, "why": why, "ended_at": at}
        return self._changed(key, gone, {"state": DISCARDED, "error": f"{who}: {why}"})

    def counts(self) -> dict[str, dict[str, int]]:
        """How many letters there are, by channel and state."""
        wanted = sa.select(letters.c.channel, letters.c.state, sa.func.count())
        found: dict[str, dict[str, int]] = {}
        with engines.tried(), self._reader.begin() as asked:
            for channel, state, count in asked.execute(wanted.group_by(letters.c.channel, letters.c.state)):
                found.setdefault(channel, {})[state] = count
        return found

    def prune(self, before: Millis) -> None:
        """Forget letters that ended before then; dead ones stay until somebody has seen to them."""
        over = letters.c.state.in_((SENT, COVERED, DISCARDED)) & (letters.c.ended_at < before)
        with engines.tried(), self._turn, self._writer.begin() as writing:
            writing.execute(sa.delete(letters).where(over))

    def _changed(self, key: str, mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> Posted:
        with engines.tried(), self._turn, self._writer.begin() as writing:
            for table, values in ((letters, mine), (outbox, theirs)):
                state = writing.execute(sa.select(table.c.state).where(table.c.key == key)).scalar()
                if state is None:
                    continue
                if state != DEAD:
                    raise ConflictError(f"the message is {state}; only a dead one can be tried again or discarded")
                writing.execute(sa.update(table).where(table.c.key == key).values(**values))
                break
        return self.one(key)

    def _mark(self, numbers: Sequence[int], values: Mapping[str, Any]) -> None:
        marked = sa.update(letters).where(letters.c.number == sa.bindparam("n")).values(**values)
        if numbers:
            with engines.tried(), self._turn, self._writer.begin() as writing:
                writing.execute(marked, [{"n": number} for number in numbers])


def _letter(row: sa.RowMapping) -> Letter:
    return Letter(
        key=row["key"],
        order=row["order_id"],
        revision=row["revision"],
        to=row["recipient"],
        place=row["place"],
        channel=row["channel"],
        address=row["address"],
        secret=row["secret"],
        last=row["last"],
        priority=Priority(row["priority"]),
        at=row["at"],
        body=bytes(row["body"]),
    )


def _posted(row: sa.RowMapping) -> Posted:
    same = {name: row[name] for name in ("key", "revision", "channel", "address", "priority", "state", "attempts")}
    return Posted(
        **same,
        order=row["order_id"],
        to=row["recipient"],
        why=row["why"],
        who=row["who"],
        at=row["at"],
        ended=row["ended_at"],
    )


def _stuck(row: sa.RowMapping) -> Posted:
    """A message over MQTT. What is not known of one is empty: it has no moment of its own but that of its row."""
    same = {name: row[name] for name in ("key", "revision", "priority", "state", "attempts")}
    parts = row["topic"].split("/")
    to = parts[3] if len(parts) > 3 else ""  # tidewalk/{site}/crew/{crew}/…
    return Posted(
        **same,
        order=row["order_id"],
        to=to,
        channel=MQTT,
        address=row["topic"],
        why=row["error"],
        who="",
        at=None,
        ended=row["sent_at"],
    )
