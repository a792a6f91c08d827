"""Orders as people read them in a terminal: a line in a list, or whole, with their history in the site's local time."""

from collections.abc import Iterable, Mapping
from typing import Final

from rich.cells import cell_len

from domain.naming import ELEMENT_ZH, KIND_ZH
from domain.readings import Millis
from domain.site import Site
from services.dispatch.legal import commands
from services.dispatch.orders import Change, Order, Step
from services.dispatch.when import local

STEP_ZH: Final[Mapping[Step, str]] = {
    Step.FILE: "立案",
    Step.DISPATCH: "派遣",
    Step.ACCEPT: "接单",
    Step.ARRIVE: "到场",
    Step.DONE: "处理完毕",
    Step.DECLINE: "退回",
    Step.EXTEND: "延时申请",
    Step.GRANT: "准予延时",
    Step.REFUSE: "不予延时",
    Step.HOLD: "挂账",
    Step.RESUME: "恢复",
    Step.VERIFY: "遥测核查",
    Step.CONFIRM: "人工核查",
    Step.REWORK: "返工",
    Step.CLOSE: "结案",
    Step.WITHDRAW: "撤单",
    Step.VOID: "作废",
    Step.MERGE: "并案",
    Step.ABSORB: "并入",
    Step.FOLLOW_UP: "续办",
    Step.OVERRULE: "人工结案",
    Step.REASSIGN: "转派",
    Step.ESCALATE: "升级",
    Step.OVERDUE: "超时",
    Step.ATTACH: "并警",
    Step.AMEND: "补充",
    Step.RAISE: "提级",
    Step.RECOVER: "条件已恢复",
    Step.REOPEN: "复发",
    Step.NOTE: "备注",
}
_ROW: Final = (18, 4, 12, 16, 24, 14, 13)  # columns: case, priority, state, rule, facility, crew, opened


def listed(orders: Iterable[Order], site: Site) -> Iterable[str]:
    """A head line, and a line for each order."""
    yield _columns(("案号", "", "state", "rule", "facility", "crew", "opened"), _ROW, "limit or end")
    for order in orders:
        opened = f"{local(order.opened, site.timezone):%m-%d %H:%M}"
        cells = (order.case, order.priority, order.state, order.rule, order.facility, order.crew, opened)
        yield _columns(cells, _ROW, _ends(order, site))


def told(order: Order, site: Site) -> Iterable[str]:
    """The whole order: what, where, who, until when, and its history, oldest first."""
    place = site.facilities.get(order.facility)
    zone = site.zones.get(order.zone)
    named = f" {place.name.zh} {place.name.en}" if place else ""
    kind, zh = (order.kind, KIND_ZH[order.kind]) if order.facility not in site.gateways else ("gateway", "网关")
    named_element = f"{order.element}/{kind} {ELEMENT_ZH[order.element]}·{zh}"
    yield f"{order.case}  {order.priority}  {order.state}  {named_element}"
    yield f"  order    {order.id}, revision {order.revision}{', safety' if order.safety else ''}"
    yield f"  where    {order.facility}{named}, {order.zone}{f' {zone.name.zh}' if zone else ''}"
    yield f"  why      {order.rule} since {_moment(order.since, site)}: {_evidence(order)}"
    if order.members:
        yield f"  members  {len(order.members)}: {', '.join(order.members)}"
    yield f"  with     {_with(order, site)}"
    yield f"  until    {_limits(order, site) or 'no limit runs'}"
    yield f"  legal    {', '.join(commands(order.state)) or 'nothing: it has ended'}"
    yield ""
    for change in order.history:
        yield _line(change, site)


def _line(change: Change, site: Site) -> str:
    step = f"{change.step} {STEP_ZH[change.step]}"
    after = f"→ {change.after}" if change.after is not change.before else ""
    who = f"{change.who} → {change.crew}" if change.step is Step.DISPATCH else change.who
    return _columns((_moment(change.at, site), step, after, who), (21, 20, 14, 24), change.why)


def _ends(order: Order, site: Site) -> str:
    if order.closed is not None:
        return f"{local(order.closed, site.timezone):%m-%d %H:%M} by {_shown(order.closed_by)}"
    late = " overdue" if order.overdue else ""
    finish = order.limits.finish
    return f"{local(finish, site.timezone):%m-%d %H:%M}{late}" if finish is not None else late.strip()


def _with(order: Order, site: Site) -> str:
    if order.closed is not None:
        how = str(order.state)
        return f"nobody: {how} by {_shown(order.closed_by)}"
    crew = site.crews.get(order.crew)
    named = f"{order.crew} {crew.name.zh}" if crew else order.crew
    return f"{named}, and the duty desk" if order.desk and order.crew != site.desk else named


def _limits(order: Order, site: Site) -> str:
    running = {} if order.closed is not None else order.limits._asdict()
    return ", ".join(f"{name} {_moment(at, site)}" for name, at in running.items() if at is not None)


def _evidence(order: Order) -> str:
    return _shown(", ".join(f"{name} {value}" for name, value in order.why.items()))


def _moment(at: Millis, site: Site) -> str:
    return f"{local(at, site.timezone):%Y-%m-%d %H:%M:%S}"


def _columns(cells: Iterable[str], widths: Iterable[int], last: str) -> str:
    """Cells padded by what they take on a terminal, where a Chinese character takes two."""
    shown = ((_shown(cell), width) for cell, width in zip(cells, widths, strict=True))
    return ("".join(cell + " " * max(1, width - cell_len(cell)) for cell, width in shown) + _shown(last)).rstrip()


def _shown(text: str) -> str:
    """What people wrote cannot write on the terminal."""
    return "".join(c if c.isprintable() else "�" for c in text)
