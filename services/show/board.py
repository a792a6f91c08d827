"""The demo's live status for a terminal: rates, state of each element, newest alarms, orders on their way."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from domain.alarms import AlarmState
from domain.naming import ELEMENT_ZH, Element, Priority
from domain.readings import Millis
from domain.site import Site
from rules.core.rule import Rule
from services.dispatch.orders import ENDED, TELEMETRY, Alarm, Order, OrderState

WIDE: Final = 130  # columns of a terminal, from which on both languages and whole names fit
_CASE: Final = 16  # columns of SN-20261001-0007
_FRAME: Final = 16  # lines that are neither an alarm nor an order
_ROAD: Final = (OrderState.DISPATCHED, OrderState.ACCEPTED, OrderState.ARRIVED, OrderState.DONE, OrderState.CLOSED)
_COLOUR: Final = {"P0": "bold red", "P1": "red", "P2": "yellow", "P3": "cyan", "P4": "dim"}


@dataclass(frozen=True, slots=True)
class Seen:
    """What is shown at one moment."""

    now: Millis
    speed: float
    messages: int
    per_second: float
    stored: int
    waiting: str  # what the service waits for; "" where it does not
    alarms: Sequence[Alarm]  # newest first
    orders: Sequence[Order]  # newest first


class Board:
    """Draws what is seen of a site."""

    def __init__(self, site: Site, rules: dict[str, Rule], hint: str) -> None:
        self._site, self._rules, self._hint = site, rules, hint
        self._zone = ZoneInfo(site.timezone)
        self._wide = True

    def drawn(self, seen: Seen, width: int, height: int) -> RenderableType:
        """The whole board, as much of it as the terminal has room for. Orders on their way come before ended ones."""
        self._wide = width >= WIDE
        room = max(6, height - _FRAME)
        orders = sorted(seen.orders, key=lambda order: order.state in ENDED)[: room - room // 3]
        head = Text.assemble(
            (f" {self._site.name.en} {self._site.name.zh} ", "bold reverse"),
            f"  {datetime.fromtimestamp(seen.now / 1000, self._zone):%Y-%m-%d %H:%M:%S}",
            (f"  ×{seen.speed:g}", "bold yellow") if seen.speed > 1 else ("  live", "bold green"),
            f"   {seen.messages:,} messages, {seen.per_second:,.1f}/s, {seen.stored:,} readings stored",
            (f"   waits: {seen.waiting}", "bold red") if seen.waiting else "",
        )
        parts = [head, self._elements(seen), self._alarms(seen.alarms[: room // 3]), self._orders(orders)]
        return Group(parts[0], Text(self._hint, style="dim"), *parts[1:])

    def _elements(self, seen: Seen) -> RenderableType:
        facilities = Counter(f.element for f in self._site.facilities.values())
        wrong = Counter(self._element(a) for a in seen.alarms if a.state is AlarmState.OPEN)
        on_the_way = Counter(o.element for o in seen.orders if o.state not in ENDED)
        closed = Counter(o.element for o in seen.orders if o.closed_by == TELEMETRY)
        table = Table(expand=True, box=None, pad_edge=False)
        for column in ("element 要素", "facilities", "alarms open", "orders open", "closed by telemetry"):
            table.add_column(column, justify="left" if column[0] == "e" else "right")
        for element in Element:
            style = "bold red" if wrong[element] else "green"
            table.add_row(
                f"{element} {ELEMENT_ZH[element]}",
                str(facilities[element]),
                Text(str(wrong[element]), style),
                str(on_the_way[element]),
                str(closed[element]),
            )
        return Panel(table, title="the coast", title_align="left", border_style="dim")

    def _element(self, alarm: Alarm) -> Element | None:
        """Of its facility; of the work it asks for, where that is a gateway."""
        if (facility := self._site.facilities.get(alarm.facility)) is not None:
            return facility.element
        rule = self._rules.get(alarm.rule)
        return rule.order.element if rule is not None and rule.order is not None else None

    def _alarms(self, alarms: Sequence[Alarm]) -> RenderableType:
        table = Table(expand=True, box=None, pad_edge=False, show_header=False)
        for alarm in alarms:
            open_ = alarm.state is AlarmState.OPEN
            members = f" ({len(alarm.members)} 盏/members)" if len(alarm.members) > 1 else ""
            table.add_row(
                self._time(alarm.opened),
                Text("● open" if open_ else "○ clear", "red" if open_ else "green"),
                self._title(alarm.rule) + members,
                self._place(alarm.facility),
            )
        return Panel(table, title="newest alarms", title_align="left", border_style="dim")

    def _orders(self, orders: Sequence[Order]) -> RenderableType:
        table = Table(expand=True, box=None, pad_edge=False)
        road = "dispatched→accepted→arrived→done→closed" if self._wide else "on its road"
        for column, least in (
            ("案号", _CASE if self._wide else 4),  # whole: it is what `tidewalk orders show` asks for
            ("", 2),
            ("order", 16),
            ("place", 10),
            ("crew", 9),
            (road, 16),
            ("finish by", 9),
        ):
            table.add_column(column, no_wrap=True, overflow="ellipsis", min_width=least)
        for order in orders:
            table.add_row(
                order.case if self._wide else order.case[-4:],
                Text(order.priority, _COLOUR[order.priority]),
                self._title(order.rule),
                self._place(order.facility),
                order.crew + (" +desk" if order.desk and order.crew != self._site.desk else ""),
                _road(order),
                self._limit(order),
            )
        return Panel(table, title="orders", title_align="left", border_style="dim")

    def _limit(self, order: Order) -> Text:
        if order.state in ENDED:
            return Text(f"{order.closed_by or order.state}", "dim")
        finish = order.limits.finish
        return Text(self._time(finish) if finish else "—", "bold red" if order.overdue else "")

    def _title(self, rule: str) -> str:
        found = self._rules.get(rule)
        if found is None:
            return rule
        return f"{found.title.en} {found.title.zh}" if self._wide else found.title.en

    def _place(self, facility: str) -> str:
        found = self._site.facilities.get(facility)
        return f"{found.name.zh} {facility}" if found and self._wide else facility

    def _time(self, at: Millis) -> str:
        return f"{datetime.fromtimestamp(at / 1000, self._zone):%H:%M}"


def _road(order: Order) -> Text:
    """Five beads: how far it has come; what is off the road is said in words."""
    if order.state is OrderState.WITHDRAWN:
        return Text("withdrawn 撤单", "dim")
    if order.state is OrderState.ON_HOLD:
        return Text("on hold 挂账", "magenta")
    reached = _ROAD.index(order.state) if order.state in _ROAD else 0
    colour = "green" if order.state is OrderState.CLOSED else _COLOUR[Priority(order.priority)]
    beads = Text("●" * (reached + 1), colour) + Text("○" * (len(_ROAD) - 1 - reached), "dim")
    return beads + Text(f" {order.state}" + (f" 返工×{order.reworks}" if order.reworks else ""), "dim")
