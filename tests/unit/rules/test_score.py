"""How alarms are held against the truth."""

import pytest

from domain.readings import Millis
from rules.book import shipped
from rules.context.sun import sun_over
from rules.runners.backtest import Found
from rules.runners.score import Scoring
from rules.runners.sight import STOOD
from rules.runners.tally import Score
from rules.runners.truth import Lost, Truth
from tests.unit.rules.coast import HOUR, MINUTE, NIGHT, small_coast

SITE = small_coast(interval_s=600)
BOOK = shipped()
NOBODY = Lost({})
END = NIGHT + 48 * HOUR


def truth(what: str, facility: str, since: Millis, until: Millis | None, sort: str = "fault", onset: int = 0) -> Truth:
    return Truth(what, facility, frozenset(), sort, since, until, onset)


def alarm(rule: str, facility: str, cause: Millis, opened: Millis, name: str = "a") -> Found:
    return Found(name, rule, "v", f"facility:{facility}", facility, cause, cause, opened, None)


def scored(truths: list[Truth], alarms: list[Found], lost: Lost = NOBODY) -> Score:
    return Scoring(BOOK, SITE, sun_over(SITE), truths, lost, END).score(alarms)


GATE = truth("gate_fault", "lot-1", NIGHT, NIGHT + 2 * HOUR)


def test_a_fault_that_has_its_alarm_is_found_and_its_minutes_are_counted():
    told = scored([GATE], [alarm("lot-gate", "lot-1", NIGHT + MINUTE, NIGHT + 3 * MINUTE)])
    kept = told.kinds["gate_fault"]
    assert (kept.found, kept.missed, kept.false, kept.minutes, kept.late) == (1, 0, 0, [3.0], 0)
    assert (told.recall, told.precision, told.late) == (1.0, 1.0, 0)


def test_a_fault_without_an_alarm_is_missed():
    told = scored([GATE], [])
    assert (told.recall, [what for what, *_ in told.missed]) == (0.0, ["gate_fault"])


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        (alarm("lot-gate", "lot-1", NIGHT + 5 * HOUR, NIGHT + 5 * HOUR), "nothing"),
        (alarm("bin-full", "lot-1", NIGHT + MINUTE, NIGHT + MINUTE), "gate_fault"),
        (alarm("lot-gate", "bin-1", NIGHT + MINUTE, NIGHT + MINUTE), "nothing"),
    ],
    ids=["another time", "another rule", "another place"],
)
def test_an_alarm_of_another_time_rule_or_place_is_false(wrong: Found, near: str):
    told = scored([GATE], [wrong])
    assert [(rule, what) for rule, _, _, what in told.false] == [(wrong.rule, near)]
    assert told.precision == 0.0


def test_a_second_alarm_of_one_fault_is_false():
    first = alarm("lot-gate", "lot-1", NIGHT + MINUTE, NIGHT + MINUTE, "a")
    second = alarm("lot-gate", "lot-1", NIGHT + 9 * MINUTE, NIGHT + 9 * MINUTE, "b")
    told = scored([GATE], [second, first])
    assert [opened for _, _, opened, _ in told.false] == [NIGHT + 9 * MINUTE]


def test_an_alarm_about_a_near_miss_is_false():
    near = truth("gate_up", "lot-1", NIGHT, NIGHT + HOUR, "near_miss")
    told = scored([near], [alarm("lot-gate", "lot-1", NIGHT + MINUTE, NIGHT + MINUTE)])
    assert [what for *_, what in told.false] == ["gate_up"]


def test_an_alarm_about_what_wears_out_is_right_and_its_absence_is_no_miss():
    filled = truth("filled", "bin-1", NIGHT, NIGHT + 9 * HOUR, "natural")
    assert scored([filled], [alarm("bin-full", "bin-1", NIGHT + HOUR, NIGHT + HOUR)]).precision == 1.0
    assert scored([filled], []).recall == 1.0


def test_what_is_found_later_than_its_rule_allows_is_late_unless_reports_went_astray():
    """A gate that is judged on arrival: one interval of ten minutes, and a little."""
    slow = [alarm("lot-gate", "lot-1", NIGHT + 15 * MINUTE, NIGHT + 15 * MINUTE)]
    assert scored([GATE], slow).late == 1
    assert scored([GATE], slow, Lost({"lot-1": [NIGHT + 5 * MINUTE]})).late == 0


def test_an_outage_may_count_from_a_lamp_that_went_dark_by_itself_just_before():
    """Its monitor's report went astray, and the first of those that make the quorum gives the beginning."""
    trip = truth("feeder_trip", "feeder-1", NIGHT, NIGHT + 2 * HOUR)
    told = alarm("feeder-outage", "feeder-1", NIGHT - 9 * MINUTE, NIGHT + 7_000)
    assert (scored([trip], [told]).recall, scored([trip], [told]).false) == (1.0, [])
    assert scored([trip], [told._replace(cause=NIGHT - 11 * MINUTE)]).missed
    assert scored([trip], [told._replace(opened=NIGHT - MINUTE)]).missed


def test_who_is_named_by_the_alarm_of_a_stretch_has_been_told_of():
    dark = [truth("lamp_dark", f"lamp-{n}", NIGHT, NIGHT + 9 * HOUR) for n in range(3)]
    stretch = alarm("dark-stretch", "lamp-0", NIGHT, NIGHT + 11 * MINUTE)._replace(
        members=("lamp-0", "lamp-1", "lamp-2")
    )
    told = scored(dark, [stretch])
    assert (told.kinds["lamp_dark"].found, told.missed, told.false) == (3, [], [])
    assert scored(dark[:1], [stretch]).false


def test_where_a_rule_compares_the_last_report_before_the_fault_may_have_been_lost_as_well():
    """A bin that sticks is found by 23 reports that are as the one before: the first of them as one of before it."""
    stuck = Truth("stuck_value", "bin-1", frozenset(), "fault", NIGHT, NIGHT + 20 * HOUR, device="bin-1")
    limit = NIGHT + 23 * 10 * MINUTE
    late = [alarm("bin-stuck", "bin-1", NIGHT + 19 * MINUTE, limit + 9 * MINUTE)]
    assert [what for what, *_ in scored([stuck], late).later] == ["stuck_value"]
    assert scored([stuck], late, Lost({"bin-1": [NIGHT - MINUTE]})).late == 0
    assert scored([stuck], late, Lost({"bin-1": [NIGHT - 11 * MINUTE]})).late == 1


def test_a_sensor_that_dies_while_its_gateway_is_out_is_rightly_silent_since_then():
    truths = [
        truth("gateway_loss", "gw-1", NIGHT, NIGHT + 2 * HOUR),
        truth("silent_device", "bin-1", NIGHT + HOUR, NIGHT + 5 * HOUR),
    ]
    told = scored(truths, [alarm("silent", "bin-1", NIGHT + 30 * MINUTE, NIGHT + 3 * HOUR)])
    assert (told.kinds["silent_device"].found, told.false) == (1, [])
    assert scored(truths[:1], [alarm("silent", "bin-1", NIGHT + 30 * MINUTE, NIGHT + 3 * HOUR)]).false


def test_a_shared_lot_is_judged_in_the_hours_in_which_its_rule_looks():
    """Three hours of counters that stand still, of a lot that by night nobody can tell from a quiet one."""
    stuck = Truth("stuck_value", "lot-1", frozenset(), "fault", NIGHT, NIGHT + 40 * HOUR, device="lot-1")
    sunrise = NIGHT + 10 * HOUR + 53 * MINUTE
    told = scored([stuck], [alarm("lot-stuck", "lot-1", sunrise, sunrise + 6 * HOUR)])
    assert (told.late, told.kinds["stuck_value"].found) == (0, 1)
    assert scored([stuck._replace(until=sunrise + HOUR)], []).kinds["stuck_value"].missed == 0


def test_what_went_astray_may_leave_too_little_of_the_night():
    """Half an hour and some seconds are needed, and hardly more are left: one report less, and it is told at dusk."""
    last = NIGHT + 10 * HOUR + 38 * MINUTE  # lamps are judged until a quarter of an hour before sunrise
    dark = truth("lamp_dark", "lamp-0", last - 33 * MINUTE, None)
    dusk = NIGHT + 23 * HOUR
    at_dusk = [alarm("lamp-out", "lamp-0", dusk, dusk + 20 * MINUTE)]
    assert scored([dark], at_dusk).late == 1
    assert scored([dark], at_dusk, Lost({"lamp-0": [last - 20 * MINUTE]})).late == 0


def test_a_fault_that_begins_before_the_end_of_the_one_before_is_known_is_told_by_the_same_alarm():
    """It spoke once, which went astray or was not enough, and was silent again."""
    first = truth("silent_device", "bin-1", NIGHT, NIGHT + 5 * HOUR)
    again = truth("silent_device", "bin-1", NIGHT + 5 * HOUR + 15 * MINUTE, NIGHT + 12 * HOUR)
    stands = [alarm("silent", "bin-1", NIGHT, NIGHT + 3 * HOUR)]
    told = scored([first, again], stands)
    assert (told.kinds["silent_device"].found, told.missed) == (1, [])
    assert told.kinds["silent_device"].unseen == {STOOD: 1}
    cleared = [stands[0]._replace(until=NIGHT + 5 * HOUR + 10 * MINUTE)]
    assert [what for what, *_ in scored([first, again], cleared).missed] == ["silent_device"]
    later = again._replace(since=NIGHT + 5 * HOUR + 25 * MINUTE)
    assert scored([first, later], stands).missed


def test_a_lamp_that_goes_dark_by_day_is_to_be_seen_from_dusk_on():
    noon = NIGHT - 7 * HOUR
    dark = truth("lamp_dark", "lamp-0", noon, None)
    dusk = NIGHT - HOUR  # the sun set at 17:43, lamps are judged 15 min later
    told = scored([dark], [alarm("lamp-out", "lamp-0", dusk, dusk + 20 * MINUTE)])
    assert told.late == 0
    assert told.kinds["lamp_dark"].minutes[0] < 25
    assert scored([dark._replace(until=noon + HOUR)], []).kinds["lamp_dark"].unseen == {
        "it ended before its rule could be sure": 1
    }


def test_what_cannot_be_seen_is_said_with_its_reason_and_is_no_miss():
    told = scored(
        [
            truth("bin_haunted", "bin-1", NIGHT, None),
            GATE._replace(until=NIGHT + MINUTE),
            GATE._replace(since=END - MINUTE, until=None),
            truth("gateway_loss", "gw-1", NIGHT, NIGHT + 9 * HOUR),
            truth("bin_fire", "bin-1", NIGHT + HOUR, NIGHT + 2 * HOUR),
        ],
        [],
    )
    assert told.kinds["bin_haunted"].unseen == {"no rule looks for it": 1}
    assert told.kinds["gate_fault"].unseen == {"it ended before its rule could be sure": 1, "the run ended first": 1}
    assert told.kinds["bin_fire"].unseen == {"its gateway or feeder was out at that time": 1}
    assert [what for what, *_ in told.missed] == ["gateway_loss"]


def test_scores_of_many_runs_add_up():
    whole = Score()
    whole.add(scored([GATE], []))
    whole.add(scored([GATE], [alarm("lot-gate", "lot-1", NIGHT + MINUTE, NIGHT + MINUTE)]))
    assert (whole.recall, whole.kinds["gate_fault"].count) == (0.5, 2)
