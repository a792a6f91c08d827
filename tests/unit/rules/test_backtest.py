"""What another version would have done, and how far back an engine must have heard to know as much as the live one."""

from rules.book import load_rules, read_rules
from rules.context.sun import sun_over
from rules.runners.backtest import Found, difference, listening, reach, rows
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
