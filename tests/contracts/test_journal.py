"""What `domain.ports.Journal` promises, of the fake and of SQLite; then what only a file can break."""

import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.errors import UnavailableError
from domain.ids import message_key
from domain.messages import Flag, Message
from domain.ports import Journal
from services.storage.journal import DamagedRowError, MemoryJournal, SqliteJournal

AT = 1_790_000_000_000
FULL = Message("tidewalk/s/z/bin/b-1/up", b'{"values":{"fill_level":96}}', AT, Flag.BACKLOG)
ODD = Message("tidewalk/s/湾/bin/b-1/up", b"\xff\x00\xfe", AT + 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, path: Path) -> Iterator[Journal]:
    if request.param == "memory":
        yield MemoryJournal()
        return
    kept = SqliteJournal(path)
    yield kept
    kept.close()


@pytest.fixture
def sqlite(path: Path) -> Iterator[SqliteJournal]:
    kept = SqliteJournal(path)
    yield kept
    kept.close()


def test_an_empty_journal_has_no_last_row_and_nothing_to_read(journal: Journal):
    assert journal.last() is None
    assert journal.read(0, 10) == []
    assert journal.prune(before_row=10, before=AT) == 0


def test_a_row_comes_back_as_append_returned_it(journal: Journal):
    row = journal.append([FULL, ODD], AT + 5)
    assert row.messages == (FULL, ODD)
    assert (row.number, row.at) == (1, AT + 5)
    assert journal.read(0, 10) == [row]
    assert journal.last() == row


def test_an_empty_row_is_a_row(journal: Journal):
    row = journal.append([], AT)
    assert journal.read(0, 1) == [row]
    assert row.messages == ()


def test_rows_are_numbered_in_order_and_read_after_a_number_within_a_limit(journal: Journal):
    rows = [journal.append([FULL], AT + n) for n in range(10)]
    assert [r.number for r in rows] == list(range(1, 11))
    assert journal.read(0, 3) == rows[:3]
    assert journal.read(3, 4) == rows[3:7]
    assert journal.read(9, 100) == rows[9:]
    assert journal.read(10, 1) == []


def test_the_time_of_rows_never_decreases(journal: Journal):
    journal.append([], AT)
    assert journal.append([], AT - 3_600_000).at == AT
    assert journal.append([], AT + 1).at == AT + 1


def test_a_payload_of_256_kib_is_kept_and_one_byte_more_is_cut_to_its_head(journal: Journal):
    topic = FULL.topic
    whole, large = b"x" * 262_144, b"y" * 262_145
    row = journal.append([Message(topic, whole, AT), Message(topic, large, AT, Flag.BACKLOG), FULL], AT)
    assert row.messages[0].payload == whole
    cut = row.messages[1]
    assert cut.flags == Flag.TRUNCATED | Flag.BACKLOG
    assert cut.payload == message_key(topic, large) + len(large).to_bytes(8, "big") + large[:4096]
    assert row.messages[2] == FULL
    assert journal.read(0, 1) == [row]


def test_what_was_cut_once_is_not_cut_again(journal: Journal):
    cut = journal.append([Message(FULL.topic, b"y" * 300_000, AT)], AT).messages[0]
    assert journal.append([cut], AT).messages[0] == cut


def test_the_text_of_our_own_edits_is_never_cut(journal: Journal):
    site = Message("$tidewalk/edit", b"z" * 1_000_000, AT)
    assert journal.append([site], AT).messages == (site,)


def test_pruning_forgets_rows_that_are_both_read_and_old(journal: Journal):
    for n in range(10):
        journal.append([FULL], AT + n * 1000)
    assert journal.prune(before_row=4, before=AT + 60_000) == 3  # 1, 2, 3: not yet read by all beyond
    assert journal.prune(before_row=99, before=AT + 6_000) == 3  # 4, 5, 6: not old enough beyond
    assert [r.number for r in journal.read(0, 99)] == [7, 8, 9, 10]
    assert [r.number for r in journal.read(8, 99)] == [9, 10]


def test_the_newest_row_survives_pruning_so_that_numbers_and_time_go_on(journal: Journal):
    for n in range(3):
        journal.append([], AT + n)
    assert journal.prune(before_row=99, before=AT + 999) == 2
    assert journal.append([], 0) == (4, AT + 2, ())


def test_a_topic_that_is_no_unicode_costs_no_message_beside_it(journal: Journal):
    row = journal.append([Message("bad/\ud800", b"1", AT), FULL], AT)
    assert row.messages[1] == FULL
    assert journal.read(0, 1) == [row]


def test_a_journal_opened_again_goes_on_where_it_stood(path: Path):
    first = SqliteJournal(path)
    row = first.append([FULL], AT)
    first.close()
    again = SqliteJournal(path)
    assert again.last() == row
    assert again.append([ODD], AT - 5) == (2, AT, (ODD,))
    again.close()


def test_opening_and_reading_a_journal_that_is_not_there_makes_no_file(path: Path):
    assert SqliteJournal(path).read(0, 1) == []
    assert not path.parent.exists()


def test_another_process_reads_while_this_one_writes(sqlite: SqliteJournal, path: Path):
    sqlite.append([FULL, ODD], AT)
    code = (
        "import sys; from pathlib import Path; from services.storage.journal import SqliteJournal\n"
        "j = SqliteJournal(Path(sys.argv[1])); print([len(r.messages) for r in j.read(0, 9)])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[2]"
    assert sqlite.append([], AT).number == 2


def test_a_row_is_there_after_the_process_was_killed(path: Path):
    code = (
        "import os, sys; from pathlib import Path; from services.storage.journal import SqliteJournal\n"
        "from domain.messages import Message\n"
        "j = SqliteJournal(Path(sys.argv[1])); j.append([Message('t', b'1', 1)], 1); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, check=False)
    reader = SqliteJournal(path)
    assert [m.payload for row in reader.read(0, 9) for m in row.messages] == [b"1"]
    assert reader.append([], 0) == (2, 1, ())
    reader.close()


@pytest.mark.parametrize("column", ["body", "at", "count", "number"])
def test_a_row_that_was_changed_on_the_disk_is_named_loudly(sqlite: SqliteJournal, path: Path, column: str):
    sqlite.append([FULL], AT)
    sqlite.append([FULL], AT)
    with sqlite3.connect(path) as db:
        value = "zeroblob(length(body))" if column == "body" else f"{column} + 5"
        db.execute(f"UPDATE row SET {column} = {value} WHERE number = 2")  # noqa: S608  # our own names
    db.close()
    assert len(sqlite.read(0, 1)) == 1
    with pytest.raises(DamagedRowError, match=r"row (2|7) of .*journal\.sqlite fails its checksum"):
        sqlite.read(1, 1)


def test_a_file_that_is_no_journal_is_said_to_be_none(path: Path):
    path.parent.mkdir()
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(DamagedRowError, match="no journal"):
        SqliteJournal(path).append([], AT)


def test_a_full_database_is_unavailable_and_good_again_when_there_is_room(sqlite: SqliteJournal):
    sqlite.append([FULL], AT)
    writer = sqlite._writer
    assert writer is not None
    writer.execute("PRAGMA max_page_count = 8")
    with pytest.raises(UnavailableError, match="full"):
        sqlite.append([Message("t", b"x" * 200_000, AT)], AT)
    assert sqlite.append([ODD], AT).number == 2  # a new connection has the room again
    assert [m for row in sqlite.read(0, 9) for m in row.messages] == [FULL, ODD]


def test_a_disk_that_takes_no_more_bytes_is_unavailable_and_nothing_half_written_is_read(sqlite: SqliteJournal):
    sqlite.append([FULL], AT)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(UnavailableError):
            sqlite.append([Message("t", b"x" * 250_000, AT)], AT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(sqlite.read(0, 9)) == 1
    assert sqlite.append([ODD], AT).number == 2


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError):
        SqliteJournal(tmp_path / "file" / "journal.sqlite").append([], AT)


def test_readers_and_pruning_beside_the_writer_see_only_whole_rows(sqlite: SqliteJournal):
    stop = threading.Event()
    wrong: list[object] = []

    def read() -> None:
        after = 0
        while not stop.is_set():
            for row in sqlite.read(after, 10):
                after = row.number
                if len(row.messages) != 20:
                    wrong.append(row)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for n in range(60):
        sqlite.append([FULL] * 20, AT + n)
        if n % 20 == 19:
            sqlite.prune(before_row=n - 10, before=AT + n)
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert sqlite.size() > 0


def test_numbers_go_on_above_those_that_others_have_seen(journal: Journal):
    assert isinstance(journal, MemoryJournal | SqliteJournal)
    journal.append([FULL], AT)
    journal.number_from(7)
    journal.number_from(5)
    rows = [journal.append([FULL], AT) for _ in range(2)]
    assert [row.number for row in rows] == [8, 9]
    assert journal.read(1, 9) == rows
    assert journal.read(8, 9) == rows[1:]
    journal.number_from(3)
    assert journal.append([], AT).number == 10


def test_the_oldest_rows_go_until_the_journal_is_small_enough_and_only_those_that_all_have_passed(
    sqlite: SqliteJournal,
):
    large = Message("t", bytes(range(256)) * 400, AT)
    for n in range(100):
        sqlite.append([large], AT + n)
    assert sqlite.shrink(before_row=31, most=1_000_000) == 30  # the rest has not been passed
    gone = sqlite.shrink(before_row=999, most=4_000_000)
    assert 0 < gone < 50
    (oldest,) = sqlite.read(0, 1)
    assert oldest.number == 31 + gone
    assert sqlite.shrink(before_row=999, most=4_000_000) == 0
    size = sqlite.size()
    for n in range(20):
        sqlite.append([large], AT + n)
    sqlite.shrink(before_row=999, most=4_000_000)
    assert sqlite.size() <= size + 2_200_000  # the room is used again
    assert sqlite.shrink(before_row=999, most=0) > 0
    assert len(sqlite.read(0, 999)) == 1


def test_a_journal_that_was_closed_is_one_file(sqlite: SqliteJournal, path: Path):
    sqlite.append([FULL], AT)
    sqlite.read(0, 10)
    sqlite.close()
    assert [left.name for left in path.parent.iterdir()] == [path.name]
