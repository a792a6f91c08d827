"""Chance that can be repeated: every draw is a hash of its names, so no two devices share a stream."""

import math
import struct
from hashlib import blake2b

_WORDS = struct.Struct("<16I")
_UNIT = 2.0**-32


class Dice:
    """Numbers that depend on nothing but `names` (seed, device, seq, purpose) and on how many were drawn before."""

    __slots__ = ("_name", "_round", "_words")

    def __init__(self, *names: object) -> None:
        self._name = "\x1f".join(map(str, names)).encode()
        self._round = 0
        self._words: list[int] = []

    def roll(self) -> float:
        """Evenly spread over 0 ≤ x < 1."""
        if not self._words:
            digest = blake2b(self._name, digest_size=64, salt=self._round.to_bytes(16, "little")).digest()
            self._words = list(_WORDS.unpack(digest))
            self._round += 1
        return self._words.pop() * _UNIT

    def between(self, low: float, high: float) -> float:
        """Evenly spread over low ≤ x < high."""
        return low + (high - low) * self.roll()

    def around(self, spread: float) -> float:
        """Noise about 0, never beyond ±spread: what stays under a threshold must never be lifted over it."""
        return spread * (self.roll() + self.roll() - 1.0)

    def count(self, mean: float) -> int:
        """How many of something that happens `mean` times on average (Poisson; a rounded normal above 60)."""
        if mean <= 0.0:
            return 0
        if mean > 60.0:
            spread = math.sqrt(-2.0 * math.log(1.0 - self.roll())) * math.cos(2.0 * math.pi * self.roll())
            return max(0, round(mean + math.sqrt(mean) * spread))
        left, n, floor = self.roll(), 0, math.exp(-mean)
        while left > floor:
            left *= self.roll()
            n += 1
        return n


def token(*names: object) -> str:
    """Twelve hex digits that stand for these names."""
    return blake2b("\x1f".join(map(str, names)).encode(), digest_size=6).hexdigest()
