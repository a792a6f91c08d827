"""What another version would have done, and how far back an engine must have heard to know as much as the live one."""

from rules.book import load_rules, read_rules
from rules.context.sun import sun_over
from rules.runners.backtest import Found, Past, difference, listening, reach, rows
from tests.unit.rules.coast import HOUR, LIBRARY, MINUTE, NIGHT, book_of, said, small_coast

SITE = small_coast()


def found(alarm: str, opened: int, until: int | None, subject: str = "facility:bin-1") -> Found:
    return Found(alarm, "bin-full", "v", subject, subject.partition(":")[2], opened, opened, opened, until)


def by_id(*ones: Found) -> dict[str, Found]:
    return {one.alarm: one for one in ones}


def test_the_same_alarm_is_the_same_whatever_else_there_is():
    one = found("a", 10, 20)
    told = difference(by_id(one), by_id(one, found("b", 30, 40)))
    assert (told.same, told.vanished, told.moved) == (1, (), ())
    assert [other.alarm for other in told.appeared] == ["b"]


def test_an_alarm_that_opens_earlier_for_the_same_trouble_has_moved():
    before, after = found("a", 100, 200), found("b", 40, 190)
    (moved,) = difference(by_id(before), by_id(after)).moved
    assert (moved.before.alarm, moved.after.alarm) == ("a", "b")


def test_alarms_of_other_times_and_other_facilities_are_not_the_same_trouble():
    told = difference(by_id(found("a", 100, 200)), by_id(found("b", 300, 400), found("c", 100, 200, "facility:bin-2")))
    assert [one.alarm for one in told.vanished] == ["a"]
    assert [one.alarm for one in told.appeared] == ["c", "b"]
    assert told.moved == ()


def test_one_long_trouble_is_matched_with_the_first_of_several_and_the_rest_appear():
    told = difference(by_id(found("a", 0, None)), by_id(found("b", 10, 20), found("c", 30, 40)))
    assert [moved.after.alarm for moved in told.moved] == ["b"]
    assert [one.alarm for one in told.appeared] == ["c"]


def test_rows_are_cut_at_their_size_and_ticked_at_their_last_reading():
    readings = [said(SITE, "bin-1", NIGHT + n, {"fill_level": 50.0}) for n in range(5)]
    assert [(len(row), at - NIGHT) for row, at in rows([readings[:3], readings[3:]], 2)] == [(2, 1), (1, 2), (2, 4)]


def test_an_alarm_is_remembered_from_its_first_word_to_its_last():
    book = book_of(full="kind: bin\nwhen: fill_level >= 95\nclear: fill_level <= 30")
    past = listening(book, SITE, sun_over(SITE), NIGHT)
    for minutes, level in ((0, 97.0), (30, 60.0), (60, 5.0), (90, 96.0)):
        past.hear([said(SITE, "bin-1", NIGHT + minutes * MINUTE, {"fill_level": level})], NIGHT + minutes * MINUTE)
    first, second = past.found.values()
    assert (first.opened, first.until) == (NIGHT, NIGHT + HOUR)
    assert (second.opened, second.until) == (NIGHT + 90 * MINUTE, None)


def test_the_reach_covers_windows_timers_and_silence():
    texts = {file.name: file.read_text("utf-8") for file in (LIBRARY / "toilet-odour.yaml", LIBRARY / "silent.yaml")}
    odour = read_rules({"toilet-odour.yaml": texts["toilet-odour.yaml"]})
    assert reach(odour, SITE) > (10 + 15 + 15) * MINUTE
    assert reach(load_rules(LIBRARY), SITE) >= 3 * 600_000


STUCK = """
kind: bin
subject: device
when: fill_level == before(fill_level)
repeat: 10
clear: fill_level != before(fill_level)
clear_repeat: 2
holds: all
"""
HELD = book_of(stuck=STUCK, full="kind: bin\nwhen: fill_level >= 95\nclear: fill_level <= 30")
CUT = 105  # minutes; the sensor has been known to be stuck for five


def heard(levels: list[float], since: int) -> Past:
    """One reading every ten minutes, of which those before `since` minutes are not known."""
    past = listening(HELD, SITE, sun_over(SITE), NIGHT + since * MINUTE)
    for n, level in enumerate(levels):
        if n * 10 >= since:
            at = NIGHT + n * 10 * MINUTE
            past.hear([said(SITE, "bin-1", at, {"fill_level": level})], at)
    return past


def told(past: Past) -> list[tuple[str, int]]:
    return [(one.rule, (one.cause - NIGHT) // MINUTE) for one in past.found.values()]


def test_an_instrument_that_is_held_across_the_start_is_found_again_before_ids_are_exact():
    """Stuck until 250 minutes; full at once after it has spoken twice, and later once more."""
    levels = [50.0] * 24 + [96.0, 97.0, 20.0, 96.5]
    live, cut = heard(levels, 0), heard(levels, CUT)
    exact = CUT + reach(HELD, SITE) // MINUTE
    assert exact < 240
    assert told(live) == [("stuck", 10), ("full", 250), ("full", 270)]
    assert told(cut) == [("stuck", 120), ("full", 250), ("full", 270)]
    assert [one.alarm for one in live.found.values()][1:] == [one.alarm for one in cut.found.values()][1:]


def test_what_an_alarm_held_that_was_open_at_the_start_counts_until_its_rule_has_found_it_out_once_more():
    """A sensor that says 50 too seldom to be found again, and then 96 twice: live it was not believed all the while."""
    levels = [50.0] * 15 + [96.0, 96.0]
    live, cut = heard(levels, 0), heard(levels, CUT)
    assert told(live) == [("stuck", 10)]
    assert told(cut) == [("full", 150)]
