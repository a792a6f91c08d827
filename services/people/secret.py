"""The service's own key, random tokens, and what is kept of them."""

import hmac
import os
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from secrets import token_bytes, token_urlsafe
from typing import Final

from domain.errors import ConflictError

FILE: Final = "access.key"
TOKEN: Final = "tw_"  # noqa: S105  # how tokens begin, so that a leaked one is recognised by whoever looks for such
BYTES: Final = 32
_SHORTEST: Final = 32  # characters of a key that is set


@dataclass(frozen=True, slots=True)
class Key:
    """From which every hash and signature is made; another one makes all tokens, sessions and links void.

    Tokens and session ids are 256 random bits, so a fast keyed hash (BLAKE2b) is right for them: nobody tries 2²⁵⁶ of
    them, whatever one try costs, while argon2's tenth of a second would stand before every request. A slow hash is for
    what people can remember, which can be guessed (`services.people.passwords`). The key is not in the database:
    whoever has a copy of that alone can make neither a token nor a link that fits it.
    """

    secret: bytes = field(repr=False)

    def digest(self, text: str) -> str:
        """What is kept of a token or session id."""
        return self._made(text.encode("utf-8", "surrogatepass"), b"tw-token", 32).hex()

    def signature(self, told: bytes) -> bytes:
        """Of a link: 128 bits."""
        return self._made(told, b"tw-link", 16)

    def signed(self, told: bytes, signature: bytes) -> bool:
        """Whether it is ours. Takes as long for a wrong one as for a right one."""
        return hmac.compare_digest(self.signature(told), signature)

    def _made(self, told: bytes, use: bytes, size: int) -> bytes:
        return blake2b(told, key=self.secret, person=use, digest_size=size).digest()


def fresh() -> str:
    """A token that nobody can guess."""
    return TOKEN + token_urlsafe(BYTES)


def key_of(folder: Path, said: str = "") -> Key:
    """The one that is set, else the one in the state folder, made where there is none. Raises ConflictError."""
    if said:
        if len(said) < _SHORTEST:
            raise ConflictError(f"TIDEWALK_KEY has at least {_SHORTEST} characters: openssl rand -hex 32")
        return Key(blake2b(said.encode(), digest_size=BYTES).digest())
    file = folder / FILE
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        _make(file)
        found = bytes.fromhex(file.read_text("ascii").strip())
    except (OSError, ValueError) as wrong:
        raise ConflictError(f"the key in {file} cannot be read: {wrong}") from wrong
    if len(found) != BYTES:
        raise ConflictError(f"the key in {file} is not {BYTES} bytes: put it back from a copy, or remove the file")
    return Key(found)


def _make(file: Path) -> None:
    """Whole or not at all, and by one of several who start together."""
    if file.exists():
        return
    own = file.with_name(f"{file.name}.{os.getpid()}")
    own.unlink(missing_ok=True)
    descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as made:
        made.write(token_bytes(BYTES).hex() + "\n")
        made.flush()
        os.fsync(made.fileno())
    try:
        os.link(own, file)
    except FileExistsError:
        pass
    finally:
        own.unlink()
