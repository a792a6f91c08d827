"""`tidewalk doctor` and `tidewalk rules check` say of which years nobody knows the holidays."""

from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from domain.readings import Millis
from rules.context.calendar import SHIPPED, read_years
from services.commands.every import cli
from services.doctor.calendar import look

RULE = """
id: T01
name: trial
title: {en: trial, zh: 试}
kind: bin
when: fill_level > 90
given: GIVEN
clear: fill_level < 10
"""


class Stopped:
    def __init__(self, text: str) -> None:
        self.at: Millis = round(datetime.fromisoformat(text).timestamp() * 1000)

    def now(self) -> Millis:
        return self.at


def found(text: str, *asked: str) -> tuple[str, str, str]:
    (one,) = look(read_years(SHIPPED), asked, Stopped(text), "Asia/Shanghai")
    return str(one.level), one.what, one.why


def test_while_this_year_and_the_next_weeks_are_known_all_is_well():
    assert found("2026-10-01T00:00+08:00", "holiday")[0] == "ok"


@pytest.mark.parametrize("now", ["2026-12-20T00:00+08:00", "2027-03-01T00:00+08:00"])
def test_a_year_that_is_near_and_unknown_is_warned_of(now: str):
    level, what, why = found(now, "holiday", "lit")
    assert level == "warn"
    assert what == "holidays and worked weekends of 2027 are unknown"
    assert why == "rules that name holiday neither raise nor clear in 2027"
    level, what, _ = found(now, "lit")
    assert (level, what) == ("ok", "holidays and worked weekends of 2027 are unknown; no rule asks for them")


@pytest.mark.parametrize(("given", "said"), [("holiday", True), ("not working_weekend", True), ("lit", False)])
def test_rules_check_says_what_is_unknown_in_other_years(given: str, said: bool, tmp_path: Path):
    (tmp_path / "trial.yaml").write_text(RULE.replace("GIVEN", given), "utf-8")
    shown = CliRunner().invoke(cli, ["rules", "check", str(tmp_path)])
    assert shown.exit_code == 0, shown.output
    assert ("known of 2025, 2026;" in shown.output) is said
