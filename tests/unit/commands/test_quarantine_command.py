"""`tidewalk quarantine`: list, show, retry."""

import json

import pytest
from click.testing import CliRunner, Result

from domain.errors import ConflictError, NotFoundError
from domain.ids import message_key
from domain.messages import Message, Quarantined
from ingest import quarantine as reasons
from ingest.oversize import kept
from services.commands.quarantine import Desk, quarantine
from tests.fakes.memory_quarantine import MemoryQuarantine

AT = 1_790_841_600_000  # 2026-10-01T08:00:00Z
UNKNOWN = reasons.unknown("device", "bin-9-s")


class Aside(MemoryQuarantine):
    """With what the command needs beside the seam."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, int]] = []

    def counts(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for one in self.list(newest=1000):
            found[reasons.class_of(one.reason)] = found.get(reasons.class_of(one.reason), 0) + 1
        return found

    def retried(self, row: int, place: int) -> str:
        return "asked" if (row, place) in self.asked else ""

    def ask_retry(self, row: int, place: int) -> None:
        if self.get(row, place)[0].reason.startswith("too large"):
            raise ConflictError("only the first 4 KiB of it were kept")
        self.asked.append((row, place))


def entry(row: int, reason: str, payload: bytes, quantity: str = "", place: int = 0) -> Quarantined:
    topic = "tidewalk/shinan/bay/bin/bin-9-s/up"
    return Quarantined(row, place, quantity, reason, topic, payload, AT, message_key(topic, payload))


@pytest.fixture
def aside() -> Aside:
    one = Aside()
    large = Message("tidewalk/shinan/bay/bin/bin-9-s/up", b"x" * 300_000, AT)
    head = kept(large).payload
    one.keep([
        entry(17, UNKNOWN, '{"values":{"fill_level":96},"note":"满"}'.encode()),
        entry(18, reasons.NOT_UTF8, b"\xff\xfe\x00plain"),
        Quarantined(19, 2, "", reasons.too_large(300_000), large.topic, head, AT, message_key(*large[:2])),
        entry(20, "out of range: battery is 900, believed between 0 and 100 %; check the sensor", b"{}", "battery"),
        entry(20, "wrong type: tipped is a number; send true or false", b"{}", "tipped"),
    ])  # fmt: skip
    return one


def run(aside: Aside, *arguments: str) -> Result:
    return CliRunner().invoke(quarantine, arguments, obj=Desk(aside, "Asia/Shanghai"))


def last(result: Result) -> dict[str, object]:
    found = json.loads(result.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def test_list_counts_reasons_and_shows_the_newest_in_the_sites_time(aside: Aside):
    result = run(aside, "list", "--json")
    assert result.exit_code == 0
    assert "17/0  2026-10-01 16:00:00  tidewalk/shinan/bay/bin/bin-9-s/up" in result.stdout
    assert "20/0" in result.stdout
    assert "[battery]" in result.stdout
    found = last(result)
    assert found["counts"] == {"out of range": 1, "wrong type": 1, "too large": 1, "not UTF-8": 1, "unknown device": 1}
    assert [(s["row"], s["quantity"]) for s in found["shown"]][:2] == [(20, "battery"), (20, "tipped")]  # type: ignore[attr-defined,index]  # an array


def test_list_selects_by_reason(aside: Aside):
    assert [s["row"] for s in last(run(aside, "list", "--reason", "unknown", "--json"))["shown"]] == [17]  # type: ignore[attr-defined]  # an array


def test_an_empty_quarantine_says_so():
    result = run(Aside(), "list", "--json")
    assert result.stdout.startswith("Nothing is kept aside.")
    assert last(result) == {"counts": {}, "shown": []}


def test_show_tells_reason_what_to_do_both_times_and_the_payload(aside: Aside):
    result = run(aside, "show", "17/0", "--json")
    assert "reason     unknown device: bin-9-s is not in the site file" in result.stdout
    assert "to do      add it there, then `tidewalk quarantine retry`" in result.stdout
    assert "2026-10-01 16:00:00 (Asia/Shanghai), 2026-10-01T08:00:00.000Z" in result.stdout
    assert '{"values":{"fill_level":96},"note":"满"}' in result.stdout
    assert last(result)["reasons"] == {"": UNKNOWN}


def test_show_gives_bytes_that_are_no_text_as_hex(aside: Aside):
    result = run(aside, "show", "18/0", "--json")
    assert "ff fe 00 70 6c 61 69 6e" in result.stdout
    assert "...plain" in result.stdout
    assert last(result)["payload"] is None
    assert last(result)["hex"] == b"\xff\xfe\x00plain".hex()


def test_show_says_of_a_message_that_was_cut_that_only_its_head_is_there(aside: Aside):
    result = run(aside, "show", "19/2")
    assert "cannot be: only its first 4 KiB were kept" in result.stdout
    assert "4096 bytes (the first of it)" in result.stdout
    assert "  xxxx" in result.stdout


def test_show_names_each_value_that_was_left_out(aside: Aside):
    result = run(aside, "show", "20/0")
    assert "[battery] out of range" in result.stdout
    assert "[tipped] wrong type" in result.stdout


def test_a_payload_cannot_write_on_the_terminal():
    nasty = Aside()
    nasty.keep([entry(1, "not JSON: x", b"\x1b[2J\x07{}")])
    assert "\x1b" not in run(nasty, "show", "1/0").stdout


def test_retry_asks_for_each_and_says_when(aside: Aside):
    result = run(aside, "retry", "17/0", "18/0", "--json")
    assert aside.asked == [(17, 0), (18, 0)]
    assert "within two seconds" in result.stdout
    assert last(result) == {"asked": ["17/0", "18/0"], "refused": []}
    assert "asked for" in run(aside, "show", "17/0").stdout


def test_retry_by_reason_takes_each_message_once(aside: Aside):
    aside.keep([entry(21, "unknown quantity: a", b"{}", "a"), entry(21, "unknown quantity: b", b"{}", "b")])
    assert last(run(aside, "retry", "--reason", "unknown", "--json"))["asked"] == ["17/0", "21/0"]


def test_retry_says_what_cannot_be_and_does_the_others(aside: Aside):
    result = run(aside, "retry", "19/2", "99/0", "17/0", "--json")
    assert result.exit_code == 1
    assert "4 KiB" in result.stderr
    assert last(result)["asked"] == ["17/0"]


@pytest.mark.parametrize("arguments", [("retry",), ("retry", "1/0", "--reason", "x"), ("show", "17"), ("show", "a/b")])
def test_a_wrong_call_says_what_is_expected(aside: Aside, arguments: tuple[str, ...]):
    result = run(aside, *arguments)
    assert result.exit_code == 2
    assert "ROW/PLACE" in result.stderr


def test_what_is_not_there_is_said(aside: Aside):
    assert isinstance(run(aside, "show", "5/5").exception, NotFoundError)
