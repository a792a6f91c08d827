"""What becomes of letters: in virtual time, over channels that keep their limits like the vendors do."""

import json
from collections.abc import Mapping

import pytest

from domain.errors import RejectedError, UnavailableError
from domain.naming import DELIVERY, Priority
from services.dispatch.fitting import Room
from services.dispatch.pacing import Limit
from services.dispatch.postman import Channel, Postman, Round
from tests.unit.dispatch.letterbox import T0, Counting, MemoryBox, Moved, Told, a_letter

S = 1000
FEISHU = (Limit(5, 1_000), Limit(100, 60_000))


class Coast:
    """A postman with three channels, and his clock."""

    def __init__(self, *, simulated: bool = False) -> None:
        self.clock, self.box, self.told = Moved(), MemoryBox(), Told()
        self.wecom = Counting(self.clock)
        self.feishu = Counting(self.clock, FEISHU, Room(4_000))
        self.drill = Counting(self.clock)
        self.simulated = simulated
        self.links = lambda crew, order: f"https://t.example/crew/{crew}/{order}"
        self.start()

    def start(self) -> None:
        """As after a restart: what is kept is kept, what is only remembered is not."""
        channels: Mapping[str, Channel] = {"wecom": self.wecom, "feishu": self.feishu, "drill": self.drill}
        way = Round(channels, self.clock, self.told, "Asia/Shanghai", self.simulated, self.links)
        self.postman = Postman(self.box, way)

    async def until(self, seconds: float, step: float = 0.25) -> None:
        end = T0 + round(seconds * S)
        while self.clock.at < end:
            await self.postman.settled()
            self.clock.at += round(step * S)


@pytest.mark.asyncio
async def test_a_letter_goes_at_once_with_the_link_to_answer_by():
    coast = Coast()
    coast.box.put(a_letter("SN-1"))
    await coast.postman.settled()
    ((at, parcel),) = coast.wecom.taken
    assert (at, parcel.key) == (T0, "SN-1:1:crew:0")
    assert parcel.text == "【P2】案号 SN-1 栈桥\n接单/到场/完成/退回：https://t.example/crew/crew/SN-1"
    assert coast.box.states() == {"SN-1:1:crew:0": "sent"}


@pytest.mark.asyncio
async def test_a_newer_letter_about_the_same_order_stands_for_those_that_still_wait():
    coast = Coast()
    coast.box.put(*(a_letter("SN-1", revision=n) for n in (1, 2, 3)), a_letter("SN-1", revision=1, to="other"))
    await coast.postman.settled()
    assert sorted(parcel.key for _, parcel in coast.wecom.taken) == ["SN-1:1:other:0", "SN-1:3:crew:0"]
    assert coast.box.states()["SN-1:1:crew:0"] == "covered"


@pytest.mark.asyncio
async def test_a_channel_that_is_away_is_asked_again_with_pauses_that_grow_and_then_has_it_once():
    coast = Coast()
    coast.wecom.down = True
    coast.box.put(a_letter("SN-1"))
    await coast.until(60)
    tries = len(coast.box.kept[1].tried)
    assert 5 <= tries <= 14
    assert list(coast.postman.down()) == ["wecom env:TIDEWALK_A"]
    assert coast.postman.down()["wecom env:TIDEWALK_A"] == (T0, "no answer")
    coast.wecom.down = False
    await coast.until(130)
    assert len(coast.wecom.taken) == 1
    assert coast.postman.down() == {}


@pytest.mark.asyncio
async def test_whoever_says_when_to_come_again_is_let_alone_until_then():
    coast = Coast()
    coast.wecom.trouble = [UnavailableError("429", retry_after=40)]
    coast.box.put(a_letter("SN-1"))
    await coast.until(60)
    assert [at - T0 for at, _ in coast.wecom.taken] == [40 * S]


@pytest.mark.asyncio
@pytest.mark.parametrize(("priority", "at_most"), [(Priority.P0, 12), (Priority.P1, 70), (Priority.P2, 640)])
async def test_what_a_channel_does_not_take_in_time_is_told_to_the_journal_for_the_next_contact(
    priority: Priority, at_most: int
):
    coast = Coast()
    coast.wecom.down = True
    coast.box.put(a_letter("SN-1", priority, last=False))
    await coast.until(at_most, step=1)
    (said,) = coast.told.messages
    assert said.topic == DELIVERY
    assert json.loads(said.payload) == {
        "key": "SN-1:1:crew:0",
        "order": "SN-1",
        "revision": 1,
        "to": "crew",
        "place": 0,
        "channel": "wecom",
        "why": "no answer",
    }
    assert coast.box.states() == {"SN-1:1:crew:0": "dead"}


@pytest.mark.asyncio
async def test_a_channel_that_is_known_to_be_down_is_waited_for_no_more():
    coast = Coast()
    coast.wecom.down = True
    coast.box.put(a_letter("SN-1", Priority.P0, last=False))
    await coast.until(60, step=1)
    coast.box.put(a_letter("SN-2", Priority.P0, last=False))
    coast.postman.wake()
    await coast.until(61, step=1)
    assert coast.box.states()["SN-2:1:crew:0"] == "dead"


@pytest.mark.asyncio
async def test_the_last_contact_is_asked_for_an_hour():
    coast = Coast()
    coast.wecom.down = True
    coast.box.put(a_letter("SN-1", Priority.P0, last=True))
    await coast.until(3_500, step=10)
    assert coast.box.states() == {"SN-1:1:crew:0": "pending"}
    await coast.until(3_700, step=10)
    assert coast.box.states() == {"SN-1:1:crew:0": "dead"}


@pytest.mark.asyncio
async def test_what_is_refused_for_good_is_not_tried_again():
    coast = Coast()
    coast.wecom.trouble = [RejectedError("93000 invalid webhook url")]
    coast.box.put(a_letter("SN-1"))
    await coast.until(30)
    assert coast.wecom.taken == []
    assert json.loads(coast.told.messages[0].payload)["why"] == "93000 invalid webhook url"


@pytest.mark.asyncio
async def test_two_crews_in_one_group_share_its_limit_and_two_groups_do_not():
    coast = Coast()
    for n in range(30):
        coast.box.put(a_letter(f"SN-{n}", to=f"crew-{n % 2}", address=f"env:TIDEWALK_{'AB'[n % 3 == 0]}"))
    await coast.until(60)
    assert coast.wecom.over == 0
    assert set(coast.box.states().values()) == {"sent"}


@pytest.mark.asyncio
async def test_after_a_restart_what_was_sent_before_still_counts_and_what_was_begun_goes_under_its_key():
    coast = Coast()
    coast.box.put(*(a_letter(f"SN-{n}") for n in range(40)))
    await coast.until(8)
    before = len(coast.wecom.taken)
    coast.box.put(*(a_letter(f"SN-9{n}") for n in range(9)))
    numbers = [n for n, one in coast.box.kept.items() if one.state == "pending"]
    coast.box.begin(numbers, "digest:ab", coast.clock.at)
    coast.start()
    await coast.until(60)
    assert coast.wecom.over == 0
    assert "digest:ab" in [parcel.key for _, parcel in coast.wecom.taken[before:]]
    assert set(coast.box.states().values()) == {"sent"}


@pytest.mark.asyncio
async def test_a_simulated_site_reaches_nobody_but_by_drill():
    coast = Coast(simulated=True)
    coast.box.put(a_letter("SN-1"), a_letter("SN-2", channel="drill"))
    await coast.postman.settled()
    assert coast.wecom.taken == []
    assert len(coast.drill.taken) == 1
    assert coast.box.states() == {"SN-1:1:crew:0": "dead", "SN-2:1:crew:0": "sent"}


@pytest.mark.asyncio
async def test_a_channel_that_nobody_set_up_is_said_so():
    coast = Coast()
    coast.box.put(a_letter("SN-1", channel="email"))
    await coast.postman.settled()
    assert coast.box.kept[1].why == "no channel email is set up"


# --- the storm (issue 6)


ROBOTS = (("wecom", "A"), ("wecom", "B"), ("feishu", "F"), ("wecom", "A"))


async def storm(coast: Coast, robots: tuple[tuple[str, str], ...]) -> dict[str, int]:
    """Five hundred alarms in a minute, every ninth of which cannot wait; when each was decided."""
    put: dict[str, int] = {}
    for quarter in range(240):
        while len(put) < 500 * (quarter + 1) // 240:
            number = len(put) + 1
            urgent = number % 9 == 0
            channel, robot = robots[number % len(robots)]
            letter = a_letter(
                f"SN-20261001-{number:04d}",
                Priority.P0 if urgent else (Priority.P1, Priority.P2, Priority.P3)[number % 3],
                channel=channel,
                address=f"env:TIDEWALK_{robot}",
                group=f"P2 事项{number % 7} 青岛湾",
            )
            coast.box.put(letter)
            put[letter.key] = coast.clock.at
        coast.postman.wake()
        await coast.postman.settled()
        coast.clock.at += 250
    return put


@pytest.mark.asyncio
@pytest.mark.parametrize("robots", [ROBOTS, (("wecom", "A"),)], ids=["four crews", "one robot for all"])
async def test_a_storm_overruns_no_limit_delays_nothing_urgent_and_drops_nothing(robots: tuple[tuple[str, str], ...]):
    coast = Coast()
    put = await storm(coast, robots)
    await coast.until(400)
    kept = coast.box.kept.values()
    assert len(kept) == 500
    assert (coast.wecom.over, coast.feishu.over) == (0, 0)
    assert {one.state for one in kept} == {"sent"}
    urgent = [one for one in kept if one.letter.priority == Priority.P0]
    assert len(urgent) == 55
    assert max(one.ended - put[one.letter.key] for one in urgent) <= 5 * S
    texts = [parcel.text for _, parcel in (*coast.wecom.taken, *coast.feishu.taken)]
    assert any("【汇总】" in text for text in texts)
    assert all(any(_names(text, one.letter.order) for text in texts) for one in kept)


def _names(text: str, case: str) -> bool:
    """Whether a text names a case, alone or in a range."""
    if case in text:
        return True
    stem, number = case[:-4], int(case[-4:])
    ranges = [part.split("…") for line in text.split("\n") for part in line.split(stem)[1:] if "…" in part[:9]]
    return any(int(first[:4]) <= number <= int(rest[0][:4]) for first, *rest in ranges)
