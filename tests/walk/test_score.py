"""The shipped rules against the truth of a make-believe coast, on seeds that nothing was tuned on."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from rules.book import LIBRARY, load_rules, shipped
from services.backtest.scored import Run, scored
from services.commands.every import cli
from services.commands.rules_score import START
from services.site import find, load_site
from simulators.plans import plan_named


def line(*more: str) -> dict[str, object]:
    said = CliRunner().invoke(cli, ["rules", "score", "--json", *more])
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def held(told: dict[str, object]) -> None:
    kinds = {kept["what"]: kept for kept in told["kinds"]}  # type: ignore[attr-defined]
    faults = sum(kept["count"] for kept in kinds.values() if kept["sort"] == "fault")
    decoys = sum(kept["count"] for kept in kinds.values() if kept["sort"] == "near_miss")
    assert told["holds"]
    assert decoys >= faults * 0.8
    assert 0.015 < told["lost"] / told["messages"] < 0.025  # type: ignore[operator]
    assert 0.005 < told["twice"] / told["messages"] < 0.015  # type: ignore[operator]


def test_two_seeds_hold_the_gate():
    held(line("--seeds", "2", "--days", "1"))


@pytest.mark.soak
def test_twenty_seeds_of_seven_days_hold_the_gate():
    held(line("--seeds", "20", "--days", "7"))


@pytest.mark.soak
def test_a_run_is_the_same_twice():
    run = Run(1, START, 1, plan_named("score"))
    site = load_site(find("shinan"))
    first, again = (scored(run, site, shipped()) for _ in range(2))
    assert (first.score.kinds, first.score.false, first.messages) == (
        again.score.kinds,
        again.score.false,
        again.messages,
    )


def test_rules_that_are_wrong_score_badly(tmp_path: Path):
    """The score can tell: a limit that near-misses reach is found out, and so is one that faults do not reach."""
    for file in LIBRARY.glob("*.yaml"):
        if not file.name.endswith(".test.yaml"):
            text = file.read_text("utf-8")
            if file.name == "leakage.yaml":
                text = text.replace("leakage_current >= 30", "leakage_current >= 16")
            if file.name == "dry-bed.yaml":
                text = text.replace("0.5 * holding_capacity", "0.3 * holding_capacity")
            (tmp_path / file.name).write_text(text, "utf-8")
    found = scored(Run(3, START, 1, plan_named("score")), load_site(find("shinan")), load_rules(tmp_path)).score
    assert found.precision < 0.99
    assert {"leakage"} <= {rule for rule, *_ in found.false}
    assert {what for what, *_ in found.missed} == {"dry_bed"}
