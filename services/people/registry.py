"""Changing who is known: accounts, tokens and links, each with its line in the trail. Blocking."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from re import compile as pattern
from secrets import token_hex
from typing import Final

from domain.errors import ConflictError, NotFoundError
from domain.ports import Clock
from domain.readings import Millis
from services.dispatch.when import rfc3339
from services.people import secret
from services.people.passwords import Passwords
from services.people.ports import Kept
from services.people.roles import Account, Entry, Role, Token
from services.people.secret import Key

NAME: Final = pattern(r"[^\x00-\x1f\x7f-\x9f=,#]{1,64}")
DAY: Final[Millis] = 86_400_000
_WORDED: Final = "a name has 1 to 64 characters, none of them = , # or a control character"


@dataclass(frozen=True, slots=True)
class Registry:
    """What an administrator does on the service's machine. `by` is who that is there."""

    kept: Kept
    key: Key
    wall: Clock
    by: str
    passwords: Passwords

    def accounts(self) -> tuple[Account, ...]:
        """Everybody with a password, by name."""
        return tuple(sorted(self.kept.roster(self.wall.now()).accounts, key=lambda one: one.name))

    def tokens(self) -> tuple[Token, ...]:
        """All tokens that were ever made, the oldest first."""
        return tuple(sorted(self.kept.roster(self.wall.now()).tokens, key=lambda one: (one.created, one.id)))

    def add_account(self, name: str, role: Role, zones: Collection[str], password: str) -> Account:
        """Raises ConflictError where there is one of that name, or the password is too easy to guess."""
        _named(name)
        if any(one.name == name for one in self.accounts()):
            raise ConflictError(f"there is a user {name} already: tidewalk user passwd sets another password")
        if any(one.name == name and one.role is not None for one in self.tokens()):
            raise ConflictError(
                f"a token is called {name}: in the trail nobody could tell them apart; say another name"
            )
        hashed = self.passwords.hashed(password, name)
        account = Account(name, role, frozenset(zones), hashed, self.wall.now())
        self.kept.put_account(account, self._entry("user add", name, "", _told(account)), ends_sessions=False)
        return account

    def change_password(self, name: str, password: str) -> Account:
        """Sessions end. Raises NotFoundError, ConflictError."""
        before = self.account(name)
        after = replace(before, password=self.passwords.hashed(password, name))
        entry = self._entry("user passwd", name, _told(before), f"{_told(after)}, another password")
        self.kept.put_account(after, entry, ends_sessions=True)
        return after

    def disable(self, name: str, *, disabled: bool = True) -> Account:
        """They can sign in no more, and their sessions and tokens are void; or again. Raises NotFoundError."""
        before = self.account(name)
        after = replace(before, disabled=disabled)
        what = "user disable" if disabled else "user enable"
        self.kept.put_account(after, self._entry(what, name, _told(before), _told(after)), ends_sessions=True)
        return after

    def revoke_account(self, name: str) -> int:
        """Their sessions end and their tokens are void; they may sign in again. How many tokens. NotFoundError."""
        account = self.account(name)
        entry = self._entry("user revoke", name, _told(account), f"{_told(account)}, sessions ended")
        self.kept.put_account(account, entry, ends_sessions=True)
        live = [one for one in self.tokens() if one.name == name and one.revoked is None]
        for one in live:
            self.revoke_token(one.id)
        return len(live)

    def add_token(self, name: str, role: Role | None, zones: Collection[str], lasts: Millis) -> tuple[Token, str]:
        """A token and its text, which is shown once. Without a role it is a user's, and may what they may. Raises
        ConflictError.
        """
        _named(name)
        known = any(one.name == name for one in self.accounts())
        if known and (role is not None or zones):
            raise ConflictError(f"{name} is a user, and their token may what they may: leave role and zones out")
        if not known and role is None:
            raise ConflictError(f"there is no user {name}: say with --role what the token may")
        text, now = secret.fresh(), self.wall.now()
        token = Token(token_hex(4), self.key.digest(text), name, role, frozenset(zones), now, now + lasts)
        self.kept.put_token(token, self._entry("token add", f"{token.id} {name}", "", _token_told(token)))
        return token, text

    def revoke_token(self, given: str) -> Token:
        """By its id. Raises NotFoundError."""
        before = next((one for one in self.tokens() if one.id == given), None)
        if before is None:
            raise NotFoundError(f"there is no token {given}: tidewalk token list shows their ids")
        if before.revoked is not None:
            return before
        after = replace(before, revoked=self.wall.now())
        entry = self._entry("token revoke", f"{given} {before.name}", _token_told(before), "revoked")
        self.kept.put_token(after, entry)
        return after

    def revoke_links(self, crew: str) -> int:
        """All links of a crew are void; the generation of those to come."""
        return self.kept.raise_generation(crew, self._entry("links revoke", crew, "", "void"))

    def account(self, name: str) -> Account:
        """Raises NotFoundError."""
        found = next((one for one in self.accounts() if one.name == name), None)
        if found is None:
            raise NotFoundError(f"there is no user {name}: tidewalk user list shows who there is")
        return found

    def _entry(self, what: str, about: str, before: str, after: str) -> Entry:
        return Entry(self.wall.now(), self.by, "command", what, about, "done", before, after)


def _named(name: str) -> None:
    if not NAME.fullmatch(name) or name != name.strip():
        raise ConflictError(_WORDED)


def _told(account: Account) -> str:
    return f"{account.role}, {_zones(account.zones)}{', disabled' if account.disabled else ''}"


def _token_told(token: Token) -> str:
    return f"{token.role or 'as the user'}, {_zones(token.zones)}, until {rfc3339(token.expires)}"


def _zones(zones: Collection[str]) -> str:
    return ", ".join(sorted(zones)) or "all zones"
