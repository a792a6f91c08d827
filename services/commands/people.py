"""`tidewalk user` and `tidewalk token`: who may use the service, kept in its database."""

import getpass
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from domain.errors import ConflictError
from domain.readings import Millis
from services import wiring
from services.clocks import WallClock
from services.commands.span import SPAN
from services.dispatch.when import rfc3339
from services.people.passwords import Passwords
from services.people.registry import DAY, Registry
from services.people.roles import Account, Role, Token
from services.settings import settled

USER_KEYS: Final = "Last, one line: name, role, zones (none: all), disabled, created, database."
USERS_KEYS: Final = "Last, one line: users (name, role, zones, disabled, created of each), database."
REVOKED_KEYS: Final = "Last, one line: name, tokens (how many were revoked), database."
MADE_KEYS: Final = "Last, one line: id, name, role, zones, created, expires, revoked, token (shown once), database."
TOKENS_KEYS: Final = "Last, one line: tokens (id, name, role, zones, created, expires, revoked of each), database."
GONE_KEYS: Final = "Last, one line: id, name, role, zones, created, expires, revoked, database."
ADDING: Final = """\b
Examples:
  tidewalk user add "Li Wei" --role admin
  tidewalk user add duty-west --role dispatcher --zone qingdaowan --zone huiquanwan
  pass show tidewalk/duty-west | tidewalk user passwd duty-west --stdin
  tidewalk user disable duty-west
"""
MAKING: Final = """\b
Examples:
  tidewalk token add prometheus --role viewer --for 365d
  tidewalk token add "Li Wei"                  may what the user Li Wei may
  tidewalk token revoke 3f9a01c2
"""
F = TypeVar("F", bound=Callable[..., Any])
_ROLES: Final = click.Choice([str(one) for one in Role])


def _where(function: F) -> F:
    for option in (
        click.option(
            "--sql", metavar="URL", help="Its database. Default: TIDEWALK_SQL, or SQLite in the state folder."
        ),
        click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="State folder of the service."),
    ):
        function = option(function)
    return function


@contextmanager
def _registry(state: Path | None, sql: str | None) -> Iterator[tuple[Registry, str]]:
    given = {"state": state, "sql": sql}
    settings = settled(**{name: value for name, value in given.items() if value is not None})
    database = wiring.books_named(settings)
    who = f"{getpass.getuser()}@{socket.gethostname()}"
    with wiring.people_of(settings) as store:
        yield Registry(store, wiring.key_of_service(settings), WallClock(), who, Passwords()), database


def _zones_there(zones: tuple[str, ...]) -> tuple[str, ...]:
    """Raises ConflictError where the site has no such zone: a limit that is misspelt shows nothing at all."""
    if zones:
        known = wiring.site_of(settled()).zones
        for zone in zones:
            if zone not in known:
                raise ConflictError(f"there is no zone {zone}: the site has {', '.join(sorted(known))}")
    return zones


def _password(name: str, *, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise ConflictError(
            "a password is typed at a terminal, or said with --stdin as the first line; never as a word"
        )
    return str(click.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True))


@click.group(epilog=ADDING)
def user() -> None:
    """People who sign in: each has a role, and zones where it is not the whole coast.

    They stand in the database of the service, which heeds a change within two seconds, running or not. As soon as there
    is somebody, nobody sees anything without signing in.
    """


@user.command("add")
@click.argument("name")
@click.option("--role", required=True, type=_ROLES, help="What they may do: docs/access.md.")
@click.option("--zone", "zones", multiple=True, help="Where; may be said again. None: the whole coast.")
@click.option("--stdin", "from_stdin", is_flag=True, help="The password is the first line of stdin.")
@_where
@click.option("--json", "as_json", is_flag=True, help=USER_KEYS)
def add_user(
    name: str,
    role: str,
    zones: tuple[str, ...],
    state: Path | None,
    sql: str | None,
    *,
    from_stdin: bool,
    as_json: bool,
) -> None:
    """Add somebody. The password is asked for, twice."""
    zones = _zones_there(zones)
    with _registry(state, sql) as (registry, database):
        account = registry.add_account(name, Role(role), zones, _password(name, from_stdin=from_stdin))
    _tell(_account(account), f"{name} may sign in as {role}, {_in(account.zones)}.", database, as_json=as_json)


@user.command("list")
@_where
@click.option("--json", "as_json", is_flag=True, help=USERS_KEYS)
def list_users(state: Path | None, sql: str | None, *, as_json: bool) -> None:
    """Show who there is."""
    with _registry(state, sql) as (registry, database):
        found = registry.accounts()
    for one in found:
        click.echo(f"{one.name:<24} {one.role:<11} {_in(one.zones)}{'  disabled' if one.disabled else ''}")
    words = f"{len(found)} users." if found else "Nobody yet: whoever is on this machine may do everything."
    _tell({"users": [_account(one) for one in found]}, words, database, as_json=as_json)


@user.command()
@click.argument("name")
@click.option("--stdin", "from_stdin", is_flag=True, help="The password is the first line of stdin.")
@_where
@click.option("--json", "as_json", is_flag=True, help=USER_KEYS)
def passwd(name: str, state: Path | None, sql: str | None, *, from_stdin: bool, as_json: bool) -> None:
    """Set another password. Whoever is signed in under that name is signed out."""
    with _registry(state, sql) as (registry, database):
        registry.account(name)
        account = registry.change_password(name, _password(name, from_stdin=from_stdin))
    _tell(_account(account), f"{name} has another password, and is signed out everywhere.", database, as_json=as_json)


@user.command()
@click.argument("name")
@click.option("--again", is_flag=True, help="Let them in again.")
@_where
@click.option("--json", "as_json", is_flag=True, help=USER_KEYS)
def disable(name: str, state: Path | None, sql: str | None, *, again: bool, as_json: bool) -> None:
    """Let somebody in no more: sessions end, tokens of that name are void. What they did stays in the trail."""
    with _registry(state, sql) as (registry, database):
        account = registry.disable(name, disabled=not again)
    words = f"{name} may sign in again." if again else f"{name} is disabled."
    _tell(_account(account), words, database, as_json=as_json)


@user.command("revoke")
@click.argument("name")
@_where
@click.option("--json", "as_json", is_flag=True, help=REVOKED_KEYS)
def revoke_user(name: str, state: Path | None, sql: str | None, *, as_json: bool) -> None:
    """Sign somebody out everywhere, and revoke their tokens. They may sign in again."""
    with _registry(state, sql) as (registry, database):
        revoked = registry.revoke_account(name)
    words = f"{name} is signed out everywhere; {revoked} tokens are void."
    _tell({"name": name, "tokens": revoked}, words, database, as_json=as_json)


@click.group(epilog=MAKING)
def token() -> None:
    """Tokens for programs: shown once, kept as hashes, good for a time, void when revoked."""


@token.command("add")
@click.argument("name")
@click.option("--role", type=_ROLES, help="What it may. Left out: what the user of that name may.")
@click.option("--zone", "zones", multiple=True, help="Where; may be said again. None: the whole coast.")
@click.option("--for", "lasts", type=SPAN, default="90d", show_default=True, help="How long it is good, such as 365d.")
@_where
@click.option("--json", "as_json", is_flag=True, help=MADE_KEYS)
def add_token(
    name: str,
    role: str | None,
    zones: tuple[str, ...],
    lasts: Millis,
    state: Path | None,
    sql: str | None,
    *,
    as_json: bool,
) -> None:
    """Make a token. It is shown once: Authorization: Bearer TOKEN."""
    zones = _zones_there(zones)
    with _registry(state, sql) as (registry, database):
        made, text = registry.add_token(name, None if role is None else Role(role), zones, lasts)
    if not as_json:
        click.echo(text)
    words = f"Token {made.id} of {name} is good for {lasts // DAY} days. It is not shown again."
    _tell({**_token(made), "token": text}, words, database, as_json=as_json)


@token.command("list")
@_where
@click.option("--json", "as_json", is_flag=True, help=TOKENS_KEYS)
def list_tokens(state: Path | None, sql: str | None, *, as_json: bool) -> None:
    """Show all tokens that were made, without the tokens themselves."""
    now = WallClock().now()
    with _registry(state, sql) as (registry, database):
        found = registry.tokens()
    for one in found:
        stands = "revoked" if one.revoked is not None else "expired" if one.expires <= now else rfc3339(one.expires)
        click.echo(f"{one.id}  {one.name:<24} {one.role or 'as the user':<11} {_in(one.zones)}  {stands}")
    _tell({"tokens": [_token(one) for one in found]}, f"{len(found)} tokens.", database, as_json=as_json)


@token.command("revoke")
@click.argument("given", metavar="ID")
@_where
@click.option("--json", "as_json", is_flag=True, help=GONE_KEYS)
def revoke_token(given: str, state: Path | None, sql: str | None, *, as_json: bool) -> None:
    """Make a token void, by its id."""
    with _registry(state, sql) as (registry, database):
        gone = registry.revoke_token(given)
    _tell(_token(gone), f"Token {gone.id} of {gone.name} is void.", database, as_json=as_json)


def _tell(told: dict[str, Any], words: str, database: str, *, as_json: bool) -> None:
    """Words go to stderr, with where that database is: a mistake in --state would else go unseen."""
    click.echo(f"{words} In {os.fspath(database)}", err=True)
    if as_json:
        click.echo(json.dumps({**told, "database": database}, ensure_ascii=False))


def _account(one: Account) -> dict[str, Any]:
    return {
        "name": one.name,
        "role": str(one.role),
        "zones": sorted(one.zones),
        "disabled": one.disabled,
        "created": rfc3339(one.created),
    }


def _token(one: Token) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "role": None if one.role is None else str(one.role),
        "zones": sorted(one.zones),
        "created": rfc3339(one.created),
        "expires": rfc3339(one.expires),
        "revoked": None if one.revoked is None else rfc3339(one.revoked),
    }


def _in(zones: frozenset[str]) -> str:
    return f"in {', '.join(sorted(zones))}" if zones else "on the whole coast"
