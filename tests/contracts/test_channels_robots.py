"""One adapter, three vendors: each is served what its page asks for, and its answers mean what they should."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from domain.errors import RejectedError, UnavailableError
from services.channels.addresses import Addresses
from services.channels.robot_kinds import KINDS
from services.channels.robots import Robot
from services.channels.web import Web
from services.dispatch.fitting import Piece, fitted
from services.dispatch.packing import Parcel
from tests.contracts.chat_vendors import Vendor, vendor_at

SIGNED_WITH = "SEC-1f"
NOW = 1_790_812_800_123


class Still:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> int:
        return self.at


PARCEL = Parcel(
    "o-1:1:crew:0", "env:TIDEWALK_ROBOT", "env:TIDEWALK_SECRET", "s", "案号 SN-1 栈桥", urgent=False, orders=()
)


@asynccontextmanager
async def robot(name: str, clock: Still, said: str = SIGNED_WITH) -> AsyncIterator[tuple[Vendor, Robot]]:
    async with vendor_at(name, clock.now, SIGNED_WITH) as vendor, Web(timeout_s=0.3) as posting:
        names = Addresses({"TIDEWALK_ROBOT": vendor.url, "TIDEWALK_SECRET": said})
        yield vendor, Robot(KINDS[name], posting, names, clock)


@pytest.mark.asyncio
@pytest.mark.parametrize("name", KINDS)
async def test_the_vendor_takes_a_message_in_its_form_and_signed_as_it_asks(name: str):
    async with robot(name, Still()) as (vendor, channel):
        await channel.send(PARCEL)
        await channel.send(PARCEL._replace(urgent=True))
        assert vendor.taken == ["案号 SN-1 栈桥"] * 2


@pytest.mark.asyncio
@pytest.mark.parametrize("name", KINDS)
async def test_the_longest_text_that_we_send_is_taken(name: str):
    async with robot(name, Still()) as (vendor, channel):
        text = fitted([Piece("浪" * 9_000), Piece("https://t.example/crew/abc", 0, link=True)], channel.room)
        await channel.send(PARCEL._replace(text=text))
        assert vendor.taken == [text]


@pytest.mark.asyncio
@pytest.mark.parametrize(("name", "wait"), [("wecom", 65.0), ("dingtalk", 600.0), ("feishu", 60.0)])
async def test_more_than_the_limit_is_answered_with_how_long_to_wait(name: str, wait: float):
    clock = Still()
    async with robot(name, clock) as (vendor, channel):
        vendor.times = [NOW] * 100
        with pytest.raises(UnavailableError) as refused:
            await channel.send(PARCEL)
        assert refused.value.retry_after == wait


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["dingtalk", "feishu"])
async def test_a_wrong_secret_is_refused_for_good(name: str):
    async with robot(name, Still(), said="wrong") as (_, channel):
        with pytest.raises(RejectedError):
            await channel.send(PARCEL)


@pytest.mark.asyncio
async def test_an_address_that_the_vendor_does_not_know_is_refused_for_good():
    async with robot("wecom", Still()) as (vendor, channel):
        vendor.trouble.append(web.json_response({"errcode": 93000, "errmsg": "invalid webhook url"}))
        with pytest.raises(RejectedError, match="93000"):
            await channel.send(PARCEL)


@pytest.mark.asyncio
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [(429, {"Retry-After": "17"}, 17.0), (503, {}, None), (500, {}, None), (502, {"Retry-After": "soon"}, None)],
)
async def test_trouble_of_a_gateway_is_later(name: str, status: int, headers: dict[str, str], wait: float | None):
    async with robot(name, Still()) as (vendor, channel):
        vendor.trouble.append(web.Response(status=status, headers=headers, text="<html>no</html>"))
        with pytest.raises(UnavailableError) as away:
            await channel.send(PARCEL)
        assert away.value.retry_after == wait
        await channel.send(PARCEL)
        assert len(vendor.taken) == 1


@pytest.mark.asyncio
async def test_a_limit_told_with_the_status_400_is_a_limit():
    async with robot("feishu", Still()) as (vendor, channel):
        vendor.trouble.append(web.json_response({"code": 11232, "msg": "frequency limited"}, status=400))
        with pytest.raises(UnavailableError, match="11232"):
            await channel.send(PARCEL)


@pytest.mark.asyncio
async def test_who_does_not_answer_in_time_is_asked_later_and_nothing_of_the_address_is_said():
    async with robot("wecom", Still()) as (vendor, channel):
        vendor.trouble.append(None)
        with pytest.raises(UnavailableError) as late:
            await channel.send(PARCEL)
        assert "k-1" not in str(late.value)


@pytest.mark.asyncio
async def test_who_is_not_there_is_asked_later():
    async with Web(timeout_s=0.3) as posting:
        names = Addresses({"TIDEWALK_ROBOT": "http://127.0.0.1:9/send?key=hidden"})
        channel = Robot(KINDS["wecom"], posting, names, Still())
        with pytest.raises(UnavailableError) as away:
            await channel.send(PARCEL)
        assert "hidden" not in str(away.value)


@pytest.mark.asyncio
@pytest.mark.parametrize("value", ["", "qyapi.weixin.qq.com/send?key=hidden", "ftp://a/hidden"])
async def test_an_address_that_is_not_set_or_is_no_url_is_refused_by_the_name_of_its_variable(value: str):
    async with Web() as posting:
        channel = Robot(KINDS["wecom"], posting, Addresses({"TIDEWALK_ROBOT": value}), Still())
        with pytest.raises(RejectedError, match="TIDEWALK_ROBOT") as wrong:
            await channel.send(PARCEL)
        assert "hidden" not in str(wrong.value)


@pytest.mark.asyncio
async def test_an_answer_that_comes_in_pieces_is_read_whole():
    async def piecemeal(_: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        to.write(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{")
        await to.drain()
        await asyncio.sleep(0.05)  # so that it is read by itself
        to.write(b'"errcode":0}')
        to.close()

    async with await asyncio.start_server(piecemeal, "127.0.0.1", 0) as server, Web() as web_of_ours:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        answer = await web_of_ours.post(url, b"", {})
    assert answer.body == b'{"errcode":0}'


@pytest.mark.asyncio
async def test_an_answer_without_sense_is_trouble_and_no_success():
    async with robot("wecom", Still()) as (vendor, channel):
        vendor.trouble.append(web.Response(text="ok"))
        with pytest.raises(UnavailableError):
            await channel.send(PARCEL)


@pytest.mark.asyncio
async def test_what_cannot_wait_calls_everybody_of_the_group():
    async with robot("wecom", Still()) as (vendor, channel):
        await channel.send(PARCEL._replace(urgent=True))
        assert vendor.bodies[0]["text"]["mentioned_list"] == ["@all"]


def test_every_kind_has_its_limits_and_is_one_adapter():
    assert {name: [tuple(limit) for limit in kind.limits] for name, kind in KINDS.items()} == {
        "wecom": [(20, 60_000)],
        "dingtalk": [(20, 60_000)],
        "feishu": [(5, 1_000), (100, 60_000)],
    }
    assert KINDS["wecom"].room.most == 2_048
