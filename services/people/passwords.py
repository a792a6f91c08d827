"""Passwords, as argon2id hashes."""

from threading import BoundedSemaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from domain.errors import ConflictError

SHORTEST: Final = 12
LONGEST: Final = 256  # a longer one would be hashing for free
AT_ONCE: Final = 2  # each takes 64 MiB, and a core


class Passwords:
    """Makes and checks hashes. Blocking: a check takes some tenths of a second, by the parameters of RFC 9106's second
    recommendation (3 passes over 64 MiB), unless others are given.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = BoundedSemaphore(AT_ONCE)
        self._nobodys = ""

    def hashed(self, password: str, name: str) -> str:
        """What is kept of it. Raises ConflictError where it is too easy to guess."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise ConflictError(f"a password has {SHORTEST} to {LONGEST} characters: some words in a row are good")
        if len(set(password)) < 5 or password.casefold() in (name.casefold() * 3, name.casefold()):
            raise ConflictError("that password is too easy to guess: some words in a row are good")
        return self._hasher.hash(password)

    def fits(self, kept: str | None, password: str) -> bool:
        """Whether it is the one of that hash. Takes as long where there is no hash to compare with."""
        with self._turns:
            try:
                self._hasher.verify(kept or self._nobody(), password[:LONGEST])
            except (Argon2Error, InvalidHashError):
                return False
            return kept is not None

    def _nobody(self) -> str:
        if not self._nobodys:
            self._nobodys = self._hasher.hash("the password of nobody at all")
        return self._nobodys
