"""Whatever channels do, and wherever the postman dies: no limit is overrun, and every letter has one end."""

import asyncio
import json
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import RejectedError, UnavailableError
from domain.naming import Priority
from tests.unit.dispatch.letterbox import a_letter
from tests.unit.dispatch.test_postman import Coast

PUT = st.tuples(
    st.just("put"), st.integers(0, 9), st.sampled_from(list(Priority)), st.sampled_from("AB"), st.booleans()
)
AWAY = st.tuples(st.just("away"), st.one_of(st.none(), st.integers(1, 90)))
REFUSED = st.tuples(st.just("refused"))
DOWN = st.tuples(st.just("down"), st.booleans())
DIE = st.tuples(st.just("die"))
WAIT = st.tuples(st.just("wait"), st.sampled_from([1, 5, 30]))
Act = tuple[object, ...]


async def lived(acts: Sequence[Act]) -> Coast:
    coast = Coast()
    revisions: dict[int, int] = {}
    for act in acts:
        match act:
            case ("put", int(order), Priority() as priority, str(robot), bool(last)):
                revisions[order] = revision = revisions.get(order, 0) + 1
                letter = a_letter(
                    f"SN-{order}", priority, revision=revision, address=f"env:TIDEWALK_{robot}", last=last
                )
                coast.box.put(letter)
                coast.postman.wake()
            case ("away", wait):
                coast.wecom.trouble.append(UnavailableError("429", retry_after=wait if isinstance(wait, int) else None))
            case ("refused",):
                coast.wecom.trouble.append(RejectedError("93000"))
            case ("down", bool(down)):
                coast.wecom.down = down
            case ("die",):
                coast.start()
            case ("wait", int(seconds)):
                for _ in range(seconds):
                    await coast.postman.settled()
                    coast.clock.at += 1000
    coast.wecom.down = False
    for _ in range(200):
        coast.clock.at += 30_000
        await coast.postman.settled()
    return coast


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(PUT, PUT, PUT, AWAY, REFUSED, DOWN, DIE, WAIT), max_size=60))
def test_every_letter_has_one_end_and_no_limit_is_overrun(acts: list[Act]):
    coast = asyncio.run(lived(acts))
    assert coast.wecom.over == 0
    told = [json.loads(message.payload)["key"] for message in coast.told.messages]
    keys = [parcel.key for _, parcel in coast.wecom.taken]
    assert len(keys) == len(set(keys))
    for one in coast.box.kept.values():
        assert one.state in ("sent", "covered", "dead")
        assert (one.state == "dead") == (one.letter.key in told)
