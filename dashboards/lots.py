"""Car parks: where there is room, which are full or closed, how they are used."""

from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.board import Board
from dashboards.facts import Facts
from dashboards.influxql import drawn, newest, over_time, risen
from dashboards.kinds import kind_board, lines
from dashboards.looks import AMBER, CALM, RED, bad_from, steps
from dashboards.panels import curves, number, ribbons, rows
from dashboards.tongues import Tongue
from dashboards.units import unit_of
from domain.naming import Kind

NOW = drawn("5m", Kind.PARKING)
HOURLY = drawn("1h", Kind.PARKING)
FACILITY = ("facility",)


def lots(t: Tongue, facts: Facts) -> Board:
    """The dashboard."""
    gates = [
        ("up", t("open", "抬起"), CALM),
        ("down", t("closed", "落下"), "#8a99a6"),
        ("fault", t("fault", "故障"), RED),
    ]
    return kind_board(
        t,
        facts,
        "lots",
        ("Tidewalk · car parks", "停车场"),
        (Kind.PARKING,),
        [
            number(
                "lots-free",
                t("Free spots", "空余泊位"),
                t("Is there room for one more car: how many spots are free?", "还能停多少辆车？"),
                newest(NOW, "available_spots_last", pick="sum"),
                steps=steps(RED, (1, CALM)),
                none="—",
            ),
            number(
                "lots-full",
                t("Without a free spot", "无空位车场"),
                t("How many lots have no spot left?", "有多少车场已无空位？"),
                newest(NOW, "available_spots_last", pick="count", over="value <= 0"),
                steps=steps(CALM, (1, AMBER)),
            ),
            number(
                "lots-gates",
                t("Gates at fault", "道闸故障"),
                t("How many gates let nobody in or out?", "有多少道闸故障？"),
                newest(NOW, "gate_state_last", pick="count", over="value = 'fault'"),
                steps=bad_from(1),
            ),
        ],
        [
            (
                10,
                [
                    (
                        14,
                        lines(
                            "lots-spots",
                            t("Free spots, the fewest of each hour", "空余泊位（每小时最少）"),
                            t("Which lot fills up, and when?", "哪个车场何时停满？"),
                            Kind.PARKING,
                            "available_spots",
                            "min",
                            by="facility",
                            low=0,
                        ),
                    ),
                    (10, _room(t)),
                ],
            ),
            (
                8,
                [
                    (
                        12,
                        curves(
                            "lots-in",
                            t("Cars in, by lot", "各车场驶入"),
                            t("Does a lot take cars at all, and when is the rush?", "车场是否有车驶入，高峰在何时？"),
                            risen(HOURLY, "vehicles_in_max", by=FACILITY, each="1h"),
                            unit=unit_of("vehicles_in"),
                            bars=True,
                            stacked=True,
                        ),
                    ),
                    (
                        12,
                        ribbons(
                            "lots-gate",
                            t("Gates", "道闸"),
                            t("Which gate is at fault, and since when?", "哪个道闸故障，从何时开始？"),
                            over_time(HOURLY, "last", "gate_state_last", by=FACILITY, each="1h"),
                            states=gates,
                        ),
                    ),
                ],
            ),
        ],
    )


def _room(t: Tongue) -> grafana.Panel:
    return rows(
        "lots-room",
        t("Where there is room", "哪里有空位"),
        t("Where can a guard send the next car?", "下一辆车引导去哪里？"),
        newest(NOW, "available_spots_last", pick="top", most=20),
        heads={
            "facility": t("Facility", "设施"),
            "zone": t("Zone", "片区"),
            "value": t("Free spots", "空余泊位"),
        },
        looks={"value": {"custom.cellOptions": {"type": "color-text"}}},
        by="value",
        unit=unit_of("available_spots"),
        steps=steps(RED, (1, CALM)),
    )
