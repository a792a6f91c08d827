"""Car parks: where there is room, which are full or closed, how they are used."""

from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.board import Board, row
from dashboards.facts import Facts
from dashboards.influxql import drawn, over_time, risen
from dashboards.kinds import Things, kind_board, sparse
from dashboards.looks import AMBER, CALM, FAINT, RED, bad_from, steps
from dashboards.panels import curves, ribbons
from dashboards.tongues import Tongue
from dashboards.units import unit_of
from domain.naming import Kind

HOURLY = drawn("1h", Kind.PARKING)
EACH = ("facility",)
ROOM = steps(RED, (1, CALM))


def lots(t: Tongue, facts: Facts) -> Board:
    """The dashboard."""
    ours = Things(t, "lots", Kind.PARKING)
    return kind_board(
        t,
        facts,
        "lots",
        ("Tidewalk · car parks", "停车场"),
        (Kind.PARKING,),
        _numbers(ours),
        [row(10, _spots(ours), _room(ours), wide=(14, 10)), row(8, sparse(_arrivals(t)), sparse(_gates(t)))],
    )


def _numbers(ours: Things) -> list[grafana.Panel]:
    return [
        ours.now(
            "free",
            ("Free spots", "空余泊位"),
            ("Is there room for one more car: how many spots are free?", "还能停多少辆车？"),
            "available_spots",
            "sum",
            marks=ROOM,
        ),
        ours.now(
            "full",
            ("Without a free spot", "无空位车场"),
            ("How many lots have no spot left?", "有多少车场已无空位？"),
            "available_spots",
            "count",
            over="value <= 0",
            marks=steps(CALM, (1, AMBER)),
        ),
        ours.now(
            "gates",
            ("Gates at fault", "道闸故障"),
            ("How many gates let nobody in or out?", "有多少道闸故障？"),
            "gate_state",
            "count",
            over="value = 'fault'",
            marks=bad_from(1),
        ),
    ]


def _spots(ours: Things) -> grafana.Panel:
    return ours.lines(
        "spots",
        ("Free spots, the fewest of each hour", "空余泊位（每小时最少）"),
        ("Which lot fills up, and when?", "哪个车场何时停满？"),
        "available_spots",
        "min",
        by="facility",
        low=0,
    )


def _room(ours: Things) -> grafana.Panel:
    return ours.listed(
        "room",
        ("Where there is room", "哪里有空位"),
        ("Where can a guard send the next car?", "下一辆车引导去哪里？"),
        "available_spots",
        heading=("Free spots", "空余泊位"),
        look={"custom.cellOptions": {"type": "color-text"}},
        marks=ROOM,
        most=20,
    )


def _arrivals(t: Tongue) -> grafana.Panel:
    return curves(
        "lots-in",
        t("Cars in, by lot", "各车场驶入"),
        t("Does a lot take cars at all, and when is the rush?", "车场是否有车驶入，高峰在何时？"),
        risen(HOURLY, "vehicles_in_max", by=EACH),
        unit=unit_of("vehicles_in"),
        bars=True,
        stacked=True,
    )


def _gates(t: Tongue) -> grafana.Panel:
    return ribbons(
        "lots-gate",
        t("Gates", "道闸"),
        t("Which gate is at fault, and since when?", "哪个道闸故障，从何时开始？"),
        over_time(HOURLY, "last", "gate_state_last", by=EACH),
        states=[
            ("up", t("open", "抬起"), CALM),
            ("down", t("closed", "落下"), FAINT),
            ("fault", t("fault", "故障"), RED),
        ],
    )
