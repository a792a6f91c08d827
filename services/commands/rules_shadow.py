"""`tidewalk rules shadow`: what rules that run silently beside those in force have done otherwise."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from rules.book import RuleBook
from services import wiring
from services.dispatch.when import local, millis
from services.explain.in_force import last_edits, rules_said, site_said
from services.settings import Settings, settled
from services.shadow.report import reported

JSON_KEYS: Final = (
    "The line alone: since, until, shadow (their version), changed_rules, gone_rules, alarms (live, shadow), orders "
    "(live, shadow: by rule), difference (same, appeared, vanished, moved, minutes_earlier, by_rule, by_facility, "
    "one_by_one)."
)
EXAMPLES: Final = """\b
Examples:
  tidewalk serve --shadow my-rules/ …                    run them silently beside those in force
  tidewalk rules shadow report                           what they have done otherwise since then
"""


@click.group(epilog=EXAMPLES)
def shadow() -> None:
    """Rules that run silently beside those in force: the same rows, the same start, and nobody is sent.

    Name their folder to the service with --shadow or TIDEWALK_SHADOW. They begin with the state of the rules in force,
    so that whatever is different from then on is their doing; a restart takes them up where they were. Rules of another
    version begin anew.
    """


@shadow.command(epilog=EXAMPLES)
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="State folder of the service.")
@click.option("--sql", metavar="URL", help="Database of alarms and orders, where it is not in the state folder.")
@click.option("--shadow", metavar="FOLDER", help="The shadow rules. Default: TIDEWALK_SHADOW.")
@click.option("--json", "as_json", is_flag=True, help=JSON_KEYS)
def report(*, as_json: bool, **said: Any) -> None:
    """Say which alarms and orders the shadow rules would have had, and what of that is different.

    The service may be running. Compared is up to the moment that both have judged.
    """
    settings = settled(**{name: value for name, value in said.items() if value is not None})
    tried = wiring.shadow_rules_of(settings)
    books, journal, theirs = wiring.books_there(settings), wiring.open_journal(settings), wiring.shadow_there(settings)
    try:
        edits = last_edits(journal, books)
        line = reported(books, theirs, _in_force(settings, edits), tried)
        zone = (site_said(edits["site"]) if "site" in edits else wiring.site_of(settings)).timezone
    finally:
        for one in (books, journal, theirs):
            one.close()
    if as_json:
        click.echo(json.dumps(line, ensure_ascii=False))
    else:
        _tell(line, zone)


def _in_force(settings: Settings, edits: dict[str, Any]) -> dict[str, str]:
    book: RuleBook = rules_said(edits["rules"]) if "rules" in edits else wiring.rules_of(settings)
    return {name: rule.version for name, rule in book.rules.items()}


def _tell(line: dict[str, Any], zone: str) -> None:
    def at(told: str) -> str:
        return f"{local(millis(datetime.fromisoformat(told)), zone):%Y-%m-%d %H:%M:%S}"

    found, live, tried = line["difference"], line["orders"]["live"], line["orders"]["shadow"]
    begun = at(line["since"]) if line["since"] else "the start"
    click.echo(f"shadow rules {line['shadow']}, from {begun} to {at(line['until'])}")
    click.echo(f"  other rules   {', '.join(line['changed_rules']) or 'none'}")
    if line["gone_rules"]:
        click.echo(f"  left out      {', '.join(line['gone_rules'])}")
    click.echo(f"  alarms        {line['alarms']['live']} in force, {line['alarms']['shadow']} in the shadow")
    click.echo(f"  orders        {sum(live.values())} in force, {sum(tried.values())} in the shadow")
    click.echo(
        f"  of the alarms {found['same']} the same, {found['appeared']} more, {found['vanished']} fewer, "
        f"{found['moved']} at another time"
    )
    for one in found["one_by_one"]:
        until = f" – {at(one['until'])}" if one["until"] else ""
        click.echo(f"    {one['what']:9} {one['rule']:16} {one['facility']:20} {at(one['opened'])}{until}")
