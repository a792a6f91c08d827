"""What crews read, to the letter."""

import json
from dataclasses import replace

from domain.site import Name
from services.dispatch import life
from services.dispatch.orders import Order, Pause
from services.dispatch.wording import MOST_CHARACTERS, message, receipt, text
from tests.unit.dispatch.coast import HOUR, MINUTE, T0, Play, coast, wrong

SITE = coast()
EN_CREWS = {name: replace(crew, language="en") for name, crew in SITE.crews.items()}


def order(rule: str = "lamp-out", facility: str = "lamp-1") -> Order:
    return Play().hear(T0 + 5000, wrong(facility, T0, rule=rule)).orders[0]


def test_a_new_order_says_what_where_why_until_when_and_who():
    assert text(order(), SITE, "lamps-w") == (
        "【P3 市政设施·路灯】案号 SN-20261001-0001 路灯不亮：更换光源或驱动电源 | 青岛湾 路灯1 灯杆QD-0117 K2+350 | "
        "08:00起，有功功率 2 W | 08:15前接单 10:00前完成 | 属地:中山路街道 属事:市政科 养护:市路灯处"
    )


def test_a_crew_reads_its_own_language():
    assert text(order("bin-full", "bin-1"), SITE, "bins-w") == (
        "[P2 sanitation/bin] SN-20261001-0001 Bin full: Empty the bin | Zhanqiao bay, bin-1 K2+350 | "
        "since 08:00, fill level 96% | accept by 08:15 finish by 10:00 | "
        "Place: West street Matter: Municipal section Upkeep: Lights office"
    )


def test_a_drill_says_so_first():
    assert text(order(), coast(simulated=True), "lamps-w").startswith("【演练】【P3 市政设施·路灯】案号")


def test_a_caution_a_group_and_a_day_that_is_not_todays_are_said():
    leak = replace(order("leak"), members=tuple(f"lamp-{n}" for n in range(42)))
    late = replace(leak, limits=leak.limits._replace(finish=T0 + 20 * HOUR))
    said = text(late, SITE, "lamps-w2")
    assert "涉及42盏" in said
    assert "08:03前接单 10月2日04:00前完成" in said
    assert "注意：带电危险，先断电" in said


def test_what_to_bring_is_said():
    lamp = order()
    lamp = replace(lamp, plan=replace(lamp.plan, materials=Name("a lamp, a driver", "光源、驱动电源")))
    assert " | 物料：光源、驱动电源 | 属地" in text(lamp, SITE, "lamps-w")
    assert json.loads(message(lamp, SITE, "lamps-w"))["materials"] == {"en": "a lamp, a driver", "zh": "光源、驱动电源"}


def test_each_turn_of_an_order_is_said():
    leak, lamp = order("leak"), order()
    done = life.done(leak, by="lamps-w2", at=T0 + MINUTE)
    assert "西段照明二组已处理，请核实现场安全后回复confirm" in text(done, SITE, "desk")
    assert "已处理，待值班台确认" in text(done, SITE, "lamps-w2")
    assert "已处理，待遥测核查" in text(life.done(lamp, by="lamps-w", at=T0), SITE, "lamps-w")
    follows = replace(lamp, alarms=(), follows="another")
    assert "已处理，待值班台确认" in text(life.done(follows, by="lamps-w", at=T0), SITE, "lamps-w")
    held = life.hold(lamp, by="lamps-w", at=T0, why="no part", until=T0 + HOUR)
    assert "挂账至09:00：no part" in text(held, SITE, "lamps-w")
    stopped = life.hold(lamp, by="tidewalk", at=T0, why="x", until=T0 + HOUR, pause=Pause.STOP)
    assert "停工至09:00，请先撤离" in text(stopped, SITE, "lamps-w")
    assert "请继续处置" in text(life.resume(held, by="tidewalk", at=T0 + HOUR), SITE, "lamps-w")
    assert "返工第2次" in text(replace(lamp, reworks=2), SITE, "lamps-w")
    assert "条件已恢复" in text(replace(lamp, recovered=True), SITE, "lamps-w")
    assert "督办：西段照明一组未按时接单" in text(replace(lamp, desk=True, escalated=True), SITE, "desk")
    assert "督办：西段照明一组超时未完成" in text(replace(lamp, desk=True, overdue=True), SITE, "desk")


def test_a_text_is_short_and_keeps_the_caution_before_the_reasons():
    long = Name("long " * 40, "很长" * 100)
    plan = replace(order("leak").plan, do=long)
    said = text(replace(order("leak"), plan=plan), SITE, "lamps-w2")
    assert len(said) <= MOST_CHARACTERS
    assert "带电危险" in said
    assert "属地" not in said


def test_the_json_is_the_wires():
    body = json.loads(message(order(), SITE, "lamps-w"))
    assert body.pop("text").startswith("【P3")
    assert len(body.pop("order")) == 16
    assert body == {
        "revision": 1,
        "case": "SN-20261001-0001",
        "state": "dispatched",
        "drill": False,
        "priority": "P3",
        "element": "municipal",
        "kind": "light",
        "rule": "lamp-out",
        "safety": False,
        "facility": "lamp-1",
        "device": "",
        "members": [],
        "zone": "west",
        "place": {
            "en": "Zhanqiao bay, lamp-1",
            "zh": "青岛湾 路灯1",
            "pole": "QD-0117",
            "chainage": "K2+350",
        },
        "position": {"lat": 36.06, "lon": 120.31, "datum": "WGS-84"},
        "title": {"en": "Lamp out", "zh": "路灯不亮"},
        "do": {"en": "Replace the lamp or its driver", "zh": "更换光源或驱动电源"},
        "caution": None,
        "materials": None,
        "why": {"values": {"active_power": 2.0}, "since": "2026-10-01T00:00:00.000Z"},
        "dispatched": "2026-10-01T00:00:00.000Z",
        "limits": {"accept": "2026-10-01T00:15:00.000Z", "arrive": None, "finish": "2026-10-01T02:00:00.000Z"},
        "responsible": {
            "territorial": "street-west",
            "functional": "bureau",
            "execution": "lights-office",
            "owner": "lights-office",
        },
        "yellow": {"accept": "2026-10-01T00:12:00.000Z", "arrive": None, "finish": "2026-10-01T01:36:00.000Z"},
        "matter": "component",
        "held": None,
        "asked": None,
        "escalated": [],
        "follows": "",
        "crew": "lamps-w",
        "recovered": False,
        "rework": 0,
    }


def test_an_order_about_a_sensor_says_which():
    told = json.loads(message(replace(order(), subject="device:d-1"), SITE, "lamps-w"))
    assert (told["facility"], told["device"]) == ("lamp-1", "d-1")


def test_a_receipt_is_the_wires():
    assert json.loads(receipt("a", ok=False, why="w")) == {"id": "a", "result": "refused", "why": "w"}


def test_a_gateway_is_called_one_though_it_is_no_facility():
    gateway = order("leak", "gw-1")
    assert (gateway.zone, gateway.kind) == ("west", "light")
    assert "市政设施·网关】" in text(gateway, SITE, "lamps-w2")
    assert "municipal/gateway]" in text(gateway, replace(SITE, crews=EN_CREWS), "lamps-w2")
