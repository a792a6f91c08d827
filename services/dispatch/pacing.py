"""How often a channel may be spoken to: windows that are never overrun, and room that is kept for what cannot wait.

A robot's limit counts messages in any minute, so a bucket that refills is not enough: after a burst it would let nearly
twice as many through. Pure; times are the domain clock's.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from domain.readings import Millis

URGENT_EVERY_MS: Final = 4_000  # what cannot wait goes at least so often, all that waits by then in one message


class Limit(NamedTuple):
    """No more than `most` messages in any `span_ms`."""

    most: int
    span_ms: Millis


def free_from(limits: Sequence[Limit], sent: Sequence[Millis], now: Millis) -> Millis:
    """The first moment, not before `now`, at which one more may go. `sent` is when those before went, in order."""
    free = now
    for limit in limits:
        if len(sent) >= limit.most:
            free = max(free, sent[-limit.most] + limit.span_ms)
    return free


def leaves_room(limits: Sequence[Limit], sent: Sequence[Millis], now: Millis) -> bool:
    """Whether one may go now, and an urgent one still go at once and every `URGENT_EVERY_MS` after it, for ever."""
    if free_from(limits, sent, now) > now:
        return False
    longest = max((limit.span_ms for limit in limits), default=0)
    coming = [*sent, now]
    for at in range(now, now + longest + 1, URGENT_EVERY_MS):
        if free_from(limits, coming, at) > at:
            return False
        coming.append(at)
    return True


def room(limits: Sequence[Limit], sent: Sequence[Millis], now: Millis, most: int) -> int:
    """How many may go now, up to `most`, that leave room for urgent ones."""
    gone = list(sent)
    for count in range(most):
        if not leaves_room(limits, gone, now):
            return count
        gone.append(now)
    return most


def kept(limits: Sequence[Limit], sent: Sequence[Millis], now: Millis) -> list[Millis]:
    """Those that still count."""
    longest = max((limit.span_ms for limit in limits), default=0)
    return [at for at in sent if at > now - longest]
