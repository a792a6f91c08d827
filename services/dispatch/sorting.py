"""What of the letters that wait for one target goes now, what waits, what goes together, and what is given up.

Pure; the postman asks, and does it. No limit is overrun, what cannot wait (P0) is never behind what can, and nothing is
dropped: a letter ends sent, covered by a newer one about the same order, or given up with its next contact told.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from domain.naming import Priority
from domain.readings import Millis
from services.dispatch.letters import Letter
from services.dispatch.pacing import URGENT_EVERY_MS, Limit, free_from, leaves_room, room

S: Final = 1000
# How long a letter waits for a target that does not take it before the next contact is tried.
PATIENCE_MS: Final = {Priority.P0: 8 * S, Priority.P1: 60 * S}
OTHERS_MS: Final = 600 * S
LAST_MS: Final = 3_600 * S  # where no contact is behind it
FIRST_PAUSE_MS: Final = 1 * S
LONGEST_PAUSE_MS: Final = 300 * S
FEW: Final = 3  # that may wait behind each other, each whole


class Waiting(NamedTuple):
    """A letter of the outbox that is not sent. `batch` is the key of the message that it was put into, "" before."""

    number: int
    letter: Letter
    batch: str
    since: Millis  # when whoever sends it first saw it


@dataclass(frozen=True, slots=True)
class Standing:
    """How a target stands: when it was last spoken to, and since when and why it takes nothing."""

    sent: tuple[Millis, ...] = ()
    urgent: Millis = -URGENT_EVERY_MS  # when it was last sent something that cannot wait
    failing_since: Millis | None = None
    failures: int = 0
    not_before: Millis = 0
    why: str = ""
    busy: frozenset[bool] = frozenset()  # lanes under way: True is what cannot wait


class Going(NamedTuple):
    """Letters that go now as one message. More than one is a digest, of as many of them as there is room for."""

    letters: tuple[Waiting, ...]
    urgent: bool


class Sorted(NamedTuple):
    """What to do with the letters of a target, and when to look again if nothing happens."""

    going: tuple[Going, ...] = ()
    given_up: tuple[Waiting, ...] = ()
    covered: tuple[tuple[Waiting, str], ...] = ()  # by the letter of that key
    look_again: Millis | None = None


def sort(waiting: Sequence[Waiting], standing: Standing, limits: Sequence[Limit], now: Millis) -> Sorted:
    """What to do now with the letters that wait for one target."""
    covered = _covered(waiting)
    dropped = {one.number for one, _ in covered}
    left = sorted((one for one in waiting if one.number not in dropped), key=_urgency)
    given_up = [one for one in left if now < standing.not_before and now >= _lost_at(one, standing)]
    gone = {one.number for one in given_up}
    left = [one for one in left if one.number not in gone]
    if not left:
        return Sorted((), tuple(given_up), tuple(covered))
    if now < standing.not_before:
        until = min(standing.not_before, *(_lost_at(one, standing) for one in left))
        return Sorted((), tuple(given_up), tuple(covered), until)
    found: list[Going] = []
    sent = list(standing.sent)
    again: list[Millis] = []
    for urgent in (True, False):
        mine = [one for one in left if (one.letter.priority == Priority.P0) is urgent]
        if not mine or urgent in standing.busy:
            continue
        going, later = _next(mine, standing, limits, sent, now, urgent=urgent)
        if going is not None:
            found.append(going)
            sent.append(now)
        else:
            again.append(later)
    return Sorted(tuple(found), tuple(given_up), tuple(covered), min(again, default=None))


def after_failure(standing: Standing, now: Millis, why: str, retry_after: float | None, key: str) -> Standing:
    """The target took nothing: it is let alone for as long as it asks, or for twice as long as before."""
    pause = min(FIRST_PAUSE_MS << min(standing.failures, 16), LONGEST_PAUSE_MS)
    pause += pause * (sum(key.encode()) % 32) // 100  # so that targets that failed together do not come back together
    if retry_after is not None:
        pause = max(round(retry_after * S), FIRST_PAUSE_MS)
    since = standing.failing_since if standing.failing_since is not None else now
    return Standing(standing.sent, standing.urgent, since, standing.failures + 1, now + pause, why, busy=standing.busy)


def patience(one: Waiting) -> Millis:
    """How long a target may take nothing before its next contact is tried."""
    return PATIENCE_MS.get(one.letter.priority, OTHERS_MS)


def _next(
    mine: Sequence[Waiting],
    standing: Standing,
    limits: Sequence[Limit],
    sent: Sequence[Millis],
    now: Millis,
    *,
    urgent: bool,
) -> tuple[Going | None, Millis]:
    """The next message of a lane, or when to look again."""
    free = free_from(limits, sent, now)
    spare = leaves_room(limits, sent, now)
    if urgent and not spare:
        free = max(free, standing.urgent + URGENT_EVERY_MS)
    if free > now or not (spare or urgent):
        return None, max(free, now + S // 2)
    begun = next((one.batch for one in mine if one.batch), "")
    if begun:
        return Going(tuple(one for one in mine if one.batch == begun), urgent), now
    alone = len(mine) <= min(FEW, room(limits, sent, now, len(mine)))
    return Going(tuple(mine[:1] if alone else mine), urgent), now


def _covered(waiting: Sequence[Waiting]) -> list[tuple[Waiting, str]]:
    """Letters that nobody needs to read any more: a newer one about the same order, to the same people, waits too."""
    newest: dict[tuple[str, str], Letter] = {}
    for one in waiting:
        about = (one.letter.order, one.letter.to)
        if about not in newest or one.letter.revision > newest[about].revision:
            newest[about] = one.letter
    found = []
    for one in waiting:
        by = newest[one.letter.order, one.letter.to]
        if by.revision > one.letter.revision and not one.batch:
            found.append((one, by.key))
    return found


def _lost_at(one: Waiting, standing: Standing) -> Millis:
    """Until when it waits for a target that takes nothing. One that has done so for long is waited for no more."""
    since = standing.failing_since if standing.failing_since is not None else one.since
    return max(since, one.since) + LAST_MS if one.letter.last else max(since + patience(one), one.since)


def _urgency(one: Waiting) -> tuple[str, int]:
    return (one.letter.priority, one.number)


def targets(waiting: Collection[Waiting]) -> dict[str, list[Waiting]]:
    """Letters by their target."""
    found: dict[str, list[Waiting]] = {}
    for one in waiting:
        found.setdefault(one.letter.target, []).append(one)
    return found
