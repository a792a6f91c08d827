"""Links in messages, as the settings have them: nowhere, or where crews reach us; of the newest generation."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from domain.errors import RejectedError
from services import wiring
from services.clocks import WallClock
from services.people import known
from services.settings import settled


@pytest.mark.asyncio
async def test_without_a_public_address_there_are_none_and_no_database_is_asked(tmp_path: Path):
    async with wiring.answering_links(settled(state=tmp_path / "state")) as link:
        assert link("collect-w1", "a1") == ""
    assert not (tmp_path / "state").exists()


@pytest.mark.asyncio
async def test_a_link_in_a_message_opens_at_the_service_until_it_is_revoked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for module in (wiring.people, known):  # else two seconds go by
        monkeypatch.setattr(module, "FRESH_S", 0.0)
    settings = settled(state=tmp_path, public_url="https://coast.example/")
    async with wiring.answering_links(settings) as link:
        with wiring.reception_of(settings, WallClock()) as reception:
            url = link("collect-w1", "a1")
            assert url.startswith("https://coast.example/crew/")
            assert reception.links().open(_text(url)) == "collect-w1"
            await reception.revoke_links("collect-w1", "li", "127.0.0.1")
            with pytest.raises(RejectedError, match="revoked"):
                reception.links().open(_text(url))
            assert reception.links().open(_text(await _another(link, url))) == "collect-w1"


async def _another(link: Callable[[str, str], str], url: str) -> str:
    for _ in range(1000):
        if (fresh := link("collect-w1", "a1")) != url:
            return fresh
        await asyncio.sleep(0.005)
    raise AssertionError(url)


def _text(url: str) -> str:
    return url.partition("#")[0].rpartition("/")[2]
