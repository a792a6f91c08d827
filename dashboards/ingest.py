"""Ingest health: is all that is sent heard, kept, judged and told, and how far are we behind."""

from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.alerts import BEHIND_S, SKEW_S
from dashboards.board import Board, row
from dashboards.facts import Facts
from dashboards.influxql import events, in_range, over_time, risen, risen_in_range
from dashboards.looks import AMBER, CALM, RED, UNKNOWN, bad_below, bad_from, line_at, steps
from dashboards.panels import curves, number, ribbons
from dashboards.tongues import Said, Tongue
from domain.series import CHANNEL, INGEST

HEALTH, WAYS = events(INGEST), events(CHANNEL)
# Name, title, question, field of the health series, what its line is called, unit.
GROWING = (
    (
        "journal",
        ("Journal", "日志"),
        ("Does the journal grow without end?", "日志是否持续膨胀？"),
        "journal_bytes",
        ("size", "大小"),
        "bytes",
    ),
    (
        "outbox",
        ("Messages to crews that wait", "待发派单消息"),
        ("Do messages to crews pile up?", "派单消息是否积压？"),
        "outbox_pending",
        ("waiting", "待发"),
        "none",
    ),
    (
        "blind-spots",
        ("Blind spots", "盲点"),
        ("When did sensors fall silent?", "传感器何时失联？"),
        "blind",
        ("devices", "传感器"),
        "none",
    ),
)
ROLLED = (
    "rollups",
    ("Roll-ups, behind", "汇总滞后"),
    ("Are the dashboards' own figures up to date?", "看板所用的汇总数据是否最新？"),
    "rollup_lag_s",
    ("behind", "滞后"),
    "s",
)


def ingest(t: Tongue, facts: Facts) -> Board:  # noqa: ARG001
    """The dashboard."""
    return Board(
        slug="ingest",
        title=("Tidewalk · ingest health", "接入健康"),
        rows=[
            row(5, _rate(t), *_lags(t), *_counts(t)),
            row(4, _up(t)),
            row(8, _rates(t), _lag(t)),
            row(8, *(_curve(t, *one) for one in GROWING)),
            row(8, _aside(t), _skew(t), _curve(t, *ROLLED)),
            row(6, _channels(t)),
        ],
        since="now-6h",
        refresh="30s",
        variables=(),
        noted=False,
    )


def _rate(t: Tongue) -> grafana.Panel:
    return number(
        "ingest-rate",
        t("Messages a second", "每秒消息"),
        t("Does anything come in?", "是否有数据进来？"),
        in_range(HEALTH, "last", "messages_per_s"),
        steps=bad_below(float("1e-9")),
        none=t("nothing", "无"),
        decimals=1,
    )


def _lags(t: Tongue) -> list[grafana.Panel]:
    asked = (
        (
            "judged",
            "judge",
            "Judged, behind",
            "判定滞后",
            "How old is what the rules are judging?",
            "规则判定滞后多久？",
        ),
        ("stored", "store", "Stored, behind", "入库滞后", "How old is what is being stored?", "入库滞后多久？"),
    )
    return [
        number(
            f"ingest-{name}",
            t(en, zh),
            t(question, zh_question),
            in_range(HEALTH, "last", f"lag_{part}_s"),
            unit="s",
            steps=bad_from(BEHIND_S, BEHIND_S / 5),
            none="—",
            decimals=0,
        )
        for name, part, en, zh, question, zh_question in asked
    ]


def _counts(t: Tongue) -> list[grafana.Panel]:
    return [
        number(
            "ingest-blind",
            t("Blind spots", "盲点"),
            t("Of how many devices is nothing heard that should be?", "有多少传感器该报未报？"),
            in_range(HEALTH, "last", "blind"),
            steps=steps(CALM, (1, UNKNOWN)),
            none="—",
        ),
        number(
            "ingest-aside",
            t("Set aside in the range", "时段内隔离"),
            t("How much could not be read or believed?", "有多少数据无法解析或不可信？"),
            risen_in_range(HEALTH, "quarantined"),
            steps=steps(CALM, (1, AMBER)),
        ),
        number(
            "ingest-dead",
            t("Messages given up", "放弃的派单消息"),
            t("Did any message to a crew never arrive?", "是否有派单消息最终未能送达？"),
            in_range(HEALTH, "last", "outbox_dead"),
            steps=bad_from(1),
        ),
    ]


def _up(t: Tongue) -> grafana.Panel:
    parts = (
        ("link_up", t("broker", "消息代理")),
        ("store_up", t("store", "时序库")),
        ("judge_up", t("judge", "判定")),
        ("dispatch_up", t("dispatch", "派遣")),
    )
    return ribbons(
        "ingest-up",
        t("Parts", "各部分"),
        t("Which part was down, and from when to when?", "哪个部分中断过，从何时到何时？"),
        *(over_time(HEALTH, "last", field, alias=name) for field, name in parts),
        states=_up_or_down(t),
    )


def _rates(t: Tongue) -> grafana.Panel:
    return curves(
        "ingest-rates",
        t("Rates", "速率"),
        t("How much comes in, and is it the usual?", "数据量有多大，是否正常？"),
        over_time(HEALTH, "mean", "messages_per_s", alias=t("messages", "消息")),
        over_time(HEALTH, "mean", "readings_per_s", alias=t("readings", "读数")),
        unit="suffix: /s",
        low=0,
    )


def _lag(t: Tongue) -> grafana.Panel:
    return curves(
        "ingest-lag",
        t("Behind", "滞后"),
        t("When did we fall behind, and did we catch up?", "何时滞后，是否追上？"),
        over_time(HEALTH, "max", "lag_judge_s", alias=t("judge", "判定")),
        over_time(HEALTH, "max", "lag_store_s", alias=t("store", "入库")),
        unit="s",
        steps=line_at((BEHIND_S, RED)),
        low=0,
    )


def _curve(t: Tongue, name: str, title: Said, question: Said, field: str, alias: Said, unit: str) -> grafana.Panel:
    """The worst of one figure over time."""
    ask = over_time(HEALTH, "max", field, alias=t(*alias))
    return curves(f"ingest-{name}", t(*title), t(*question), ask, unit=unit, low=0, legend=False)


def _aside(t: Tongue) -> grafana.Panel:
    return curves(
        "ingest-quarantine",
        t("Set aside", "隔离"),
        t("When did data come that cannot be read?", "何时出现无法解析的数据？"),
        risen(HEALTH, "quarantined", alias=t("set aside", "隔离")),
        risen(HEALTH, "readings_refused", alias=t("refused by the store", "时序库拒绝")),
        low=0,
        bars=True,
    )


def _skew(t: Tongue) -> grafana.Panel:
    return curves(
        "ingest-skew",
        t("Clock skew", "时钟偏差"),
        t("Do the sensors' clocks agree with ours?", "传感器时钟与本机是否一致？"),
        over_time(HEALTH, "mean", "clock_skew_s", alias=t("skew", "偏差")),
        unit="s",
        steps=line_at((SKEW_S, RED)),
        legend=False,
    )


def _channels(t: Tongue) -> grafana.Panel:
    return ribbons(
        "ingest-channels",
        t("Ways to crews", "派单通道"),
        t("Which channel was down, and from when to when?", "哪个派单通道中断过，从何时到何时？"),
        over_time(WAYS, "last", "up", by=("channel",)),
        states=_up_or_down(t),
    )


def _up_or_down(t: Tongue) -> list[tuple[str, str, str | None]]:
    return [("true", t("up", "正常"), CALM), ("false", t("down", "中断"), RED)]
