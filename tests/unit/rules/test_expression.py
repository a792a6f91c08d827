import pytest

from domain.naming import QUANTITIES, Kind
from domain.readings import Value
from rules.core.expression import condition, gate, interest
from rules.core.grammar import Window
from rules.core.names import ExpressionError
from rules.core.vocabulary import CONTEXT


def ask(text: str, kind: Kind, values: dict[str, Value], attributes: dict[str, float] | None = None, *windows: float):
    found = condition(text, kind)
    return found.verdict(values.get, (attributes or {}).get, {"lit": True, "daylight": False}.get, windows)


@pytest.mark.parametrize(
    ("text", "values", "truth"),
    [
        ("fill_level >= 95", {"fill_level": 95.0}, True),
        ("fill_level >= 95", {"fill_level": 94.9}, False),
        ("fill_level >= 95", {}, None),
        ("20 <= fill_level < 80", {"fill_level": 80.0}, False),
        ("not tipped", {"tipped": False}, True),
        ("not tipped", {}, None),
        ("said(tipped)", {}, False),
        ("not said(tipped)", {}, True),
        ("tipped or fill_level > 90", {"fill_level": 95.0}, True),
        ("tipped or fill_level > 90", {"fill_level": 5.0}, None),
        ("tipped and fill_level > 90", {"fill_level": 5.0}, False),
        ("tipped and fill_level > 90", {"fill_level": 95.0}, None),
        ("not (tipped and fill_level > 90)", {"fill_level": 5.0}, True),
        ("lit and tipped", {"tipped": True}, True),
        ("daylight or tipped", {"tipped": False}, False),
        ("max(fill_level, 100 - fill_level) > 80", {"fill_level": 10.0}, True),
        ("abs(bin_temperature - 20) > 5", {"bin_temperature": 14.0}, True),
        ("-bin_temperature > 5", {"bin_temperature": -6.0}, True),
    ],
)
def test_truth_has_three_values(text: str, values: dict[str, Value], truth: bool | None):
    assert ask(text, Kind.BIN, values) is truth


def test_the_surroundings_are_flags_and_numbers_and_unknown_where_nobody_said():
    found = condition("tide_level > deck_level_cm and not holiday", Kind.BIN)
    assert (found.quantities, found.context) == ((), ("tide_level", "holiday"))
    around: dict[str, Value] = {"tide_level": 420.0, "holiday": False}
    assert found.verdict({}.get, {"deck_level_cm": 400.0}.get, around.get, ()) is True
    assert found.verdict({}.get, {"deck_level_cm": 430.0}.get, around.get, ()) is False
    assert found.verdict({}.get, {"deck_level_cm": 400.0}.get, {}.get, ()) is None


def test_what_a_facility_measures_itself_goes_before_the_surroundings():
    found = condition("tide_level > 400", Kind.COAST)
    assert (found.quantities, found.context) == (("tide_level",), ())


def test_what_is_both_measured_and_around_has_one_unit():
    for name in CONTEXT.keys() & QUANTITIES.keys():
        assert CONTEXT[name].unit == QUANTITIES[name].unit


def test_an_attribute_that_the_facility_lacks_makes_it_unknown():
    text = "active_power < 0.1 * rated_power"
    assert ask(text, Kind.LIGHT, {"active_power": 1.0}, {"rated_power": 100.0}) is True
    assert ask(text, Kind.LIGHT, {"active_power": 1.0}) is None


def test_text_is_compared_with_what_it_may_say():
    assert ask('gate_state == "fault"', Kind.PARKING, {"gate_state": "fault"}) is True
    assert ask('gate_state != "fault"', Kind.PARKING, {}) is None


def test_a_window_is_asked_for_by_its_function_quantity_and_span():
    found = condition("mean(nh3_ppm, minutes=10) >= 1.44 and mean(nh3_ppm, minutes=10) < 50", Kind.TOILET)
    assert found.windows == (Window("mean", "nh3_ppm", 600_000),)
    assert ask("mean(nh3_ppm, minutes=10) >= 1.44", Kind.TOILET, {}, {}, 1.5) is True


@pytest.mark.parametrize(
    ("text", "kind", "what"),
    [
        ("fil_level > 5", Kind.BIN, "unknown name 'fil_level'; expected 'fill_level'"),
        ("nh3_ppm > 5", Kind.BIN, "nh3_ppm is not of a bin; expected a rule for toilet"),
        ("fill_level > rated_power", Kind.BIN, "rated_power is not of a bin"),
        ("tipped > 1", Kind.BIN, "tipped is true or false and is compared with a number"),
        ("fill_level == True", Kind.BIN, "compared with a number"),
        ("fill_level", Kind.BIN, "fill_level is no flag"),
        ("fill_level > bin_temperature", Kind.BIN, "mixes % with Cel; expected one unit"),
        ("fill_level + bin_temperature > 1", Kind.BIN, "mixes"),
        ("gate_state > 3", Kind.PARKING, "compares text with a number"),
        ('gate_state == "broken"', Kind.PARKING, "gate_state is never 'broken'; expected 'up' or 'down' or 'fault'"),
        ('gate_state < "up"', Kind.PARKING, "puts text in an order"),
        ("weight_kg / fill_level > 1", Kind.BIN, "may divide by nothing"),
        ("fill_level / 0 > 1", Kind.BIN, "may divide by nothing"),
        ("mean(fill_level) > 5", Kind.BIN, "not a number"),
        ("mean(fill_level, minutes=-5) > 5", Kind.BIN, "impossible window"),
        ("mean(fill_level, hours=1000) > 5", Kind.BIN, "impossible window"),
        ("mean(tipped, minutes=5) > 5", Kind.BIN, "tipped is no measured number"),
        ("mean(5, minutes=5) > 5", Kind.BIN, "is no window"),
        ("fill_level > 5 if tipped else tipped", Kind.BIN, "neither true nor false"),
        ("crowd_level and tipped", Kind.BIN, "`crowd_level` is a number and is used as a flag"),
        ("holiday > 1", Kind.BIN, "holiday is true or false and is compared with a number"),
        ("wind_gust > tide_level", Kind.BIN, "mixes m/s with cm"),
        ("mean(wind_gust, minutes=10) > 5", Kind.BIN, "wind_gust is of the surroundings, which have no windows"),
        ("__import__('os').system('x')", Kind.BIN, "neither true nor false"),
        ("fill_level.real > 5", Kind.BIN, "not a number"),
        ("fill_level is 5", Kind.BIN, "compares in a way"),
        ("fill_level >", Kind.BIN, "cannot be read"),
        ("(" * 500, Kind.BIN, "cannot be read"),
        ("said(fill_level)", Kind.BIN, "fill_level is no flag"),
        ("fill_level > 1e999", Kind.BIN, "is no number that can be measured; expected a number below 1e15"),
        ("fill_level > -1e15", Kind.BIN, "is no number that can be measured"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(text: str, kind: Kind, what: str):
    with pytest.raises(ExpressionError) as refused:
        condition(text, kind)
    assert what in str(refused.value)


def test_a_gate_is_about_the_context_alone():
    assert gate("lit or daylight").context == ("lit", "daylight")
    with pytest.raises(ExpressionError):
        gate("battery > 5")


@pytest.mark.parametrize(
    ("text", "sample", "may"),
    [
        ("median(tilt_deg, minutes=10) > 5", {"tilt_deg": 4.0}, False),
        ("median(tilt_deg, minutes=10) > 5", {"tilt_deg": 6.0}, True),
        ("5 < median(tilt_deg, minutes=10)", {"tilt_deg": 4.0}, False),
        ("median(tilt_deg, minutes=10) > 5", {}, False),
        ("not median(tilt_deg, minutes=10) < 5", {}, True),
        ("median(tilt_deg, minutes=10) - tilt_deg > 5", {"tilt_deg": 1.0}, True),
    ],
)
def test_a_reading_is_of_no_interest_only_where_that_is_certain(text: str, sample: dict[str, Value], may: bool):
    found = interest([(None, condition(text, Kind.LIGHT))])
    assert found(sample.get, {}.get, {}.get) is may
