"""The show: yesterday in seconds, this morning ×60, and then it leaves as it was asked to, with nothing left behind."""

import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from services.show.broker_at_hand import PORT
from tests.walk.processes import TIDEWALK, Program, until
from tests.walk.test_by_hand import try_it

PAST_S: Final = 150.0  # SEMANTICS asks for 20 on a machine of its own: `make soak` holds it to that
LEAVES_S: Final = 8.0
BEGUN: Final = "first, the past 18 hours go by"
PAST: Final = re.compile(r"^in the past 18 hours: ", re.MULTILINE)


@dataclass
class Show:
    """One show as a process, and a folder in which it may be untidy."""

    demo: Program
    temporary: Path
    began: float = 0.0

    @property
    def port(self) -> int:
        """Of its own broker, as its first lines say."""
        until(lambda: "mosquitto_sub" in self.demo.out(), 20, f"the greeting: {self.demo.tail()}")
        found = re.search(r"mosquitto_sub -h 127\.0\.0\.1 -p (\d+) ", self.demo.out())
        assert found, self.demo.out()
        return int(found[1])

    def until_the_past_is_over(self) -> float:
        """A line sums it up once it has been played. How many seconds that took."""
        assert self.port
        began = time.monotonic()
        until(lambda: PAST.search(self.demo.out()) is not None, PAST_S, f"the past: {self.demo.tail()}")
        return time.monotonic() - began

    def left_nothing(self, port: int) -> None:
        """No broker on its port, unless it is the one that everybody wants; no process with its folder in hand, nothing
        in the folder.
        """
        if port != PORT:
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", port)) != 0
        assert [path.name for path in self.temporary.iterdir()] == []
        assert [line for line in _command_lines() if str(self.temporary) in line] == []


def _command_lines() -> list[str]:
    lines = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            lines.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it has just ended
            continue
    return lines


def _children(parent: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def show(folder: Path, *more: object) -> Show:
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)
    command = (TIDEWALK, "demo", "--headless", *more)
    return Show(Program(*command, log=folder / "demo.log", env={"TMPDIR": str(temporary)}), temporary)


@pytest.fixture
def a_show(tmp_path: Path) -> Iterator[Show]:
    one = show(tmp_path)
    with one.demo:
        yield one


def leaves(one: Show, number: int) -> float:
    """Tell it to go; how many seconds it took. Twice the same is once."""
    port, began = one.port, time.monotonic()
    os.kill(one.demo.pid, number)
    assert one.demo.wait(LEAVES_S) == 0, one.demo.tail()
    took = time.monotonic() - began
    assert "Traceback" not in one.demo.log(), one.demo.tail()
    one.left_nothing(port)
    return took


@pytest.mark.soak
@pytest.mark.alone
def test_the_show_ends_by_itself_in_its_time_and_another_one_when_told_to(tmp_path: Path):
    """Two shows side by side, each with a broker of its own, because most of a test of one is waiting."""
    short, long = show(tmp_path / "short", "--for", "4s"), None
    with short.demo:
        port = short.port
        long = show(tmp_path / "long")
        with long.demo:
            past = short.until_the_past_is_over()
            began = time.monotonic()
            long.until_the_past_is_over()
            took = try_it(tmp_path, long.port)
            assert short.demo.wait(4 + LEAVES_S) == 0, short.demo.tail()
            ended = time.monotonic() - began
            assert port != long.port
            short.left_nothing(port)
            left = leaves(long, signal.SIGINT)
    for one in (short, long):
        assert "Traceback" not in one.demo.log(), one.demo.tail()
        assert "closed by telemetry" in one.demo.out()
    print(
        f"18 h in {past:.1f} s; a show of 4 s ended after {ended:.1f} s; an order by hand after {took:.2f} s; ", end=""
    )
    print(f"gone {left:.1f} s after ctrl-c")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_past_need_not_be_sat_through(a_show: Show, number: signal.Signals):
    until(lambda: BEGUN in a_show.demo.out(), 20, f"the past to begin: {a_show.demo.tail()}")
    time.sleep(0.5)  # well into it
    assert PAST.search(a_show.demo.out()) is None
    print(f"gone after {leaves(a_show, number):.1f} s")


def test_a_show_whose_broker_dies_ends_and_says_so(a_show: Show):
    port = a_show.port
    until(lambda: BEGUN in a_show.demo.out(), 20, f"the past to begin: {a_show.demo.tail()}")
    for broker in _children(a_show.demo.pid):
        os.kill(broker, signal.SIGKILL)
    assert a_show.demo.wait(LEAVES_S) == 1, a_show.demo.tail()
    (told,) = a_show.demo.log().splitlines()
    assert told == "tidewalk: the demo's broker ended by itself (code -9)"
    a_show.left_nothing(port)


@pytest.mark.soak
@pytest.mark.alone
def test_twenty_seconds_of_show_after_a_past_of_twenty_seconds_at_most(tmp_path: Path):
    one = show(tmp_path, "--for", "20s")
    with one.demo:
        past = one.until_the_past_is_over()
        assert one.demo.wait(20 + LEAVES_S) == 0, one.demo.tail()
    assert past <= 20, past
