"""What the SDK cannot say: a question in InfluxQL. It has builders for many data sources, and none for InfluxDB."""

from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import DashboardLink, VariableModel

from domain.series import EVENTS, ROLLUPS

TYPE: Final = "influxdb"
TIME_SERIES, TABLE = "time_series", "table"
# One data source for each database: the readings, their roll-ups, the events.
SOURCES: Final = {
    series: DataSourceRef(type_val=TYPE, uid=f"tidewalk-{series}" if series else "tidewalk")
    for series in ("", *ROLLUPS, EVENTS)
}


@dataclass(frozen=True, slots=True)
class Target(Dataquery):
    """InfluxQL as it is written, where it is asked, and whether its answer is lines over time or a table."""

    query: str
    source: DataSourceRef
    shape: str = TIME_SERIES
    alias: str = ""
    ref: str = "A"

    def to_json(self) -> dict[str, object]:
        """As Grafana's InfluxDB data source keeps it."""
        return {
            "refId": self.ref,
            "datasource": self.source,
            "query": self.query,
            "rawQuery": True,
            "resultFormat": self.shape,
            "alias": self.alias,
        }


@dataclass(frozen=True, slots=True)
class Note:
    """An annotation by InfluxQL: the SDK's has no place for the question, nor for which of its columns is what."""

    name: str
    colour: str
    query: str
    text: str
    tags: str
    until: str = ""
    shown: bool = True

    def to_json(self) -> dict[str, object]:
        """As Grafana's InfluxDB data source keeps it: an annotation without a `target` asks nothing."""
        return {
            "name": self.name,
            "datasource": SOURCES[EVENTS],
            "enable": self.shown,
            "iconColor": self.colour,
            "target": {
                "refId": "Anno",
                "name": self.name,
                "query": self.query,
                "rawQuery": True,
                "fromAnnotations": True,
                "textColumn": self.text,
                "tagsColumn": self.tags,
                "timeEndColumn": self.until,
            },
        }


class Link(DashboardLink):
    """A link where Grafana has always had them: the SDK would move it into a menu."""

    def to_json(self) -> dict[str, object]:
        """Without the placement."""
        told = super().to_json()
        told.pop("placement", None)
        return told


class Variable(VariableModel):
    """A variable without what a newer Grafana than ours knows of intervals."""

    def to_json(self) -> dict[str, object]:
        """Without `auto…`, which only variables of that sort have."""
        return {key: value for key, value in super().to_json().items() if not key.startswith("auto")}
