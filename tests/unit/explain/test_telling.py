"""What is explained, in words: one line in each language."""

from typing import Any

import pytest

from domain.readings import Millis, Value
from rules.core.params import Resolved
from rules.core.state import QUIET, Cover, Holding, Opened, Sample, State
from rules.runners.explain import Scene, explain
from rules.runners.explained import Held
from services.explain.telling import Telling
from tests.unit.rules.coast import MINUTE, NIGHT, book_of, small_coast
from tests.unit.rules.test_explain import BIN, DARK, LAMP, PLACE, Fixed

SITE = small_coast()


Minutely = tuple[tuple[int, dict[str, Value]], ...]


def told(body: str, state: State, *, now: int, lang: str = "en", said: Minutely = (), **more: Any) -> tuple[str, str]:
    book = book_of(it=body)
    (program,) = book.programs.values()
    at: Millis = NIGHT + now * MINUTE
    readings = tuple(Sample(NIGHT + after * MINUTE, "d", values) for after, values in said)
    facts = {"context": Fixed(lit=True), "readings": readings} | more
    found = explain(program, state, Scene("facility:it", PLACE, now=at, **facts))
    telling = Telling(SITE, book, at, lang)
    return telling.headline(found), "\n".join(telling.whole(found))


FULL = ((0, {"fill_level": 96.0}), (15, {"fill_level": 93.0}))
HELD = State(holds=(Holding(NIGHT, NIGHT + 10 * MINUTE, 2, NIGHT + 10 * MINUTE, dict(DARK)),))
ONCE = State(holds=(Holding(NIGHT, NIGHT, 1, None, dict(DARK)),))
OPEN = State(open=Opened(NIGHT, NIGHT, NIGHT, "v", {"fill_level": 97.0}))
ENDING = State(
    open=Opened(NIGHT, NIGHT, NIGHT, "v", {}, again=1),
    clearing=Holding(NIGHT + 30 * MINUTE, NIGHT + 30 * MINUTE, 1, NIGHT + 30 * MINUTE, {}),
)
BY = {"held": (Held("outage", "feeder:f", NIGHT, None),), "cover": Cover(NIGHT - 1, None)}


@pytest.mark.parametrize(
    ("body", "state", "now", "more", "en", "zh"),
    [
        (
            BIN, QUIET, 60, {"said": FULL},
            "did not fire: fill_level 93 % is 2 below 95, since 19:15",
            "未触发：满溢度 93 %，比 95 低 2，自 19:15 起",
        ),
        (
            LAMP, HELD, 14, {"said": ((0, DARK), (10, DARK))},
            "wrong 14 min of 20 min, an order in 6 min",
            "异常已持续 14 分钟（需 20 分钟），6 分钟后立案",
        ),
        (
            LAMP, ONCE, 14, {"said": ((0, DARK),)},
            "wrong 14 min of 20 min, shown 1 of 2 times, an order in 6 min at the soonest",
            "异常已持续 14 分钟（需 20 分钟），已出现 1 次（需 2 次），最早6 分钟后立案",
        ),
        (
            LAMP, ONCE, 30, {"said": ((0, DARK),)},
            "shown 1 of 2 times, an order with the next reading that shows it",
            "已出现 1 次（需 2 次），再出现一次即立案",
        ),
        (
            LAMP, HELD, 14, {"said": ((0, DARK),), **BY},
            "held back by outage of feeder:f since 19:00",
            "自 19:00 起被 feeder:f 的 outage 抑制",
        ),
        (
            LAMP, QUIET, 0, {"said": ((0, DARK),), "context": Fixed(lit=False)},
            "not judged now: lit is false, at least until …",
            "现在不判：lit 为假，至少到 …",
        ),
        (
            LAMP, QUIET, 1, {"said": ((0, {"commanded_level": 100.0}),)},
            "cannot be told: active_power is not known, as of 19:00",
            "无法判断：有功功率 未知，19:00 的数据",
        ),
        (LAMP, QUIET, 1, {}, "cannot be told: nothing was heard of it", "无法判断：没有收到任何数据"),
        (
            BIN, OPEN, 20, {"said": ((15, {"fill_level": 60.0}),)},
            "alarm since 19:00 (fill_level 97), not over: fill_level 60 % is 30 above 30",
            "自 19:00 起告警（满溢度 97），未恢复：满溢度 60 %，比 30 高 30",
        ),
        (
            BIN, ENDING, 34, {"said": ((30, {"fill_level": 5.0}),)},
            "alarm since 19:00 (), came back 1 times, over in 6 min if it stays so (4 min of 10 min)",
            "自 19:00 起告警（），复发 1 次，如保持，6 分钟后恢复（已 4 分钟，需 10 分钟）",
        ),
    ],
)  # fmt: skip
def test_one_line_says_how_it_stands(body: str, state: State, now: int, more: dict[str, Any], en: str, zh: str):
    assert told(body, state, now=now, **more)[0] == en
    assert told(body, state, now=now, lang="zh", **more)[0] == zh


def test_the_whole_names_version_comparisons_what_holds_it_back_and_parameters():
    params = (Resolved("limit", "%", 95.0, {}, "zone bay"),)
    _, whole = told(LAMP, HELD, now=14, said=((0, DARK), (10, DARK)), params=params, **BY)
    for part in (
        "version        ",
        "commanded_level > 0: true",
        "active_power < 0.1 * rated_power: true (active_power 2 W is 8 below 10)",
        "held back by   outage feeder:f: 19:00 – now",
        "limit 95 % (zone bay)",
        "since 19:00",
    ):
        assert part in whole, whole
