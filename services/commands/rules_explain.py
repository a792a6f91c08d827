"""`tidewalk rules explain`: why an alarm is there, and why it is not."""

from pathlib import Path
from typing import Any, Final

import click

from domain.readings import Millis
from services import wiring
from services.commands.span import MOMENT
from services.explain.derivation import Edited
from services.explain.explaining import Answer, explained_from_state, explained_then
from services.explain.foremost import foremost
from services.explain.in_force import last_edits, rules_said, site_said
from services.explain.shown import answer_shown
from services.explain.subjects import meant
from services.explain.telling import Telling
from services.settings import Settings, settled

JSON_KEYS: Final = (
    "The line alone: place, at, looked_back_to, headline (en, zh), rules (each with rule, id, version, subject, "
    "standing, headline, gate, clauses, held, distrusted, alarm, params, next_look, level, levels, silence, group) and "
    "alarm (the one that was asked about, or null)."
)
EXAMPLES: Final = """\b
Examples:
  tidewalk rules explain bin-hand                        every rule that fits it
  tidewalk rules explain SN-E-0123                       by its 灯杆号
  tidewalk rules explain lamp-007 --rule lamp-out --lang zh
  tidewalk rules explain bin-hand --at 2026-10-01T16:20+08:00
  tidewalk rules explain SN-20261001-0007                the alarm of an order
"""


@click.command(epilog=EXAMPLES)
@click.argument("what", metavar="ALARM|ORDER|FACILITY|灯杆号")
@click.option("--rule", help="This rule alone, by name.")
@click.option("--at", type=MOMENT, help="As it was then: what was heard is derived anew up to there.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="State folder of the service.")
@click.option("--sql", metavar="URL", help="Database of alarms and orders, where it is not in the state folder.")
@click.option("--site", help="Site files, where the journal does not have them.")
@click.option("--rules", metavar="DIR", help="Rule files, where the journal does not have them.")
@click.option("--json", "as_json", is_flag=True, help=JSON_KEYS)
def explain(*, what: str, rule: str | None, at: Millis | None, lang: str, as_json: bool, **said: Any) -> None:
    """Say why an alarm is there, or why it is not: which clause, how far off, since when, and what comes next.

    One line first, then each rule that fits the place: every comparison with its value, what is not known, which timers
    run and when they fire, the surroundings, what holds it back, what would end an alarm, and the parameters as they
    are there. State and journal are only read; the service may be running.
    """
    settings = settled(**{name: value for name, value in said.items() if value is not None})
    books, journal = wiring.books_there(settings), wiring.open_journal(settings)
    try:
        edits = last_edits(journal, books)
        site = site_said(edits["site"]) if "site" in edits else wiring.site_of(settings)
        asked = meant(site, books, what)
        only = rule or (asked.alarm.rule if asked.alarm is not None else None)
        if at is not None:
            answer = explained_then(
                asked, journal, _present(settings, edits), at, rule=only, days=settings.retention_days
            )
        else:
            book = rules_said(edits["rules"]) if "rules" in edits else wiring.rules_of(settings)
            answer = explained_from_state(site, book, asked, books, journal, rule=only)
    finally:
        journal.close()
        books.close()
    if as_json:
        click.echo(answer_shown(answer).model_dump_json())
    else:
        _tell(answer, lang)


def _tell(answer: Answer, lang: str) -> None:
    telling = Telling(answer.site, answer.rules, answer.at, lang)
    place = answer.site.facilities.get(answer.meant.place)
    named = "" if place is None else f" {place.name.zh if lang == 'zh' else place.name.en}"
    first = foremost(answer.found)
    head = "" if first is None else f"{first.rule}: {telling.headline(first)}"
    click.echo(f"{answer.meant.place}{named}, {telling.moment(answer.at)}: {head}")
    if answer.meant.alarm is not None:
        click.echo("")
        for line in telling.evidence(answer.meant.alarm):
            click.echo(line)
    for one in answer.found:
        click.echo("")
        for line in telling.whole(one):
            click.echo(line)


def _present(settings: Settings, edits: dict[str, Edited]) -> list[Edited]:
    """What is in force now: for rows before which no row says what was."""
    if {"site", "rules"} <= edits.keys():
        return [edits["site"], edits["rules"]]
    found = wiring.editions_of(settings, wiring.site_of(settings), wiring.rules_of(settings))
    return [edits.get(one.what) or Edited(one.what, one.hash, one.text) for one in found]
