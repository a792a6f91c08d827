"""From a row of the journal to readings, notes, and what is kept aside. Pure: no clock, no I/O, never raises.

Every message has exactly one fate. The only state is what was heard in the last 60 s (of network servers in the last
minutes), and a count.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from domain.errors import RejectedError
from domain.ids import message_key
from domain.messages import Fate, Flag, Heard, Message, Row
from domain.readings import Millis, Quality, Reading
from domain.site import Site
from ingest import quarantine
from ingest.codecs import native
from ingest.codecs.replies import read_command, read_reply
from ingest.codecs.said import Codec, Faults, Measured, Said, Time
from ingest.lately import WINDOW, FirstHeard, SeenKeys
from ingest.lockstep import read_step
from ingest.mapping.load import shipped
from ingest.mapping.profiles import Profiles
from ingest.outcome import Outcome
from ingest.oversize import key_of, size_of
from ingest.quality import AHEAD, EARLIEST, believed, clock_fault, plain, within
from ingest.routes import Carries, Route, Routes
from ingest.uplinks import AGAIN, Taken, Uplinks

NATIVE: Final[Mapping[str, Codec]] = {"native": native.decode}
_DAY: Final = 86_400_000
# plain ints: readings carry them, and flags of an enumeration cost ten times as much to combine
_GOOD: Final = int(Quality.GOOD)
_VALUE_DROPPED: Final = int(Quality.VALUE_DROPPED)
_TIME_UNKNOWN: Final = int(Quality.TIME_UNKNOWN)
_TIME_CORRECTED: Final = int(Quality.TIME_CORRECTED)
_BACKFILL: Final = int(Quality.BACKFILL)
_DERIVED: Final = int(Quality.DERIVED)
_made = tuple.__new__
_NOT_VALUES: Final = ("seq", "values", "history", "derived")  # parts of the envelope whose fault drops no value


class Pipeline:
    """Reads rows for one site, in order. Make a fresh one for each reader of the journal."""

    def __init__(
        self,
        site: Site,
        *,
        codecs: Mapping[str, Codec] = NATIVE,
        retention: Millis = 0,
        remember: int = 32_768,
        profiles: Profiles | None = None,
    ) -> None:
        """`codecs` by profile name; `retention` 0 keeps any age; duplicates are counted within `remember` keys.
        `profiles` of devices that network servers know; None: those that are shipped, where the site has such devices.
        """
        routes = Routes(site, codecs)
        self._find, self._known = routes.find, routes.known
        self._zone = ZoneInfo(site.timezone)
        self._retention = retention
        self.first_heard = FirstHeard()
        self.seen = SeenKeys(remember)
        relayed = bool(site.device_by_eui)
        self.uplinks = Uplinks(site, profiles if profiles is not None else shipped() if relayed else Profiles(()))
        self.window: Millis = AGAIN if relayed else WINDOW

    @property
    def duplicates(self) -> int:
        """Telemetry messages heard whose very bytes had come before on the same topic."""
        return self.seen.again

    def warm(self, rows: Iterable[Row]) -> None:
        """Hear what came in the `window` before, so that reading may begin in the middle of the journal."""
        for row in rows:
            self.read(row)

    def take_over(self, other: "Pipeline") -> None:
        """Go on where another one stands: for a site or profile that changed between two rows."""
        self.first_heard, self.seen = other.first_heard, other.seen
        self.uplinks.again = other.uplinks.again

    def read(self, row: Row) -> Heard:
        """What one row says."""
        if not row.messages:
            return Heard(row.number, row.at, (), (), (), ())
        out = Outcome(row)
        known, plainly, earliest, retention = self._known, native.read, EARLIEST, self._retention
        readings, fates, keys = out.readings, out.fates, out.keys
        for place, message in enumerate(row.messages):
            topic, payload, received, flags = message
            key = key_of(message) if flags else message_key(topic, payload)
            # What is all as agreed goes this way at half the price, in one piece: a call costs as much as a look-up.
            # What is not, goes on below, where it is said what is wrong.
            if not flags and (route := known(topic)) is not None:
                _, _, facility, device, kind, zone, codec, _, room = route
                if codec is native.decode:
                    try:
                        said = plainly(payload)
                        time, values = said.at, said.values
                        at = time if type(time) is int else round(time.timestamp() * 1000)  # type: ignore[union-attr]  # None raises
                        if (
                            values
                            and earliest <= at <= received + AHEAD
                            and not (retention and at < received - retention)
                            and not (said.history or said.derived)
                            and plain(values)
                            and not (room and within(values, room)[1])
                        ):
                            # a NamedTuple's own constructor costs twice as much
                            good = facility, device, kind, zone, at, values, _GOOD, said.seq, received
                            readings.append(_made(Reading, good))
                            fates.append(_made(Fate, (key, 1, "")))
                            keys.append(key)
                            continue
                    except Exception:  # noqa: BLE001, S110  # whatever it is, it is met again below
                        pass
            self._apart(message, place, key, out)
        self.seen.add(keys)
        return out.heard()

    def _apart(self, message: Message, place: int, key: bytes, out: Outcome) -> None:
        """A message that is not what nearly all are, or about which something is wrong."""
        try:
            route = self._find(message.topic)
            if route.codec is not None:
                self._telemetry(route, message, place, key, out)
            elif route.envelope is not None:
                self._relayed(route, message, place, key, out)
            else:
                _anything_else(route, message, place, key, out)
        except RejectedError as refused:
            out.refuse(message, place, key, str(refused))
        except Exception as error:  # noqa: BLE001  # a mistake of ours costs one message, never the stream
            out.refuse(message, place, key, quarantine.our_fault(error))

    def _telemetry(self, route: Route, message: Message, place: int, key: bytes, out: Outcome) -> None:
        _, payload, received, flags = message
        if flags:
            _refuse_unusual(message)
        out.keys.append(key)
        assert route.codec is not None  # noqa: S101  # looked at by the caller
        said, faults = route.codec(payload)
        values, doubts = believed(said.values) if said.values else ({}, ())
        at, quality, clock = self._event_time(said.at, key, received, flags)
        _, _, facility, device, kind, zone, _, _, room = route
        if room:
            values, more = within(values, room)
            doubts = (*doubts, *more) if more else doubts
        if said.derived:
            quality |= _DERIVED
        reading = Reading(facility, device, kind, zone, at, values, quality, said.seq, received)
        readings, left_out = self._sorted_out(reading, said, (*faults, *doubts))
        if not readings:
            raise RejectedError(_why_nothing(left_out))
        out.keep_aside(message, place, key, (*left_out, ("at", clock)) if clock else left_out)
        out.readings.extend(readings)
        out.fates.append(Fate(key, len(readings), ""))

    def _relayed(self, route: Route, message: Message, place: int, key: bytes, out: Outcome) -> None:
        """What a network server relays: of one device, of several, or of no concern."""
        _refuse_unusual(message)
        assert route.envelope is not None  # noqa: S101  # looked at by the caller
        uplinks = route.envelope(message.payload)
        if not uplinks:
            out.fates.append(Fate(key, 0, ""))
            return
        out.keys.append(key)
        readings: list[Reading] = []
        left_out: list[tuple[str, str]] = []
        for number, uplink in enumerate(uplinks):
            try:
                taken = self.uplinks.taken(uplink, route.device, message.received)
            except RejectedError as refused:
                if len(uplinks) == 1:
                    raise
                left_out.append((f"uplink[{number}]", str(refused)))
            else:
                found, faults = self._of_uplink(taken, key, message)
                readings += found
                left_out += faults
        if not readings and left_out:
            raise RejectedError(_why_nothing(tuple(left_out)))
        if left_out:
            out.keep_aside(message, place, key, tuple(left_out))
        out.readings.extend(readings)
        out.fates.append(Fate(key, len(readings), ""))

    def _of_uplink(self, taken: Taken, key: bytes, message: Message) -> tuple[list[Reading], Faults]:
        bound, said, faults = taken
        values, doubts = believed(said.values or {})
        values, more = within(values, bound.room)
        doubts = (*doubts, *more)
        at, quality, clock = self._event_time(said.at, key, message.received, message.flags)
        place = (bound.facility, bound.device, bound.kind, bound.zone)
        reading = Reading(*place, at, values, quality, said.seq, message.received)
        readings, left_out = self._sorted_out(reading, said, (*faults, *doubts))
        return readings, (*left_out, ("at", clock)) if clock and readings else left_out

    def _event_time(self, said: Time | None, key: bytes, received: Millis, flags: int) -> tuple[Millis, int, str]:
        """The event time, the quality so far, and why the device's own time was not taken."""
        quality = _BACKFILL if flags and flags & Flag.RETRY else _GOOD
        clock = ""
        if said is not None:
            at = said if isinstance(said, int) else round(said.timestamp() * 1000)
            if EARLIEST <= at <= received + AHEAD:
                return at, quality, ""
            clock = clock_fault(at, received, self._offset(received))
            quality |= _TIME_CORRECTED
        if flags and flags & Flag.BACKLOG:
            quality |= _TIME_UNKNOWN
        return (received if quality & _BACKFILL else self.first_heard.first(key, received)), quality, clock

    def _sorted_out(self, reading: Reading, said: Said, faults: Faults) -> tuple[list[Reading], Faults]:
        """What can be kept of a message that is not plain, and why the rest cannot."""
        readings: list[Reading] = []
        left_out = list(faults)
        if reading.values and self._too_old(reading.at, reading.received):
            left_out.append(("values", self._why_too_old()))
        elif reading.values:
            dropped = any(not name.startswith(_NOT_VALUES) for name, _ in faults)
            readings.append(reading._replace(quality=reading.quality | dropped * _VALUE_DROPPED))
        for entry in said.history or ():
            earlier, doubts = self._earlier(reading, entry)
            left_out += doubts
            if earlier is not None:
                readings.append(earlier)
        return readings, tuple(left_out)

    def _earlier(self, reading: Reading, entry: Measured) -> tuple[Reading | None, Faults]:
        """One entry of the history, stored at its own time or not at all: no other time can be given to it."""
        at = native.millis(entry.at)
        name = f"history@{at}"
        values, doubts = believed(entry.values)
        faults = tuple((f"{name}.{quantity}", why) for quantity, why in doubts)
        earlier = reading._replace(at=at, values=values, quality=_BACKFILL, seq=-1)
        if clock := clock_fault(at, reading.received, self._offset(reading.received)):
            return None, ((name, clock),)
        if not values:
            return None, faults or ((name, quarantine.NO_VALUES),)
        if self._too_old(at, reading.received):
            return None, ((name, self._why_too_old()),)
        return earlier._replace(quality=_BACKFILL | bool(doubts) * _VALUE_DROPPED), faults

    def _too_old(self, at: Millis, received: Millis) -> bool:
        return self._retention > 0 and at < received - self._retention

    def _why_too_old(self) -> str:
        return quarantine.too_old(self._retention // _DAY)

    def _offset(self, at: Millis) -> timedelta:
        return datetime.fromtimestamp(at / 1000, self._zone).utcoffset() or timedelta()


def _refuse_unusual(message: Message) -> None:
    """What telemetry may not be. Raises RejectedError."""
    if message.flags & Flag.RETAINED:
        raise RejectedError(quarantine.RETAINED)
    if message.flags & Flag.TRUNCATED:
        raise RejectedError(quarantine.too_large(size_of(message)))


def _why_nothing(left_out: Faults) -> str:
    """One reason for a message of which nothing is left."""
    if not left_out:
        return quarantine.NO_VALUES
    also = f" (and {len(left_out) - 1} more)" if len(left_out) > 1 else ""
    return left_out[0][1] + also


def _anything_else(route: Route, message: Message, place: int, key: bytes, out: Outcome) -> None:
    """All that brings no readings. Raises RejectedError."""
    match route.carries:
        case Carries.NOTE:
            out.note(message, key)
        case Carries.STATUS:
            if message.payload not in (b"online", b"offline"):
                raise RejectedError(quarantine.BAD_STATUS)
            out.note(message, key)
        case Carries.REPLY:
            _answer(message, place, key, out, read_reply)
        case Carries.COMMAND:
            _answer(message, place, key, out, read_command)
        case Carries.CLOCK:
            _refuse_unusual(message)
            read_step(message.payload)
            out.note(message, key)
        case _:
            raise RejectedError(route.reason)


def _answer(message: Message, place: int, key: bytes, out: Outcome, read: Callable[[Message], object]) -> None:
    """What a crew or an operator says. One that cannot be read is kept aside and also handed on: whoever said it is to
    hear `refused`.
    """
    if message.flags & Flag.RETAINED:
        raise RejectedError(quarantine.RETAINED)
    try:
        read(message)
    except RejectedError as refused:
        out.notes.append(message)
        out.refuse(message, place, key, str(refused))
    else:
        out.note(message, key)
