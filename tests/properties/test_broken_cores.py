"""Break the core on purpose, and see who notices."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.properties.broken import BREAKS

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "semantics.md"
_ORACLE: Final = (
    "tests/properties/test_rules_oracle.py"
    "::test_for_repeat_clear_for_and_clear_repeat_are_what_reading_all_history_says"
)
_RESTART: Final = "tests/properties/test_rules_anywhere.py::test_a_restart_between_any_two_rows_changes_nothing"
NOTICED_BY: Final = {
    "for is one millisecond longer": _ORACLE,
    "clear is ignored": _ORACLE,
    "members count twice": "tests/unit/rules/test_groups.py::test_later_members_join_without_changing_the_cause",
    "nothing falls due by itself": _ORACLE,
    "a restart forgets what was pending": _RESTART,
}


def noticed(test: str, broken: str = "") -> int:
    """How pytest ends with that test, of a core that is broken so, or whole."""
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test]
    words += ["-p", "tests.properties.broken"] if broken else []
    env = {**os.environ, "TIDEWALK_BREAK": broken}
    return subprocess.run(words, cwd=ROOT, env=env, capture_output=True, check=False, timeout=300).returncode


def test_every_break_has_somebody_who_notices_and_stands_on_the_page():
    assert NOTICED_BY.keys() == BREAKS.keys()
    page = PAGE.read_text("utf-8")
    assert [b for b, test in NOTICED_BY.items() if f"| {b} | `{test.removeprefix('tests/')}` |" not in page] == []


@pytest.mark.soak
@pytest.mark.parametrize("broken", BREAKS)
def test_a_broken_core_is_noticed(broken: str):
    assert noticed(NOTICED_BY[broken], broken) == 1


@pytest.mark.soak
@pytest.mark.parametrize("test", sorted(set(NOTICED_BY.values())))
def test_a_core_that_is_whole_is_not_complained_of(test: str):
    assert noticed(test) == 0
