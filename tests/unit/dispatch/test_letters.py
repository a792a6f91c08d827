"""Who is told over which contact, and what they read."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest

from domain.messages import Message
from domain.naming import DELIVERY
from domain.site import Contact, Grade, Name, Node, Site
from services.dispatch import life, policy
from services.dispatch.fitting import Room, fitted
from services.dispatch.letters import Letter, Undelivered, body_of, contacts_of, instead, letters
from services.dispatch.maps import amap, openstreetmap
from services.dispatch.orders import Order, Pause
from tests.unit.dispatch.coast import MINUTE, T0, WEST, Play, coast, well, wrong

ROBOT, MAIL = Contact("wecom", "env:TIDEWALK_W"), Contact("email", "lamps@coast.example")


def reached(*, simulated: bool = False, contacts: tuple[Contact, ...] = (ROBOT, MAIL)) -> Site:
    """The coast, with contacts for the desk and a crew of each trade."""
    plain = coast(simulated=simulated)
    crews = {
        name: replace(
            crew, contacts=contacts if name in ("lamps-w", "lamps-w2", "bins-w", "desk") else (), phone="0532-1"
        )
        for name, crew in plain.crews.items()
    }
    node = Node("pier", Name("Zhanqiao pier", "栈桥"), WEST._replace(lat=WEST.lat - 0.001), Grade.KEY_NODE)
    zones = {name: replace(zone, nodes=(node,) if name == "west" else ()) for name, zone in plain.zones.items()}
    return replace(plain, crews=crews, zones=zones)


def texts(found: Sequence[Letter]) -> list[str]:
    return [fitted(body_of(one).words.pieces, Room(2_048)) for one in found]


def an_order(site: Site, rule: str = "lamp-out", facility: str = "lamp-1") -> tuple[Order, list[Letter]]:
    outcome = Play(site).hear(T0 + 5000, wrong(facility, T0, rule=rule))
    return outcome.orders[0], list(outcome.letters)


def test_a_new_order_goes_to_the_first_contact_and_says_all_that_a_crew_needs():
    order, found = an_order(reached())
    (letter,) = found
    assert (letter.to, letter.channel, letter.address, letter.last) == ("lamps-w", "wecom", "env:TIDEWALK_W", False)
    assert letter.key == f"{order.id}:{order.revision}:lamps-w:0"
    assert texts(found)[0].split("\n") == [
        "【P3 市政设施·路灯】案号 SN-20261001-0001 路灯不亮：更换光源或驱动电源",
        "青岛湾 路灯1 灯杆QD-0117 K2+350，栈桥以北约110米",
        "08:00起，有功功率 2 W",
        "08:15前接单 10:00前完成",
        "属地:中山路街道 属事:市政科 养护:市路灯处",
        "联系：值班台 0532-1",
        f"地图：{amap(WEST, '路灯1')}",
    ]


def test_a_letter_is_in_the_language_of_its_crew_with_a_map_of_that_language():
    _, found = an_order(reached(), "bin-full", "bin-1")
    text = texts(found)[0]
    assert "110 m north of Zhanqiao pier" in text
    assert f"Map: {openstreetmap(WEST)}" in text


def test_a_chinese_map_gets_gcj_02_and_another_wgs_84():
    assert "position=120.315036,36.060157" in amap(WEST, "x")
    assert "mlat=36.060000&mlon=120.310000" in openstreetmap(WEST)
    assert "position=2.300000,48.800000" in amap(WEST._replace(lat=48.8, lon=2.3), "x")


def test_danger_is_said_before_reasons_and_parties_where_there_is_little_room():
    _, found = an_order(reached(), "leak")
    pieces = body_of(found[0]).words.pieces
    short = fitted(pieces, Room(330))
    assert "注意：带电危险，先断电" in short
    assert "08:03前接单" in short
    assert "属地" not in short
    assert "有功功率" not in short


def test_who_has_no_contacts_gets_no_letter_and_a_simulated_site_reaches_nobody_in_the_real_world():
    assert an_order(coast())[1] == []
    site = reached(simulated=True, contacts=(ROBOT, Contact("drill", "desk")))
    assert contacts_of(site, "lamps-w") == (Contact("drill", "desk"),)
    (letter,) = an_order(site)[1] or [None]
    assert letter is not None
    assert texts([letter])[0].startswith("【演练】")


def test_what_a_crew_does_itself_is_no_news_to_it_and_what_others_do_is():
    site = reached()
    order, _ = an_order(site, "leak")
    had = policy.recipients(order, site.desk)
    accepted = life.accept(order, by=order.crew, at=T0 + MINUTE)
    assert letters(order, accepted, had, had, site, T0) == []
    late = life.escalate(order, who="tidewalk", at=T0 + MINUTE, why="late")
    have = policy.recipients(late, site.desk)
    assert {one.to for one in letters(order, late, had, have, site, T0)} == {order.crew, "desk"}
    done = life.done(accepted, by=order.crew, at=T0 + 2 * MINUTE)
    assert [one.to for one in letters(accepted, done, had, policy.recipients(done, site.desk), site, T0)] == ["desk"]


def test_who_loses_an_order_hears_that_there_is_nothing_to_do_any_more():
    site = reached()
    play = Play(site)
    order = play.hear(T0 + 5000, wrong("lamp-1", T0)).orders[0]
    (letter,) = play.hear(T0 + 10 * MINUTE, well("lamp-1", T0 + 9 * MINUTE)).letters
    assert letter.to == order.crew
    assert texts([letter])[0].startswith("【撤单】案号 SN-20261001-0001 路灯不亮：无需处理")


def test_who_is_to_stop_or_need_not_come_hears_of_it_and_of_going_on():
    site = reached()
    order, _ = an_order(site)
    held = life.hold(order, by="tidewalk", at=T0, why="gale", until=T0 + 60 * MINUTE, pause=Pause.STOP)
    back = life.resume(held, by="tidewalk", at=T0 + 60 * MINUTE)
    closed = life.overrule(back, by="li", at=T0, why="seen to")
    have = ("lamps-w",)
    for before, after, said, left in (
        (order, held, "停工至09:00，请先撤离", have),
        (held, back, "请继续处置", have),
        (back, closed, "【撤单】", ()),
    ):
        assert said in texts(letters(before, after, have, left, site, T0))[0]
    assert body_of(letters(order, held, have, have, site, T0)[0]).words.group.startswith("因潮位或大风停工至09:00")
    parked = life.hold(order, by="lamps-w", at=T0, why="no part")
    assert not letters(order, parked, have, have, site, T0), "they know"
    done = life.done(order, by="lamps-w", at=T0)
    assert not letters(done, life.overrule(done, by="li", at=T0, why="x"), have, (), site, T0), "it was done"


def test_the_next_contact_is_told_then_the_desk_and_then_nobody():
    site = reached()
    order, (first,) = an_order(site)

    def lost(letter: Letter) -> Letter | None:
        key, about, revision, to, place, channel = letter[:6]
        return instead(Undelivered(key, about, revision, to, place, channel, "x"), order, site, T0)

    second = lost(first)
    assert second is not None
    assert (second.to, second.channel, second.place, second.last) == ("lamps-w", "email", 1, True)
    third = lost(second)
    assert third is not None
    assert (third.to, third.place) == ("desk", 0)
    assert "【转达】未能送达西段照明一组" in texts([third])[0]
    fourth = lost(third)
    assert fourth is not None
    assert (fourth.to, fourth.place) == ("desk", 1)
    assert lost(fourth) is None


def test_a_letter_that_reached_nobody_stands_in_the_history_once_and_is_told_to_the_next():
    play = Play(reached())
    first = play.hear(T0 + 5000, wrong("lamp-1", T0)).letters[0]
    key, about, revision, to, place, channel = first[:6]
    lost = Undelivered(key, about, revision, to, place, channel, "93000")
    note = Message(DELIVERY, msgspec.json.encode(lost), T0 + 6000)
    once = play.hear(T0 + 6000, notes=[note])
    assert [one.channel for one in once.letters] == ["email"]
    assert [change.why for _, _, change in once.history] == [
        "lamps-w was not reached over wecom with revision 1: 93000"
    ]
    again = play.hear(T0 + 7000, notes=[note])
    assert (again.letters, again.history) == ((), ())


@pytest.mark.parametrize("to", ["nobody", "street-west"])
def test_somebody_without_contacts_has_none(to: str):
    assert contacts_of(reached(), to) == ()
