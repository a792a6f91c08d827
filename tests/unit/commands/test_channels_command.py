"""`tidewalk channels`: who can be reached, what is missing, and a test message."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.checking import checked
from services.commands.channels import channels
from services.site import find
from tests.contracts.chat_vendors import vendor_at

NOW = 1_790_812_800_000
REACHED = (
    "party: coast-clean, contacts: [{channel: wecom, to: env:TIDEWALK_CH_WEST}, {channel: email, to: w@c.example}]}"
)


def site(folder: Path, *, simulated: bool) -> str:
    """The sample, with contacts for one crew."""
    sample = find("shinan")
    for file in sample.iterdir():
        if file.is_file():
            (folder / file.name).write_bytes(file.read_bytes())
    whole = (folder / "site.yaml").read_text("utf-8").replace("party: coast-clean}", REACHED, 1)
    (folder / "site.yaml").write_text(whole.replace("simulated: true", f"simulated: {str(simulated).lower()}"), "utf-8")
    return str(folder)


def said(*words: str) -> tuple[int, dict[str, object]]:
    result = CliRunner().invoke(channels, [*words, "--json"])
    return result.exit_code, json.loads(result.stdout.splitlines()[-1])


@pytest.fixture
def robot() -> Iterator[str]:
    """A robot of 企业微信 on loopback, in a loop of its own."""
    loop, ready, url = asyncio.new_event_loop(), threading.Event(), list[str]()
    over = asyncio.Event()

    async def serve() -> None:
        async with vendor_at("wecom", lambda: NOW) as vendor:
            url.append(vendor.url)
            ready.set()
            await over.wait()

    running = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    running.start()
    assert ready.wait(10)
    yield url[0]
    loop.call_soon_threadsafe(over.set)
    running.join(10)
    loop.close()


def test_the_list_says_what_is_ready_and_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    where = site(tmp_path, simulated=False)
    monkeypatch.setenv("TIDEWALK_CH_WEST", "https://example.invalid/send?key=hidden")
    result = CliRunner().invoke(channels, ["--site", where, "list", "--json"])
    (wecom, email) = json.loads(result.stdout.splitlines()[-1])["contacts"]
    assert (wecom["channel"], wecom["ready"], wecom["limit"]) == ("wecom", True, "20 a minute")
    assert (email["place"], email["ready"]) == (1, False)
    assert "set TIDEWALK_SMTP" in result.stdout
    assert "hidden" not in result.stdout


def test_a_test_message_is_taken_or_says_why_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, robot: str):
    where = site(tmp_path, simulated=False)
    crew = json.loads(CliRunner().invoke(channels, ["--site", where, "list", "--json"]).stdout.splitlines()[-1])
    who = crew["contacts"][0]["to"]
    code, told = said("--site", where, "test", who)
    assert (code, told["taken"], told["why"]) == (1, False, "TIDEWALK_CH_WEST is not set here")
    monkeypatch.setenv("TIDEWALK_CH_WEST", robot)
    assert said("--site", where, "test", who) == (0, {**told, "taken": True, "why": ""})
    monkeypatch.setenv("TIDEWALK_CH_WEST", robot.replace("k-1", "k-2"))
    assert "93000" in str(said("--site", where, "test", who)[1]["why"])


def test_a_simulated_site_reaches_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, robot: str):
    where = site(tmp_path, simulated=True)
    monkeypatch.setenv("TIDEWALK_CH_WEST", robot)
    result = CliRunner().invoke(channels, ["--site", where, "list", "--json"])
    assert [one["ready"] for one in json.loads(result.stdout.splitlines()[-1])["contacts"]] == [False, False]
    code, told = said("--site", where, "test", json.loads(result.stdout.splitlines()[-1])["contacts"][0]["to"])
    assert code == 1
    assert "simulated" in str(told["why"])


def test_the_check_of_a_service_says_who_is_not_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    where = site(tmp_path, simulated=False)
    found = checked({"site": where, "state": tmp_path / "state"})
    assert [one.what for one in found.warnings if "is not reached over" in one.what] == [
        "collect-w1 is not reached over wecom: TIDEWALK_CH_WEST is not set here",
        "collect-w1 is not reached over email: no mail server is named: set TIDEWALK_SMTP and TIDEWALK_SMTP_FROM",
    ]
    monkeypatch.setenv("TIDEWALK_SMTP", "mail.example:hidden")
    (wrong,) = checked({"site": where, "state": tmp_path / "state"}).faults
    assert wrong.what.startswith("mail: say TIDEWALK_SMTP=")
    assert "hidden" not in wrong.what
