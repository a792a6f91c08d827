"""What a map draws beneath the facilities."""

from pathlib import Path

import pytest

from domain.errors import FaultyFileError
from domain.naming import Kind
from services.site import load, sample
from services.site.scenery import SCENERY_FILE, Scenery, load_scenery


def test_a_site_without_scenery_has_none(tmp_path: Path):
    assert load_scenery(tmp_path) == Scenery()


@pytest.mark.parametrize(
    "text", ["land: [", "lands: []", "land: [[[36, 120], [37, 121]]]", "land: [[[1000, 1], [1, 1], [1, 2]]]"]
)
def test_what_cannot_be_drawn_is_said_with_its_file(tmp_path: Path, text: str):
    (tmp_path / SCENERY_FILE).write_text(text)
    with pytest.raises(FaultyFileError, match=SCENERY_FILE):
        load_scenery(tmp_path)


def test_the_sample_stands_on_its_land_but_for_what_stands_on_piers():
    scenery, site = load_scenery(sample()), load(sample()).site
    piers = {key for key in site.sections if key in ("zhanqiao-pier", "xiaoqingdao-causeway", "lovers-dam")}
    wet = [
        one.id
        for one in site.facilities.values()
        if not any(_inside(one.position, area) for area in scenery.land) and one.section not in piers
    ]
    assert wet == []
    assert scenery.waters
    assert any(one.kind is Kind.BIN for one in site.facilities.values())


def _inside(point: tuple[float, float], area: tuple[tuple[float, float], ...]) -> bool:
    lat, lon = point
    found = False
    for (alat, alon), (blat, blon) in zip(area, (*area[1:], area[0]), strict=True):
        if (alat > lat) != (blat > lat) and lon < (blon - alon) * (lat - alat) / (blat - alat) + alon:
            found = not found
    return found
