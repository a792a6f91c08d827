"""What is told first of all rules that fit a place."""

from collections.abc import Sequence
from typing import Final

from rules.runners.explained import Explained, Standing

_URGENT: Final = (
    Standing.OPEN,
    Standing.CLEARING,
    Standing.PENDING,
    Standing.INHIBITED,
    Standing.QUIET,
    Standing.UNKNOWN,
    Standing.GATED,
)


def foremost(found: Sequence[Explained]) -> Explained | None:
    """What is told first: an alarm, what may become one, what is nearest to it."""
    return min(found, key=lambda one: (_URGENT.index(one.standing), _distance(one)), default=None)


def _distance(one: Explained) -> float:
    """How near a condition is to holding, in shares of its threshold."""
    near = 1e9
    for clause in one.clauses:
        far = 0.0
        for comparison in clause.told.in_the_way:
            limit = comparison.right
            if comparison.off is None or not isinstance(limit, float):
                far += 10.0
            else:
                far += comparison.off / max(abs(limit), 1e-9)
        near = min(near, far if clause.told.in_the_way else near)
    return near
