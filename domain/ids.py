"""Names that a replay must find again: pure functions of their inputs, never Python's `hash()`.

Golden vectors are in tests/unit/domain/test_ids.py; changing a function here orphans every stored alarm and order.
"""

from hashlib import blake2b

MESSAGE_KEY_BYTES = 8
_fresh = blake2b(digest_size=MESSAGE_KEY_BYTES).copy


def message_key(topic: str, payload: bytes) -> bytes:
    """The key of a message, 8 bytes: BLAKE2b of its topic and payload. The unit of "nothing lost"."""
    key = _fresh()  # a copy costs less than saying again what it is to be
    key.update(topic.encode("utf-8", "surrogatepass"))
    key.update(payload)
    return key.digest()


def alarm_id(site: str, rule: str, subject: str, cause: int) -> str:
    """The id of an alarm, 16 hex digits. `cause` is the event time, in ms, at which the condition first became true."""
    return _digest("alarm", site, rule, subject, str(cause))


def order_id(first_alarm: str) -> str:
    """The id of the work order that an alarm opened, 16 hex digits, from the id of its first alarm."""
    return _digest("order", first_alarm)


def _digest(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()
