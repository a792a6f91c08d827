"""People, tokens and sessions as they are known, and the entries of the audit trail."""

from dataclasses import dataclass, field
from enum import StrEnum

from domain.readings import Millis


class Role(StrEnum):
    """What somebody is here for; what each may do stands in `services.people.policy`."""

    VIEWER = "viewer"  # 查看
    OPERATOR = "operator"  # 监督员、值班员
    DISPATCHER = "dispatcher"  # 派遣员
    CREW = "crew"  # 处置人员
    ADMIN = "admin"  # 管理员


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at the door, as far as it matters for what they may do. No zones: the whole coast. `name` is ""
    for whoever is on this machine where nobody has to say who they are.
    """

    name: str = ""
    role: Role = Role.ADMIN
    zones: frozenset[str] = frozenset()

    def sees(self, zone: str | None) -> bool:
        """Whether what is in that zone is theirs to see. What is in no zone is of the whole coast."""
        return not self.zones or zone in self.zones


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody with a password. `password` is its argon2 hash."""

    name: str
    role: Role
    zones: frozenset[str]
    password: str = field(repr=False)
    created: Millis
    disabled: bool = False

    @property
    def person(self) -> Person:
        """Who that is at the door."""
        return Person(self.name, self.role, self.zones)


@dataclass(frozen=True, slots=True)
class Token:
    """What a program shows. Without a role of its own it is the account's of that name, and may what the account may.
    `digest` is what is kept of it (`services.people.secret`).
    """

    id: str
    digest: str = field(repr=False)
    name: str
    role: Role | None
    zones: frozenset[str]
    created: Millis
    expires: Millis
    revoked: Millis | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that signed in: of an account, or of whoever's token was shown (`token` is its id)."""

    digest: str = field(repr=False)
    name: str
    token: str
    created: Millis
    expires: Millis
    address: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the audit trail: who did what to what, from where, how it was before and after, and what came of it."""

    at: Millis
    who: str
    address: str
    what: str
    about: str
    result: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Numbered:
    """An entry as it is kept."""

    number: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody who is known, at one version."""

    version: bytes = b""
    accounts: tuple[Account, ...] = ()
    tokens: tuple[Token, ...] = ()
    sessions: tuple[Session, ...] = ()
    generations: dict[str, int] = field(default_factory=dict)  # of each crew's links
