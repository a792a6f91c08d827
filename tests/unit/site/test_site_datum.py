"""Chinese map datums: a facility must not stand in the next bay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.site.datum import to_gcj02, to_wgs84
from services.site.geometry import metres_between

ZHANQIAO = (36.0600, 120.3145)


def test_zhanqiao_in_gcj_02_is_450_metres_to_the_east():
    lat, lon = to_gcj02(ZHANQIAO)
    assert (round(lat, 4), round(lon, 4)) == (36.0602, 120.3195)
    assert 440 < metres_between(ZHANQIAO, (lat, lon)) < 470


@given(st.floats(20, 45), st.floats(80, 130))
def test_back_from_gcj_02_to_the_millimetre(lat: float, lon: float):
    assert metres_between(to_wgs84(to_gcj02((lat, lon)), "gcj02"), (lat, lon)) < 0.001


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
    ],
)
def test_it_agrees_with_what_others_get_at_three_places(wgs84: tuple[float, float], gcj02: tuple[float, float]):
    assert to_gcj02(wgs84) == pytest.approx(gcj02, abs=1e-7)


def test_bd_09_lies_further_still():
    told = (36.065977, 120.326099)
    assert metres_between(to_wgs84(told, "bd09"), ZHANQIAO) < 0.5


def test_wgs_84_is_left_alone_and_others_are_refused():
    assert to_wgs84(ZHANQIAO, "wgs84") == ZHANQIAO
    with pytest.raises(ValueError, match="no datum 'utm'"):
        to_wgs84(ZHANQIAO, "utm")
