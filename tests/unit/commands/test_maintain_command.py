"""`tidewalk maintain`: what is asked of the service, and what is shown without it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from domain.naming import COMMAND
from services.commands import maintain
from services.commands.asking import Answer
from services.commands.every import cli
from services.judge import Judge, Saved
from services.storage import schema
from services.storage.sql import JudgeStore
from tests.unit.dispatch.coast import HOUR, RULES, T0, Play, note

PLAN = "7d0c1c9e-8a39-4e0e-9b53-0b8f8a1d7c11"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What was posted; every word is done."""
    found: list[tuple[str, dict[str, Any]]] = []

    def ask(api: str, path: str, body: dict[str, Any], *, token: str = "") -> Answer:
        assert (api, token) == ("http://127.0.0.1:9", "")
        found.append((path, body))
        told = {"id": body["id"], "plan": body["id"], "action": "maintain", "standing": "done", "at": None}
        return Answer(409, {"detail": "it is over"}) if "over" in path else Answer(200, told)

    monkeypatch.setattr(maintain, "ask", ask)
    monkeypatch.delenv("TIDEWALK_API_TOKEN", raising=False)
    return found


def run(*words: str) -> Result:
    api = [] if words[0] == "list" else ["--api", "http://127.0.0.1:9"]
    return CliRunner().invoke(cli, ["maintain", *words, *api])


SAID = ("--by", "li", "--reason", "repainting")


def test_work_is_announced(asked: list[tuple[str, dict[str, Any]]]):
    times = ("--from", "2026-10-02T09:00+08:00", "--for", "4h")
    said = run("add", "--facility", "lamp-1", *times, *SAID, "--json")
    assert said.exit_code == 0, said.output
    ((path, body),) = asked
    assert path == "/api/v1/maintenance"
    assert body == {
        "id": body["id"],
        "by": "li",
        "reason": "repainting",
        "facility": "lamp-1",
        "from": "2026-10-02T01:00:00+00:00",
        "until": "2026-10-02T05:00:00+00:00",
    }
    assert list(json.loads(said.output.splitlines()[-1])) == ["id", "plan", "action", "standing", "at"]


def test_it_is_ended_and_a_refusal_is_said(asked: list[tuple[str, dict[str, Any]]]):
    assert "ended" in run("end", PLAN, *SAID).output
    assert asked[0][0] == f"/api/v1/maintenance/{PLAN}/end"
    refused = run("end", "over", *SAID)
    assert refused.exit_code == 1
    assert str(refused.exception) == "it is over"


@pytest.mark.parametrize(
    "words",
    [
        ("add", "--for", "4h", *SAID),
        ("add", "--facility", "a", "--zone", "b", "--for", "4h", *SAID),
        ("add", "--facility", "a", *SAID),
        ("add", "--facility", "a", "--for", "4h", "--until", "2026-10-02T09:00+08:00", *SAID),
        ("add", "--facility", "a", "--for", "4h", "--by", "li"),
        ("add", "--facility", "a", "--for", "4h", "--reason", "x"),
    ],
)
def test_what_is_not_said_in_full_is_not_asked(words: tuple[str, ...], asked: list[tuple[str, dict[str, Any]]]):
    assert run(*words).exit_code == 2
    assert asked == []


def test_the_list_needs_no_service(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/orders.db"
    schema.upgrade(url)
    books, play = JudgeStore(url), Play()
    play.judge = Judge(play.site, RULES, play.engine)
    play.judge.load(Saved())
    assert run("list", "--sql", url, "--site", "shinan").output == "Nothing is planned.\n"
    body = {"id": PLAN, "action": "maintain", "by": "li", "reason": "repainting", "facility": "lamp-1"}
    outcome = play.hear(T0, notes=[note(COMMAND, body | {"from": T0, "until": T0 + HOUR})])
    books.commit(outcome, {})
    books.close()
    shown = run("list", "--sql", url, "--site", "shinan", "--json")
    assert shown.exit_code == 0, shown.output
    first, second, last = shown.output.splitlines()
    assert first == f"{PLAN}  now     lamp-1  2026-10-01 08:00 to 2026-10-01 09:00"
    assert second == "    li: repainting"
    assert [one["state"] for one in json.loads(last)["maintenance"]] == ["now"]
