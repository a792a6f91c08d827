"""From letters to the one message that a channel gets: cut to its size, with the link to answer by. Pure."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

from domain.readings import Millis
from services.dispatch.digest import groups_of, lines_of
from services.dispatch.fitting import BREAK, Piece, Room, fitted, shortened
from services.dispatch.letters import Letter, Words, body_of
from services.dispatch.sorting import Going, Waiting
from services.dispatch.tongues import EN, ZH

SUBJECT: Final = Room(120, in_bytes=False)
Links = Callable[[str, str], str]  # (crew, order) → where they answer; "" where nowhere


class Parcel(NamedTuple):
    """One message as a channel gets it: cut to its size, with its answer link. The same key is the same message."""

    key: str
    address: str  # as the site has it: an address, or `env:NAME`
    secret: str
    subject: str
    text: str
    urgent: bool
    orders: tuple[bytes, ...]  # each as JSON, for machines


class Packed(NamedTuple):
    """A parcel, and the letters that there was room for in it."""

    parcel: Parcel
    letters: tuple[Waiting, ...]


def packed(going: Going, room: Room, links: Links, zone: str, now: Millis) -> Packed:
    """The message that goes now. `zone` is the site's time zone."""
    letters = going.letters
    bodies = [body_of(one.letter) for one in letters]
    words = [body.words for body in bodies]
    first, begun = letters[0].letter, letters[0].batch
    link = _link(letters, words, links)
    if len(letters) == 1:
        text, subject, key = fitted([*words[0].pieces, *link], room), words[0].subject, begun or first.key
    else:
        tail = "".join(BREAK + piece.text for piece in link)
        less = room._replace(most=room.most - room.length(tail))
        told, covers = (lines_of if going.urgent else groups_of)(words, now, zone, less)
        letters, text, subject = letters[:covers], told + tail, told.partition(BREAK)[0]
        key = begun or _key_of([one.letter for one in letters])
    orders = tuple(bytes(body.order) for body in bodies[: len(letters)])
    subject = shortened(subject, SUBJECT)
    return Packed(Parcel(key, first.address, first.secret, subject, text, going.urgent, orders), letters)


def _link(letters: Sequence[Waiting], words: Sequence[Words], links: Links) -> list[Piece]:
    """Where they answer: one link, where all of it is for one crew, whose page has all its orders."""
    asking = [one.letter for one, said in zip(letters, words, strict=True) if said.answer]
    if not asking or len({one.letter.to for one in letters}) > 1:
        return []
    url = links(asking[0].to, asking[0].order)
    tongue = ZH if words[0].chinese else EN
    return [Piece(tongue.answer.format(url=url), 0, link=True)] if url else []


def _key_of(letters: Sequence[Letter]) -> str:
    """Of a digest: of what is in it."""
    keys = "\x1f".join(letter.key for letter in letters)
    return f"digest:{blake2b(keys.encode(), digest_size=8).hexdigest()}"
