"""The work order (案卷), the alarm it answers, and what is sent about it. Facts: a change of one returns another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from domain.alarms import AlarmState
from domain.naming import Element, Kind, Matter, Priority
from domain.readings import Millis
from rules.core.rule import OrderPlan

TELEMETRY = "telemetry"  # who closed it, when the sensors did
SERVICE = "tidewalk"  # who acts when the service does by its own rules: files, sends, escalates


class OrderState(StrEnum):
    """Where an order stands."""

    DRAFT = "draft"  # 拟立案
    OPEN = "open"  # 立案, with nobody: never outlives the moment in which it is given to somebody
    DISPATCHED = "dispatched"  # 派遣
    ACCEPTED = "accepted"  # 接单
    ARRIVED = "arrived"  # 到场
    ON_HOLD = "on_hold"  # 挂账: known, cannot be done now, the clock stands
    DONE = "done"  # 处理完毕, to be verified 核查
    VERIFIED = "verified"  # 核查通过
    CLOSED = "closed"  # 结案
    WITHDRAWN = "withdrawn"  # 撤单
    VOID = "void"  # 作废: filed in error
    MERGED = "merged"  # 并案: another order has its alarms now


ENDED = frozenset({OrderState.CLOSED, OrderState.WITHDRAWN, OrderState.VOID, OrderState.MERGED})
AT_WORK = frozenset({OrderState.DISPATCHED, OrderState.ACCEPTED, OrderState.ARRIVED})  # takes up a crew's capacity


class Step(StrEnum):
    """What can happen to an order. `services.dispatch.life` says what is legal when."""

    FILE = "file"  # 立案
    DISPATCH = "dispatch"  # 派遣
    ACCEPT = "accept"  # 接单
    ARRIVE = "arrive"  # 到场
    DONE = "done"  # 处理反馈
    DECLINE = "decline"  # 退回
    EXTEND = "extend"  # 延时申请: the crew asks for more time
    GRANT = "grant"  # 准予延时
    REFUSE = "refuse"  # 不予延时
    HOLD = "hold"  # 挂账
    RESUME = "resume"  # 恢复
    VERIFY = "verify"  # 遥测核查
    CONFIRM = "confirm"  # 人工核查
    REWORK = "rework"  # 返工
    CLOSE = "close"  # 结案
    WITHDRAW = "withdraw"  # 撤单
    VOID = "void"  # 作废: filed in error
    MERGE = "merge"  # 并案: this one ends in another
    ABSORB = "absorb"  # 并入: another one ends in this
    FOLLOW_UP = "follow_up"  # 续办: an order follows this one
    OVERRULE = "overrule"  # 人工结案: the operator closes it as it stands
    REASSIGN = "reassign"  # 转派
    ESCALATE = "escalate"  # 升级: not accepted in time
    OVERDUE = "overdue"  # 超时: not finished in time
    ATTACH = "attach"  # 并警: another alarm of the same cause
    AMEND = "amend"  # 补充: so many more members that whoever has it is told
    RAISE = "raise"  # 提级: it has become worse, and so more urgent
    RECOVER = "recover"  # 条件已恢复
    REOPEN = "reopen"  # 复发: the condition is back within the cool-down
    NOTE = "note"  # 备注


class Change(NamedTuple):
    """One line of an order's history: who, when (event time), why, from what, to what; and who had it afterwards."""

    at: Millis
    who: str
    step: Step
    why: str
    before: OrderState
    after: OrderState
    crew: str


class Limits(NamedTuple):
    """Until when, absolute; None: no limit, or not running."""

    accept: Millis | None = None
    arrive: Millis | None = None
    finish: Millis | None = None
    verify: Millis | None = None


NO_LIMITS = Limits()


class Pause(StrEnum):
    """Why the clock of an order stands. For no other reason."""

    PARKED = "parked"  # 挂账: a person says that it cannot be done now
    WINDOW = "window"  # 作业窗口: it may not be done at this hour, tide or crowd
    STOP = "stop"  # 停工: an approved stop of work because of tide or wind


class Asked(NamedTuple):
    """More time that a crew asks for (延时申请), until somebody grants or refuses it."""

    by: str
    at: Millis
    until: Millis  # what `finish` is to become
    why: str


class Rung(NamedTuple):
    """One step of escalation that was taken: who was told of which limit, and when."""

    limit: str  # accept | finish
    level: str  # community | subdistrict | district | owner
    party: str  # party id
    crew: str  # who has the order on their topic because of it; "" where the party is reached by its contact alone
    at: Millis
    step: int = 0  # which entry of its chain


class Responsible(NamedTuple):
    """The parties that answer for an order, by party id; "" where the site names none."""

    territorial: str = ""  # 属地: the subdistrict of the place
    functional: str = ""  # 属事: the department of the matter
    execution: str = ""  # 末端: who carries it out
    owner: str = ""  # 权属


NOBODY = Responsible()


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm as it is kept: what opened it is pinned, whatever the journal forgets later."""

    id: str
    rule: str
    version: str
    subject: str
    state: AlarmState
    cause: Millis
    since: Millis
    opened: Millis  # event time at which the rule was sure
    until: Millis | None  # event time at which it was sure of the opposite
    facility: str
    members: tuple[str, ...]
    why: Mapping[str, object]
    cleared_why: Mapping[str, object] | None = None
    order: str = ""
    level: int = 0  # how bad it is now, from 1, where its rule has levels; as it was last while open


@dataclass(frozen=True, slots=True)
class Order:
    """A work order. It carries its plan: an edit of the rule changes no order that is out already.

    `crew` has it; while `desk` is true the duty desk (兜底) has it as well. Both are sent every revision.
    """

    id: str
    case: str  # 案号
    rule: str
    subject: str
    alarms: tuple[str, ...]
    facility: str
    kind: Kind
    element: Element
    zone: str
    priority: Priority
    plan: OrderPlan
    clear_for_s: int
    since: Millis
    members: tuple[str, ...]
    why: Mapping[str, object]
    opened: Millis
    state: OrderState = OrderState.DRAFT
    revision: int = 0
    crew: str = ""
    desk: bool = False
    dispatched: Millis | None = None
    accepted: Millis | None = None
    arrived: Millis | None = None
    done: Millis | None = None
    closed: Millis | None = None  # also when it was withdrawn
    closed_by: str = ""
    limits: Limits = NO_LIMITS
    recovered: bool = False  # 条件已恢复, while somebody has it in hand
    escalated: bool = False  # since it was last given to a crew
    overdue: bool = False
    put_off: bool = False  # the verification, once, because the sensors agree but not for long enough yet
    reworks: int = 0
    extensions: int = 0
    told: int = 0  # how many members the newest revision named
    grown: Millis | None = None  # since when there are so many more that a revision is due
    held_from: OrderState | None = None
    held_at: Millis | None = None
    look_again: Millis | None = None  # at a condition that a person closed while its alarm was open
    declined: tuple[str, ...] = ()  # crews that gave it back since it was opened; their number is the 推诿 count
    history: tuple[Change, ...] = field(default=(), repr=False)
    matter: Matter = Matter.COMPONENT
    responsible: Responsible = NOBODY
    yellow: Limits = NO_LIMITS  # when each limit turns yellow: 80 % of its time, pauses left out
    working: bool = False  # its finish limit counts working hours alone
    held_until: Millis | None = None  # it comes back by itself
    held_for: Pause | None = None
    asked: Asked | None = None
    allowed: Millis = 0  # how long its finish limit was when it was filed, or done anew
    extended: Millis = 0  # how much more time it was granted in all
    stood: Millis = 0  # how long its clock stood in all
    rungs: tuple[Rung, ...] = ()  # who was told that it is late, since it was last given to a crew
    merged_into: str = ""  # order id
    follows: str = ""  # order id
    followed_by: tuple[str, ...] = ()  # order ids

    @property
    def vouched(self) -> bool:
        """Whether a person confirms that it is done: where safety is at stake, and of what follows another order, which
        no alarm shows, also where an order of the sensors was merged into it.
        """
        return self.safety or bool(self.follows)

    @property
    def safety(self) -> bool:
        """Never withdrawn, never closed by telemetry: a person confirms."""
        return self.plan.safety

    @property
    def counted(self) -> bool:
        """Whether it counts in scores (orders about our own instruments do not)."""
        return self.plan.counted

    @property
    def ended(self) -> bool:
        """Nothing more is to come, unless the condition is back within the cool-down."""
        return self.state in ENDED

    @property
    def states(self) -> tuple[OrderState, ...]:
        """The states it went through, in order."""
        return tuple(c.after for c in self.history if c.after is not c.before)


class Addressed(NamedTuple):
    """One message to send, all decided. `key` makes sending it twice the same as once."""

    key: str
    order: str  # "" for a receipt to an answer that named none
    revision: int
    topic: str
    payload: bytes  # empty with `retain`: clears what lies there
    retain: bool
    priority: str  # of its order, so that urgent ones may overtake; "P4" for receipts


class Result(NamedTuple):
    """What became of a reply or a command. (source, id) is answered once; asked again, the answer is the same."""

    source: str  # crew id, or `naming.COMMAND`
    id: str
    row: int
    at: Millis
    order: str
    action: str
    ok: bool
    why: str
