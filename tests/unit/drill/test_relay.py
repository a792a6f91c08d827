"""Real contacts in a drill: only what says that it is a drill goes out, and goes where it would go in earnest."""

import pytest

from domain.errors import RejectedError
from domain.site import Contact
from services.dispatch.packing import Parcel
from services.dispatch.wording import DRILL
from services.drill.relay import Relay, rehearsed
from services.site import find, load_site
from tests.unit.dispatch.letterbox import Counting, Moved


def a_parcel(text: str, address: str = "wecom:env:TIDEWALK_A") -> Parcel:
    return Parcel("k", address, "env:TIDEWALK_S", text, text, urgent=True, orders=())


@pytest.mark.asyncio
async def test_what_is_marked_goes_to_the_real_address():
    wecom = Counting(Moved())
    await Relay({"wecom": wecom}).send(a_parcel(f"{DRILL}【P1】"))
    ((_, parcel),) = wecom.taken
    assert (parcel.address, parcel.secret) == ("env:TIDEWALK_A", "env:TIDEWALK_S")


@pytest.mark.asyncio
async def test_what_is_not_marked_never_leaves():
    wecom = Counting(Moved())
    with pytest.raises(RejectedError, match=DRILL):
        await Relay({"wecom": wecom}).send(a_parcel("【P1】"))
    with pytest.raises(RejectedError, match="feishu"):
        await Relay({"wecom": wecom}).send(a_parcel(DRILL, "feishu:env:TIDEWALK_A"))
    assert not wecom.taken


def test_every_contact_of_a_rehearsed_site_is_behind_the_channel_that_reaches_nobody():
    site = rehearsed(load_site(find("shinan")))
    contacts: list[Contact] = [c for one in (*site.crews.values(), *site.parties.values()) for c in one.contacts]
    assert {one.channel for one in contacts} <= {"drill"}
