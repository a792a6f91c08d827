"""What the log says, how often, and what it never says."""

import json
import logging
from typing import Any

from services.logs import Lines, Objects, Sparing


def record(message: str, *args: object, level: int = logging.WARNING, **fields: Any) -> logging.LogRecord:
    made = logging.LogRecord("ingest.batching", level, __file__, 1, message, args, None)
    vars(made).update(fields)
    return made


def test_one_object_a_line_with_keys_that_stay():
    line = Objects().format(record("the journal is %s", "full", why="disk\nfull", level_="x"))
    said = json.loads(line)
    assert "\n" not in line
    assert list(said)[:4] == ["at", "level", "part", "message"]
    assert (said["level"], said["part"], said["message"]) == ("warning", "ingest.batching", "the journal is full")
    assert said["why"] == "disk\nfull"
    assert said["at"].endswith("Z")


def test_a_field_with_a_name_of_ours_gets_a_mark_and_an_error_its_trace():
    made = record("fails", at=7)
    made.exc_info = (ValueError, ValueError("odd"), None)
    said = json.loads(Objects().format(made))
    assert said["at_"] == 7
    assert "ValueError: odd" in said["trace"]


def test_no_line_has_a_secret_in_it_whatever_the_form():
    made = record("database: %s", "no route to postgresql://u:s3cr3t-word@h/x", why="s3cr3t-word")
    for form in (Lines(["s3cr3t-word"]), Objects(["s3cr3t-word"])):
        assert "s3cr3t-word" not in form.format(made)
        assert "***" in form.format(made)


def test_what_repeats_is_written_five_times_a_minute_and_then_counted():
    now = [0.0]
    sparing = Sparing(beat=lambda: now[0])
    passed = [sparing.filter(record("publisher lost its broker", why=str(n))) for n in range(100)]
    assert passed == [True] * 5 + [False] * 95
    assert sparing.filter(record("another message"))
    now[0] = 61.0
    again = record("publisher lost its broker")
    assert sparing.filter(again)
    assert vars(again)["repeated"] == 95
