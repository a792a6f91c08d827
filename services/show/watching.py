"""Watching a demo: a progress bar for the past, a board or plain lines for the present, and keys that break things."""

import asyncio
import contextlib
import sys
import termios
import tty
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from domain.alarms import AlarmState
from domain.naming import Kind
from domain.readings import Millis
from domain.site import Site
from services.dispatch.orders import ENDED, Alarm, Order, OrderState
from services.show.board import Board, Seen
from services.show.stage import Show
from simulators.play import Played

LOOK_S: Final = 0.5
_NEWEST: Final = 300  # alarms and orders looked at; more than a demo shows
# What a visitor may break: key → what it is called, the fault, and where it can strike.
BREAKABLE: Final = {
    "f": ("feeder 跳闸", "feeder_trip", Kind.FEEDER),
    "l": ("lamp 灭灯", "lamp_dark", Kind.LIGHT),
    "b": ("bin 满溢", "bin_overfull", Kind.BIN),
    "t": ("toilet 异味", "toilet_foul", Kind.TOILET),
    "g": ("gate 道闸", "gate_fault", Kind.PARKING),
}


@contextmanager
def counting(site: Site, start: Millis, until: Millis) -> Iterator[Callable[[Played], None]]:
    """A progress bar over a virtual run, on stderr; nothing where that is no terminal."""
    zone = ZoneInfo(site.timezone)
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("virtual time", total=until - start, told="")

        def show(played: Played) -> None:
            at = datetime.fromtimestamp(played.at / 1000, zone)
            told = f"{at:%m-%d %H:%M}  {played.published:,} messages"
            progress.update(task, completed=played.at - start, told=told)

        yield show


class Watcher:
    """Shows a stage while it is played: a live board on a terminal, lines where `plain`."""

    def __init__(self, site: Site, *, plain: bool) -> None:
        self._site, self._plain = site, plain
        self._zone = ZoneInfo(site.timezone)
        self._broken = 0
        self._broker = ""
        self._said: dict[str, str] = {}

    def greet(self, broker: str, *, own: bool) -> None:
        """First lines: where the broker is, and what to type in another terminal."""
        self._broker = broker
        host, _, port = broker.partition(":")
        crew = f"tidewalk/{self._site.id}/crew/+/orders/+"
        whose = "a broker of its own" if own else "your broker"
        print(f"Tidewalk plays {self._site.name.en} {self._site.name.zh} on {whose}, {broker}. Ctrl-c ends it.")
        print(f"  what crews are sent:  mosquitto_sub -h {host} -p {port} -v -t '{crew}'")
        hand = self._site.facilities.get("bin-hand")
        if hand is not None:
            topic = f"tidewalk/{self._site.id}/{hand.zone}/bin/bin-hand/up"
            said = '{"values": {"fill_level": 97}}'
            print(f"  fill a bin by hand:   mosquitto_pub -h {host} -p {port} -q 1 -t {topic} -m '{said}'")
        print(flush=True)

    def wait_for(self, broker: str) -> None:
        """Say what it waits for."""
        print(f"waiting for a broker at {broker} … (ctrl-c leaves)", flush=True)

    def begin(self) -> None:
        """Said before the past goes by, where no bar shows that it does."""
        if self._plain:
            print("first, the past 18 hours go by …", flush=True)

    @asynccontextmanager
    async def watching(self, stage: Show, stop: asyncio.Event, seconds: float | None) -> AsyncIterator[None]:
        """Show it while the body runs; set `stop` after `seconds`, or when `q` is typed."""
        showing = asyncio.create_task(self._lines(stage) if self._plain else self._board(stage))
        showing.add_done_callback(lambda _: stop.set())  # nobody sees it any more: a closed pipe, a fault
        ending = asyncio.create_task(_after(seconds, stop))
        try:
            with self._keys(stage, stop):
                yield
        finally:
            for task in (showing, ending):
                task.cancel()
            await asyncio.gather(showing, ending, return_exceptions=True)

    async def _board(self, stage: Show) -> None:
        keys = "   ".join(f"[{key}] {name}" for key, (name, _, _) in BREAKABLE.items())
        board = Board(
            self._site, dict(stage.service.in_force.rules), f"break: {keys}   [q] leave   broker {self._broker}"
        )
        before, at = 0, asyncio.get_running_loop().time()
        console = Console()
        with Live(console=console, screen=True, auto_refresh=False) as live:
            while True:
                alarms, orders = await _newest(stage)
                now, messages = asyncio.get_running_loop().time(), stage.service.door.messages
                rate = (messages - before) / (now - at) if now > at else 0.0
                before, at = messages, now
                seen = _seen(stage, messages, rate, alarms, orders)
                live.update(board.drawn(seen, console.width, console.height), refresh=True)
                await asyncio.sleep(LOOK_S)

    async def _lines(self, stage: Show) -> None:
        """One line for every change of an alarm or an order; the past in one line."""
        alarms, orders = await _newest(stage)
        over = [order for order in orders if order.state in ENDED]
        if over:
            self._said.update({order.id: _standing(order) for order in over})
            self._said.update({alarm.id: "cleared" for alarm in alarms if alarm.state is AlarmState.CLEARED})
            ways = ", ".join(f"{many} {way}" for way, many in Counter(map(_standing, over)).most_common())
            print(f"in the past 18 hours: {len(alarms)} alarms, {len(orders)} orders, of them {ways}", flush=True)
        while True:
            alarms, orders = await _newest(stage)
            for alarm in reversed(alarms):
                state = "open" if alarm.state is AlarmState.OPEN else "cleared"
                self._line(alarm.id, alarm.opened, state, f"alarm {alarm.rule} {alarm.facility}")
            for order in reversed(orders):
                mine = f"{order.case} {order.priority} {order.rule} {order.facility} → {order.crew}"
                self._line(order.id, stage.clock.now(), _standing(order), f"order {mine}")
            await asyncio.sleep(LOOK_S)

    def _line(self, key: str, at: Millis, state: str, what: str) -> None:
        if self._said.get(key) != state:
            self._said[key] = state
            print(f"{datetime.fromtimestamp(at / 1000, self._zone):%H:%M:%S}  {what}: {state}", flush=True)

    @contextmanager
    def _keys(self, stage: Show, stop: asyncio.Event) -> Iterator[None]:
        """Take single keys from the terminal, where there is one."""
        if self._plain or not sys.stdin.isatty():
            yield
            return
        descriptor, loop = sys.stdin.fileno(), asyncio.get_running_loop()
        before = termios.tcgetattr(descriptor)

        def typed() -> None:
            for key in sys.stdin.read(1):
                if key == "q":
                    stop.set()
                elif key in BREAKABLE:
                    self._break(stage, key)

        tty.setcbreak(descriptor)
        loop.add_reader(descriptor, typed)
        try:
            yield
        finally:
            loop.remove_reader(descriptor)
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

    def _break(self, stage: Show, key: str) -> None:
        """Break the next facility of the kind that can be broken."""
        _, fault, kind = BREAKABLE[key]
        able = sorted(f.id for f in self._site.facilities.values() if f.kind is kind)
        for turn in range(len(able)):
            if stage.world.inject(fault, able[(self._broken + turn) * 7 % len(able)]):
                self._broken += turn + 1
                return


def _standing(order: Order) -> str:
    return f"{order.state} by {order.closed_by}" if order.state is OrderState.CLOSED else str(order.state)


def _seen(stage: Show, messages: int, rate: float, alarms: Sequence[Alarm], orders: Sequence[Order]) -> Seen:
    service, writer = stage.service, stage.service.writing.status
    waiting = (
        service.door.trouble or writer.waiting_for or service.judging.waiting_for or service.dispatcher.waiting_for
    )
    speed = getattr(stage.clock.running, "speed", 1.0)
    return Seen(stage.clock.now(), speed, messages, rate, writer.written, waiting, alarms, orders)


async def _newest(stage: Show) -> tuple[list[Alarm], list[Order]]:
    books = stage.service.books
    return await asyncio.to_thread(lambda: (books.alarms(newest=_NEWEST), books.orders(newest=_NEWEST)))


async def _after(seconds: float | None, stop: asyncio.Event) -> None:
    if seconds is not None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(seconds)
            stop.set()
