"""What the doctor says of who leads."""

import pytest

from domain.errors import NotFoundError, TidewalkError, UnavailableError
from services.doctor.finding import Level
from services.doctor.lease import look
from services.leading import Leader

NOW = 1_790_812_800_000
LEADER = Leader(3, 2, "shinan", "a:/x:1:2", "pier-1", NOW - 60_000, NOW + 4_000, NOW)


class Wall:
    def now(self) -> int:
        return NOW


@pytest.mark.parametrize(
    ("leader", "level", "said"),
    [
        (LEADER, Level.OK, "pier-1 leads shinan, with token 3"),
        (LEADER._replace(until=NOW - 9_000), Level.WARN, "pier-1 led last, and left 9 s ago"),
        (LEADER._replace(until=0), Level.WARN, "left in order"),
        (None, Level.OK, "nobody has led yet"),
        (NotFoundError("no table"), Level.WARN, "no table of leases"),
        (UnavailableError("database: refused"), Level.WARN, "refused"),
    ],
)
def test_who_leads_is_said(leader: Leader | TidewalkError | None, level: Level, said: str):
    first, clocks = look(leader, NOW, Wall())
    assert (first.level, said in first.what) == (level, True)
    assert clocks.level is Level.OK


@pytest.mark.parametrize(("ahead", "said"), [(61_000, "61.0 s ahead of ours"), (-3_500, "3.5 s behind ours")])
def test_clocks_that_differ_are_a_warning(ahead: int, said: str):
    _, clocks = look(LEADER, NOW + ahead, Wall())
    assert (clocks.level, said in clocks.what) == (Level.WARN, True)
