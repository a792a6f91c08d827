"""How long an order may take: plan, table, factors, working hours, pauses; and how its lamp stands."""

from dataclasses import replace
from datetime import date

import pytest

from domain.clocks import Allowance, Clocks, Factor, Fits, Span
from domain.readings import Millis
from domain.site import Hours
from services.dispatch import clocks, life
from services.dispatch.clocks import Circumstances, Lamp
from services.dispatch.days import days_of
from services.dispatch.orders import Order, Pause
from services.dispatch.working import WorkingHours
from tests.unit.dispatch.coast import HOUR, MINUTE, PLAN, T0, Play, wrong

DAY = 24 * HOUR
OFFICE = (Hours((1, 1), (12, 31), 510, 1050),)  # 08:30 to 17:30
HOURS = WorkingHours(OFFICE, "Asia/Shanghai", days_of("Asia/Shanghai"))
LAMP = Circumstances("P3", "municipal", "light", "lamp-out", "lighting", "west", "ordinary", "autumn", True, 0)
FRIDAY = T0 + 8 * DAY  # 2026-10-09T08:00, a working day; the Saturday after it is worked (调休)


def given(table: Clocks, about: Circumstances = LAMP, at: Millis = T0) -> clocks.Given:
    return clocks.given(table, HOURS, PLAN, about, at)


def an_order() -> Order:
    return Play().hear(T0, wrong("lamp-1", T0)).orders[0]


def test_a_site_that_says_nothing_leaves_what_the_rule_says():
    found = given(Clocks())
    assert found.limits == (T0 + 15 * MINUTE, None, T0 + 2 * HOUR, None)
    assert found.yellow.finish == T0 + 96 * MINUTE, "80 % of two hours"


def test_an_entry_makes_shorter_and_one_that_names_the_rule_stands_in_its_place():
    short = Allowance(Fits(priority=("P3",)), finish=Span(3600))
    longer = Allowance(Fits(priority=("P3",)), finish=Span(0, 3))
    own = Allowance(Fits(rule=("lamp-out",)), finish=Span(0, 3))
    assert given(Clocks((short,))).limits.finish == T0 + HOUR
    assert given(Clocks((longer,))).limits.finish == T0 + 2 * HOUR
    assert given(Clocks((short, own))).limits.finish == T0 + 3 * DAY


@pytest.mark.parametrize(
    "about",
    [
        Fits(priority=("P1", "P3")),
        Fits(element=("municipal",)),
        Fits(grade=("ordinary",)),
        Fits(season=("autumn",)),
        Fits(holiday=True),
        Fits(deck=False),
    ],
)
def test_entries_ask_for_priority_element_grade_season_and_day(about: Fits):
    assert given(Clocks((Allowance(about, finish=Span(60)),))).limits.finish == T0 + MINUTE
    other = LAMP._replace(
        priority="P2", element="order", grade="key_node", season="winter", holiday=False, crowd=None, deck=True
    )
    assert given(Clocks((Allowance(about, finish=Span(60)),)), other).limits.finish == T0 + 2 * HOUR


def test_the_closest_entry_counts_and_of_factors_the_smallest():
    wide, close = Allowance(Fits(), finish=Span(60)), Allowance(Fits(kind=("light",)), finish=Span(3600))
    assert given(Clocks((wide, close))).limits.finish == T0 + HOUR
    factors = (Factor(Fits(), 0.5), Factor(Fits(holiday=True), 0.25, ("finish",)))
    found = given(Clocks(factors=factors))
    assert (found.limits.accept, found.limits.finish) == (T0 + 450_000, T0 + HOUR // 2), "never multiplied"


def test_working_hours_leave_out_nights_weekends_and_holidays_and_count_what_is_worked_for_them():
    table = Clocks((Allowance(Fits(), finish=Span(0, 1), working=True),), working=OFFICE)
    assert given(table, at=T0).limits.accept == T0 + 7 * DAY + 45 * MINUTE, "no working day before 8 October"
    plan = replace(PLAN, finish_s=86_400)
    found = clocks.given(table, HOURS, plan, LAMP, FRIDAY + HOUR)
    assert found.limits.finish == FRIDAY + DAY + HOUR, "a working day after Friday nine is Saturday nine: 调休"
    assert found.working


def test_what_was_left_is_left_after_a_pause_also_of_working_hours():
    order = replace(an_order(), working=True)
    order = replace(order, limits=order.limits._replace(finish=FRIDAY + 9 * HOUR))
    held = life.hold(order, by="c", at=FRIDAY + 8 * HOUR, why="w", pause=Pause.WINDOW)
    limits, _ = clocks.after_pause(held, HOURS, FRIDAY + DAY + 2 * HOUR)
    assert limits.finish == FRIDAY + DAY + 3 * HOUR, "an hour was left"


def test_green_yellow_red_and_a_held_order_keeps_its_colour():
    order = an_order()
    assert clocks.lamp(order, T0 + MINUTE) is Lamp.GREEN
    assert clocks.lamps(order, T0 + 12 * MINUTE)["accept"] is Lamp.YELLOW
    assert clocks.lamps(order, T0 + 15 * MINUTE)["accept"] is Lamp.YELLOW, "at the limit it is not over it"
    assert clocks.lamp(order, T0 + 15 * MINUTE + 1) is Lamp.RED
    held = life.hold(order, by=order.crew, at=T0 + 100 * MINUTE, why="w")
    assert clocks.lamp(held, T0 + 9 * HOUR) is Lamp.YELLOW
    assert clocks.lamp(replace(order, state="closed"), T0) is None


def test_what_becomes_more_urgent_has_no_more_time_than_that():
    table = Clocks((Allowance(Fits(priority=("P1",)), finish=Span(600)),))
    urgent = clocks.tightened(an_order(), given(table, LAMP._replace(priority="P1"), T0 + MINUTE))
    assert (urgent.limits.accept, urgent.limits.finish) == (T0 + 15 * MINUTE, T0 + 11 * MINUTE)
    assert clocks.tightened(urgent, given(Clocks(), LAMP, T0 + 2 * MINUTE)) == urgent


def test_of_a_year_that_nobody_knows_monday_to_friday_are_worked():
    plain = WorkingHours(OFFICE, "Asia/Shanghai", lambda _: {})
    assert date(2026, 10, 1).weekday() == 3
    assert plain.between(T0, T0 + DAY) == 9 * HOUR
