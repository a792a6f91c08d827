"""`tidewalk user` and `tidewalk token`, on the database of a service."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from services import wiring
from services.clocks import WallClock
from services.commands.every import cli
from services.people import passwords
from services.settings import Settings
from tests.unit.docs.test_commands_page import ROWS

GOOD = "seven gulls on a wet pier\n"


def said(folder: Path, *words: str, stdin: str | None = None) -> dict[str, Any]:
    done = CliRunner().invoke(cli, [*words, "--state", str(folder), "--json"], input=stdin)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout.splitlines()[-1])
    row = ROWS[" ".join(words[:2])].partition("`")[2].partition("`")[0]
    assert list(told) == re.findall(r"\w+", row)
    assert str(folder) in told["database"]
    assert str(folder) in done.stderr
    return dict(told)


@pytest.fixture(autouse=True)
def at_no_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "PasswordHasher", lambda: cheap)


def test_a_user_is_added_listed_given_another_password_disabled_and_signed_out(tmp_path: Path):
    added = said(tmp_path, "user", "add", "Li", "--role", "dispatcher", "--zone", "qingdaowan", "--stdin", stdin=GOOD)
    assert (added["role"], added["zones"], added["disabled"]) == ("dispatcher", ["qingdaowan"], False)
    said(tmp_path, "user", "passwd", "Li", "--stdin", stdin="another " + GOOD)
    token = said(tmp_path, "token", "add", "Li")
    assert said(tmp_path, "user", "revoke", "Li")["tokens"] == 1
    assert said(tmp_path, "user", "disable", "Li")["disabled"]
    assert said(tmp_path, "user", "list")["users"][0]["disabled"]
    listed = said(tmp_path, "token", "list")["tokens"]
    assert listed[0]["id"] == token["id"]
    assert listed[0]["revoked"]
    assert token["token"] not in json.dumps(listed)


def test_a_token_is_good_at_the_reception_of_that_folder_until_it_is_revoked(tmp_path: Path):
    made = said(tmp_path, "token", "add", "prometheus", "--role", "viewer", "--for", "1d")
    settings = Settings(state=tmp_path)
    assert wiring.knows_people(settings)
    with wiring.reception_of(settings, WallClock()) as reception:
        shown = reception.known.by_token(made["token"])
        assert shown is not None
        assert shown.person.name == "prometheus"
        said(tmp_path, "token", "revoke", made["id"])
        reception.known.load()
        assert reception.known.by_token(made["token"]) is None
        assert [one.entry.what for one in reception.entries(newest=5)] == ["token revoke", "token add"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["user", "add", "Li", "--role", "viewer"], "never as a word"),
        (["user", "add", "Li", "--role", "viewer", "--zone", "atlantis", "--stdin"], "there is no zone atlantis"),
        (["user", "disable", "nobody"], "there is no user nobody"),
        (["token", "add", "nobody"], "say with --role"),
        (["token", "revoke", "0000"], "there is no token 0000"),
    ],
)
def test_what_cannot_be_is_said_in_words(tmp_path: Path, words: list[str], why: str):
    done = CliRunner().invoke(cli, [*words, "--state", str(tmp_path)], input=GOOD)
    assert done.exit_code == 1
    assert why in str(done.exception)


def test_nobody_is_known_where_there_is_no_database(tmp_path: Path):
    assert not wiring.knows_people(Settings(state=tmp_path))
    assert list(tmp_path.iterdir()) == []
