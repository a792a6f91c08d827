"""What crews answer and operators command, read from their JSON. Strict in form; what it means is decided elsewhere."""

from datetime import datetime
from typing import Annotated, Literal, TypeVar

import msgspec

from domain.errors import RejectedError
from domain.messages import Flag, Message
from domain.readings import Millis
from services.dispatch.when import in_millis

Text = Annotated[str, msgspec.Meta(max_length=2000)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f]+\Z")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
T = TypeVar("T")


class Reply(msgspec.Struct, frozen=True):
    """A crew's answer (docs/wire.md). `at` is None where none was sent."""

    id: Id
    order: Id
    action: Literal["accept", "decline", "arrive", "done", "extend", "hold", "resume", "confirm"]
    revision: int = 0
    at: Moment | int | None = None
    note: Text = ""
    reason: Text = ""

    @property
    def said_at(self) -> Millis | None:
        """When the crew says it was, in ms."""
        return None if self.at is None else in_millis(self.at)

    @property
    def why(self) -> str:
        """Reason and note in one line."""
        return "; ".join(part for part in (_plain(self.reason), _plain(self.note)) if part)


class Command(msgspec.Struct, frozen=True):
    """An operator's command. `by` is the person, checked before it was written down; `crew` is for `reassign`, empty:
    choose.
    """

    id: Id
    order: Id
    action: Literal["close", "confirm", "reassign", "note"]
    by: Id
    reason: Text = ""
    crew: Annotated[str, msgspec.Meta(max_length=128)] = ""

    @property
    def why(self) -> str:
        """The reason in one line."""
        return _plain(self.reason)


_replies = msgspec.json.Decoder(Reply)
_commands = msgspec.json.Decoder(Command)


def read_reply(message: Message) -> Reply:
    """The answer in a message. Raises RejectedError with what is wrong."""
    return _read(_replies, message)


def read_command(message: Message) -> Command:
    """The command in a message. Raises RejectedError with what is wrong."""
    return _read(_commands, message)


def id_in(payload: bytes) -> str:
    """The id of an answer that could not be read otherwise; "" where none can be found."""
    try:
        found = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    said = found.get("id") if isinstance(found, dict) else None
    return _plain(said)[:128] if isinstance(said, str) else ""


def _plain(text: str) -> str:
    """One line, without the control characters that databases refuse."""
    return " ".join("".join(max(c, " ") for c in text).split())


def _read(decoder: "msgspec.json.Decoder[T]", message: Message) -> T:
    if message.flags & Flag.TRUNCATED:
        raise RejectedError("too large")
    try:
        return decoder.decode(message.payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RejectedError(f"unreadable: {error}") from error
