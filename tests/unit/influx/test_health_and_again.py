"""Ways to crews, clocks, what service levels are measured by; and alarms and orders written again."""

from dataclasses import replace
from pathlib import Path

import pytest

from domain.errors import UnavailableError
from rules.book import LIBRARY, load_rules, rule_files
from services.influx.kpis import Bounds, bounds_of
from services.influx.retelling import Retelling
from tests.unit.dispatch.coast import MINUTE, RULES, T0
from tests.unit.influx.test_chronicle import BEATS, HOUR, SITE, Books, Hands, Pages, an_hour, chronicle, pulse, written


@pytest.mark.asyncio
async def test_every_way_to_crews_has_its_point_and_is_down_where_a_contact_takes_nothing():
    pages = Pages()
    down = {"wecom group-1": (T0 - MINUTE, "errcode 93000"), "smtp duty": (T0 - HOUR, "no route")}
    await chronicle(Books(an_hour()), pages, Hands(T0)).beat(RULES, replace(pulse(), down=down))
    assert {one.tags["channel"]: one.fields for one in pages.of("channel")} == {
        "mqtt": {"pending": 1, "sent": 4, "dead": 0, "up": True, "waiting_for": ""},
        "smtp": {"pending": 0, "sent": 0, "dead": 0, "up": False, "waiting_for": "no route"},
        "wecom": {"pending": 2, "sent": 9, "dead": 0, "up": False, "waiting_for": "errcode 93000"},
    }
    (health,) = pages.of("ingest")
    assert (health.fields["outbox_pending"], health.fields["outbox_sent"]) == (3, 13)


@pytest.mark.asyncio
async def test_time_that_is_made_up_is_compared_with_nobody_s_clock():
    for stepping in (False, True):
        pages = Pages()
        await chronicle(Books(an_hour()), pages, Hands(T0)).beat(RULES, replace(pulse(), stepping=stepping))
        assert ("clock_skew_s" in pages.of("ingest")[0].fields) is not stepping


@pytest.mark.asyncio
@pytest.mark.parametrize("dies_at", [0, 1, 2])
async def test_alarms_and_orders_are_written_again_as_they_were_wherever_it_is_killed(dies_at: int):
    play = an_hour()
    before = await written(play, *BEATS)
    books, pages = Books(play), Pages()
    pages.dies_at = dies_at
    left = True
    while left:
        try:
            left = await Retelling(SITE, books, pages, RULES).beat() > 0
        except UnavailableError:
            continue
    assert [pages.of(one) for one in ("alarm", "order")] == [before.of(one) for one in ("alarm", "order")]
    assert {event.series for event in pages.kept.values()} == {"alarm", "order"}


def test_what_counts_as_full_and_as_lit_is_what_the_rules_say(tmp_path: Path):
    edits = {"bin-full.yaml": (">= 95", ">= 88"), "lamp-out.yaml": ("0.1 *", "0.2 *")}
    for file in rule_files(LIBRARY):
        text = file.read_text("utf-8").replace(*edits.get(file.name, ("", "")))
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    assert bounds_of({}) == Bounds(95.0, 0.1)
    assert bounds_of(load_rules(tmp_path).rules) == Bounds(88.0, 0.2)
