"""The notes of a row, read: crews' answers, operators' commands, the simulators' clock, our own connection."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from domain.errors import RejectedError
from domain.messages import Flag, Heard, Message
from domain.naming import COMMAND, DELIVERY, LINK, clock_topic
from domain.readings import Millis
from domain.site import Site
from ingest.codecs.replies import Command, Planned, Reply, Stopped, id_in, read_command, read_reply
from ingest.lockstep import read_step
from services.dispatch.letters import Undelivered

LATEST_MS: Final = 2**48  # the year 10889: a clock beyond it is a mistake, and limits would run out until there


class Unreadable(NamedTuple):
    """What could not be read: kept aside when its row was, and to be refused to whoever waits for an answer."""

    source: str  # crew id, or `naming.COMMAND`
    id: str
    why: str
    place: int  # among the notes of its row


@dataclass(slots=True)
class Notes:
    """All that a row says beside its readings, in its order."""

    replies: list[tuple[str, Reply]] = field(default_factory=list)  # crew, what it says
    commands: list[Command] = field(default_factory=list)
    planned: list[Planned] = field(default_factory=list)
    stops: list[Stopped] = field(default_factory=list)
    lost: list[Undelivered] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    steps: list[tuple[int, Millis]] = field(default_factory=list)  # step, where the domain clock then stands
    unreadable: list[Unreadable] = field(default_factory=list)


class _Link(msgspec.Struct, frozen=True):
    """The source's own note about its connection."""

    state: str


_links = msgspec.json.Decoder(_Link)
_lost = msgspec.json.Decoder(Undelivered)


def read_notes(heard: Heard, site: Site) -> Notes:
    """Read them. What another part of the service is to read (statuses, markers, edits) is passed over, and so is what
    was retained: a replay is never a new event.
    """
    notes = Notes()
    crews, clock = f"tidewalk/{site.id}/crew/", clock_topic(site.id)
    for place, note in enumerate(heard.notes):
        topic = note.topic
        if note.flags & Flag.RETAINED:
            continue
        if topic.startswith(crews) and topic.endswith("/replies"):
            _reply(notes, note, place, site, topic[len(crews) : -len("/replies")])
        elif topic == COMMAND:
            _command(notes, note, place)
        elif topic == DELIVERY:
            notes.lost.append(_lost.decode(note.payload))  # ours alone: nobody else can write it
        elif topic == LINK:
            _link(notes, note)
        elif topic == clock and site.simulated:
            _clock(notes, note)
    return notes


def _reply(notes: Notes, note: Message, place: int, site: Site, crew: str) -> None:
    if crew not in site.crews:
        return  # nobody hears what we would answer; it was kept aside
    try:
        notes.replies.append((crew, read_reply(note)))
    except RejectedError as error:
        notes.unreadable.append(Unreadable(crew, id_in(note.payload), str(error), place))


def _command(notes: Notes, note: Message, place: int) -> None:
    try:
        match read_command(note):
            case Planned() as planned:
                notes.planned.append(planned)
            case Stopped() as stopped:
                notes.stops.append(stopped)
            case Command() as command:
                notes.commands.append(command)
    except RejectedError as error:
        notes.unreadable.append(Unreadable(COMMAND, id_in(note.payload), str(error), place))


def _link(notes: Notes, note: Message) -> None:
    try:
        notes.links.append(_links.decode(note.payload).state)
    except msgspec.DecodeError:
        return  # ours alone: nobody else can write it


def _clock(notes: Notes, note: Message) -> None:
    with suppress(RejectedError):  # one that cannot be read is kept aside, and moves nothing: it is sent again
        step, at = read_step(note.payload)
        if 0 <= at <= LATEST_MS:
            notes.steps.append((step, at))
