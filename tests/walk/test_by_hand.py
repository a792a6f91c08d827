"""What README says to type, typed: a bin is filled by hand, and a crew is sent."""

import json
import re
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from tests.machines.needed import needed
from tests.walk.brokers import BROKERS
from tests.walk.processes import ROOT, TIDEWALK, Program, serving, until

CLIENTS: Final = "apt-get install mosquitto-clients"
SOON_S: Final = 5.0  # README says a second; a busy machine is given more


class Typed(NamedTuple):
    """The commands of README, and what it says to publish in the end."""

    sub: list[str]
    pub: list[str]
    emptied: str


def typed(readme: Path, port: int) -> Typed:
    """README's own lines, with another port and nothing else changed."""
    text = readme.read_text(encoding="utf-8")
    (sub,), (pub,) = (re.findall(rf"^mosquitto_{what} .*$", text, re.MULTILINE) for what in ("sub", "pub"))
    (emptied,) = re.findall(r'`(\{"values": \{"fill_level": 5\}\})`', text)
    lines = []
    for line in (sub, pub):
        assert " -p 1883 " in line, line
        words = shlex.split(line.replace(" -p 1883 ", f" -p {port} "))
        lines.append([needed(words[0], CLIENTS), *words[1:]])
    return Typed(*lines, emptied)


def said(sub: Program) -> list[tuple[str, dict[str, Any] | None]]:
    """Whole lines of `mosquitto_sub -v`: topic, and the order in it; None where it was cleared."""
    lines = [line.partition(" ") for line in sub.out().rpartition("\n")[0].splitlines()]
    return [(topic, None if body == "(null)" else json.loads(body)) for topic, _, body in lines]


def of_the_hand(sub: Program) -> list[tuple[str, dict[str, Any] | None]]:
    """What was said of the bin that is played by hand."""
    orders = said(sub)
    topics = {topic for topic, order in orders if order is not None and order["facility"] == "bin-hand"}
    return [(topic, order) for topic, order in orders if topic in topics]


@contextmanager
def listening(command: list[str], log: Path) -> Iterator[Program]:
    with Program(*command, log=log) as sub:
        yield sub


def publish(command: list[str], log: Path) -> None:
    with Program(*command, log=log) as pub:
        assert pub.wait(10) == 0, pub.tail()


def try_it(folder: Path, port: int) -> float:
    """Do what README says; how many seconds it took until a crew had the order."""
    lines = typed(ROOT / "README.md", port)
    with listening(lines.sub, folder / "sub.log") as sub:
        began = time.monotonic()
        publish(lines.pub, folder / "pub.log")
        until(lambda: bool(of_the_hand(sub)), SOON_S, f"an order for bin-hand: {sub.tail()}")
        took = time.monotonic() - began
        topic, order = of_the_hand(sub)[0]
        assert order is not None
        assert topic == f"tidewalk/shinan/crew/{order['crew']}/orders/{order['order']}"
        assert (order["state"], order["rule"], order["kind"]) == ("dispatched", "bin-full", "bin")
        assert order["why"]["fill_level"] == 97.0
        assert order["text"].startswith("【演练】")
        emptied = [*lines.pub[: lines.pub.index("-m") + 1], lines.emptied]
        publish(emptied, folder / "pub.log")
        until(lambda: of_the_hand(sub)[-1][1] is None, SOON_S, f"the order to be withdrawn: {sub.tail()}")
    return took


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with BROKERS[request.param](tmp_path / "broker") as where:
        yield where


def test_both_readmes_say_to_type_the_same():
    assert typed(ROOT / "README.zh.md", 1) == typed(ROOT / "README.md", 1)


def test_while_the_demo_plays_on_this_broker_a_bin_filled_by_hand_sends_a_crew(broker: str, tmp_path: Path):
    command = (TIDEWALK, "demo", "--headless", "--broker", broker, "--state", tmp_path / "state")
    with Program(*command, log=tmp_path / "demo.log") as demo:
        until(lambda: "bin-hand" in demo.out(), 20, f"the demo to be ready: {demo.tail()}")
        took = try_it(tmp_path, int(broker.rpartition(":")[2]))
        print(f"a crew had the order after {took:.2f} s")
        until(lambda: "bin-full bin-hand" in demo.out(), SOON_S, f"the demo to tell of it: {demo.tail()}")
        assert demo.stop() == 0, demo.tail()


def test_the_service_alone_on_this_broker_sends_a_crew_as_well(broker: str, tmp_path: Path):
    with serving(broker, tmp_path / "state"):
        took = try_it(tmp_path, int(broker.rpartition(":")[2]))
    print(f"a crew had the order after {took:.2f} s")
