"""Pages: a list is read on from a cursor, and stays in order while new rows come."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypeVar

import msgspec
from fastapi import Query

from domain.errors import NotFoundError

T = TypeVar("T")
Item = TypeVar("Item")

MOST: Final = 1000
Number = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
Word = Annotated[str, msgspec.Meta(max_length=256, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
BY_TIME: Final = msgspec.json.Decoder(tuple[Number, Word])  # ms, id
BY_ID: Final = msgspec.json.Decoder(tuple[Word])
BY_ROW: Final = msgspec.json.Decoder(tuple[Number, Number, Word])  # row, place, quantity

Limit = Annotated[int, Query(ge=1, le=MOST, description="At most so many")]
Cursor = Annotated[
    str,
    Query(
        max_length=512,
        pattern=r"^[0-9a-f]*$",
        description="Where to go on: `next` of the page before. Opaque; keep the other parameters as they were",
    ),
]


def cursor_of(place: Sequence[Any]) -> str:
    """A place in a list, as a word for an address."""
    return msgspec.json.encode(place).hex()


def place_of(cursor: str, read: "msgspec.json.Decoder[T]") -> T | None:
    """The place that a cursor means; None at the beginning. Raises NotFoundError for what no cursor of ours can be."""
    if not cursor:
        return None
    try:
        return read.decode(bytes.fromhex(cursor))
    except ValueError as wrong:  # msgspec's errors are ValueErrors
        raise NotFoundError("there is no page at that cursor: give `next` of the page before, or none") from wrong


def page(found: Sequence[Item], limit: int, place: Callable[[Item], Sequence[Any]]) -> tuple[Sequence[Item], str]:
    """The page, and the cursor of the next; "" where it is the last. `found` holds one more than `limit` if there is
    more.
    """
    shown = found[:limit]
    return shown, cursor_of(place(shown[-1])) if len(found) > limit else ""
