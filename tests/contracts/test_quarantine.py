"""What was kept aside: `Quarantine` by the fake and by SQLite; then asking to try again, across processes."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import pytest

from domain.errors import ConflictError, NotFoundError, UnavailableError
from domain.ids import message_key
from domain.messages import Flag, Message, Quarantined
from domain.ports import Quarantine
from ingest.oversize import kept as journalled
from services.api.seams import Aside
from services.storage.quarantine import SqliteQuarantine
from tests.fakes.memory_aside import MemoryAside

AT = 1_790_841_600_000


def entry(
    row: int, place: int = 0, quantity: str = "", reason: str = "not JSON: x", payload: bytes = b"\xff{"
) -> Quarantined:
    topic = f"tidewalk/s/湾/bin/b-{row}/up"
    return Quarantined(row, place, quantity, reason, topic, payload, AT + row, message_key(topic, payload))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "quarantine.sqlite"


class Kept(Quarantine, Aside, Protocol):
    """All ways of asking it."""


@pytest.fixture(params=["memory", "sqlite"])
def quarantine(request: pytest.FixtureRequest, path: Path) -> Iterator[Kept]:
    if request.param == "memory":
        yield MemoryAside()
        return
    aside = SqliteQuarantine(path)
    yield aside
    aside.close()


@pytest.fixture
def sqlite(path: Path) -> Iterator[SqliteQuarantine]:
    aside = SqliteQuarantine(path)
    yield aside
    aside.close()


def test_what_was_kept_comes_back_as_it_was(quarantine: Quarantine):
    quarantine.keep([entry(1), entry(2, 3, "fill_level", "out of range: y")])
    assert quarantine.get(2, 3) == [entry(2, 3, "fill_level", "out of range: y")]
    assert quarantine.list(newest=10) == [entry(2, 3, "fill_level", "out of range: y"), entry(1)]


def test_it_is_read_on_page_by_page_by_class_of_reason_and_misses_nothing_while_more_comes(quarantine: Kept):
    quarantine.keep([entry(row, row % 2, name) for row in range(1, 5) for name in ("battery", "rssi")])
    quarantine.keep([entry(3, 0, "snr", "out of range: y"), entry(9, 0, "", "out of range")])
    for kind, count in (("", 10), ("not JSON", 8), ("out of range", 2), ("not", 0), ("out of range: y", 0)):
        whole = [one[:3] for one in quarantine.page(newest=100, kind=kind)]
        assert len(whole) == count
        assert whole == sorted(whole, reverse=True)
        seen, after = list[tuple[int, int, str]](), None
        while found := quarantine.page(newest=3, kind=kind, after=after):
            seen += [one[:3] for one in found]
            after = seen[-1]
        assert seen == whole
    assert quarantine.page(newest=100, kind="out of range")[1] == entry(3, 0, "snr", "out of range: y")


def test_twice_leaves_one(quarantine: Quarantine):
    for _ in range(2):
        quarantine.keep([entry(1), entry(1, 0, "battery")])
    assert quarantine.get(1, 0) == [entry(1), entry(1, 0, "battery")]


def test_a_later_reason_replaces_the_earlier_one(quarantine: Quarantine):
    quarantine.keep([entry(1)])
    quarantine.keep([entry(1, reason="unknown device: z")])
    assert [q.reason for q in quarantine.get(1, 0)] == ["unknown device: z"]


def test_the_newest_come_first_and_only_as_many_as_asked(quarantine: Quarantine):
    quarantine.keep([entry(n, place) for n in range(1, 6) for place in range(2)])
    assert [(q.row, q.place) for q in quarantine.list(newest=3)] == [(5, 1), (5, 0), (4, 1)]


def test_a_reason_selects_by_its_beginning_and_no_sign_of_it_is_special(quarantine: Quarantine):
    quarantine.keep([entry(1, reason="not JSON: 100%"), entry(2, reason="not_JSON: x"), entry(3, reason="too old: y")])
    assert [q.row for q in quarantine.list(newest=9, reason="not JSON")] == [1]
    assert [q.row for q in quarantine.list(newest=9, reason="not")] == [2, 1]
    assert quarantine.list(newest=9, reason="%") == []


def test_what_was_never_kept_is_not_found(quarantine: Quarantine):
    quarantine.keep([])
    with pytest.raises(NotFoundError, match="7/1"):
        quarantine.get(7, 1)


def test_reasons_are_counted_by_class(sqlite: SqliteQuarantine):
    sqlite.keep([entry(1, reason="not JSON: a"), entry(2, reason="not JSON: b"), entry(3, reason="too old: c")])
    assert sqlite.counts() == {"not JSON": 2, "too old": 1}
    assert sqlite.entries() == [(n, 0, "", entry(n).key) for n in (1, 2, 3)]


def test_what_is_asked_for_is_given_once_with_its_first_receive_time(sqlite: SqliteQuarantine):
    sqlite.keep([entry(1), entry(1, 0, "battery"), entry(2)])
    sqlite.ask_retry(1, 0)
    sqlite.ask_retry(1, 0)
    assert sqlite.retried(1, 0) == "asked"
    assert sqlite.take_retries() == [Message(entry(1).topic, entry(1).payload, AT + 1, Flag.RETRY)]
    assert sqlite.take_retries() == []
    assert sqlite.retried(1, 0) == "taken"
    assert sqlite.retried(2, 0) == ""
    sqlite.ask_retry(1, 0)
    assert len(sqlite.take_retries()) == 1


def test_what_was_given_and_never_journalled_is_given_again_after_a_crash(sqlite: SqliteQuarantine, path: Path):
    sqlite.keep([entry(1)])
    sqlite.ask_retry(1, 0)
    assert len(sqlite.take_retries()) == 1  # and the process dies here
    after = SqliteQuarantine(path)
    assert len(after.take_retries()) == 1
    assert after.take_retries() == []
    after.close()


def test_another_process_asks_while_this_one_keeps(sqlite: SqliteQuarantine, path: Path):
    sqlite.keep([entry(1)])
    code = (
        "import sys; from pathlib import Path; from services.storage.quarantine import SqliteQuarantine\n"
        "SqliteQuarantine(Path(sys.argv[1])).ask_retry(1, 0)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    sqlite.keep([entry(2)])
    assert [m.payload for m in sqlite.take_retries()] == [entry(1).payload]


def test_what_was_cut_cannot_be_tried_again(sqlite: SqliteQuarantine):
    large = Message("tidewalk/s/z/bin/b/up", b"x" * 300_000, AT)
    key = message_key(large.topic, large.payload)
    sqlite.keep([Quarantined(1, 0, "", "too large: 300000 bytes", large.topic, journalled(large).payload, AT, key)])
    with pytest.raises(ConflictError, match="4 KiB"):
        sqlite.ask_retry(1, 0)
    with pytest.raises(NotFoundError):
        sqlite.ask_retry(9, 9)


def test_old_ones_are_forgotten(sqlite: SqliteQuarantine):
    sqlite.keep([entry(1), entry(1, 0, "battery"), entry(2)])
    assert sqlite.prune(before=AT + 2) == 1
    assert [q.row for q in sqlite.list(newest=9)] == [2]


def test_looking_at_a_quarantine_that_is_not_there_makes_none(path: Path):
    assert SqliteQuarantine(path).list(newest=9) == []
    assert SqliteQuarantine(path).counts() == {}
    assert not path.parent.exists()


def test_a_file_that_is_none_of_ours_is_unavailable(path: Path):
    path.parent.mkdir()
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(UnavailableError):
        SqliteQuarantine(path).keep([entry(1)])


def test_counts_follow_what_comes_what_is_corrected_and_what_goes(sqlite: SqliteQuarantine):
    sqlite.keep([entry(n, reason="not JSON: a") for n in range(1, 6)] + [entry(6, reason="no class")])
    sqlite.keep([entry(1, reason="too old: b")])
    sqlite.keep([entry(1, reason="too old: c"), entry(2, 0, "battery", "too old: d")])
    assert list(sqlite.counts().items()) == [("not JSON", 4), ("too old", 2), ("no class", 1)]
    assert sqlite.prune(before=AT + 6) == 5
    assert sqlite.counts() == {"no class": 1}


def test_a_file_from_before_things_were_counted_is_counted_once(path: Path):
    was = SqliteQuarantine(path)
    was.keep([entry(1), entry(2, reason="too old: c")])
    was.close()
    with sqlite3.connect(path) as db:
        for name in ("came", "went", "other"):
            db.execute(f"DROP TRIGGER {name}")
        db.execute("DROP TABLE counted")
    db.close()
    for _ in range(2):
        again = SqliteQuarantine(path)
        assert again.counts() == {"not JSON": 1, "too old": 1}
        again.close()


def test_who_reads_does_not_wait_for_who_writes(sqlite: SqliteQuarantine):
    sqlite.keep([entry(1)])
    with sqlite._changing() as db:
        db.execute("DELETE FROM kept")
        asking = ThreadPoolExecutor(1)
        assert asking.submit(sqlite.counts).result(2) == {"not JSON": 1}
        assert asking.submit(sqlite.take_retries).result(2) == []
        assert len(asking.submit(lambda: sqlite.list(newest=9)).result(2)) == 1
    assert sqlite.counts() == {}
