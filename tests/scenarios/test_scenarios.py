"""Every timeline of tests/scenarios/timelines, through the real simulators and the real service, in virtual time."""

from functools import cache
from pathlib import Path

import pytest

from domain.site import Site
from rules.book import shipped
from services.site import find, load_site
from tests.scenarios.house import House
from tests.scenarios.outcome import Book, differences, stale
from tests.scenarios.reading import read
from tests.scenarios.script import Story

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
TIMELINES = sorted((Path(__file__).parent / "timelines").glob("S*.yaml"))


@cache
def coast() -> Site:
    return load_site(find("shinan"))


@cache
def book() -> Book:
    return Book({rule.id: name for name, rule in shipped().rules.items()})


def _cases() -> list[object]:
    slow = [pytest.mark.soak]
    return [pytest.param(f, id=f.stem, marks=slow if "\nsoak: true" in f.read_text() else []) for f in TIMELINES]


@pytest.mark.parametrize("file", _cases())
@pytest.mark.asyncio
async def test_what_the_scenario_expects_happens_and_nothing_else(file: Path, tmp_path: Path):
    scenario = read(file, coast())
    ending = await House(scenario, tmp_path / "state").play()
    wrong = differences(scenario.story, ending, book())
    assert not wrong, f"{scenario.story.title}:\n" + "\n".join(wrong)


@pytest.mark.parametrize("file", TIMELINES, ids=lambda file: file.stem)
def test_no_scenario_waits_for_a_rule_that_is_there(file: Path):
    assert not stale(read(file, coast()).story, book()), "take it off `needs`, and see that the scenario holds"


def test_every_scenario_of_the_domain_is_there():
    ids = [read(file, coast()).story.id for file in TIMELINES]
    assert ids == [file.stem.partition("-")[0] for file in TIMELINES]
    assert {f"S{n:02}" for n in range(1, 17)} <= set(ids)


def listed(story: Story) -> str:
    """The scenario's line on the page about rules."""
    waits = "; ".join(story.waits)
    return f"| {story.id} | {story.title} | {story.shows} | {waits + ' ' if waits else ''}|"


@pytest.mark.parametrize("file", TIMELINES, ids=lambda file: file.stem)
def test_the_page_lists_the_scenario_and_what_it_waits_for(file: Path):
    assert listed(read(file, coast()).story) in PAGE.read_text("utf-8").splitlines()
