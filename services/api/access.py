"""By which names the API may be called, and whose tokens it knows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from ipaddress import ip_address
from pathlib import Path
from re import compile as pattern
from typing import Final, Protocol

from pydantic import SecretStr

from domain.errors import ConflictError
from services.api.proxies import Proxies, proxies_of
from services.people.known import Shown
from services.people.reception import Reception
from services.people.roles import Person

SHORTEST: Final = 20  # characters of a token: what is shorter can be guessed
ANY: Final = "*"
HASHED: Final = "sha256:"
NAME: Final = pattern(r"[^\x00-\x1f\x7f-\x9f=,#]{1,128}")
_HEX: Final = pattern(r"[0-9a-fA-F]{64}")


def is_loopback(host: str) -> bool:
    """Whether a host, as written in an address, can only mean this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def host_of(authority: str) -> str:
    """The host of HOST, HOST:PORT, [V6] or [V6]:PORT."""
    if authority.startswith("["):
        return authority.partition("]")[0] + "]"
    return authority.partition(":")[0]


class Tokens:
    """Named tokens, of which only the hashes are kept. A name may have several, so that one can be changed in peace."""

    def __init__(self, hashes: Iterable[tuple[str, bytes]] = ()) -> None:
        self._hashes = tuple(hashes)

    def __bool__(self) -> bool:
        return bool(self._hashes)

    @property
    def names(self) -> tuple[str, ...]:
        """Whose they are, sorted."""
        return tuple(sorted({name for name, _ in self._hashes}))

    def whose(self, token: str) -> str | None:
        """The name of that token. Takes as long for a wrong one as for a right one."""
        given, found = sha256(token.encode("utf-8", "surrogatepass")).digest(), None
        for name, known in self._hashes:
            if compare_digest(given, known):
                found = name
        return found


@dataclass(frozen=True, slots=True)
class Access:
    """Who may speak to the API. `hosts` are the names it answers to beside this machine's own. Where it can be reached
    from `beyond` this machine, reading needs a token as well as changing does.
    """

    tokens: Tokens = field(default_factory=Tokens)
    hosts: frozenset[str] = frozenset()
    beyond: bool = False
    reception: Reception | None = None
    proxies: Proxies = field(default_factory=Proxies)

    @property
    def asks_who(self) -> bool:
        """Whether anybody has to say who they are: tokens are set, or people are known."""
        return bool(self.tokens) or (self.reception is not None and self.reception.known.anybody)

    @property
    def is_closed(self) -> bool:
        """Whether reading needs it too."""
        return self.beyond or (self.reception is not None and self.reception.known.anybody)

    def by_token(self, text: str) -> Person | None:
        """Whose token that is. One of the settings is an administrator's."""
        whose = self.tokens.whose(text)
        if whose is not None:
            return Person(whose)
        shown = None if self.reception is None else self.reception.known.by_token(text)
        return None if shown is None else shown.person

    def by_session(self, text: str) -> Shown | None:
        """Whose session that is."""
        return None if self.reception is None else self.reception.known.by_session(text)

    def answers_to(self, host: str) -> bool:
        """Whether a request may name us so. A page whose own name was made to lead here (DNS rebinding) may not."""
        return is_loopback(host) or ANY in self.hosts or (bool(host) and host.lower() in self.hosts)

    @property
    def told(self) -> str:
        """Who may, for the log."""
        if self.reception is not None and self.reception.known.anybody:
            also = f", and whoever has a token of: {', '.join(self.tokens.names)}" if self.tokens else ""
            return f"people who sign in and tokens, by role and zone (tidewalk user list, token list){also}"
        if not self.tokens:
            return "this machine alone, without tokens: whoever is on it may act, and `by` is taken as it is said"
        whose = ", ".join(self.tokens.names)
        return f"{'reading and changing need' if self.beyond else 'changing needs'} a token of: {whose}"


LOCAL: Final = Access()


class Said(Protocol):
    """What an operator set (`services.settings`)."""

    @property
    def api(self) -> str:
        """HOST:PORT."""
        ...

    @property
    def api_tokens(self) -> SecretStr:
        """NAME=TOKEN or NAME=sha256:HEX, parted by commas."""
        ...

    @property
    def api_tokens_file(self) -> str:
        """A file with a line NAME=sha256:HEX for each; "" for none."""
        ...

    @property
    def api_hosts(self) -> str:
        """Names by which the API is called, parted by commas."""
        ...

    @property
    def trusted_proxies(self) -> str:
        """Addresses and networks of proxies, parted by commas."""
        ...


def access_of(said: Said, reception: Reception | None = None, *, people: bool = False) -> Access:
    """Who may speak to the API as it is set. `people`: the database knows somebody, who is asked for at the reception.
    Raises ConflictError where that would not be safe.
    """
    file, address = said.api_tokens_file, said.api
    known = Tokens([*_said(said.api_tokens.get_secret_value()), *(_filed(Path(file)) if file else ())])
    host = address.rpartition(":")[0]
    named = frozenset(name.strip().lower() for name in said.api_hosts.split(",") if name.strip())
    proxies = proxies_of(said.trusted_proxies)
    if is_loopback(host):
        return Access(known, named, reception=reception, proxies=proxies)
    if not known and not people and (reception is None or not reception.known.anybody):
        raise ConflictError(
            f"--api {address}: without tokens the API is for this machine alone, because whoever reaches it may close"
            " orders; add somebody with `tidewalk user add`, set TIDEWALK_API_TOKENS or TIDEWALK_API_TOKENS_FILE, or"
            " say 127.0.0.1 and come from elsewhere through ssh -L"
        )
    if not named and host in ("0.0.0.0", "[::]", "::"):  # noqa: S104  # compared, not bound
        raise ConflictError(
            f"--api {address}: say in TIDEWALK_API_HOSTS by which names it will be called, such as"
            f" tidewalk.example,10.0.0.5; {ANY} is any"
        )
    return Access(known, named or frozenset({host.lower()}), beyond=True, reception=reception, proxies=proxies)


def _said(tokens: str) -> Sequence[tuple[str, bytes]]:
    """Of `NAME=TOKEN,NAME=sha256:HEX`."""
    entries = [entry.strip() for entry in tokens.split(",")]
    where = "TIDEWALK_API_TOKENS"
    return [_entry(entry, f"{where}, entry {n}", plain=True) for n, entry in enumerate(entries, 1) if entry]


def _filed(file: Path) -> Sequence[tuple[str, bytes]]:
    """Of a file with a line `NAME=sha256:HEX` for each; what follows a # is for people."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConflictError(
            f"the tokens in {file} cannot be read: {error}; name a file in TIDEWALK_API_TOKENS_FILE that we may read"
        ) from error
    said = [(number, line.partition("#")[0].strip()) for number, line in enumerate(lines, 1)]
    return [_entry(line, f"{file}:{number}", plain=False) for number, line in said if line]


def _entry(entry: str, where: str, *, plain: bool) -> tuple[str, bytes]:
    """What is wrong is told without the token itself."""
    name, _, token = (part.strip() for part in entry.partition("="))
    if not NAME.fullmatch(name) or not token:
        raise ConflictError(f"{where}: no name and token; say NAME={HASHED}HEX" + (" or NAME=TOKEN" if plain else ""))
    if token.startswith(HASHED):
        if not _HEX.fullmatch(token.removeprefix(HASHED)):
            raise ConflictError(
                f"{where}: what follows {HASHED} is no hash; say the 64 hex digits that `printf %s TOKEN | sha256sum`"
                " prints"
            )
        return name, bytes.fromhex(token.removeprefix(HASHED))
    if not plain:
        raise ConflictError(
            f"{where}: a file has hashes alone; `printf %s TOKEN | sha256sum`, then write {name}={HASHED}HEX there"
        )
    if len(token) < SHORTEST:
        raise ConflictError(
            f"{where}: a token has at least {SHORTEST} characters; make one with `openssl rand -hex 32`"
        )
    return name, sha256(token.encode()).digest()
