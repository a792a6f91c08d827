"""Orders and dispatch: what waits, how long it has waited, and how the crews do.

Lamps as in 数字城管: green to 80 % of the time limit, yellow to 100, red beyond.
"""

from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.board import Board, row
from dashboards.facts import Facts
from dashboards.influxql import events, in_range, listed, outer, over_time, standing
from dashboards.looks import AMBER, CALM, GOOD, RED, bad_from, steps
from dashboards.panels import bars, curves, number, rows
from dashboards.standing import elements_named, rules_named, steps_named
from dashboards.tongues import Said, Tongue, code
from domain.series import FACILITY, KPI, ORDER

PLACES, CHANGES, SCORES = events(FACILITY), events(ORDER), events(KPI)
HOURLY = "\"every\" = '1h'"
YELLOW, OVER = 80.0, 100.0  # % of the time limit (时限灯)
CLOSED = "\"state\" = 'closed'"
LAMP = steps(GOOD, (YELLOW, AMBER), (OVER, RED))
_USED = "100 * (${__to} - order_opened) / (order_due - order_opened)"
_LATEST = ("open_orders", "order_opened", "order_due")


def orders(t: Tongue, facts: Facts) -> Board:
    """The dashboard."""
    return Board(
        slug="orders",
        title=("Tidewalk · orders and dispatch", "工单与派遣"),
        rows=[
            row(5, *_lamps(t), *_numbers(t)),
            row(12, _waiting(t, facts)),
            row(9, _by_priority(t), _ageing(t), _flow(t)),
            row(9, *_crews(t)),
        ],
        variables=("zone", "node"),
        noted=False,
    )


def _lamps(t: Tongue) -> list[grafana.Panel]:
    inner = standing(PLACES, *_LATEST)
    used = f"SELECT {_USED} AS used FROM ({inner}) WHERE open_orders > 0"  # noqa: S608
    lamps = (
        ("green", t("In time", "绿灯"), f"used < {YELLOW:g}", steps(CALM, (1, GOOD)), t("less than 80 %", "不足 80%")),
        (
            "yellow",
            t("Nearly due", "黄灯"),
            f"used >= {YELLOW:g} AND used < {OVER:g}",
            steps(CALM, (1, AMBER)),
            t("80 to 100 %", "80%–100%"),
        ),
        ("red", t("Past the limit", "红灯"), f"used >= {OVER:g}", bad_from(1), t("more than 100 %", "超过 100%")),
    )
    return [
        number(
            f"orders-{key}",
            title,
            t(
                f"Of how many places has the most urgent order used {share} of its time limit?",
                f"有多少处最急的工单已用时限{share}？",
            ),
            outer(PLACES, "count(used) AS n", used, where=where),
            steps=colours,
            big=True,
        )
        for key, title, where, colours, share in lamps
    ]


def _numbers(t: Tongue) -> list[grafana.Panel]:
    return [
        _until(
            t,
            "accept",
            ("Until accepted", "平均接单用时"),
            ("How long until a crew says yes (MTTA)?", "从立案到接单平均多久？"),
            "taken_s",
            "accepted",
        ),
        _until(
            t,
            "done",
            ("Until done", "平均处置用时"),
            ("How long until the crew is done (MTTR)?", "从立案到处置完毕平均多久？"),
            "done_s",
            "done",
        ),
        number(
            "orders-rework",
            t("Rework", "返工"),
            t("How often was work sent back by the sensors?", "传感器核查未通过、被退回返工多少次？"),
            in_range(SCORES, "sum", "orders_reworked", where=HOURLY),
            steps=steps(CALM, (1, AMBER)),
        ),
    ]


def _until(t: Tongue, name: str, title: Said, question: Said, field: str, state: str) -> grafana.Panel:
    """How long orders took, on the mean, to come to a state."""
    return number(
        f"orders-{name}",
        t(*title),
        t(*question),
        in_range(CHANGES, "mean", field, where=f"\"state\" = '{state}'"),
        unit="s",
        steps=steps(CALM),
        none="—",
        decimals=0,
    )


def _waiting(t: Tongue, facts: Facts) -> grafana.Panel:
    name, zone = f"name_{code(t)}", f"zone_{code(t)}"
    fields = ("case", "order", "priority", name, zone, "rule", "step", "crew")
    inner = standing(PLACES, *_LATEST, *fields)
    share = {
        "unit": "percent",
        "min": 0,
        "max": 150,
        "decimals": 0,
        "custom.cellOptions": {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"},
    }
    return rows(
        "orders-waiting",
        t("Open orders, by time limit used", "在办工单（按已用时限）"),
        t("Which orders run out of time, and who has them?", "哪些工单将超时，由谁在办？"),
        outer(
            PLACES,
            listed((*fields, "facility")) + f", {_USED} AS used, order_due AS due",
            inner,
            where="open_orders > 0",
        ),
        heads={
            "used": t("Time limit used", "已用时限"),
            "case": t("Case", "案号"),
            "priority": t("Priority", "紧急程度"),
            name: t("What", "设施"),
            zone: t("Zone", "片区"),
            "rule": t("Alarm", "告警"),
            "step": t("Step", "环节"),
            "crew": t("Crew", "班组"),
            "due": t("Due", "处置时限"),
            "facility": t("Id", "编号"),
        },
        looks={
            "used": {**share, "thresholds": LAMP},
            "due": {"unit": "dateTimeAsLocal"},
            "rule": rules_named(t, facts),
            "step": steps_named(t),
            "priority": {"custom.width": 90},
        },
        by="used",
        none=t("Nothing waits", "无在办工单"),
    )


def _by_priority(t: Tongue) -> grafana.Panel:
    colours = {"P0": RED, "P1": "#d9694a", "P2": AMBER, "P3": CALM, "P4": "#9aa8b4"}
    return curves(
        "orders-priority",
        t("Open, by priority", "在办工单（按紧急程度）"),
        t("Is what waits urgent?", "在办工单有多紧急？"),
        *(over_time(SCORES, "sum", f"open_{name.lower()}", where=HOURLY, each="1h", alias=name) for name in colours),
        stacked=True,
        looks={name: {"color": {"mode": "fixed", "fixedColor": colour}} for name, colour in colours.items()},
    )


def _ageing(t: Tongue) -> grafana.Panel:
    return curves(
        "orders-ageing",
        t("Age of the oldest", "最久未结"),
        t(
            "Is something forgotten: how old is the oldest open order of each element?",
            "是否有工单被遗忘：各要素最久未结多长时间？",
        ),
        over_time(SCORES, "max", "age_oldest_s", by=("element",), where=HOURLY, each="1h"),
        looks=elements_named(t),
        unit="s",
        low=0,
    )


def _flow(t: Tongue) -> grafana.Panel:
    return curves(
        "orders-flow",
        t("Opened and ended", "立案与结案"),
        t("Do crews keep up with what comes in?", "处置是否跟得上立案？"),
        over_time(SCORES, "sum", "orders_opened", where=HOURLY, each="1h", alias=t("opened", "立案")),
        over_time(SCORES, "sum", "orders_ended", where=HOURLY, each="1h", alias=t("ended", "结案")),
        low=0,
    )


def _crews(t: Tongue) -> list[grafana.Panel]:
    by = ("crew",)
    return [
        bars(
            "orders-crew-done",
            t("Ended, by crew", "各班组结案数"),
            t("Who did how much?", "各班组办结多少？"),
            in_range(CHANGES, "count", "lasted_s", by=by, where=CLOSED),
            unit="none",
            steps=steps(CALM),
        ),
        bars(
            "orders-crew-time",
            t("Until done, by crew", "各班组处置用时"),
            t("How long do crews take?", "各班组平均处置多久？"),
            in_range(CHANGES, "mean", "done_s", by=by, where="\"state\" = 'done'"),
            unit="s",
            steps=steps(CALM),
            decimals=0,
        ),
        bars(
            "orders-crew-late",
            t("Past the time limit, by crew", "各班组超时工单"),
            t("Whose orders ended too late?", "谁的工单超时办结？"),
            in_range(CHANGES, "count", "lasted_s", by=by, where=f'{CLOSED} AND "in_limit" = false'),
            unit="none",
            steps=steps(CALM, (1, AMBER), (5, RED)),
        ),
    ]
