"""How the coast stands, element by element: to be read from three metres, and calm when nothing is wrong."""

from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.board import Board, row
from dashboards.facts import Facts
from dashboards.influxql import events, facilities, outer, over_time, standing
from dashboards.looks import AMBER, CALM, RED, UNKNOWN, bad_from, steps
from dashboards.panels import bars, chart, curves, number
from dashboards.standing import ALARM, NOT_WELL, SILENT, elements_named, needing, trouble
from dashboards.tongues import Tongue
from domain.naming import ELEMENT_ZH, Element
from domain.series import FACILITY, KPI

PLACES = events(FACILITY)
SCORES = events(KPI)
HOURLY = "\"every\" = '1h'"


def overview(t: Tongue, facts: Facts) -> Board:
    """The dashboard."""
    return Board(
        slug="overview",
        title=("Tidewalk · the coast", "海岸总览"),
        rows=[
            row(6, *(_element(t, one) for one in Element)),
            row(4, *_orders(t)),
            row(13, _map(t), _zones(t), wide=(15, 9)),
            row(10, needing(t, facts, "overview-needing")),
            row(8, _open(t), _alarms(t)),
        ],
        refresh="30s",
    )


def _element(t: Tongue, element: Element) -> grafana.Panel:
    name = t(element.value.capitalize(), ELEMENT_ZH[element])
    return number(
        f"overview-{element}",
        name,
        t(
            f"How many {element} facilities have an alarm that nobody has taken on yet?",
            f"当前有多少{ELEMENT_ZH[element]}设施已报警而尚无人接单？",
        ),
        trouble("count(rank) AS n", ALARM, where=f"\"element\" = '{element}'"),
        steps=steps(CALM, (1, AMBER), (10, RED)),
        big=True,
    )


def _orders(t: Tongue) -> list[grafana.Panel]:
    latest = standing(PLACES, "rank", "order", "open_orders", "order_due", "priority")
    return [
        number(
            "overview-open",
            t("Open orders", "在办工单"),
            t(
                "Of each facility the most urgent, and one of many lamps once: how many work orders are open?",
                "每处设施计最急的一单、多灯同单只计一次：有多少工单尚未结案？",
            ),
            outer(PLACES, 'count(distinct("order")) AS n', latest, where="open_orders > 0"),
            steps=steps(CALM),
        ),
        number(
            "overview-urgent",
            t("P0 and P1", "特急与紧急"),
            t("How many places have an open order of P0 or P1?", "当前有多少处存在特急（P0）或紧急（P1）工单？"),
            outer(PLACES, "count(rank) AS n", latest, where="open_orders > 0 AND (priority = 'P0' OR priority = 'P1')"),
            steps=bad_from(1),
        ),
        number(
            "overview-late",
            t("Past the time limit", "已超时限"),
            t("Of how many places is the most urgent order past its time limit?", "有多少处最急的工单已超过处置时限？"),
            outer(PLACES, "count(rank) AS n", latest, where="open_orders > 0 AND order_due < ${__to}"),
            steps=bad_from(1),
        ),
        number(
            "overview-silent",
            t("Silent", "失联"),
            t(
                "How many facilities are we blind to: nothing heard when something was due?",
                "有多少设施该报未报，成为盲点？",
            ),
            trouble("count(rank) AS n", SILENT),
            steps=steps(CALM, (1, UNKNOWN)),
        ),
    ]


def _map(t: Tongue) -> grafana.Panel:
    fields = ("rank", "lat", "lon", "state", "rule", "priority")
    return chart(
        "overview-map",
        t("The coast", "海岸"),
        t("Where is something wrong, and where is a crew at it?", "哪里出了问题，哪里有班组在处置？"),
        facilities(PLACES, fields, standing(PLACES, *fields)),
        place=("lat", "lon"),
        state="rank",
    )


def _zones(t: Tongue) -> grafana.Panel:
    return bars(
        "overview-zones",
        t("Zones: not well", "各片区：未消除问题"),
        t(
            "Which zones are worst off: of how many of their facilities is something wrong or in hand?",
            "哪个片区情况最差：多少设施存在尚未解决的问题？",
        ),
        outer(
            PLACES,
            "count(rank) AS n",
            standing(PLACES, "rank", by=("zone", "facility")),
            where=NOT_WELL,
            by=("zone",),
        ),
        unit="none",
        steps=steps(CALM, (1, AMBER), (10, RED)),
    )


def _open(t: Tongue) -> grafana.Panel:
    return curves(
        "overview-open-by-element",
        t("Open orders by element", "各要素在办工单"),
        t("Does the work in hand grow or shrink, and whose is it?", "在办工单是增是减，属于哪个要素？"),
        over_time(SCORES, "sum", "orders_open", by=("element",), where=HOURLY, each="1h"),
        looks=elements_named(t),
        stacked=True,
    )


def _alarms(t: Tongue) -> grafana.Panel:
    return curves(
        "overview-alarms-by-element",
        t("Alarms an hour", "每小时新增告警"),
        t("When did trouble begin, and in which element?", "问题从何时开始，出在哪个要素？"),
        over_time(SCORES, "sum", "alarms_opened", by=("element",), where=HOURLY, each="1h"),
        looks=elements_named(t),
        stacked=True,
        bars=True,
    )
