"""The notes of a row, read: crews' answers, operators' commands, the simulators' clock, our own connection."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

import msgspec

from domain.errors import RejectedError
from domain.ids import message_key
from domain.messages import Flag, Heard, Message, Quarantined
from domain.naming import COMMAND, LINK, clock_topic
from domain.readings import Millis
from domain.site import Site
from services.dispatch.replies import Command, Moment, Reply, id_in, read_command, read_reply
from services.dispatch.when import in_millis


class Unreadable(NamedTuple):
    """What could not be read: kept aside, and refused where somebody waits for an answer."""

    source: str  # crew id, `naming.COMMAND`, or "" where nobody waits
    id: str
    why: str
    kept: Quarantined


@dataclass(slots=True)
class Notes:
    """All that a row says beside its readings, in its order."""

    replies: list[tuple[str, Reply]] = field(default_factory=list)  # crew, what it says
    commands: list[Command] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    steps: list[tuple[int, Millis]] = field(default_factory=list)  # step, where the domain clock then stands
    unreadable: list[Unreadable] = field(default_factory=list)


class _Step(msgspec.Struct, frozen=True):
    """The simulators' clock (docs/wire.md)."""

    step: int
    at: Moment | Annotated[int, msgspec.Meta(ge=0, le=2**48)]


class _Link(msgspec.Struct, frozen=True):
    """The source's own note about its connection."""

    state: str


_steps = msgspec.json.Decoder(_Step)
_links = msgspec.json.Decoder(_Link)


def read_notes(heard: Heard, site: Site) -> Notes:
    """Read them. What another part of the service is to read (statuses, markers, edits) is passed over, and so is what
    was retained: a replay is never a new event.
    """
    notes = Notes()
    crews, clock = f"tidewalk/{site.id}/crew/", clock_topic(site.id)
    for index, note in enumerate(heard.notes):
        topic = note.topic
        if note.flags & Flag.RETAINED:
            continue
        if topic.startswith(crews) and topic.endswith("/replies"):
            _reply(notes, heard, index, site, topic[len(crews) : -len("/replies")])
        elif topic == COMMAND:
            _command(notes, heard, index)
        elif topic == LINK:
            _link(notes, note)
        elif topic == clock and site.simulated:
            _clock(notes, note)
    return notes


def _reply(notes: Notes, heard: Heard, index: int, site: Site, crew: str) -> None:
    note = heard.notes[index]
    if crew not in site.crews:
        why = "reply of an unknown crew"
        notes.unreadable.append(Unreadable("", "", why, _kept(heard, index, why)))
        return
    try:
        notes.replies.append((crew, read_reply(note)))
    except RejectedError as error:
        kept = _kept(heard, index, f"reply {error}")
        notes.unreadable.append(Unreadable(crew, id_in(note.payload), str(error), kept))


def _command(notes: Notes, heard: Heard, index: int) -> None:
    note = heard.notes[index]
    try:
        notes.commands.append(read_command(note))
    except RejectedError as error:
        kept = _kept(heard, index, f"command {error}")
        notes.unreadable.append(Unreadable(COMMAND, id_in(note.payload), str(error), kept))


def _link(notes: Notes, note: Message) -> None:
    try:
        notes.links.append(_links.decode(note.payload).state)
    except msgspec.DecodeError:
        return  # ours alone: nobody else can write it


def _clock(notes: Notes, note: Message) -> None:
    try:
        step = _steps.decode(note.payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return  # a clock that cannot be read moves nothing; the simulators send it again
    notes.steps.append((step.step, in_millis(step.at)))


def _kept(heard: Heard, index: int, reason: str) -> Quarantined:
    """The quarantine entry of a note. Its place in the row is found by its key among the fates, which are one for each
    message; the same bytes twice keep their order.
    """
    note = heard.notes[index]
    key = message_key(note.topic, note.payload)
    before = Counter(message_key(n.topic, n.payload) for n in heard.notes[:index])[key]
    places = [place for place, fate in enumerate(heard.fates) if fate.key == key]
    place = places[before] if before < len(places) else index
    return Quarantined(heard.row, place, "", reason, note.topic, note.payload, note.received, key)
