"""The life of an order as a picture, drawn from the table of legal changes: columns are states, rows are steps.

python -m services.commands.life_picture docs/images/order-life.svg
"""

import sys
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Final

from services.commands.timeline import STEP_ZH
from services.console.words import ORDER_STATE
from services.dispatch.legal import LEGAL
from services.dispatch.orders import ENDED, OrderState, Step

LEFT, TOP, WIDE, HIGH = 178, 58, 88, 25
ROAD: Final = (
    OrderState.DRAFT,
    OrderState.OPEN,
    OrderState.DISPATCHED,
    OrderState.ACCEPTED,
    OrderState.ARRIVED,
    OrderState.DONE,
    OrderState.VERIFIED,
    OrderState.CLOSED,
    OrderState.ON_HOLD,
    OrderState.WITHDRAWN,
    OrderState.VOID,
    OrderState.MERGED,
)
INK, PALE, MOVE, STAY, END = "#1f2933", "#e4e7eb", "#0b6e99", "#7b8794", "#8a5a00"


def picture() -> str:
    """The whole picture as SVG: the same table, the same bytes."""
    moving = [step for step in Step if any(b is not a for b, a in LEGAL[step].items())]
    staying = [step for step in Step if step not in moving]
    rows = [*moving, *staying]
    width, height = LEFT + WIDE * len(ROAD), TOP + HIGH * len(rows) + 34
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    named = 'font-family="sans-serif" font-size="12" role="img" aria-label="The life of an order 案卷流转"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {named}>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *_columns(height),
    ]
    for number, step in enumerate(rows):
        parts += _row(step, LEGAL[step], TOP + HIGH * number + HIGH // 2, width)
    legend = "○ from this state 起始 · ▶ to this state 到达 · ● stays there 不变 · brown: ended 已结束"
    parts.append(f'<text x="{LEFT}" y="{height - 10}" fill="{STAY}">{legend}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _columns(height: int) -> Iterable[str]:
    for number, state in enumerate(ROAD):
        x, colour = _x(state), END if state in ENDED else INK
        if number % 2:
            yield f'<rect x="{x - WIDE // 2}" y="0" width="{WIDE}" height="{height - 28}" fill="#f5f7fa"/>'
        en, zh = ORDER_STATE[state]
        yield f'<text x="{x}" y="24" text-anchor="middle" font-weight="bold" fill="{colour}">{escape(en)}</text>'
        yield f'<text x="{x}" y="42" text-anchor="middle" fill="{colour}">{escape(zh)}</text>'


def _row(step: Step, changes: Mapping[OrderState, OrderState], y: int, width: int) -> Iterable[str]:
    yield f'<line x1="0" x2="{width}" y1="{y + HIGH // 2}" y2="{y + HIGH // 2}" stroke="{PALE}"/>'
    yield f'<text x="8" y="{y + 4}" fill="{INK}">{step} {STEP_ZH[step]}</text>'
    for target in dict.fromkeys(changes.values()):
        sources = [state for state in ROAD if changes.get(state) is target and state is not target]
        if sources:
            yield from _arrow(sources, target, y)
    for state in ROAD:
        if changes.get(state) is state:
            yield f'<circle cx="{_x(state)}" cy="{y}" r="5" fill="{STAY}"/>'


def _arrow(sources: list[OrderState], target: OrderState, y: int) -> Iterable[str]:
    ends = [_x(state) for state in (*sources, target)]
    yield f'<line x1="{min(ends)}" x2="{max(ends)}" y1="{y}" y2="{y}" stroke="{MOVE}" stroke-width="1.5"/>'
    for state in sources:
        yield f'<circle cx="{_x(state)}" cy="{y}" r="5" fill="#ffffff" stroke="{MOVE}" stroke-width="1.5"/>'
    x, back = _x(target), 9 if _x(target) > _x(sources[0]) else -9
    yield f'<path d="M {x + back // 2} {y} l {-back} -6 l 0 12 z" fill="{MOVE}"/>'


def _x(state: OrderState) -> int:
    return LEFT + WIDE * ROAD.index(state) + WIDE // 2


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(picture(), encoding="utf-8")
