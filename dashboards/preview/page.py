"""A dashboard as one HTML page that needs nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from html import escape
from typing import Final

from dashboards.preview.answers import Json
from dashboards.preview.common import Answers, Scene
from dashboards.preview.draw import drawn
from domain.readings import Millis

WIDE: Final = 1600  # pixels
_COLUMN: Final = WIDE / 24
_UNIT: Final = 34  # pixels of Grafana's unit of height
_GAP: Final = 8
_HEAD: Final = 28
STYLE: Final = """
:root{--ground:#f2f4f6;--panel:#fff;--ink:#1f2a35;--quiet:#74818e;--grid:#e3e7eb;--edge:#dde2e7}
@media(prefers-color-scheme:dark){:root{--ground:#10161c;--panel:#182028;--ink:#e4e9ee;--quiet:#8a97a4;--grid:#27313b;
--edge:#232d37}}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);
font:13px/1.35 "Noto Sans CJK SC","Noto Sans SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif}
header{max-width:1600px;margin:0 auto;padding:14px 8px 6px;display:flex;gap:18px;align-items:baseline;flex-wrap:wrap}
h1{font-size:21px;margin:0;font-weight:600}header time{color:var(--quiet)}nav{display:flex;gap:12px;flex-wrap:wrap}
a{color:#4e8fc7;text-decoration:none}main{position:relative;width:1600px;margin:0 auto}
section{position:absolute;background:var(--panel);border:1px solid var(--edge);border-radius:6px;overflow:hidden}
section>h2{font-size:13px;font-weight:600;margin:0;padding:6px 10px 0;height:28px;white-space:nowrap}
.inside{position:relative;padding:0 8px}.number{display:flex;align-items:center;justify-content:center;font-weight:600;
border-radius:4px;height:100%;font-variant-numeric:tabular-nums}section.stat .inside{height:calc(100% - 36px)}
svg{display:block}svg text{fill:var(--quiet);font-size:11px}.grid{stroke:var(--grid)}
.legend{height:20px;display:flex;gap:12px;overflow:hidden;white-space:nowrap;color:var(--quiet);font-size:12px;
padding-left:6px}.legend i{display:inline-block;width:14px;height:4px;border-radius:2px;margin-right:5px;
vertical-align:middle}table{width:100%;border-collapse:collapse}
th{text-align:left;font-weight:600;color:var(--quiet);padding:2px 8px;border-bottom:1px solid var(--grid)}
td{padding:2px 8px;height:25px;border-bottom:1px solid var(--grid);white-space:nowrap;max-width:260px;overflow:hidden;
text-overflow:ellipsis}.count{font-variant-numeric:tabular-nums}.mark{color:#fff;border-radius:3px;padding:1px 8px;
font-weight:500}.gauged{min-width:140px}.gauge{display:inline-block;width:calc(100% - 64px);height:9px;
background:var(--grid);border-radius:2px;vertical-align:middle}.gauge>i{display:block;height:9px;border-radius:2px}
.gauged span{display:inline-block;width:60px;text-align:right;font-variant-numeric:tabular-nums}
.more{position:absolute;right:14px;top:-24px;color:var(--quiet)}
.bar{display:grid;grid-template-columns:110px 1fr 84px;align-items:center;gap:10px}.bar span{overflow:hidden;
text-overflow:ellipsis;white-space:nowrap;text-align:right}.bar>i{height:55%;max-height:20px;background:var(--grid);
border-radius:3px}.bar>i>i{display:block;height:100%;border-radius:3px}.bar b{font-variant-numeric:tabular-nums}
.nothing{color:var(--quiet);text-align:center;padding-top:24px}
"""


@dataclass(frozen=True, slots=True)
class Drawing:
    """When a page is of, where, and what its neighbours are called."""

    since: Millis
    until: Millis
    zone: tzinfo
    others: Sequence[tuple[str, str]] = ()  # address and title


def page(dashboard: Json, answers: Mapping[int, Answers], drawing: Drawing) -> str:
    """The page. `answers` are those of each panel, by its number."""
    sections = "\n".join(_section(panel, answers[panel["id"]], drawing) for panel in dashboard["panels"])
    high = max(at["y"] + at["h"] for at in (panel["gridPos"] for panel in dashboard["panels"])) * _UNIT
    title = escape(dashboard["title"])
    tongue = "zh" if dashboard["uid"].endswith("-zh") else "en"
    nav = "".join(f'<a href="{escape(at)}">{escape(name)}</a>' for at, name in drawing.others)
    return (
        f'<!doctype html>\n<html lang="{tongue}"><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n<header><h1>{title}</h1><time>{_span(drawing)}</time>"
        f'<nav>{nav}</nav></header>\n<main style="height:{high}px">\n{sections}\n</main></html>\n'
    )


def _section(panel: Json, answers: Answers, drawing: Drawing) -> str:
    at = panel["gridPos"]
    wide, high = round(at["w"] * _COLUMN) - _GAP, at["h"] * _UNIT - _GAP
    scene = Scene(wide - 18, high - _HEAD - 8, drawing.since, drawing.until, drawing.zone)
    return (
        f'<section class="{panel["type"]}" title="{escape(panel["description"])}" style="left:'
        f'{round(at["x"] * _COLUMN) + _GAP // 2}px;top:{at["y"] * _UNIT}px;width:{wide}px;height:{high}px">'
        f'<h2>{escape(panel["title"])}</h2><div class="inside">{drawn(panel, answers, scene)}</div></section>'
    )


def _span(drawing: Drawing) -> str:
    first, last = (
        datetime.fromtimestamp(at / 1000, UTC).astimezone(drawing.zone) for at in (drawing.since, drawing.until)
    )
    return f"{first:%Y-%m-%d %H:%M} – {last:%Y-%m-%d %H:%M}"
