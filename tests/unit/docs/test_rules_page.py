"""What the page about rules shows can be typed as it stands."""

import re
from pathlib import Path

from click.testing import CliRunner

from services.cli import cli

PAGE = (Path(__file__).parents[3] / "docs/rules.md").read_text("utf-8")


def test_the_rule_and_the_test_on_the_page_go_together(tmp_path: Path):
    rule, test = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "bin-full.yaml").write_text(rule, "utf-8")
    (tmp_path / "bin-full.test.yaml").write_text(test, "utf-8")
    checked = CliRunner().invoke(cli, ["rules", "check", str(tmp_path)])
    assert checked.exit_code == 0, checked.output
    tried = CliRunner().invoke(cli, ["rules", "test", str(tmp_path)])
    assert "ok     bin-full: a full bin is reported at once, and clears when it is emptied" in tried.output, (
        tried.output
    )
