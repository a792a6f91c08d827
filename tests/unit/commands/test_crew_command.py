"""`tidewalk crew`: a link opens, and after revoking it opens no more."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services import wiring
from services.clocks import WallClock
from services.commands.every import cli
from services.crew.links import CrewLinks
from services.settings import settled
from tests.unit.docs.test_commands_page import ROWS


def ran(tmp_path: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["crew", *words, "--state", str(tmp_path / "state"), "--json"])


def opens(tmp_path: Path, url: str) -> str:
    with wiring.reception_of(settled(state=tmp_path / "state"), WallClock()) as reception:
        return CrewLinks(reception.links(), "", WallClock()).open(url.rpartition("/")[2])


def test_a_link_opens_its_crews_page_until_it_is_revoked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TIDEWALK_PUBLIC_URL", "https://coast.example/")
    told = json.loads(ran(tmp_path, "link", "collect-w1", "--for", "12h").stdout)
    assert list(told) == re.findall(r"\w+", ROWS["crew link"].strip("`"))
    assert told["url"].startswith("https://coast.example/crew/")
    assert opens(tmp_path, told["url"]) == "collect-w1"
    gone = json.loads(ran(tmp_path, "revoke", "collect-w1").stdout)
    assert list(gone) == re.findall(r"\w+", ROWS["crew revoke"].strip("`"))
    assert gone["generation"] == 1
    with pytest.raises(Exception, match="revoked"):
        opens(tmp_path, told["url"])


def test_a_crew_that_nobody_knows_gets_no_link(tmp_path: Path):
    answer = ran(tmp_path, "link", "collect-x")
    assert answer.exit_code == 1
    assert "collect-w1" in str(answer.exception)
    assert not (tmp_path / "state").exists()


def test_without_a_public_address_it_says_that_the_link_opens_here_alone(tmp_path: Path):
    answer = ran(tmp_path, "link", "collect-w1")
    assert "TIDEWALK_PUBLIC_URL" in answer.stderr


@pytest.mark.parametrize("said", ["coast.example", "ftp://coast.example", "https://coast.example/tidewalk"])
def test_a_public_address_that_is_none_is_refused(said: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TIDEWALK_PUBLIC_URL", said)
    answer = CliRunner().invoke(cli, ["crew", "link", "collect-w1"])
    assert "public_url" in str(answer.exception)
