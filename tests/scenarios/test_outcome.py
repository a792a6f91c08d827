"""What differs from what is expected is found: a judge that is content with everything would be no test."""

from dataclasses import replace
from pathlib import Path

import pytest

from rules.book import shipped
from services.site import find, load_site
from tests.scenarios.house import Ending, House
from tests.scenarios.outcome import Book, differences
from tests.scenarios.reading import parse
from tests.scenarios.test_reading import GOOD

BOOK = Book({rule.id: name for name, rule in shipped().rules.items()})
EXPECTED = """\
expect:
  alarms:
    - {rule: R11, facility: bin-013, opens: 30m, clears: never}
  orders:
    - {rule: R11, facility: bin-013, sent: 30m, priority: P3, crew: collect-w1, course: [dispatch, accept], ends: open}
"""


@pytest.mark.asyncio
async def test_what_is_too_much_too_little_too_late_or_otherwise_is_told(tmp_path: Path):
    coast, text = load_site(find("shinan")), GOOD.partition("expect:")[0].replace("at: 30m, crew", "at: 40m, crew")
    scenario = parse(text + EXPECTED, "S99.yaml", coast)
    ending = await House(scenario, tmp_path / "state").play()

    def told(good: str = "", bad: str = "", found: Ending = ending) -> str:
        assert good in EXPECTED
        return "\n".join(differences(parse(text + EXPECTED.replace(good, bad), "S99", coast).story, found, BOOK))

    assert not told()
    assert "nobody expects the order bin-tipped" in told(EXPECTED[EXPECTED.index("  orders:") :], "")
    assert "nobody expects the alarm bin-tipped" in told("opens: 30m", "opens: 50m")
    assert "opened at 0h30m" in told("opens: 30m", "opens: 50m")
    assert "cleared at never" in told("clears: never", "clears: 40m")
    assert "priority P3, not P1" in told("priority: P3", "priority: P1")
    assert "crew collect-w1, not night-1" in told("crew: collect-w1", "crew: night-1")
    assert "took the steps" in told("course: [dispatch, accept]", "course: [dispatch, done]")
    assert "is accepted" in told("ends: open", "ends: closed by telemetry")
    assert "1 of 2 alarms" in told("facility: bin-013, opens", "facility: bin-013, count: 2, opens")
    assert "there is no rule R98" in told("rule: R11, facility: bin-013, opens", "rule: R98, facility: bin-013, opens")
    assert "0 kept aside for 'clock'" in told("  orders:", "  kept_aside: {clock: 3}\n  orders:")
    assert "1 orders of R11, not 0 at most" in told("  orders:", "  most: [{rule: R11, alarms: 1}]\n  orders:")
    assert "1 messages lost" in told(found=replace(ending, kept=replace(ending.kept, lost=1)))
