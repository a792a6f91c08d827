"""Messages too large to keep whole: what the journal keeps of them, and how to know them again."""

from typing import Final

from domain.ids import MESSAGE_KEY_BYTES, message_key
from domain.messages import Flag, Message

LARGEST: Final = 256 * 1024  # bytes of payload that are kept whole
KEPT: Final = 4 * 1024  # bytes that are kept of anything larger
_SIZE_BYTES: Final = 8
_OWN: Final = "$tidewalk/"  # what the service itself writes (a site's whole text) is never cut


def kept(message: Message) -> Message:
    """The message as it is journalled: itself, or `key ‖ size ‖ first 4 KiB` under `Flag.TRUNCATED`."""
    topic, payload, received, flags = message
    if len(payload) <= LARGEST or topic.startswith(_OWN):
        return message
    head = message_key(topic, payload) + len(payload).to_bytes(_SIZE_BYTES, "big")
    return Message(topic, head + payload[:KEPT], received, flags | Flag.TRUNCATED)


def key_of(message: Message) -> bytes:
    """The message's key, also of one that was cut."""
    if message.flags & Flag.TRUNCATED:
        return message.payload[:MESSAGE_KEY_BYTES]
    return message_key(message.topic, message.payload)


def size_of(message: Message) -> int:
    """Bytes of payload as it arrived, also of one that was cut."""
    if message.flags & Flag.TRUNCATED:
        return int.from_bytes(message.payload[MESSAGE_KEY_BYTES : MESSAGE_KEY_BYTES + _SIZE_BYTES], "big")
    return len(message.payload)


def is_cut(key: bytes, payload: bytes) -> bool:
    """Whether a payload that was kept aside is only the head of what arrived: then it cannot be tried again."""
    return len(payload) == MESSAGE_KEY_BYTES + _SIZE_BYTES + KEPT and payload[:MESSAGE_KEY_BYTES] == key
