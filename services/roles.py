"""What a process does of the service: all of it, or some roles beside other processes on one state folder."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from domain.errors import ConflictError


class Role(StrEnum):
    """A part of the service that may be a process of its own."""

    DOOR = "door"  # hears the broker and writes the journal
    STORE = "store"  # readings to their store, what was refused to the quarantine
    JUDGE = "judge"  # rules, alarms, orders
    DISPATCH = "dispatch"  # messages to crews
    API = "api"  # HTTP


ALL: Final = frozenset(Role)


def roles_of(said: str) -> frozenset[Role]:
    """The roles of a list such as `door,judge`. Raises ConflictError."""
    names = [name.strip() for name in said.split(",") if name.strip()]
    if unknown := [name for name in names if name not in set(Role)]:
        raise ConflictError(f"--roles: there is no role {unknown[0]!r}; there are {', '.join(Role)}")
    if not names:
        raise ConflictError(f"--roles: name at least one of {', '.join(Role)}")
    return frozenset(map(Role, names))


def named(roles: Iterable[Role]) -> str:
    """The roles in their usual order."""
    there = set(roles)
    return ",".join(role for role in Role if role in there)
