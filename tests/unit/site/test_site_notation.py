"""Chainage, hours and seasons as people write them, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.site import Hours
from services.site.notation import chainage, chainage_text, hours, hours_text, span, span_text

minutes = st.integers(0, 1439)
days = st.tuples(st.integers(1, 12), st.integers(1, 29))


@pytest.mark.parametrize(
    ("text", "metres"), [("K2+350", 2350), ("k0+000", 0), ("2350", 2350), ("K12+005.5", 12005.5), ("7.25", 7.25)]
)
def test_chainage_is_read_in_either_way(text: str, metres: float):
    assert chainage(text) == metres


@pytest.mark.parametrize("text", ["", "K2", "K2+35", "-5", "2,350", "two", "K2+350m"])
def test_other_chainage_is_refused(text: str):
    with pytest.raises(ValueError, match="chainage as"):
        chainage(text)


@given(st.integers(0, 99_999))
def test_chainage_goes_there_and_back(metres: float):
    assert chainage(chainage_text(metres)) == metres


def test_a_shift_may_end_on_the_next_day():
    assert span("21:30-05:30") == (1290, 1770)
    assert span("00:00-24:00") == (0, 1440)
    assert span("08:00-08:00") == (480, 1920)


@pytest.mark.parametrize("text", ["", "8-20", "08:60-09:00", "24:00-25:00", "08:00–20:00", "08:00-24:01"])
def test_other_spans_are_refused(text: str):
    with pytest.raises(ValueError, match="hours as"):
        span(text)


def test_hours_by_season_may_wrap_round_the_new_year():
    assert hours("04-01..10-31 05:00-23:00; 11-01..03-31 06:00-22:00") == (
        Hours((4, 1), (10, 31), 300, 1380),
        Hours((11, 1), (3, 31), 360, 1320),
    )
    assert hours("") == ()


@given(
    st.lists(
        st.builds(lambda a, b, c, d: Hours(a, b, *span(span_text(c, d))), days, days, minutes, minutes), max_size=3
    )
)
def test_hours_go_there_and_back(seasons: list[Hours]):
    assert hours(hours_text(tuple(seasons))) == tuple(seasons)
