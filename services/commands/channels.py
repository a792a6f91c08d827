"""`tidewalk channels`: how crews and parties are reached beside MQTT, and a test message to one of them."""

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import click

from domain.errors import NotFoundError, RejectedError, TidewalkError
from domain.site import Crew, Site
from services.dispatch.packing import Parcel
from services.dispatch.tongues import EN, ZH
from services.dispatch.when import local
from services.settings import Settings, settled

if TYPE_CHECKING:
    from services.contacts import Reached

LIST_KEYS: Final = "Last, one line: contacts (to, place, channel, address, ready, limit of each), simulated."
TEST_KEYS: Final = "Last, one line: to, place, channel, address, taken, why."
EXAMPLES: Final = """\b
Examples:
  tidewalk channels --site /etc/tidewalk/site list        everybody who can be reached, and what is missing
  tidewalk channels --site /etc/tidewalk/site test desk   a test message over the first contact of the duty desk
  tidewalk channels test light-office --place 1           over their second one
"""


@click.group(epilog=EXAMPLES)
@click.option("--site", help="Site whose contacts are meant: a folder, or a shipped sample.")
@click.pass_context
def channels(ctx: click.Context, site: str | None) -> None:
    """How people are reached beside MQTT: robots of group chats, e-mail, webhooks, apprise.

    Contacts stand in the site file with each crew and party; addresses and secrets in the environment, by the names
    that the site file gives (TIDEWALK_…). docs/channels.md says how each is set up.
    """
    ctx.obj = settled(**({"site": site} if site else {}))


@channels.command("list")
@click.option("--json", "as_json", is_flag=True, help=LIST_KEYS)
@click.pass_obj
def list_(settings: Settings, *, as_json: bool) -> None:
    """Show every contact in order, whether its address is set here, and its limit. Nothing is sent."""
    from services.contacts import reached
    from services.wiring import site_of

    site = site_of(settings)
    found = list(reached(settings, site, os.environ))
    if not found:
        click.echo("Nobody has contacts: crews hear of their orders over MQTT alone.")
    for one in found:
        mark = "✔" if not one.missing else "✘"
        told = f"  {one.missing}" if one.missing else ""
        click.echo(f"{mark} {one.to.id} {one.place}: {one.contact.channel} {one.contact.to} ({one.limit}){told}")
    if as_json:
        shown = [
            {
                "to": one.to.id,
                "place": one.place,
                "channel": one.contact.channel,
                "address": one.contact.to,
                "ready": not one.missing,
                "limit": one.limit,
            }
            for one in found
        ]
        click.echo(json.dumps({"contacts": shown, "simulated": site.simulated}, ensure_ascii=False))


@channels.command()
@click.argument("who", metavar="CREW_OR_PARTY")
@click.option("--place", default=0, type=click.IntRange(0), help="Which of their contacts, from 0.")
@click.option("--json", "as_json", is_flag=True, help=TEST_KEYS)
@click.pass_obj
def test(settings: Settings, who: str, place: int, *, as_json: bool) -> None:
    """Send a test message to one contact, marked as a test, and show what came of it. Exit code 1 where it was not
    taken. It counts for the channel's limit, of which a running service does not know.
    """
    from services.contacts import reached
    from services.wiring import site_of

    site = site_of(settings)
    mine = [one for one in reached(settings, site, os.environ) if one.to.id == who]
    if place >= len(mine):
        raise NotFoundError(f"{who} has {len(mine) or 'no'} contacts in the site; see tidewalk channels list")
    chosen = mine[place]
    why = ""
    try:
        if chosen.missing:
            raise RejectedError(chosen.missing)
        asyncio.run(_sent(settings, site, chosen))
    except TidewalkError as wrong:
        why = str(wrong)
    where = f"{chosen.contact.channel} {chosen.contact.to}"
    click.echo(f"✘ not taken by {where}: {why}" if why else f"✔ taken by {where}")
    if as_json:
        told = {"to": who, "place": place, "channel": chosen.contact.channel, "address": chosen.contact.to}
        click.echo(json.dumps({**told, "taken": not why, "why": why}, ensure_ascii=False))
    if why:
        sys.exit(1)


async def _sent(settings: Settings, site: Site, one: "Reached") -> None:
    from services.clocks import WallClock
    from services.wiring import sending

    clock = WallClock()
    tongue = EN if isinstance(one.to, Crew) and one.to.language == "en" else ZH
    at = f"{local(clock.now(), site.timezone):%H:%M:%S}"
    text = tongue.tried.format(who=tongue.name(one.to.name), channel=one.contact.channel, at=at)
    key = f"test:{uuid4().hex}"
    parcel = Parcel(key, one.contact.to, one.contact.secret, text, text, urgent=False, orders=())
    async with sending(settings, clock, os.environ) as known:
        await known[one.contact.channel].send(parcel)
