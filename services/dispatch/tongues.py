"""The phrases of crew messages, in Chinese and in English. The same fields in both, so that neither can lag behind."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.naming import ELEMENT_ZH, KIND_ZH, QUANTITIES, Element, Kind
from domain.site import Name


@dataclass(frozen=True, slots=True)
class Tongue:
    """How one language says it. Fields in braces are filled in by `wording`."""

    chinese: bool
    head: str  # {priority} {element} {kind} {case} {title} {do}
    gateway: str  # in place of a kind: it is no facility
    pole: str
    lamps: str  # {n} lamps affected
    spots: str
    since: str  # {at}
    accept_by: str
    arrive_by: str
    finish_by: str
    caution: str
    materials: str
    territorial: str
    functional: str
    execution: str
    confirm: str  # {who} is done, the desk is asked
    awaits_desk: str
    awaits_sensors: str
    parked: str  # {at} {why}
    shut: str  # {at}: outside the hours, the tide or the crowd in which it may be done
    stopped: str  # {at}
    resumed: str
    supervise_late: str  # {who}
    supervise_silent: str  # {who}
    overdue: str
    rework: str  # {n}
    recovered: str
    no: str  # a boolean that is false
    comma: str
    taken_back: str  # {case} {title}: nothing is to be done any more
    passed_on: str  # {case} {title}: somebody else has it
    near: str  # {metres} {direction} {node}
    directions: tuple[str, ...]  # eight, from north by east
    map: str  # {url}
    answer: str  # {url}
    call: str  # {who} {phone}
    unreached: str  # {who}
    several: str  # {n} {at}: the head of a digest
    alike: str  # {n} {what}: a line of a digest
    tried: str  # what a test message says, {who} {channel} {at}

    def name(self, name: Name) -> str:
        """A name in this language."""
        return name.zh if self.chinese else name.en

    def element(self, element: Element) -> str:
        """What the element is called."""
        return ELEMENT_ZH[element] if self.chinese else str(element)

    def kind(self, kind: Kind) -> str:
        """What the kind of facility is called."""
        return KIND_ZH[kind] if self.chinese else str(kind)

    def quantity(self, name: str) -> str:
        """What a canonical quantity is called."""
        return QUANTITIES[name].zh if self.chinese else name.replace("_", " ")

    def day(self, moment: datetime) -> str:
        """A day of the year, before a time of day."""
        return f"{moment.month}月{moment.day}日" if self.chinese else f"{moment.day} {moment:%b} "


ZH: Final = Tongue(
    chinese=True,
    head="【{priority} {element}·{kind}】案号 {case} {title}：{do}",
    gateway="网关",
    pole=" 灯杆{pole}",
    lamps=" 涉及{n}盏",
    spots=" 涉及{n}处",
    since="{at}起",
    accept_by="{at}前接单",
    arrive_by="{at}前到场",
    finish_by="{at}前完成",
    caution="注意：{caution}",
    materials="物料：{materials}",
    territorial="属地:{party}",
    functional="属事:{party}",
    execution="养护:{party}",
    confirm="{who}已处理，请核实现场安全后回复confirm",
    awaits_desk="已处理，待值班台确认",
    awaits_sensors="已处理，待遥测核查",
    parked="挂账至{at}：{why}",
    shut="现不在作业窗口，暂勿前往，{at}再看",
    stopped="因潮位或大风停工至{at}，请先撤离",
    resumed="挂账已恢复，请继续处置",
    supervise_late="督办：{who}超时未完成",
    supervise_silent="督办：{who}未按时接单",
    overdue="已超时",
    rework="返工第{n}次",
    recovered="条件已恢复，核实后可办结",
    no="{quantity}：否",
    comma="，",
    taken_back="【撤单】案号 {case} {title}：无需处理",
    passed_on="【转派】案号 {case} {title}：已交他人处理",
    near="{node}以{direction}约{metres}米",
    directions=("北", "东北", "东", "东南", "南", "西南", "西", "西北"),
    map="地图：{url}",
    answer="接单/到场/完成/退回：{url}",
    call="联系：{who} {phone}",
    unreached="【转达】未能送达{who}，请代为通知",
    several="【汇总】{n}件案卷（{at}）",
    alike="{what} {n}件：",
    tried="【测试】{who}经{channel}可以收到消息（{at}），无需处理",
)
EN: Final = Tongue(
    chinese=False,
    head="[{priority} {element}/{kind}] {case} {title}: {do}",
    gateway="gateway",
    pole=" pole {pole}",
    lamps=" ({n} lamps)",
    spots=" ({n} affected)",
    since="since {at}",
    accept_by="accept by {at}",
    arrive_by="arrive by {at}",
    finish_by="finish by {at}",
    caution="Caution: {caution}",
    materials="Bring: {materials}",
    territorial="Place: {party}",
    functional="Matter: {party}",
    execution="Upkeep: {party}",
    confirm="{who} is done: make sure it is safe, then confirm",
    awaits_desk="done: the desk will confirm",
    awaits_sensors="done: the sensors will verify",
    parked="on hold until {at}: {why}",
    shut="not to be worked on now, looked at again at {at}",
    stopped="work is stopped for tide or wind until {at}: leave the place",
    resumed="no longer on hold: go on",
    supervise_late="Supervise: {who} is late to finish",
    supervise_silent="Supervise: {who} has not accepted",
    overdue="overdue",
    rework="rework no. {n}",
    recovered="the condition is gone: check, then report done",
    no="{quantity}: no",
    comma=", ",
    taken_back="[Withdrawn] {case} {title}: nothing to do any more",
    passed_on="[Passed on] {case} {title}: somebody else has it",
    near="{metres} m {direction} of {node}",
    directions=("north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"),
    map="Map: {url}",
    answer="Accept, arrive, done, decline: {url}",
    call="Call: {who} {phone}",
    unreached="[Pass on] {who} could not be reached: please tell them",
    several="[Digest] {n} orders ({at})",
    alike="{what}, {n}: ",
    tried="[Test] {who} can be reached over {channel} ({at}); nothing to do",
)
