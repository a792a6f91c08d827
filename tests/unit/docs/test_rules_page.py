"""What the page about rules shows can be typed as it stands."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from rules.book import read_rules
from services.commands.every import cli

PAGE = (Path(__file__).parents[3] / "docs/rules.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
RULES = [block for block in BLOCKS if block.startswith("id:")]
LOT_FULL = "id: X01\nname: lot-full\ntitle: {en: full, zh: 满}\nkind: parking\nwhen: occupied_spots >= capacity\n"


def test_the_rule_and_the_test_on_the_page_go_together(tmp_path: Path):
    (rule,) = [block for block in RULES if "name: bin-full " in block]
    (test,) = [block for block in BLOCKS if block.startswith("rule: bin-full")]
    (tmp_path / "bin-full.yaml").write_text(rule, "utf-8")
    (tmp_path / "bin-full.test.yaml").write_text(test, "utf-8")
    checked = CliRunner().invoke(cli, ["rules", "check", str(tmp_path)])
    assert checked.exit_code == 0, checked.output
    tried = CliRunner().invoke(cli, ["rules", "test", str(tmp_path)])
    assert "ok     bin-full: a full bin is reported at once, and clears when it is emptied" in tried.output, (
        tried.output
    )


@pytest.mark.parametrize("block", RULES, ids=[block.split()[3] for block in RULES])
def test_every_rule_of_the_page_is_read(block: str):
    beside = {"lot-full.yaml": LOT_FULL} if "alarm: lot-full" in block else {}
    assert read_rules({"shown.yaml": block, **beside}).rules


def test_the_page_shows_every_way_of_being_a_rule():
    for key in ("levels", "params", "quorum", "holds", "reopen_within", "alarm:", "on_edit", "delta(", "before("):
        assert any(key in block for block in RULES), key
