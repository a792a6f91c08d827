"""`tidewalk crew`: links to the page of a crew, given out and revoked."""

import getpass
import json
import os
import socket
import time
from pathlib import Path
from typing import Final

import click

from domain.errors import NotFoundError
from domain.readings import Millis
from services import wiring
from services.clocks import WallClock
from services.commands.span import SPAN
from services.crew.links import DAY, LONGEST, CrewLinks
from services.dispatch.when import rfc3339
from services.people.known import Known
from services.people.links import Links
from services.people.passwords import Passwords
from services.people.registry import Registry
from services.settings import Settings, settled

LINK_KEYS: Final = "Last, one line: crew, url, expires, database."
REVOKED_KEYS: Final = "Last, one line: crew, generation (of the links to come), database."
GIVING: Final = """\b
Examples:
  tidewalk crew link collect-w1                 opens for 30 days
  tidewalk crew link collect-w1 --for 12h       for a shift
  tidewalk crew revoke collect-w1               a phone was lost
"""


@click.group(epilog=GIVING)
def crew() -> None:
    """The page of a crew, on a phone: links to it.

    Whoever has a link answers for that crew, and sees its orders alone. Set TIDEWALK_PUBLIC_URL to where crews reach
    the service; messages then carry links too.
    """


def _settled(state: Path | None, sql: str | None, site: str | None) -> Settings:
    given = {"state": state, "sql": sql, "site": site}
    return settled(**{name: value for name, value in given.items() if value is not None})


def _known(settings: Settings, crew_id: str) -> None:
    crews = wiring.site_of(settings).crews
    if crew_id not in crews:
        raise NotFoundError(f"there is no crew {crew_id}: the site has {', '.join(sorted(crews))}")


_SQL = click.option("--sql", metavar="URL", help="Its database. Default: TIDEWALK_SQL, or SQLite in the state folder.")
_STATE = click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="State folder of the service.")
_SITE = click.option("--site", metavar="SITE", help="Folder of site files, or a shipped sample.")


@crew.command()
@click.argument("crew_id", metavar="CREW")
@click.option("--for", "lasts", type=SPAN, default="30d", show_default=True, help="How long it opens, such as 12h.")
@_SITE
@_STATE
@_SQL
@click.option("--json", "as_json", is_flag=True, help=LINK_KEYS)
def link(crew_id: str, lasts: Millis, site: str | None, state: Path | None, sql: str | None, *, as_json: bool) -> None:
    """Make a link to a crew's page, for its phone."""
    settings, wall = _settled(state, sql, site), WallClock()
    _known(settings, crew_id)
    with wiring.people_of(settings) as store:
        key = wiring.key_of_service(settings)
        known = Known(store, key, wall, time.monotonic)
        known.load()
        given = CrewLinks(Links(key, known.generation, wall.now), settings.crews_url(), wall).given(crew_id, lasts)
    database = wiring.books_named(settings)
    if not as_json:
        click.echo(given.url)
    if not settings.public_url:
        click.echo("TIDEWALK_PUBLIC_URL is not set: this opens on the service's own machine.", err=True)
    words = f"Whoever has it answers for {crew_id}, for {min(lasts, LONGEST) / DAY:.3g} days. In {os.fspath(database)}"
    click.echo(words, err=True)
    if as_json:
        told = {"crew": crew_id, "url": given.url, "expires": rfc3339(given.expires), "database": database}
        click.echo(json.dumps(told, ensure_ascii=False))


@crew.command()
@click.argument("crew_id", metavar="CREW")
@_SITE
@_STATE
@_SQL
@click.option("--json", "as_json", is_flag=True, help=REVOKED_KEYS)
def revoke(crew_id: str, site: str | None, state: Path | None, sql: str | None, *, as_json: bool) -> None:
    """Make every link of a crew void, also those in messages. The service heeds it within two seconds."""
    settings = _settled(state, sql, site)
    _known(settings, crew_id)
    database, who = wiring.books_named(settings), f"{getpass.getuser()}@{socket.gethostname()}"
    with wiring.people_of(settings) as store:
        registry = Registry(store, wiring.key_of_service(settings), WallClock(), who, Passwords())
        generation = registry.revoke_links(crew_id)
    click.echo(f"All links of {crew_id} are void. In {os.fspath(database)}", err=True)
    if as_json:
        told = {"crew": crew_id, "generation": generation, "database": database}
        click.echo(json.dumps(told, ensure_ascii=False))
