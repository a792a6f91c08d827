"""What was to be sent to people, as an operator sees it."""

from typing import NamedTuple

from domain.readings import Millis


class Posted(NamedTuple):
    """One message over one way, and what came of it. Never what would let somebody speak: `address` names that."""

    key: str
    order: str
    revision: int
    to: str
    channel: str
    address: str
    priority: str
    state: str  # pending | sent | covered | dead | discarded
    attempts: int
    why: str
    who: str
    at: Millis | None  # when it was decided
    ended: Millis | None
