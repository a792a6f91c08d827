"""Grafana's alerts about ourselves: when nothing comes in, nobody would see anything wrong.

There is one of each, in both tongues: two would call twice.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

from grafana_foundation_sdk.models import alerting

from dashboards.influxql import events, in_range
from dashboards.target import Target
from domain.series import CHANNEL, INGEST

HEALTH, WAYS = events(INGEST), events(CHANNEL)
FOLDER: Final = (
    "Tidewalk alerts 告警"  # of its own: Grafana makes it before those of the dashboards, under a uid of its choice
)
STALLED_MIN: Final = 5  # nothing heard for so long, where something came before
BEHIND_S: Final = 300.0  # old enough that an order would come too late
GROWN_BYTES: Final = float(8 << 30)
SKEW_S: Final = 120.0
_EXPRESSION: Final = "__expr__"


@dataclass(frozen=True, slots=True)
class Watched:
    """One alert: what is asked, and when it is wrong."""

    slug: str
    title: tuple[str, str]
    question: tuple[str, str]
    ask: Target
    wrong: tuple[str, float]  # gt or lt, and the number
    lasting: str
    silent: str  # NoData, OK or Alerting: what it means that there is no answer
    look_s: int = 600  # how far back is looked


def _watched() -> tuple[Watched, ...]:
    return (
        Watched(
            "stalled",
            ("Ingest stalled", "接入中断"),
            ("Has nothing come in for minutes?", "是否数分钟没有任何数据？"),
            in_range(HEALTH, "max", "messages_per_s", alias="rate"),
            ("lt", 1e-9),
            "1m",
            "Alerting",  # where we say nothing of ourselves any more, we are down
            look_s=60 * STALLED_MIN,
        ),
        Watched(
            "journal",
            ("Journal growing", "日志膨胀"),
            ("Is the journal larger than it ever should be?", "日志是否异常膨胀？"),
            in_range(HEALTH, "max", "journal_bytes", alias="bytes"),
            ("gt", GROWN_BYTES),
            "10m",
            "OK",
        ),
        Watched(
            "behind-judge",
            ("Rules are behind", "判定积压"),
            ("Would an order come too late?", "派单是否会太迟？"),
            in_range(HEALTH, "last", "lag_judge_s", alias="seconds"),
            ("gt", BEHIND_S),
            "5m",
            "OK",
        ),
        Watched(
            "behind-store",
            ("The store is behind", "入库积压"),
            ("Do readings wait to be stored?", "读数是否积压未入库？"),
            in_range(HEALTH, "last", "lag_store_s", alias="seconds"),
            ("gt", BEHIND_S),
            "10m",
            "OK",
        ),
        Watched(
            "skew",
            ("Clock skew", "时钟偏差"),
            ("Do the sensors' clocks and ours disagree?", "传感器与本机时钟是否不一致？"),
            in_range(HEALTH, "last", "clock_skew_s", alias="seconds"),
            ("outside_range", SKEW_S),
            "10m",
            "OK",
        ),
        Watched(
            "channel",
            ("Channel down", "派单通道中断"),
            ("Do messages to crews wait behind a channel that is down?", "派单通道是否中断？"),
            in_range(WAYS, "last", "pending", by=("channel",), where='"up" = false', alias="$tag_channel"),
            ("gt", -1),
            "2m",
            "OK",
            look_s=90,  # three points: what was down before them is up again
        ),
    )


def provisioned() -> dict[str, Any]:
    """The file that Grafana reads its alert rules from."""
    return {
        "apiVersion": 1,
        "groups": [
            {
                "orgId": 1,
                "name": "tidewalk",
                "folder": FOLDER,
                "interval": "1m",
                "rules": [_rule(one) for one in _watched()],
            }
        ],
    }


def _rule(one: Watched) -> dict[str, Any]:
    sort, limit = one.wrong
    limits = [-limit, limit] if sort == "outside_range" else [limit]
    queries = [
        _query("A", replace(one.ask, ref="A"), one.ask.source.uid or "", one.look_s),
        _query("B", {"refId": "B", "type": "reduce", "expression": "A", "reducer": "last"}, _EXPRESSION),
        _query(
            "C",
            {
                "refId": "C",
                "type": "threshold",
                "expression": "B",
                "conditions": [{"evaluator": {"type": sort, "params": limits}}],
            },
            _EXPRESSION,
        ),
    ]
    return {
        "uid": f"tidewalk-{one.slug}",
        "title": " ".join(one.title),
        "condition": "C",
        "data": queries,
        "for": one.lasting,
        "noDataState": one.silent,
        "execErrState": "Error",
        "annotations": {"summary": " ".join(one.question)},
        "labels": {"service": "tidewalk"},
    }


def _query(ref: str, model: Any, source: str, look_s: int = 0) -> alerting.Query:
    return alerting.Query(
        datasource_uid=source,
        model=model,
        ref_id=ref,
        relative_time_range=alerting.RelativeTimeRange(look_s, 0),
    )
