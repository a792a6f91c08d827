"""What is heard of the surroundings: any order within a minute, a restart anywhere, and no word about the past."""

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.readings import Reading, Value
from rules.context.heard import HeardContext
from rules.context.tracks import SETTLED
from tests.unit.context.shore import AT_BIN, IN_EAST, IN_WEST, MINUTE, ONE_GAUGE, SITE, after, said

PLACES = (IN_EAST, AT_BIN)
LAST = 170  # minutes: less than what is remembered
DEVICES = ("gauge-west", "gauge-west", "gauge-east", "count-1", "count-2")
QUANTITIES = ("tide_level", "wind_gust", "rain_rate", "visibility")
SECONDS = st.integers(0, 60)
BURSTS = range(0, LAST * 60 - 90, 1500)  # what comes close together may overtake
REACH = st.sampled_from([20 * MINUTE, 180 * MINUTE])
_bounded = settings(max_examples=15, deadline=None)


@st.composite
def readings(draw: st.DrawFn, latest: int = 60) -> list[Reading]:
    """What is measured, each device one thing at a time, and heard so many seconds later."""
    found = []
    second = st.builds(int.__add__, st.sampled_from(BURSTS), st.integers(0, 90))
    moments = draw(st.lists(st.tuples(st.sampled_from(DEVICES), second), min_size=8, max_size=40, unique=True))
    for device, second in sorted(moments, key=lambda one: one[1]):
        if device.startswith("count"):
            values: dict[str, Value] = {"people_now": float(draw(st.integers(0, 330)))}
        else:
            values = {q: float(draw(st.integers(0, 20))) for q in draw(st.sets(st.sampled_from(QUANTITIES)))}
        late = draw(st.integers(0, latest))
        found.append(said(device, second / 60, late=late / 60, **values))
    return found


def fed(found: list[Reading], heard: HeardContext | None = None) -> HeardContext:
    heard = heard or HeardContext(SITE)
    for reading in sorted(found, key=lambda one: (one.received, one.at, one.device)):
        heard.hear(reading)
    return heard


def answers(heard: HeardContext, first: float = 0, last: float = LAST + 40) -> list[object]:
    moments = range(round(first * 60), round(last * 60), 97)
    return [heard.at(place, after(second / 60)).values for place in PLACES for second in moments]


@_bounded
@given(readings(), REACH, st.data())
def test_any_order_of_arrival_within_a_minute_gives_the_same(found: list[Reading], reach: int, data: st.DataObject):
    other = [one._replace(received=one.at + 1000 * data.draw(SECONDS)) for one in found]
    one, two = (fed(order, HeardContext(SITE, reach=reach)) for order in (found, other))
    assert answers(one) == answers(two)


@_bounded
@given(readings(latest=3600), REACH, st.integers(0, 40))
def test_saved_and_loaded_anywhere_it_is_the_same(found: list[Reading], reach: int, cut: int):
    found.sort(key=lambda one: (one.received, one.at, one.device))
    whole, first = (fed(some, HeardContext(SITE, reach=reach)) for some in (found, found[:cut]))
    for heard in (whole, first):
        heard.work("bin-1", "order-1", after(5), None)
        heard.plan("p1", "", "east", after(20), after(30))
    again = HeardContext(SITE, reach=reach)
    again.load(first.save())
    assert answers(again) == answers(first)
    assert again.save() == first.save()
    assert answers(fed(found[cut:], again)) == answers(whole)
    assert again.save() == whole.save()


@_bounded
@given(readings(latest=3600))
def test_no_reading_changes_what_was_a_minute_before_it_was_heard(found: list[Reading]):
    heard = HeardContext(SITE)
    for reading in sorted(found, key=lambda one: (one.received, one.at, one.device)):
        settled = (reading.received - SETTLED) / MINUTE - after(0) / MINUTE
        before = answers(heard, max(0.0, settled - 40), settled)
        heard.hear(reading)
        assert answers(heard, max(0.0, settled - 40), settled) == before


@_bounded
@given(readings())
def test_whoever_is_asked_less_answers_the_same(found: list[Reading]):
    names = frozenset({"tide_rising", "rain_12h", "crowd_level"})
    some, whole = fed(found, HeardContext(SITE, names)), fed(found)
    for quarter in range(LAST * 4):
        asked = some.at(IN_WEST, after(quarter / 4)).values
        known = whole.at(IN_WEST, after(quarter / 4)).values
        assert {n: v for n, v in asked.items() if n in names} == {n: v for n, v in known.items() if n in names}


def test_what_is_of_no_device_any_more_is_let_go():
    heard = fed([said("gauge-east", 0, tide_level=3.0), said("gauge-west", 0, tide_level=5.0)])
    again = HeardContext(ONE_GAUGE)
    again.load(heard.save())
    assert again.at(IN_EAST, after(1)).values["tide_level"] == 5.0
