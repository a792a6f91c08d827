"""A storm in real time: the postman with its adapters and database, against robots that keep their vendors' limits."""

import asyncio
from pathlib import Path

import pytest

from domain.naming import Priority
from services.channels.addresses import Addresses
from services.channels.robot_kinds import KINDS
from services.channels.robots import Robot
from services.channels.web import Web
from services.clocks import WallClock
from services.dispatch.postman import Postman, Round
from services.judge import Outcome
from services.storage.letters import SqlLetterbox
from services.storage.schema import upgrade
from services.storage.sql import JudgeStore
from tests.contracts.chat_vendors import vendor_at
from tests.unit.dispatch.letterbox import Told, a_letter

pytestmark = [pytest.mark.soak, pytest.mark.asyncio]
SIGNED_WITH = "SEC-1f"
SIGN = "env:TIDEWALK_SIGN"


async def test_five_hundred_alarms_in_a_minute_of_the_wall_clock(tmp_path: Path):
    url, clock = f"sqlite:///{tmp_path / 'books.sqlite'}", WallClock()
    upgrade(url)
    books, box = JudgeStore(url), SqlLetterbox(url)
    async with (
        vendor_at("wecom", clock.now, SIGNED_WITH) as wecom,
        vendor_at("dingtalk", clock.now, SIGNED_WITH) as dingtalk,
        vendor_at("feishu", clock.now, SIGNED_WITH) as feishu,
        Web() as web,
    ):
        vendors = {"wecom": wecom, "dingtalk": dingtalk, "feishu": feishu}
        environment = {f"TIDEWALK_{name}": vendor.url for name, vendor in vendors.items()}
        names = Addresses({**environment, "TIDEWALK_SIGN": SIGNED_WITH})
        channels = {name: Robot(KINDS[name], web, names, clock) for name in vendors}
        way = Round(channels, clock, Told(), "Asia/Shanghai", simulated=False, links=lambda _crew, _order: "")
        postman = Postman(box, way)
        running = asyncio.create_task(postman.run())
        put: dict[str, int] = {}
        began = asyncio.get_running_loop().time()
        for number in range(1, 501):
            await asyncio.sleep(max(0.0, began + number * 0.12 - asyncio.get_running_loop().time()))
            kind = list(vendors)[number % 3]
            letter = a_letter(
                f"SN-20261001-{number:04d}",
                Priority.P0 if number % 9 == 0 else (Priority.P1, Priority.P2, Priority.P3)[number // 3 % 3],
                channel=kind,
                address=f"env:TIDEWALK_{kind}",
                group=f"P2 事项{number % 7} 青岛湾",
            )
            letter = letter._replace(secret=SIGN)
            put[letter.key] = clock.now()
            await asyncio.to_thread(books.commit, Outcome(number, clock.now(), changed=True, letters=(letter,)), {})
            postman.wake()
        async with asyncio.timeout(120):
            while box.waiting(1):  # noqa: ASYNC110  # threads are waited for
                await asyncio.sleep(0.2)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    kept = box.posted(newest=1000)
    assert [vendor.over for vendor in vendors.values()] == [0, 0, 0]
    assert (len(kept), {one.state for one in kept}) == (500, {"sent"})
    late = [(one.ended or 0) - put[one.key] for one in kept if one.priority == "P0"]
    assert (len(late), max(late) <= 5_000) == (55, True)
    box.close()
    books.close()
