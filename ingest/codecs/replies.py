"""What crews answer and operators command, read from their JSON. Strict in form; what it means is decided elsewhere.

Whoever reads one reads it here, so that what is kept aside is what is refused, for the same reason.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal, TypeVar

import msgspec

from domain.errors import RejectedError
from domain.messages import Flag, Message
from domain.naming import CrewAction, OperatorAction, PlanAction, StopAction
from domain.readings import Millis
from ingest import quarantine
from ingest.oversize import size_of

Text = Annotated[str, msgspec.Meta(max_length=2000)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f]+\Z")]
Short = Annotated[str, msgspec.Meta(max_length=128)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
T = TypeVar("T")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_PLANS: Final = frozenset(str(action) for action in PlanAction)
_STOPS: Final = frozenset(str(action) for action in StopAction)


class Reply(msgspec.Struct, frozen=True):
    """A crew's answer (docs/wire.md). `at` is None where none was sent."""

    id: Id
    order: Id
    action: CrewAction
    revision: int = 0
    at: Moment | int | None = None
    note: Text = ""
    reason: Text = ""
    until: Moment | int | None = None  # of `extend` and `hold`

    @property
    def ends_at(self) -> Millis | None:
        """Until when more time is asked for, or the order is held, in ms."""
        return (self.until - _EPOCH) // _MS if isinstance(self.until, datetime) else self.until

    @property
    def said_at(self) -> Millis | None:
        """When the crew says it was, in ms."""
        return (self.at - _EPOCH) // _MS if isinstance(self.at, datetime) else self.at

    @property
    def why(self) -> str:
        """Reason and note in one line."""
        return "; ".join(part for part in (_plain(self.reason), _plain(self.note)) if part)


class Command(msgspec.Struct, frozen=True):
    """An operator's command. `by` is the person, checked before it was written down. `crew` is for `reassign` and
    `follow_up`, empty: choose; `into` for `merge`; `until` (ms) for `hold` and `grant`; `trade` and `do` for
    `follow_up`, empty: as the order it follows. `seen`: how many lines its history had when the operator saw it, for
    what is to be done only to the order as it was seen.
    """

    id: Id
    order: Id
    action: OperatorAction
    by: Id
    reason: Text = ""
    crew: Short = ""
    into: Short = ""
    until: Millis | None = None
    trade: Short = ""
    do: Text = ""
    seen: int | None = None

    @property
    def why(self) -> str:
        """The reason in one line."""
        return _plain(self.reason)


class Planned(msgspec.Struct, frozen=True):
    """An operator's word about planned work, on a facility or in a zone: from when to when (ms). `plan` is for ending
    it: the id that it was announced with.
    """

    id: Id
    action: PlanAction
    by: Id
    reason: Text = ""
    facility: Short = ""
    zone: Short = ""
    since: Millis | None = msgspec.field(default=None, name="from")
    until: Millis | None = None
    plan: Short = ""

    @property
    def why(self) -> str:
        """The reason in one line."""
        return _plain(self.reason)


class Stopped(msgspec.Struct, frozen=True):
    """An operator's word that all work in a zone stops until a time (ms), because of tide or wind; or goes on."""

    id: Id
    action: StopAction
    by: Id
    zone: Short
    reason: Text = ""
    because: Literal["", "tide", "wind"] = ""
    until: Millis | None = None

    @property
    def why(self) -> str:
        """The reason in one line."""
        return _plain(self.reason)


class _Action(msgspec.Struct, frozen=True):
    action: str = ""


_replies = msgspec.json.Decoder(Reply)
_actions = msgspec.json.Decoder(_Action)
_planned = msgspec.json.Decoder(Planned)
_stops = msgspec.json.Decoder(Stopped)
_commands = msgspec.json.Decoder(Command)


def read_reply(message: Message) -> Reply:
    """The answer in a message. Raises RejectedError with the reason, in the quarantine's words."""
    if message.flags & Flag.TRUNCATED:
        raise RejectedError(quarantine.too_large(size_of(message)))
    return _read(_replies, message, quarantine.bad_reply)


def read_command(message: Message) -> Command | Planned | Stopped:
    """The command in a message. Raises RejectedError with the reason, in the quarantine's words."""
    with suppress(ValueError, RecursionError):  # then the whole of it is refused below
        action = _actions.decode(message.payload).action
        if action in _PLANS:
            return _read(_planned, message, quarantine.bad_command)
        if action in _STOPS:
            return _read(_stops, message, quarantine.bad_command)
    return _read(_commands, message, quarantine.bad_command)


def id_in(payload: bytes) -> str:
    """The id of an answer that could not be read otherwise; "" where none can be found."""
    try:
        found = msgspec.json.decode(payload)
    except (ValueError, RecursionError):
        return ""
    said = found.get("id") if isinstance(found, dict) else None
    return _plain(said)[:128] if isinstance(said, str) else ""


def _plain(text: str) -> str:
    """One line, without the control characters that databases refuse."""
    return " ".join("".join(max(c, " ") for c in text).split())


def _read(decoder: "msgspec.json.Decoder[T]", message: Message, reason: quarantine.Worded) -> T:
    try:
        return decoder.decode(message.payload)
    except (ValueError, RecursionError) as wrong:  # msgspec's errors are ValueErrors
        raise RejectedError(reason(quarantine.shown(str(wrong)))) from wrong
