"""A recording: what somebody's sensors once said, message by message, and the site that it was said of."""

import zlib
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from csv import Error as CsvError
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from domain.errors import FaultyFileError, NotFoundError
from domain.ids import message_key
from domain.naming import Kind
from domain.readings import Millis
from domain.site import Site
from simulators.voice import Publish

MINUTE: Final = 60_000


class Sent(NamedTuple):
    """One recorded message. `at` is when it was sent: the broker has it then."""

    at: Millis
    topic: str
    payload: bytes
    device: str = ""
    retain: bool = False


class Place(NamedTuple):
    """A facility of a recording, with the one device on it."""

    id: str  # of facility and device both
    kind: Kind
    name: str
    attributes: Mapping[str, float] = {}
    profile: str = "native"
    eui: str = ""
    interval_s: int = 3600


@dataclass(frozen=True, slots=True)
class Recording:
    """Messages in the order in which they were sent, and where they come from.

    Either `places`, of which a site is made, or `site`, a folder of site files. `step_ms` is how far the clock goes at
    a time. `left_out` is what of the files could not be made a message, by reason.
    """

    name: str
    timezone: str
    messages: Sequence[Sent]
    places: tuple[Place, ...] = ()
    site: Path | None = None
    step_ms: Millis = MINUTE
    left_out: Mapping[str, int] = field(default_factory=dict)

    def between(self, since: Millis | None, span: Millis | None) -> "Recording":
        """The part of it from `since`, `span` long. Raises NotFoundError where nothing is left."""
        first = self.messages[0].at if since is None else since
        last = None if span is None else first + span
        kept = [one for one in self.messages if one.at >= first and (last is None or one.at < last)]
        if not kept:
            raise NotFoundError(f"nothing was recorded in that time in {self.name}")
        return Recording(self.name, self.timezone, kept, self.places, self.site, self.step_ms, self.left_out)


Reader = Callable[[Path, Path | None], Recording | None]
"""(path, site files that were named) → what is recorded there; None where it is of another sort."""


def read(path: Path, readers: Sequence[Reader], site: Path | None) -> Recording:
    """The recording at a path. Raises NotFoundError, FaultyFileError."""
    if not path.exists():
        raise NotFoundError(f"there is no {path}")
    for reader in readers:
        try:
            found = reader(path, site)
        except (UnicodeDecodeError, CsvError, EOFError, zlib.error) as wrong:
            raise FaultyFileError(str(path), 1, f"cannot be read: {wrong}", "whole files, text in UTF-8") from wrong
        except OSError as wrong:  # also what is no gzip, though its name says so
            where = wrong.filename or path
            raise FaultyFileError(
                str(where), 1, f"cannot be read: {wrong.strerror or wrong}", "a file that we may read"
            ) from wrong
        if found is None:
            continue
        if not found.messages:
            raise FaultyFileError(str(path), 1, "holds no message", "at least one")
        return found
    raise FaultyFileError(
        str(path),
        1,
        "is no recording that we know",
        "a capture (mosquitto_sub -F %j, *.jsonl or *.jsonl.gz), uplinks of network servers (*.json),"
        " bin collections or free places (CSV)",
    )


class Tape:
    """A recording as the player of the simulators plays a world: it says what it says, and hears without answering."""

    def __init__(self, site: Site, recording: Recording) -> None:
        self.site = site
        self._messages = recording.messages
        self._sent = [one.at for one in recording.messages]
        self._next = 0
        self.now: Millis = recording.messages[0].at - 1
        self.orders: set[str] = set()  # what crews were sent, by topic

    def step(self, at: Millis) -> Sequence[Publish]:
        """What was sent up to then."""
        end = bisect_right(self._sent, at)
        some, self._next, self.now = self._messages[self._next : end], end, at
        return [
            Publish(topic, payload, retain, device, -1, sent, sent, message_key(topic, payload))
            for sent, topic, payload, device, retain in some
        ]

    def told(self) -> tuple[()]:
        """Nobody knows the causes of what happened."""
        return ()

    def hear(self, topic: str, payload: bytes, retained: bool, at: Millis) -> None:  # noqa: ARG002, FBT001
        """What a crew is sent is counted; the crews of a recording went about their work without us."""
        if payload:
            self.orders.add(topic)
