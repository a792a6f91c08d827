"""What the crew's page needs of a place that keeps photos. Blocking. Raises UnavailableError."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from domain.readings import Millis


class Photo(NamedTuple):
    """A photo as it is kept, and the orders that it belongs to: the same one may show two things."""

    orders: tuple[str, ...]
    body: bytes


class Photos(Protocol):
    """Photos by what is in them, each with its order. Keeping the same one twice leaves one."""

    def keep(self, order: str, body: bytes) -> str:
        """Its id. Raises ConflictError where the order has too many, or all have too much."""
        ...

    def find(self, photo: str) -> Photo:
        """Raises NotFoundError."""
        ...

    def of(self, order: str) -> tuple[str, ...]:
        """The ids of an order's photos."""
        ...

    def prune(self, before: Millis, over: Callable[[str, Millis], bool]) -> None:
        """Forget those of orders that were `over` before then."""
        ...
