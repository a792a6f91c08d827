"""Which node and which process it is: the lease of who leads, and the roles of a state folder."""

import asyncio
import fcntl
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from domain.errors import ConflictError, NotFoundError, UnavailableError
from domain.readings import Millis
from domain.site import Site
from services.leading import Leader, Leading
from services.roles import ALL, Role
from services.settings import Settings
from services.storage.engines import parsed_url
from services.storage.lease import SqlLease, clock_of, leader_of
from services.storage.lease import there as has_lease
from services.storage.led import journal_of
from services.storage.schema import upgrade

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Led:
    """What a node that leads holds."""

    lease: SqlLease
    leading: Leading


@asynccontextmanager
async def leading(
    settings: Settings, site: Site, roles: frozenset[Role], waits: Callable[[str], None]
) -> AsyncIterator[Led | None]:
    """Lead while this lasts: begins once no other node does, and `waits` is told why not yet. None with SQLite, whose
    file is that of one machine: there a lock on the folder keeps others out. Raises ConflictError.
    """
    url = settings.sql_url()
    if parsed_url(url).get_backend_name() == "sqlite":
        yield None
        return
    await _lease_there(url, waits)
    node, known_as = node_of(settings)
    shares = roles != ALL
    lease = SqlLease(url, site=site.id, node=node, known_as=known_as, span_s=settings.lease_s, shares=shares)
    led = Led(lease, Leading(lease, settings.lease_s, time.monotonic))
    try:
        await led.leading.won(waits)
        yield led
    finally:
        await led.leading.leave()
        lease.close()


async def _lease_there(url: str, waits: Callable[[str], None]) -> None:
    """Have the table of leases. A database that has one is left as it is: whoever leads may be of an older version."""
    while True:
        try:
            if not await asyncio.to_thread(has_lease, url):
                await asyncio.to_thread(upgrade, url)
        except UnavailableError as away:
            waits(f"stands by: {away}")
            await asyncio.sleep(1.0)
        else:
            return


def node_of(settings: Settings) -> tuple[str, str]:
    """Our machine with its state folder: for programs, where a copy of the folder is another one, and for people."""
    try:
        settings.state.mkdir(mode=0o750, parents=True, exist_ok=True)
        folder = settings.state.resolve()
        there = folder.stat()
    except OSError as refused:
        raise ConflictError(f"the state folder {settings.state} cannot be used: {refused.strerror}") from refused
    host = socket.gethostname()
    return f"{host}:{folder}:{there.st_dev}:{there.st_ino}", settings.node or f"{host} ({folder})"


def leader_there(settings: Settings) -> Leader | None:
    """Who leads, or led last; None with SQLite, or where nobody ever has. Raises NotFoundError where the database has
    no table of leases, UnavailableError.
    """
    url = settings.sql_url()
    if parsed_url(url).get_backend_name() == "sqlite":
        return None
    if not has_lease(url):
        raise NotFoundError("the database knows no leases yet")
    return leader_of(url)


def clock_of_books(settings: Settings) -> Millis:
    """What time a PostgreSQL has. Raises UnavailableError."""
    return clock_of(settings.sql_url())


def begin_run(state: Path, led: Led) -> None:
    """Put the journal of an earlier lead aside where another node has led since. Blocking."""
    aside = journal_of(state, led.leading.leader.run)
    if aside is not None:
        _log.warning(
            "another node has led since this one did: its journal of then is put aside; what was not judged then is in"
            " it alone",
            extra={"file": str(aside)},
        )


def alone_as_store(settings: Settings) -> ExitStack:
    """Hold the role that keeps readings, until it is closed. Raises ConflictError where a service has it."""
    return alone(settings.state, frozenset({Role.STORE}))


def alone(state: Path, roles: frozenset[Role]) -> ExitStack:
    """Hold these roles of the state folder for this process, until it is closed. Raises ConflictError."""
    with ExitStack() as held:
        try:
            state.mkdir(mode=0o750, parents=True, exist_ok=True)
            files = {role: held.enter_context((state / f"in-use.{role}").open("a")) for role in Role if role in roles}
        except OSError as refused:
            raise ConflictError(f"the state folder {state} cannot be written: {refused.strerror}") from refused
        for role, file in files.items():
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as taken:
                whose = "another service runs" if roles == ALL else f"another process has the role {role}"
                raise ConflictError(f"{whose} on {state}; stop it, or name another folder with --state") from taken
        return held.pop_all()
