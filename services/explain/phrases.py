"""The phrases in which things are explained, in Chinese and in English. The same fields in both."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Phrases:
    """How one language says it. Fields in braces are filled in by `telling`."""

    chinese: bool
    comma: str
    below: str  # {name} {value} {off} {limit}: smaller than it would have to be
    above: str
    equals: str  # {name} {value} {limit}: at the limit, and that is not enough
    is_not: str  # {name} {value} {limit}: text
    flag_is: str  # {name} {value}
    unknown: str  # {name}
    since: str  # {at}
    at_least_since: str  # {at}: as far back as was looked
    as_of: str  # {at}: the reading's time
    quiet: str  # {near}
    quiet_bare: str
    gated: str  # {near} {until}
    cannot_tell: str  # {near}
    never_heard: str
    pending: str  # {held} {whole} {left} {what}
    repeat: str  # {times} {repeat} {what}
    repeat_too: str  # {held} {whole} {times} {repeat} {what} {left}
    due: str  # {what}
    inhibited: str  # {rule} {subject} {at}
    open: str  # {at} {why}
    to_clear: str  # {near}
    clearing: str  # {left} {held} {whole}
    clearing_repeat: str  # {times} {repeat}
    clear_untold: str  # what would end it cannot be told now
    came_back: str  # {n}
    silent: str  # {at}
    heard: str  # {at} {ago} {left} {limit}
    unheard: str  # {left} {limit}
    group: str  # {n} {of} {needed}
    group_open: str  # {n} {of} {at}
    group_opens: str  # {left}
    group_clears: str  # {left}
    order: str
    alarm: str
    true: str
    false: str
    rule: str
    version: str
    condition: str
    gate: str
    clear: str
    held_back: str
    distrusted: str
    disbelieved: str  # {quantities} {device} {rule} {at}
    witness: str  # {at}
    params: str
    next_look: str
    evidence: str
    levels: str
    minutes: str  # {n}
    seconds: str  # {n}
    hours: str  # {n}
    now: str
    ended: str  # {at}
    opened: str  # {at} {since}


EN: Final = Phrases(
    chinese=False,
    comma=", ",
    below="{name} {value} is {off} below {limit}",
    above="{name} {value} is {off} above {limit}",
    equals="{name} {value} is just {limit}",
    is_not="{name} is {value}, not {limit}",
    flag_is="{name} is {value}",
    unknown="{name} is not known",
    since="since {at}",
    at_least_since="at least since {at}",
    as_of="as of {at}",
    quiet="did not fire: {near}",
    quiet_bare="did not fire",
    gated="not judged now: {near}, at least until {until}",
    cannot_tell="cannot be told: {near}",
    never_heard="cannot be told: nothing was heard of it",
    pending="wrong {held} of {whole}, {what} in {left}",
    repeat="shown {times} of {repeat} times, {what} with the next reading that shows it",
    repeat_too="wrong {held} of {whole}, shown {times} of {repeat} times, {what} in {left} at the soonest",
    due="wrong for long enough, {what} at the next tick",
    inhibited="held back by {rule} of {subject} since {at}",
    open="alarm since {at} ({why})",
    to_clear="not over: {near}",
    clearing="over in {left} if it stays so ({held} of {whole})",
    clearing_repeat="well {times} of {repeat} times",
    clear_untold="whether it is over cannot be told now",
    came_back="came back {n} times",
    silent="silent since {at}",
    heard="heard {ago} ago ({at}), silent in {left} (at {limit})",
    unheard="never heard since we listen, silent in {left} (at {limit})",
    group="did not fire: {n} of {of} at fault, it takes {needed}",
    group_open="alarm since {at}: {n} of {of} at fault",
    group_opens="a quorum, an alarm in {left}",
    group_clears="over in {left} if it stays so",
    order="an order",
    alarm="an alarm",
    true="true",
    false="false",
    rule="rule",
    version="version",
    condition="condition",
    gate="only when",
    clear="over when",
    held_back="held back by",
    distrusted="not believed",
    disbelieved="{quantities} of {device}: {rule} since {at}",
    witness="waits for a second witness since {at}: the instrument has a bad record",
    params="parameters",
    next_look="looked at again",
    evidence="evidence",
    levels="levels",
    minutes="{n} min",
    seconds="{n} s",
    hours="{n} h",
    now="now",
    ended="over since {at}",
    opened="opened {at}, wrong since {since}",
)
ZH: Final = Phrases(
    chinese=True,
    comma="，",
    below="{name} {value}，比 {limit} 低 {off}",
    above="{name} {value}，比 {limit} 高 {off}",
    equals="{name} {value}，正好等于 {limit}",
    is_not="{name} 为 {value}，不是 {limit}",
    flag_is="{name} 为{value}",
    unknown="{name} 未知",
    since="自 {at} 起",
    at_least_since="至少自 {at} 起",
    as_of="{at} 的数据",
    quiet="未触发：{near}",
    quiet_bare="未触发",
    gated="现在不判：{near}，至少到 {until}",
    cannot_tell="无法判断：{near}",
    never_heard="无法判断：没有收到任何数据",
    pending="异常已持续 {held}（需 {whole}），{left}后{what}",
    repeat="已出现 {times} 次（需 {repeat} 次），再出现一次即{what}",
    repeat_too="异常已持续 {held}（需 {whole}），已出现 {times} 次（需 {repeat} 次），最早{left}后{what}",
    due="持续时间已够，下一刻{what}",
    inhibited="自 {at} 起被 {subject} 的 {rule} 抑制",
    open="自 {at} 起告警（{why}）",
    to_clear="未恢复：{near}",
    clearing="如保持，{left}后恢复（已 {held}，需 {whole}）",
    clearing_repeat="已正常 {times} 次（需 {repeat} 次）",
    clear_untold="现在无法判断是否恢复",
    came_back="复发 {n} 次",
    silent="自 {at} 起无数据",
    heard="{ago}前有数据（{at}），再过 {left}（{limit}）算失联",
    unheard="开始监听以来没有数据，再过 {left}（{limit}）算失联",
    group="未触发：{of} 个中 {n} 个异常，需 {needed} 个",
    group_open="自 {at} 起告警：{of} 个中 {n} 个异常",
    group_opens="已达数量，{left}后告警",
    group_clears="如保持，{left}后恢复",
    order="立案",
    alarm="告警",
    true="真",
    false="假",
    rule="规则",
    version="版本",
    condition="条件",
    gate="仅当",
    clear="恢复条件",
    held_back="抑制",
    distrusted="不采信",
    disbelieved="{device} 的 {quantities}：自 {at} 起 {rule}",
    witness="自 {at} 起等待旁证：该传感器近期屡有故障",
    params="参数",
    next_look="下次判断",
    evidence="依据",
    levels="级别",
    minutes="{n} 分钟",
    seconds="{n} 秒",
    hours="{n} 小时",
    now="现在",
    ended="{at} 恢复",
    opened="{at} 告警，自 {since} 异常",
)
