"""A whole service on its files: an order reaches people over their contacts, the next one where the first fails."""

import asyncio
import re
from pathlib import Path

import pytest

from services.site import find
from services.storage.letters import SqlLetterbox
from tests.contracts.chat_vendors import vendor_at
from tests.contracts.test_service_on_files import living

pytestmark = pytest.mark.asyncio
SIGNED_WITH = "SEC-7"


def site(folder: Path, contacts: str) -> str:
    """The sample as a real coast, everybody of which has these contacts."""
    folder.mkdir()
    for file in find("shinan").iterdir():
        if file.is_file():
            (folder / file.name).write_bytes(file.read_bytes())
    whole = (folder / "site.yaml").read_text("utf-8").replace("simulated: true", "simulated: false")
    crews, head = whole.index("\ncrews:"), re.compile(r"(party: [\w-]+)")
    (folder / "site.yaml").write_text(whole[:crews] + head.sub(rf"\1, contacts: {contacts}", whole[crews:]), "utf-8")
    return str(folder)


async def settle(box: SqlLetterbox, state: str, count: int) -> None:
    async with asyncio.timeout(15):
        while len(box.posted(state=state)) < count:  # noqa: ASYNC110  # a thread is waited for
            await asyncio.sleep(0.02)


async def test_an_order_reaches_the_next_contact_where_the_first_refuses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    now = 0

    def clock() -> int:
        return now

    contacts = (
        "[{channel: wecom, to: env:TIDEWALK_L1}, {channel: dingtalk, to: env:TIDEWALK_L2, secret: env:TIDEWALK_L3}]"
    )
    async with vendor_at("wecom", clock) as wecom, vendor_at("dingtalk", clock, SIGNED_WITH) as dingtalk:
        monkeypatch.setenv("TIDEWALK_L1", wecom.url.replace("k-1", "gone"))
        monkeypatch.setenv("TIDEWALK_L2", dingtalk.url)
        monkeypatch.setenv("TIDEWALK_L3", SIGNED_WITH)
        async with living(tmp_path / "state", site=site(tmp_path / "site", contacts)) as lived:
            now = lived.service.clock.now()
            await lived.says(96.0)
            assert lived.service.outside.post is not None
            box = lived.service.outside.post.box
            assert isinstance(box, SqlLetterbox)
            await settle(box, "sent", 1)
            (order,) = lived.service.books.open_orders()
            (dead,), (sent,) = box.posted(state="dead"), box.posted(state="sent")
            told = lived.service.books.order(order.id).history
    assert (dead.channel, sent.channel) == ("wecom", "dingtalk")
    assert "93000" in dead.why
    (text,) = dingtalk.taken
    assert order.case in text
    assert "https://uri.amap.com/marker?position=120." in text
    assert any("was not reached over wecom" in change.why for change in told)


async def test_an_order_that_was_decided_before_the_end_is_sent_after_the_start_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    contacts = "[{channel: wecom, to: env:TIDEWALK_L1}]"
    where = site(tmp_path / "site", contacts)
    async with vendor_at("wecom", lambda: 0) as wecom:
        monkeypatch.setenv("TIDEWALK_L1", "http://127.0.0.1:9/cgi-bin/webhook/send?key=k-1")
        async with living(tmp_path / "state", site=where) as lived:
            await lived.says(96.0)
            assert wecom.taken == []
        monkeypatch.setenv("TIDEWALK_L1", wecom.url)
        async with living(tmp_path / "state", site=where) as lived:
            assert lived.service.outside.post is not None
            box = lived.service.outside.post.box
            assert isinstance(box, SqlLetterbox)
            await settle(box, "sent", 1)
    assert len(wecom.taken) == 1
