"""What windows come to, by hand."""

import pytest

from domain.naming import Kind
from rules.core.expression import condition
from rules.core.names import ExpressionError
from rules.core.state import Sample
from rules.core.windows import aggregate, counted

HOUR = 3_600_000


def samples(quantity: str, *said: tuple[int, float | bool], device: str = "a") -> list[Sample]:
    return [Sample(minute * 60_000, device, {quantity: value}) for minute, value in said]


SAID = samples("fill_level", (0, 10.0), (10, 20.0), (20, 60.0), (30, 40.0))


@pytest.mark.parametrize(
    ("function", "comes_to"),
    [
        ("mean", 40.0),
        ("median", 40.0),
        ("min", 20.0),
        ("max", 60.0),
        ("sum", 120.0),
        ("count", 3.0),
        ("last", 40.0),
        ("delta", 20.0),
        ("rate", 60.0),  # 20 points in 20 minutes
    ],
)
def test_a_window_begins_just_after_its_span_and_ends_with_the_reading(function: str, comes_to: float):
    assert aggregate(function, "fill_level", SAID, 0, 30 * 60_000) == pytest.approx(comes_to)


@pytest.mark.parametrize("function", ["mean", "sum", "count", "last", "delta", "rate"])
def test_where_nothing_was_measured_a_window_is_unknown(function: str):
    assert aggregate(function, "fill_level", SAID, 40 * 60_000, 50 * 60_000) is None


def test_one_reading_shows_no_growth():
    assert aggregate("delta", "fill_level", SAID[:1], -1, 10) is None
    assert aggregate("rate", "fill_level", SAID[:1], -1, 10) is None


def test_two_counters_are_counted_each_and_added_up():
    one = samples("people_in", (0, 100.0), (60, 160.0))
    other = samples("people_in", (30, 900.0), (60, 930.0), device="b")
    both = sorted([*one, *other], key=lambda s: (s.at, s.device))
    assert aggregate("delta", "people_in", both, -1, HOUR) == 90.0
    assert aggregate("rate", "people_in", both, -1, HOUR) == 60.0 + 60.0


@pytest.mark.parametrize(
    ("before", "now", "comes_to"),
    [
        (10.0, 15.0, 5.0),
        (730.0, 4.0, 4.0),  # midnight, or a new meter
        (65_530.0, 10.0, 16.0),  # a register of 16 bits
        (4_294_967_290.0, 6.0, 12.0),
        (9_990.0, 15.0, 25.0),
        (99_980.0, 20.0, 40.0),
        (5_000.0, 10.0, 10.0),  # in the middle of any register: set back
        (9_990.0, 5_000.0, 5_000.0),  # rolled over, it would show little
    ],
)
def test_a_counter_that_became_less_was_set_back_or_has_rolled_over(before: float, now: float, comes_to: float):
    assert counted(before, now) == comes_to


def test_a_level_may_fall_and_is_not_a_counter():
    assert aggregate("delta", "fill_level", samples("fill_level", (0, 90.0), (5, 5.0)), -1, HOUR) == -85.0


def test_flags_are_counted_where_they_are_true():
    assert aggregate("count", "tipped", samples("tipped", (0, True), (1, False), (2, True)), -1, HOUR) == 2.0
    assert condition("count(tipped, hours=1) >= 2", Kind.BIN).windows


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("rate(fill_level, hours=1) > fill_level", "mixes %/h with %"),
        ("count(fill_level, hours=1) > fill_level", "mixes a count with %"),
        ("sum(fill_level, hours=1) > bin_temperature", "mixes % with Cel"),
        ("delta(tipped, hours=1) > 1", "tipped is no measured number"),
    ],
)
def test_units_of_windows_are_checked(text: str, what: str):
    with pytest.raises(ExpressionError) as refused:
        condition(text, Kind.BIN)
    assert what in str(refused.value)


def test_only_what_lies_between_its_samples_can_be_told_by_one_of_them():
    for function in ("mean", "last"):
        assert "fill_level" in condition(f"{function}(fill_level, hours=1) > 5", Kind.BIN).guard
    for function in ("sum", "rate", "delta", "count"):
        assert condition(f"{function}(fill_level, hours=1) > 5", Kind.BIN).guard == "True"
