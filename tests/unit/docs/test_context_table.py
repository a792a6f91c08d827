"""The table of what surrounds a facility, against the vocabulary."""

import re
from pathlib import Path

from rules.core.vocabulary import CONTEXT

PAGE = (Path(__file__).parents[3] / "docs/rules.md").read_text("utf-8")
SECTION = PAGE.split("## What surrounds it")[1].split("\n## ")[0]
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (\S+) \| (zone|facility) \| (.+) \|$", re.MULTILINE)


def test_every_name_stands_in_the_table_as_the_vocabulary_has_it():
    wanted = [
        (name, one.meaning, "flag" if one.unit is None else one.unit or "number", "facility" if one.own else "zone")
        for name, one in CONTEXT.items()
    ]
    assert [row[:4] for row in ROW.findall(SECTION)] == wanted
