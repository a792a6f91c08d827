"""`tidewalk drill`: a scenario over the zones and crews of a site, marked 【演练】, and a score for each crew."""

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from domain.readings import Millis
from services import loops
from services.clocks import WallClock
from services.commands.span import MOMENT, SPAN
from services.drill.scenarios import named, shipped

if TYPE_CHECKING:  # what a service needs is loaded where one runs: a list is quick
    from domain.site import Site
    from services.drill.playing import Came

PLAYED, PEOPLE = "played", "people"
RUN_KEYS: Final = (
    "Last, one line: scenario, site, from, until, crews, published, alarms, orders, endings, score (of each crew), all "
    "(of them together), report."
)
_WIDE: Final = 140  # columns, so that no cell is cut
EXAMPLES = """\b
Examples:
  tidewalk drill list
  tidewalk drill run feeder-trip                          in seconds, crews played, and a score
  tidewalk drill run typhoon-tide --site /etc/tidewalk/site --speed 10
  tidewalk drill run my-scenario.yaml --crews people      by the clock; crews answer on their page
"""


@click.group(epilog=EXAMPLES)
def drill() -> None:
    """Drills (演练): a scenario over a site's zones, crews, clocks and contacts, and how each crew did.

    All readings are made up. State and broker are the drill's own: a service that runs beside it hears nothing of it.
    Every message says 【演练】, and reaches nobody in the real world unless that is asked for.
    """


@drill.command("list")
@click.option(
    "--json", "as_json", is_flag=True, help="Last, one line: scenarios (name, title, shows, starts, lasts_minutes)."
)
def list_scenarios(*, as_json: bool) -> None:
    """The scenarios that come with Tidewalk.

    A file of your own is one as well: copy one of these, and change it. docs/drills.md says what may stand in it.
    """
    found = [
        {
            "name": one.name,
            "title": {"en": one.title.en, "zh": one.title.zh},
            "shows": one.shows,
            "starts": f"{one.starts // 60:02d}:{one.starts % 60:02d}",
            "lasts_minutes": one.lasts // 60_000,
        }
        for one in shipped().values()
    ]
    if as_json:
        click.echo(json.dumps({"scenarios": found}, ensure_ascii=False))
        return
    for one in shipped().values():
        hours = f"{one.starts // 60:02d}:{one.starts % 60:02d}, {one.lasts / 3_600_000:g} h"
        click.echo(f"{one.name:<14} {one.title.zh} {one.title.en} ({hours}): {one.shows}")


@drill.command("run", epilog=EXAMPLES)
@click.argument("name", metavar="NAME|FILE")
@click.option("--site", "place", help="Folder of site files, or a shipped sample. Default: TIDEWALK_SITE, or shinan.")
@click.option("--crews", type=click.Choice([PLAYED, PEOPLE]), default=PLAYED, show_default=True)
@click.option("--virtual", is_flag=True, help="As fast as it is judged (default where crews are played).")
@click.option("--speed", type=click.FloatRange(min=0.1, max=600), help="So many times as fast as the clock.")
@click.option("--from", "since", type=MOMENT, help="When it begins. Default: the scenario's hour; people: now.")
@click.option("--for", "span", type=SPAN, help="How long it lasts. Default: as the scenario says.")
@click.option("--seed", default=7, show_default=True, help="The same seed, site and start break the same things.")
@click.option("--for-real-contacts", "for_real", is_flag=True, help="Messages go to people's real contacts, marked.")
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="Folder for state and report; empty.")
@click.option("--json", "as_json", is_flag=True, help=RUN_KEYS)
def run(
    *,
    name: str,
    place: str | None,
    crews: str,
    virtual: bool,
    speed: float | None,
    since: Millis | None,
    span: Millis | None,
    seed: int,
    for_real: bool,
    state: Path | None,
    as_json: bool,
) -> None:
    """Play a scenario, and tell how each crew did: accepted, arrived and done in time, escalations, returns, reworks.

    The report is kept in the state folder. With --crews people nobody is played: they answer on their crew page, or
    over MQTT, and what they say is done is mended on the make-believe coast.
    """
    from services.drill import place as places
    from services.drill import running
    from services.drill.playing import Wish
    from services.settings import settled
    from services.site import find, load_site

    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    people = crews == PEOPLE
    if virtual and (people or speed is not None):
        raise click.UsageError("--virtual goes without --speed, and with crews that are played: people need the clock")
    if people and (since is not None or speed is not None):
        raise click.UsageError("--crews people goes by the clock: now, and as fast as it runs")
    wall = WallClock()
    scenario, place = named(name), place or settled().site
    life = load_site(find(place))
    places.fits(scenario, life)
    now = wall.now()
    start = now if people else scenario.begins(now, life.timezone) if since is None else since
    wish = Wish(scenario, start, start + (span or scenario.lasts), seed, crews, 1.0 if people else speed, for_real)
    folder = state or places.folder_for(scenario, now, life.timezone)
    places.made_in(folder)
    came, site, kept = loops.run(running.run(folder, place, wish, wall, lambda said: click.echo(said, err=True)))
    _tell(came, site, kept, as_json=as_json)


def _tell(came: "Came", site: "Site", kept: Path, *, as_json: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    from services.drill import report

    if as_json:
        click.echo(json.dumps(report.line(came, site, str(kept)), ensure_ascii=False))
        return
    head, *body = report.rows(came.score)
    table = Table(*head, box=None, padding=(0, 2, 0, 0))
    for row in body:
        table.add_row(*row)
    click.echo(f"【演练】{came.wish.scenario.title.zh} {came.wish.scenario.title.en}, {site.name.zh} {site.name.en}")
    Console(width=max(Console().width, _WIDE)).print(table)
    click.echo(f"alarms: {came.alarms}, orders: {len(came.orders)}. The report: {kept}")
