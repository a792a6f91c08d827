"""Why something was kept aside, in words: `class: what was found; what to do`. Counts go by the class."""

from collections.abc import Callable
from typing import Final

Worded = Callable[[str], str]  # a reason, made of what was found
_LONGEST: Final = 80

EMPTY: Final = "empty: the payload has no bytes; send a JSON object with `values`"
NOT_UTF8: Final = "not UTF-8: the payload is not text in UTF-8; check the device's encoder"
TOO_DEEP: Final = "nested too deeply: no reading needs it; send a JSON object with `values`"
RETAINED: Final = "retained: a retained message is a replay; publish without the retain flag, and clear the topic"
NO_CLOCK: Final = "not simulated: clock steps count only where the site file says `simulated: true`"
BAD_STATUS: Final = "unreadable status: send `online` or `offline` as plain text"
BAD_CLOCK: Final = 'unreadable clock: send {"step": number, "at": time}'
NO_TIME: Final = "unreadable time: an entry of the history has none; see the device's profile (docs/devices.md)"
NO_VALUES: Final = "no values: send `values` with at least one quantity, or `history`"


def class_of(reason: str) -> str:
    """The part before the colon, by which reasons are counted."""
    return reason.partition(":")[0]


def shown(what: object) -> str:
    """Anything, as a short text that is safe in a log, a database and a terminal."""
    text = what if isinstance(what, str) else repr(what)
    text = text[: _LONGEST + 1].encode("utf-8", "backslashreplace").decode()
    text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def named(quantity: str) -> str:
    """A quantity's name as an entry carries it: never empty, because that would say the whole message."""
    return shown(quantity) or "''"


def not_json(why: str) -> str:
    """The parser's own words say where."""
    return f"not JSON: {shown(why)}; check the device's encoder"


def not_an_object(found: object) -> str:
    """JSON, and not what was agreed."""
    return f"not an object: the payload is {_called(found)}; send a JSON object with `values`"


def too_large(size: int) -> str:
    """Only its head was kept."""
    return f"too large: {size} bytes, and at most 262144 are kept; split it, or send less `history` at a time"


def unknown_topic(topic: str) -> str:
    """Nothing of ours looks like it."""
    return f"unknown topic: {shown(topic)}; devices publish to tidewalk/SITE/ZONE/KIND/DEVICE/up"


def other_site(found: str, ours: str) -> str:
    """Right shape, wrong coast."""
    return f"other site: {shown(found)}; this service looks after {ours}"


def unknown(what: str, name: str) -> str:
    """A device, gateway or crew that the site file does not have."""
    return f"unknown {what}: {shown(name)} is not in the site file; add it there, then `tidewalk quarantine retry`"


def misplaced(what: str, found: str, ours: str, device: str) -> str:
    """A device under another zone or kind than the site file's."""
    return f"wrong {what}: {shown(found)}, but {device} is under {ours} in the site file; correct one of the two"


def unknown_profile(profile: str, device: str) -> str:
    """The site names a profile that nobody can read."""
    return f"unknown profile: {shown(profile)} of {device} cannot be read here; correct the site file"


def bad_time(found: object) -> str:
    """`at` is there and says nothing."""
    return f"unreadable time: at is {shown(found)}; send RFC 3339 with an offset, or integer milliseconds"


def wrong_type(name: str, found: object, wanted: str) -> str:
    """A value, or a field of the envelope, of another type than agreed."""
    return f"wrong type: {shown(name)} is {_called(found)}; send {wanted}"


def unknown_quantity(name: str) -> str:
    """A name that is not ours."""
    return f"unknown quantity: {shown(name)}; see domain/naming.py for the names, or map it in the device's profile"


def not_a_number(name: str, found: float) -> str:
    """NaN and the infinities."""
    return f"not a number: {name} is {found}; check the sensor"


def out_of_range(name: str, found: float, low: float, high: float, unit: str) -> str:
    """Beyond what the quantity can be: a sensor fault or a sentinel, never an alarm."""
    span = f"{low:g} and {high:g}" if high < 1e300 else f"{low:g} and more"
    return f"out of range: {name} is {found:g}, believed between {span}{' ' + unit if unit else ''}; check the sensor"


def more_than_room(name: str, found: object, most: float) -> str:
    """More than the facility holds."""
    return f"more than there is: {name} {found} of {most:g}"


def unknown_choice(name: str, found: str, choices: tuple[str, ...]) -> str:
    """A text that is none of those agreed."""
    return f"unknown choice: {name} is {shown(found)}; send one of {', '.join(choices)}"


def clock_off(found: str, by: str, hint: str) -> str:
    """The device's clock cannot be believed: the receive time stands instead."""
    return f"clock: at is {found}, {by}; the receive time stands; {hint}"


def too_old(days: int) -> str:
    """Beyond the store's retention."""
    return f"too old: measured more than {days} days before it came, longer than readings are kept"


def sensor_says(name: str, found: object) -> str:
    """A value by which a sensor says that it has none."""
    return f"sensor fault: {name} is {shown(found)}, by which this sensor says that it has no value; check the sensor"


def unreadable_value(name: str, found: object) -> str:
    """A word, a shape or a text that the device's profile does not know."""
    return f"unreadable value: {name} from {shown(found)}; see the device, or add it to its profile (docs/devices.md)"


def unknown_unit(name: str, found: str) -> str:
    """A unit beside a value that is not of the quantity's dimension, or that nobody knows."""
    return f"unknown unit: {name} in {shown(found)}; add it to ingest/mapping/units.py, or correct the device's profile"


def beyond_depth(distance: float, depth: float) -> str:
    """A bin sensor that sees farther than the bin is deep."""
    return f"beyond depth: distance {distance:g} mm in a bin of {depth:g} mm; the lid is open, or depth_mm is wrong"


def not_an_envelope(server: str, why: str) -> str:
    """JSON, but not what a network server sends."""
    return f"not an uplink: this is no message of {server}: {why}; check the topic and the integration's format"


def bad_bytes(name: str, found: str, written: str) -> str:
    """A device's bytes that cannot be read as written."""
    return f"unreadable bytes: {name} is {shown(found)}, which is no {written}; check the integration"


def unknown_server(found: str, known: tuple[str, ...]) -> str:
    """The topic names a dialect that nobody here reads."""
    return f"unknown server: {shown(found)}; publish to tidewalk/SITE/uplink/ and one of {', '.join(known)}"


def unknown_eui(found: str) -> str:
    """A device that a network server knows and the site file does not."""
    return (
        f"unknown eui: no device of the site has the eui {shown(found)}; "
        "add it to devices.csv, then `tidewalk quarantine retry`"
    )


def unknown_port(port: int, profile: str) -> str:
    """Bytes on a port that the profile has nothing to say of."""
    return f"unknown port: {profile} says nothing of FPort {port}; add the port to the profile (docs/devices.md)"


def no_decoder(profile: str) -> str:
    """Bytes, and nobody who can read them."""
    return f"no decoder: {profile} has bytes only, and its profile no payload decoder; decode on the server, or add one"


def not_decoded(profile: str, port: int, why: str) -> str:
    """Bytes that the vendor's decoder refuses."""
    return (
        f"unreadable payload: {shown(profile)} on FPort {port}: {shown(why)}; check the device's profile and firmware"
    )


def later_than_it_keeps(at: int) -> str:
    """An entry of a history from before what the device can have kept."""
    return f"clock: {at} ms is further back than the device's profile says that it keeps; set the device's clock"


def bad_reply(why: str) -> str:
    """A crew's answer that cannot be read."""
    return f"unreadable reply: {why}; see docs/wire.md for what a crew may send"


def bad_command(why: str) -> str:
    """An operator's command that cannot be read, which the API would have refused."""
    return f"unreadable command: {why}; send commands through the API"


def more(count: int) -> str:
    """The rest of a message with very many faults."""
    return f"more: {count} further values of this message could not be kept either"


def our_fault(error: Exception) -> str:
    """What could not be foreseen. The message is kept whole, so that it can be tried again."""
    return f"our fault: {type(error).__name__}: {shown(str(error))}; please report it, with the payload"


def _called(found: object) -> str:
    match found:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "an array"
        case _:
            return "an object"
