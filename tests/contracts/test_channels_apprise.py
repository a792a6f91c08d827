"""The long tail through apprise, against a receiver of its plain JSON."""

import pytest
from aiohttp import web

from domain.errors import RejectedError, UnavailableError
from services.channels.addresses import Addresses
from services.channels.long_tail import LongTail
from services.dispatch.packing import Parcel
from tests.contracts.chat_vendors import served

PARCEL = Parcel("o-1:1:crew:0", "env:TIDEWALK_TAIL", "", "s", "案号 SN-1", urgent=True, orders=())


@pytest.mark.asyncio
async def test_what_apprise_delivers_is_taken_and_what_it_does_not_is_asked_again():
    heard: list[str] = []
    status = [200, 500]

    async def answer(request: web.Request) -> web.Response:
        heard.append((await request.json())["message"])
        return web.Response(status=status.pop(0))

    async with served(answer) as url:
        channel = LongTail(Addresses({"TIDEWALK_TAIL": url.replace("http://", "json://")}))
        await channel.send(PARCEL)
        with pytest.raises(UnavailableError):
            await channel.send(PARCEL)
    assert heard == ["案号 SN-1"] * 2


@pytest.mark.asyncio
async def test_an_address_that_apprise_does_not_know_is_refused_for_good():
    with pytest.raises(RejectedError):
        await LongTail(Addresses({"TIDEWALK_TAIL": "nothing://here"})).send(PARCEL)
