"""The command: what it asks for, what it refuses, and how it plays over a transport."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from domain.errors import ConflictError
from domain.naming import Kind
from services.commands import simulate as command
from services.commands.span import MOMENT
from simulators.ledger import read_ledger
from tests.unit.simulators.test_play import Service
from tests.unit.simulators.toy_coast import MINUTE, START, toy_site

FROM = "2026-10-01T16:00+08:00"


def wish(*, minutes: int, only: frozenset[Kind] = frozenset(Kind), ledger: Path | None = None) -> command.Wish:
    return command.Wish(
        toy_site(), 7, "demo", "virtual", START, START + minutes * MINUTE, speed=1.0, only=only, ledger=ledger
    )


def run(*words: str) -> Result:
    return CliRunner().invoke(command.simulate, words)


@pytest.mark.asyncio
async def test_an_hour_in_lock_step_is_summed_up_in_one_line(tmp_path: Path):
    service, asked = Service(), wish(minutes=60, ledger=tmp_path / "ledger.jsonl")
    told = command.summary(asked, await command.play(asked, service, command.WallClock()), 2.0)
    published = sum(m.topic.endswith("/up") for m in service.heard)
    assert (told["mode"], told["steps"], told["until"]) == ("virtual", 60, "2026-10-01T09:00:00.000Z")
    assert (told["published"], told["messages_per_second"]) == (published, published / 2)
    assert service.closed
    assert len(read_ledger(tmp_path / "ledger.jsonl").acked) <= published  # a duplicate has one key


@pytest.mark.asyncio
async def test_only_some_kinds_are_played():
    service = Service()
    await command.play(wish(minutes=30, only=frozenset({Kind.BIN, Kind.TOILET})), service, command.WallClock())
    assert {m.topic.split("/")[3] for m in service.heard if m.topic.endswith("/up")} == {"bin", "toilet"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", FROM], "--from goes with"),
        (["--virtual", "--from", FROM], "--virtual needs --for"),
        (["--virtual", "--from", "2026-10-01T16:00", "--for", "1h"], "no time with an offset"),
        (["--for", "soon"], "no length of time"),
        (["--only", "lamps"], "no such kind"),
        (["--speed", "60"], "needs --from"),
        (["--speed", "60", "--from", "2126-10-01T16:00+08:00"], "must lie in the past"),
        (["--broker", "nowhere"], "not HOST:PORT"),
    ],
)
def test_what_does_not_fit_together_is_said(words: list[str], said: str):
    found = run(*words)
    assert found.exit_code == 2
    assert said in found.output


def test_a_plan_that_is_not_there_is_a_clear_error():
    found = run("--virtual", "--from", FROM, "--for", "1m", "--faults", "nosuch.yaml")
    assert "no such plan" in str(found.exception)


def test_a_real_site_is_never_played():
    with pytest.raises(ConflictError, match="real one"):
        command.playable(replace(toy_site(), simulated=False))


def test_the_start_of_the_toy_coast_is_that_of_the_demo():
    assert MOMENT.convert(FROM, None, None) == START
