"""No question of a dashboard takes more than a second over thirty days at five thousand facilities."""

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from domain.series import DAY
from domain.site import Site
from services.site import find, load
from tests.contracts.test_dashboard_queries import BUCKET, QUESTIONS, answer, answered
from tests.machines.influx import InfluxMachine, forget_bucket, named_2x
from tests.machines.needed import needed
from tests.machines.staged_coast import Coast, write_coast
from tests.machines.staged_week import UNTIL, into_1x, into_2x

pytestmark = [pytest.mark.machine, pytest.mark.soak]

FACILITIES, DAYS = 5_000, 30
MOST_S = 1.0
# Each field is a column of its own to InfluxDB: those that nobody asks for cost a question nothing.
ASKED = {
    level: frozenset(
        name for one in QUESTIONS if one.source == f"tidewalk-{level}" for name in re.findall(r'"(\w+)"', one.query)
    )
    for level in ("5m", "1h")
}


def crowded(site: Site, many: int) -> Site:
    """The site with its facilities repeated until there are so many."""
    ones = list(site.facilities.values())
    told = {}
    for n in range(many):
        one = ones[n % len(ones)]
        told[f"{one.id}-{n // len(ones)}"] = replace(one, id=f"{one.id}-{n // len(ones)}")
    return replace(site, facilities=told)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a store that holds it: the 2.x that the environment names, else a 1.x."""
    coast = Coast(crowded(load(find("shinan")).site, FACILITIES), UNTIL)
    if named := named_2x():
        made: dict[str, str] = {}
        try:
            write_coast(into_2x(**named, made=made), BUCKET, coast, days=DAYS, hours_fine=6, asked=ASKED)
            yield named["url"]
        finally:
            for bucket in made:
                asyncio.run(forget_bucket(named["url"], named["token"], named["org"], bucket))
        return
    folder = tmp_path_factory.mktemp("month")
    machine = InfluxMachine(needed("influxd", "apt-get install influxdb"), folder)
    settings = folder / "influxdb.conf"  # one for small tests, which would compact all day
    settings.write_text(settings.read_text().replace('memory-size = "4m"', 'memory-size = "64m"'))
    machine.start()
    try:
        write_coast(into_1x(machine.url), BUCKET, coast, days=DAYS, hours_fine=6, asked=ASKED)
        yield machine.url
    finally:
        machine.stop()


def test_every_question_is_answered_within_a_second(month: str):
    slow, took = [], []
    asked = {one.query: one for one in QUESTIONS if "/en/" in one.place or "alert" in one.place}
    for one in asked.values():
        seconds = []
        chosen = {"facility": "bin-001-0"} if "facility.json" in one.place else {}
        for _ in range(2):
            answered.cache_clear()  # each time is a time of the engine
            began = time.monotonic()
            answer(month, one, UNTIL - DAYS * DAY, UNTIL, **chosen)
            seconds.append(time.monotonic() - began)
        took.append((min(seconds), one.place))
        if min(seconds) > MOST_S:
            slow.append((round(min(seconds), 2), one.place, one.query))
    print(f"{len(took)} questions; slowest: {sorted(took)[-5:]}")
    assert not slow, slow
