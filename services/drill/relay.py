"""Real contacts in a drill: every message goes the way it would go in earnest, and says that it is a drill (演练)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from domain.errors import RejectedError
from domain.site import Contact, Crew, Party, Site
from services.dispatch.fitting import Room
from services.dispatch.pacing import Limit
from services.dispatch.packing import Parcel
from services.dispatch.postman import Channel
from services.dispatch.wording import DRILL

PRACTICE: Final = "drill"
_BETWEEN: Final = ":"


class Relay:
    """A Channel that stands in the place of `drill`, and hands on what says that it is one. It keeps to what all
    channels take: their shortest text, and the slowest of their limits.
    """

    room: Room = Room(1_000)
    limits: Sequence[Limit] = (Limit(5, 1_000), Limit(20, 60_000))

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = channels

    async def send(self, parcel: Parcel) -> None:
        """As the real one does. Raises UnavailableError, RejectedError; also where nothing says 【演练】."""
        name, _, address = parcel.address.partition(_BETWEEN)
        channel = self._channels.get(name)
        if channel is None:
            raise RejectedError(f"no channel {name} is set up")
        if DRILL not in parcel.text or DRILL not in parcel.subject:
            raise RejectedError(f"a message that does not say {DRILL} does not leave a drill")
        await channel.send(parcel._replace(address=address))


def rehearsed(site: Site) -> Site:
    """The site with all contacts behind the channel `drill`, under the name of the real ones."""
    crews = {crew.id: _crew(crew) for crew in site.crews.values()}
    parties = {party.id: _party(party) for party in site.parties.values()}
    return replace(site, crews=crews, parties=parties)


def _crew(crew: Crew) -> Crew:
    return replace(crew, contacts=tuple(map(_behind, crew.contacts)))


def _party(party: Party) -> Party:
    return replace(party, contacts=tuple(map(_behind, party.contacts)))


def _behind(contact: Contact) -> Contact:
    return contact._replace(channel=PRACTICE, to=f"{contact.channel}{_BETWEEN}{contact.to}")
