"""The data types of MQTT (sections 1.5 and 2.2.2): integers, text, binary, properties."""

from typing import Final

from simulators.broker.packets import FaultyPacketError, Prop, Properties, Property, Reason, UserProperties

_BYTE: Final = frozenset(
    {
        Prop.PAYLOAD_FORMAT,
        Prop.REQUEST_PROBLEM_INFORMATION,
        Prop.REQUEST_RESPONSE_INFORMATION,
        Prop.MAXIMUM_QOS,
        Prop.RETAIN_AVAILABLE,
        Prop.WILDCARD_SUBSCRIPTION_AVAILABLE,
        Prop.SUBSCRIPTION_ID_AVAILABLE,
        Prop.SHARED_SUBSCRIPTION_AVAILABLE,
    }
)
_U16: Final = frozenset({Prop.SERVER_KEEP_ALIVE, Prop.RECEIVE_MAXIMUM, Prop.TOPIC_ALIAS_MAXIMUM, Prop.TOPIC_ALIAS})
_U32: Final = frozenset({Prop.MESSAGE_EXPIRY, Prop.SESSION_EXPIRY, Prop.WILL_DELAY, Prop.MAXIMUM_PACKET_SIZE})
_BINARY: Final = frozenset({Prop.CORRELATION_DATA, Prop.AUTHENTICATION_DATA})
_NEVER_ZERO: Final = frozenset({Prop.RECEIVE_MAXIMUM, Prop.MAXIMUM_PACKET_SIZE, Prop.SUBSCRIPTION_ID})
_VARINT_BYTES: Final = 4
_LONGEST: Final = 0xFFFF


def malformed(why: str) -> FaultyPacketError:
    """The bytes are not MQTT."""
    return FaultyPacketError(Reason.MALFORMED, why)


class Reader:
    """Takes values off the front of a packet's body. Raises FaultyPacketError where the bytes run out."""

    __slots__ = ("_at", "_body")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def more(self) -> bool:
        """Something is left."""
        return self._at < len(self._body)

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        end = self._at + size
        if end > len(self._body):
            raise malformed("the packet ends too early")
        taken = self._body[self._at : end]
        self._at = end
        return taken

    def byte(self) -> int:
        """One byte."""
        return self.take(1)[0]

    def u16(self) -> int:
        """Two bytes, big-endian."""
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        """Four bytes, big-endian."""
        return int.from_bytes(self.take(4), "big")

    def varint(self) -> int:
        """A variable byte integer, at most four bytes."""
        value = 0
        for place in range(_VARINT_BYTES):
            one = self.byte()
            value |= (one & 0x7F) << (7 * place)
            if one < 0x80:
                return value
        raise malformed("a variable byte integer has more than four bytes")

    def binary(self) -> bytes:
        """Binary data behind its two-byte length."""
        return self.take(self.u16())

    def text(self) -> str:
        """UTF-8 behind its two-byte length; no NUL, no surrogates."""
        return as_text(self.binary())

    def packet_id(self) -> int:
        """A packet identifier, which is never 0."""
        value = self.u16()
        if value == 0:
            raise malformed("packet identifier 0")
        return value

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._body) - self._at)

    def properties(self, allowed: frozenset[Prop]) -> Properties:
        """A property block, whose identifiers must be among `allowed`."""
        size = self.varint()
        if size == 0:
            return {}
        block = Reader(self.take(size))
        found: dict[Prop, Property] = {}
        while block.more():
            _read_property(block, allowed, found)
        return found


def _read_property(block: Reader, allowed: frozenset[Prop], found: dict[Prop, Property]) -> None:
    number = block.varint()
    if number not in allowed:
        raise malformed(f"property 0x{number:02X} does not belong in this packet")
    name = Prop(number)
    if name is Prop.USER_PROPERTY:
        pair = (block.text(), block.text())
        before = found.get(name, ())
        found[name] = (*before, pair)  # type: ignore[misc]  # mypy cannot see which property has which type
        return
    if name in found:
        raise FaultyPacketError(Reason.PROTOCOL_ERROR, f"property 0x{number:02X} given twice")
    value = _read_value(block, name)
    if value == 0 and name in _NEVER_ZERO:
        raise FaultyPacketError(Reason.PROTOCOL_ERROR, f"property 0x{number:02X} is 0")
    found[name] = value


def _read_value(block: Reader, name: Prop) -> int | str | bytes:
    if name in _BYTE:
        value = block.byte()
        if value > 1:
            raise FaultyPacketError(Reason.PROTOCOL_ERROR, f"property 0x{name:02X} is neither 0 nor 1")
        return value
    if name in _U16:
        return block.u16()
    if name in _U32:
        return block.u32()
    if name is Prop.SUBSCRIPTION_ID:
        return block.varint()
    if name in _BINARY:
        return block.binary()
    return block.text()


def as_text(raw: bytes) -> str:
    """UTF-8 as MQTT wants it. Raises FaultyPacketError."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise malformed("text is not UTF-8") from error
    if "\0" in text:
        raise malformed("text holds a NUL")
    return text


def varint(value: int) -> bytes:
    """A variable byte integer."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        if not value:
            out.append(low)
            return bytes(out)
        out.append(low | 0x80)


def binary(value: bytes) -> bytes:
    """Binary data behind its two-byte length, of which at most 65,535 bytes can travel."""
    if len(value) > _LONGEST:
        raise ValueError(f"{len(value)} bytes do not fit behind a two-byte length")
    return len(value).to_bytes(2, "big") + value


def text(value: str) -> bytes:
    """UTF-8 behind its two-byte length."""
    return binary(value.encode())


def properties(block: Properties) -> bytes:
    """A property block with its length."""
    if not block:
        return b"\0"
    out = bytearray()
    for name, value in block.items():
        _write_property(out, name, value)
    return varint(len(out)) + bytes(out)


def _write_property(out: bytearray, name: Prop, value: Property) -> None:
    match value:
        case int() if name in _BYTE:
            out += bytes((name, value))
        case int() if name in _U16:
            out += bytes((name,)) + value.to_bytes(2, "big")
        case int() if name in _U32:
            out += bytes((name,)) + value.to_bytes(4, "big")
        case str():
            out += bytes((name,)) + text(value)
        case bytes():
            out += bytes((name,)) + binary(value)
        case tuple() if name is Prop.SUBSCRIPTION_ID:
            for one in value:
                out += bytes((name,)) + varint(one)  # type: ignore[arg-type]  # ids are integers where the name says so
        case tuple():
            _write_pairs(out, value)  # type: ignore[arg-type]  # the only other tuple is user properties
        case _:
            raise ValueError(f"{name!r} cannot be {value!r}")


def _write_pairs(out: bytearray, pairs: UserProperties) -> None:
    for key, value in pairs:
        out += bytes((Prop.USER_PROPERTY,)) + text(key) + text(value)
