"""Who is sent: whose matter it is, rosters, deputies, contracts, leads; and who hears that it is late."""

from dataclasses import replace
from typing import Any

from domain.clocks import Chain, Clocks, Fits, Tell
from domain.naming import Element, Kind, Matter
from domain.site import Crew, Duty, Name, Party, Roster, Site
from services.dispatch import policy, who
from services.dispatch.days import days_of
from services.dispatch.orders import Step
from services.dispatch.places import place_of
from tests.unit.dispatch.coast import FULL, HOUR, MINUTE, PLAN, T0, Play, coast, wrong

SITE = coast()
LAMP = place_of(SITE, "lamp-1")
DAYS = days_of("Asia/Shanghai")
EVENING = T0 + 7 * HOUR  # 15:00: nobody but the desk is on shift


def crew(name: str, **more: Any) -> Crew:
    base = replace(SITE.crews["lamps-w2"], trades=("lighting",), zones=("west",), shifts=(), capacity=9)
    return replace(base, id=name, name=Name(name, name), **more)


def with_crews(*crews: Crew, **more: Any) -> Site:
    return replace(SITE, crews={**SITE.crews, **{one.id: one for one in crews}}, **more)


def test_a_component_goes_to_its_owner_first_and_an_event_to_the_place():
    street = crew("street", party="street-west", base=LAMP.position)
    site = with_crews(street)
    assert who.choose(site, LAMP, "lighting", T0, {}, matter=Matter.COMPONENT).crew == "lamps-w"
    assert who.choose(site, LAMP, "lighting", T0, {}, matter=Matter.EVENT).crew == "street"


def test_what_a_plan_is_about_follows_from_element_and_kind_unless_its_rule_says():
    assert who.matter_of(PLAN, Kind.LIGHT) is Matter.COMPONENT
    assert who.matter_of(FULL, Kind.BIN) is Matter.EVENT
    assert who.matter_of(PLAN, Kind.COAST) is Matter.EVENT
    assert who.matter_of(replace(FULL, counted=False), Kind.BIN) is Matter.COMPONENT, "an instrument is a thing"
    assert who.matter_of(replace(FULL, matter=Matter.COMPONENT), Kind.BIN) is Matter.COMPONENT
    assert FULL.element is Element.SANITATION


def test_a_roster_gives_holidays_off_and_more_hands():
    roster = Roster("holidays", ("holiday",), (), {"lamps-w": Duty(shifts=()), "lamps-w2": Duty(capacity=1)})
    site = replace(SITE, rosters={"holidays": roster})
    assert who.choose(site, LAMP, "lighting", T0, {}, day_of=DAYS).crew == "lamps-w2"
    assert who.choose(site, LAMP, "lighting", T0, {"lamps-w2": 1}, day_of=DAYS).crew == "lamps-e"
    workday = T0 + 7 * 24 * HOUR
    assert who.choose(site, LAMP, "lighting", workday, {}, day_of=DAYS).crew == "lamps-w"
    dated = replace(roster, on=(), days=(("2026-10-08", "2026-10-09"),))
    assert (
        who.choose(replace(SITE, rosters={"x": dated}), LAMP, "lighting", workday, {}, day_of=DAYS).crew == "lamps-w2"
    )


def test_a_night_shift_is_of_the_day_on_which_it_began():
    roster = Roster("night-off", (), (("2026-10-02", "2026-10-02"),), {"night-w": Duty(shifts=())})
    site, night = replace(SITE, rosters={"n": roster}), SITE.crews["night-w"]
    after_midnight = T0 + 17 * HOUR  # 2 October, 01:00
    assert who.on_shift(site, night, after_midnight)
    assert not who.on_shift(site, night, after_midnight + 24 * HOUR)
    fewer = replace(site, rosters={"n": replace(roster, crews={"night-w": Duty(capacity=1)})})
    assert who.capacity(fewer, night, after_midnight) == night.capacity, "the night of the 1st"
    assert who.capacity(fewer, night, after_midnight + 24 * HOUR) == 1


def test_a_deputy_then_the_neighbours_then_the_lead_then_the_desk():
    deputy, lead = crew("deputy", zones=("east",), trades=("power",)), crew("lead", lead=True, party="street-west")
    off = replace(SITE.crews["lamps-w"], deputy="deputy")
    assert who.choose(with_crews(off, deputy, lead), LAMP, "lighting", EVENING, {}).crew == "deputy"
    east = crew("east", zones=("east",))
    assert who.choose(with_crews(east, lead), LAMP, "lighting", EVENING, {}).crew == "east"
    assert who.choose(with_crews(lead), LAMP, "lighting", EVENING, {}).crew == "lead"
    assert who.choose(with_crews(lead), LAMP, "lighting", EVENING, {}, ("lead",)).crew == "desk"
    assert who.choose(with_crews(lead), LAMP, "lighting", EVENING, {"lead": 9}).crew == "desk"


def test_nobody_works_outside_their_contract():
    hired = replace(SITE.crews["lamps-w"], contract=("2026-10-02", ""))
    assert who.choose(with_crews(hired), LAMP, "lighting", T0, {}).crew == "lamps-w2"
    assert (
        who.choose(with_crews(replace(hired, contract=("", "2026-10-01"))), LAMP, "lighting", T0, {}).crew == "lamps-w"
    )


def test_lateness_climbs_the_chain_in_local_time_and_ends_at_the_desk():
    chain = Chain(Fits(), "accept", (Tell("community", 0, (0, 60)), Tell("subdistrict"), Tell("district", 900)))
    lead = crew("lead", lead=True, party="street-west", trades=())
    play = Play(with_crews(lead, clocks=Clocks(chains=(chain,))))
    order = play.hear(T0, wrong("lamp-1", T0)).orders[0]
    late = play.hear(T0 + 15 * MINUTE).orders[0]
    assert [(r.level, r.party, r.crew) for r in late.rungs] == [("subdistrict", "street-west", "lead")]
    assert policy.recipients(late, "desk") == ("lamps-w", "lead")
    later = play.hear(T0 + 30 * MINUTE).orders[0]
    assert [r.level for r in later.rungs] == ["subdistrict", "district"]
    assert policy.recipients(later, "desk") == ("lamps-w", "lead", "desk")
    assert play.hear(T0 + HOUR).orders == ()
    taken = play.reply(T0 + HOUR, "lead", order.id, "accept").orders[0]
    assert (taken.crew, taken.history[-1].step) == ("lead", Step.ACCEPT)


def test_a_party_that_nobody_speaks_for_is_passed_over():
    chain = Chain(Fits(), "finish", (Tell("subdistrict"), Tell("owner"), Tell("district", 600)))
    play = Play(replace(SITE, clocks=Clocks(chains=(chain,)), parties={"x": Party("x", Name("x", "x"), "city")}))
    order = play.hear(T0, wrong("lamp-1", T0)).orders[0]
    play.reply(T0 + MINUTE, order.crew, order.id, "accept")
    late = play.hear(T0 + 2 * HOUR).orders[0]
    assert late.overdue
    assert [r.level for r in late.rungs] == ["district"], "never nobody"
