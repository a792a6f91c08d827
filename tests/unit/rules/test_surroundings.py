"""What the runner tells a context that learns, and asks of it."""

from collections.abc import Collection, Mapping

from domain.naming import Kind
from domain.readings import Millis, Quality, Reading
from domain.site import Device
from rules.core.surroundings import Place, Surroundings
from rules.runners.live import Live
from tests.unit.rules.coast import HOUR, MINUTE, NIGHT, book_of, facility, lines, said, site_of

SITE = site_of(
    [facility("gauge", Kind.COAST), facility("bin-1", Kind.BIN), facility("bin-2", Kind.BIN)],
    [Device(name, name, interval_s=86_400) for name in ("gauge", "bin-1", "bin-2")],
)
BOOK = book_of(
    flooded="""
kind: bin
when: fill_level > 50 and tide_level > 400
clear: fill_level < 10""",
    moved="""
kind: bin
when: fill_level > 50
given: not at_work
clear: fill_level < 10""",
)


class Learns:
    """Knows the newest tide, and who is at work."""

    kinds = frozenset({Kind.COAST})

    def __init__(self) -> None:
        self.tide: float | None = None
        self.workers: dict[str, str] = {}
        self.asked = 0

    @property
    def apart(self) -> Collection[str]:
        return self.workers

    def at(self, place: Place, when: Millis) -> Surroundings:
        self.asked += 1
        values: dict[str, bool | float] = {} if self.tide is None else {"tide_level": self.tide}
        if place.facility:
            values["at_work"] = place.facility in self.workers
        return Surroundings(when // HOUR * HOUR, when // HOUR * HOUR + HOUR, values)

    def hear(self, reading: Reading) -> bool:
        before, self.tide = self.tide, float(reading.values["tide_level"])
        return before != self.tide

    def work(self, facility: str, who: str, since: Millis | None, until: Millis | None) -> bool:
        if since is None or until is not None:
            self.workers.pop(facility, None)
        else:
            self.workers[facility] = who
        return True

    def plan(self, plan: str, facility: str, zone: str, since: Millis, until: Millis) -> bool:  # noqa: ARG002
        return False

    def save(self) -> bytes:
        return repr((self.tide, self.workers)).encode()

    def load(self, text: bytes) -> None:
        self.tide, self.workers = eval(text)  # noqa: S307


def live(context: Learns, rows: Mapping[str, bytes] | None = None) -> Live:
    made = Live(BOOK, SITE, context)
    if rows is None:
        made.listening_from(NIGHT)
    else:
        made.load(rows.items())
    return made


def test_what_the_coast_says_is_known_to_whoever_is_judged_after_it():
    one = live(Learns())
    one.work("bin-1", "crew", NIGHT, None)
    full = {"fill_level": 60.0}
    assert one.hear([said(SITE, "bin-1", NIGHT, full)], NIGHT) == []
    one.hear([said(SITE, "gauge", NIGHT + 1, {"tide_level": 300.0})], NIGHT + 1)
    assert one.hear([said(SITE, "bin-1", NIGHT + 2, full)], NIGHT + 2) == []
    one.hear([said(SITE, "gauge", NIGHT + 3, {"tide_level": 420.0})], NIGHT + 3)
    assert [c[:2] for c in lines(one.hear([said(SITE, "bin-1", NIGHT + 4, full)], NIGHT + 4))] == [
        ("flooded", "facility:bin-1")
    ]


def test_work_is_of_one_facility_and_its_end_is_heard_of():
    one = live(Learns())
    one.work("bin-1", "crew", NIGHT, None)
    both = [said(SITE, name, NIGHT + 1, {"fill_level": 60.0}) for name in ("bin-1", "bin-2")]
    assert [c[:2] for c in lines(one.hear(both, NIGHT + 1))] == [("moved", "facility:bin-2")]
    one.work("bin-1", "crew", NIGHT, NIGHT + 2)
    again = said(SITE, "bin-1", NIGHT + 3, {"fill_level": 60.0})
    assert [c[:2] for c in lines(one.hear([again], NIGHT + 3))] == [("moved", "facility:bin-1")]


def test_what_a_context_has_learnt_survives_a_restart():
    one = live(Learns())
    one.work("bin-1", "crew", NIGHT, None)
    one.hear([said(SITE, "gauge", NIGHT, {"tide_level": 420.0}, quality=int(Quality.BACKFILL))], NIGHT)
    kept = one.drain_dirty()
    assert "context" in kept
    again = Learns()
    live(again, kept)
    assert (again.tide, again.workers) == (420.0, {"bin-1": "crew"})
    assert "context" not in one.drain_dirty()


def test_nobody_asks_again_while_nothing_can_have_changed():
    context = Learns()
    one = live(context)
    one.hear([said(SITE, "bin-1", NIGHT, {"fill_level": 5.0})], NIGHT)
    before = context.asked
    for minute in range(1, 50):
        one.hear([said(SITE, "bin-1", NIGHT + minute * MINUTE, {"fill_level": 5.0})], NIGHT + minute * MINUTE)
    assert context.asked == before
