"""Places of those who go on listening: so many in all, and no address takes what another one needs."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from domain.errors import UnavailableError

GIVEN_AWAY: Final = "your address had most of the places, and another one had none free"
_COME_BACK_S: Final = 30.0

Leave = Callable[[str], None]


class Places:
    """Counts who listens. Where all places are taken, one is given up by the address that has most of them, for another
    that has at least two fewer; many people behind one address are therefore welcome while there is room.
    """

    def __init__(self, most: int, who: str) -> None:
        self._most, self._who = most, who
        self._taken: dict[object, tuple[str, Leave]] = {}

    @property
    def open(self) -> int:
        """How many are taken."""
        return len(self._taken)

    def must_have(self, address: str) -> None:
        """Return where there is one for that address. Raises UnavailableError."""
        if self.open >= self._most and self._to_leave(address) is None:
            raise UnavailableError(f"there are {self._most} {self._who} already", _COME_BACK_S)

    @contextmanager
    def take(self, address: str, leave: Leave) -> Iterator[None]:
        """One is taken while this lasts. `leave` is called, with the reason, where it is to end before: at once
        somebody else has the place. Raises UnavailableError.
        """
        self.must_have(address)
        if self.open >= self._most and (other := self._to_leave(address)) is not None:
            self._taken.pop(other)[1](GIVEN_AWAY)
        place = object()
        self._taken[place] = (address, leave)
        try:
            yield
        finally:
            self._taken.pop(place, None)

    def clear(self, why: str) -> None:
        """Everybody is to leave."""
        for _, leave in tuple(self._taken.values()):
            leave(why)

    def _to_leave(self, address: str) -> object | None:
        """Who has listened longest of the address that has most; None where that is no better off than this one."""
        have = Counter(one for one, _ in self._taken.values())
        crowd, most = have.most_common(1)[0] if have else ("", 0)
        if most <= have[address] + 1:
            return None
        return next(place for place, (one, _) in self._taken.items() if one == crowd)
