"""An uplink through a profile: what the server decoded, or what the bytes say."""

from domain.errors import RejectedError
from ingest import quarantine
from ingest.codecs.uplink import Uplink
from ingest.mapping.apply import Application, Mapped, MappedAt
from ingest.mapping.profiles import Profile


def read_uplink(profile: Profile, application: Application, uplink: Uplink) -> tuple[Mapped, tuple[MappedAt, ...]]:
    """What it says, and what its bytes say of earlier. What the server decoded goes first, as far as the profile knows
    any of it. Raises RejectedError: no decoder, a port the profile says nothing of, bytes that cannot be read.
    """
    port = uplink.port
    if port in profile.ignore_ports:
        return Mapped({}, ()), ()
    if uplink.fields:
        mapped = application.read(uplink.fields, port)
        if mapped.values or mapped.faults or mapped.history or not (uplink.payload and profile.decode):
            return mapped, ()
    if not uplink.payload:
        return Mapped({}, ()), ()
    if profile.ports and port not in profile.ports:
        raise RejectedError(quarantine.unknown_port(port, profile.name))
    if profile.decode is None:
        raise RejectedError(quarantine.no_decoder(profile.name))
    try:
        decoded = profile.decode(uplink.payload, port)
    except RejectedError as refused:
        raise RejectedError(quarantine.not_decoded(profile.name, port, str(refused))) from None
    mapped = application.read(decoded.fields, port)
    if decoded.at is not None:
        mapped = mapped._replace(at=decoded.at)
    return mapped, tuple(application.earlier(one.at, one.fields) for one in decoded.history)
