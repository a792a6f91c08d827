"""What stands in the way of an alarm: then it is found later than its rule's own time, and the reason is named."""

import pytest

from domain.naming import Kind
from domain.readings import Millis
from domain.site import Device
from rules.book import shipped
from rules.context.all import surroundings
from rules.runners.backtest import Found
from rules.runners.score import Scoring
from rules.runners.sight import HIDDEN, NOT_BY_NIGHT, UNBELIEVED
from rules.runners.tally import Score
from rules.runners.truth import Lost, Truth
from tests.unit.rules.coast import HOUR, MINUTE, NIGHT, facility, site_of

SITE = site_of(
    [facility("bed-1", Kind.GREEN, holding_capacity=30.0), facility("bin-1", Kind.BIN)],
    [Device("bed-1", "bed-1", interval_s=1800), Device("bin-1", "bin-1", interval_s=1800)],
)
BOOK = shipped()
SUNRISE = NIGHT + 10 * HOUR + 53 * MINUTE
END = NIGHT + 20 * 24 * HOUR
DAY = 24 * HOUR


def truth(what: str, where: str, since: Millis, until: Millis, sort: str = "fault") -> Truth:
    return Truth(what, where, frozenset(), sort, since, until)


def alarm(rule: str, where: str, cause: Millis, opened: Millis) -> Found:
    kind = "device" if rule.endswith("-stuck") else "facility"
    return Found(f"{rule}-{opened}", rule, "v", f"{kind}:{where}", where, cause, cause, opened, None)


def scored(truths: list[Truth], alarms: list[Found]) -> Score:
    return Scoring(BOOK, SITE, surroundings(SITE, BOOK), truths, Lost({}), END).score(alarms)


BURST = truth("pipe_burst", "bed-1", NIGHT, NIGHT + 4 * HOUR)
WATERED = truth("watered", "bed-1", NIGHT + 5 * MINUTE, NIGHT + 30 * MINUTE, "natural")
DRY = truth("dry_bed", "bed-1", NIGHT, NIGHT + 20 * HOUR)


def test_a_leak_is_not_to_be_told_from_the_watering_of_its_bed():
    """Two reports of half an hour apart, and one interval: then it is late, but for what nobody could see."""
    told = [alarm("bed-leak", "bed-1", NIGHT + 35 * MINUTE, NIGHT + 65 * MINUTE)]
    assert [over for *_, over in scored([BURST], told).later] == [4.8]
    hidden = scored([BURST, WATERED], told)
    assert (hidden.late, hidden.kinds["pipe_burst"].delayed) == (0, {HIDDEN: 1})
    assert "watered" not in hidden.kinds
    too_late = [alarm("bed-leak", "bed-1", NIGHT + 35 * MINUTE, NIGHT + 95 * MINUTE)]
    assert scored([BURST, WATERED], too_late).late == 1


def test_a_bed_that_dries_out_does_not_thirst_while_it_rains_on_it():
    told = [alarm("dry-bed", "bed-1", NIGHT + 2 * HOUR, NIGHT + 4 * HOUR)]
    assert scored([DRY], told).late == 1
    rained = truth("moist", "bed-1", NIGHT + HOUR, NIGHT + 2 * HOUR, "natural")
    assert scored([DRY, rained], told).kinds["dry_bed"].delayed == {HIDDEN: 1}


def stuck(since: Millis) -> tuple[Truth, Found]:
    """A soil sensor that was rightly said to be stuck, and put right an hour later."""
    told = since + 24 * HOUR
    return truth("stuck_value", "bed-1", since, told + HOUR), alarm("bed-stuck", "bed-1", since, told)


@pytest.mark.parametrize(
    ("told", "marks", "late", "delayed"),
    [
        (SUNRISE, 2, 0, {NOT_BY_NIGHT: 1}),
        (SUNRISE + 5 * MINUTE, 2, 1, {}),
        (SUNRISE, 1, 1, {}),
    ],
    ids=["when the sun has risen", "later than that", "one mark is an accident"],
)
def test_by_night_nobody_is_woken_by_a_sensor_with_a_bad_record(
    told: Millis, marks: int, late: int, delayed: dict[str, int]
):
    faults, alarms = zip(*(stuck(NIGHT - n * 3 * DAY) for n in range(1, marks + 1)), strict=True)
    kept = scored([*faults, DRY], [*alarms, alarm("dry-bed", "bed-1", NIGHT, told)]).kinds["dry_bed"]
    assert (kept.found, kept.late, kept.delayed) == (1, late, delayed)


def test_marks_that_were_wrong_are_no_excuse():
    wrong = [stuck(NIGHT - n * 3 * DAY)[1] for n in (1, 2)]
    told = scored([DRY], [*wrong, alarm("dry-bed", "bed-1", NIGHT, SUNRISE)])
    assert (told.late, len(told.false)) == (1, 2)


def test_what_a_sensor_says_that_was_stuck_until_now_counts_when_it_has_spoken_twice():
    fault, found = stuck(NIGHT - 25 * HOUR - 10 * MINUTE)  # put right ten minutes before
    fault = fault._replace(until=NIGHT - 10 * MINUTE)
    told = [found, alarm("dry-bed", "bed-1", NIGHT + 45 * MINUTE, NIGHT + 2 * HOUR + 45 * MINUTE)]
    assert scored([DRY], told).late == 1
    assert scored([fault, DRY], told).kinds["dry_bed"].delayed == {UNBELIEVED: 1}


def test_a_sensor_that_sticks_at_what_it_had_just_said_twice_was_found_by_that_as_well():
    fault = truth("stuck_value", "bin-1", NIGHT, NIGHT + 20 * HOUR)
    before = alarm("bin-stuck", "bin-1", NIGHT - 20 * MINUTE, NIGHT + 11 * HOUR)
    assert scored([fault], [before]).kinds["stuck_value"].found == 1
    assert scored([fault], [before._replace(cause=NIGHT - 40 * MINUTE)]).false
